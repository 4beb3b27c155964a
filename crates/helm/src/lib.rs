//! Helm charts, loaded and rendered as Helm 4.3.1 does, in process and without a lock.
//!
//! ```text
//! Tree | .tgz | files -> Chart             immutable, shared between threads
//! -f, --set           -> Values
//! Chart + Values      -> scope             dependencies switched and renamed, values coalesced
//! scope + Release + Capabilities + Options -> texts of templates -> Rendered
//! ```
//!
//! Pure: no clock, no randomness, no network and no disk; the time and a seed are in
//! [`Options::environment`], `lookup` asks who is given there. Where Helm's behaviour is odd, it is
//! copied: the order of templates, the sharing of tables between values of several charts, the words
//! of errors. [`Error`] prints Helm's text; [`Error::advice`] says where to look.

#![forbid(unsafe_code)]

mod capabilities;
mod chart;
mod decode;
mod draws;
mod engine;
mod error;
mod lint;
mod load;
mod log;
mod manifest;
mod metadata;
mod name_template;
mod output;
mod path;
mod post_render;
mod render;
mod schema;
mod scope;
mod set;
mod trace;
mod values;

pub use capabilities::{Capabilities, KubeVersion};
pub use chart::{Chart, File};
pub use decode::DecodeError;
pub use draws::Draws;
pub use engine::Lookup;
pub use error::{Error, LoadError};
pub use lint::{Lint, Message, Severity};
pub use load::{MAX_CHART_BYTES, unpack};
pub use log::{Level, Log, Notice};
pub use manifest::{Crd, Hook, Manifest};
pub use metadata::{Dependency, Lock, Maintainer, Metadata};
pub use name_template::{NameTemplateError, templated_name};
pub use output::Print;
pub use post_render::PostRender;
pub use render::{Options, Release, Rendered, render};
pub use schema::Schemas;
pub use trace::{Frame, Missing, Trace};
pub use values::Values;
pub use windlass_sprig::{Environment, Renewal};
