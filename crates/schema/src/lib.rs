//! What Kubernetes knows of its kinds: schemas, merges, field ownership.
//!
//! [`Schemas`] holds the types of the built-in kinds (Kubernetes 1.36, embedded), of custom
//! resources, or of a real cluster's OpenAPI; a [`Schema`] is a cheap reference to one type. On top
//! of them stand the algorithms of Kubernetes, as pure functions of values:
//!
//! - [`strategic`]: strategic merge patches, as kubectl and the API server make and apply them;
//! - [`fields`]: sets of field paths (`FieldsV1`), and what differs between two values;
//! - [`managed`]: server-side apply and the bookkeeping of `managedFields`;
//! - [`validate`](mod@validate), [`prune`](fn@prune), [`default`](fn@default): what the schema says of a value;
//! - [`defaults`]: the defaults of built-in kinds that no schema tells;
//! - [`openapi`]: the definitions as the API server publishes them.

#![forbid(unsafe_code)]

pub mod defaults;
pub mod fields;
pub mod managed;
pub mod openapi;
pub mod strategic;
pub mod validate;

mod crd;
mod load;
mod quote;
mod schemas;
mod structural;
mod table;

pub use crd::CrdProblem;
pub use schemas::{OpenApiError, Schema, Schemas};
pub use structural::{default, prune};
