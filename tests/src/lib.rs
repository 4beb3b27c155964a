//! What the stories share.
//!
//! A story is a function of a [`World`]: a Kubernetes API, a running `windlass up` on it, and a
//! directory of Git repositories. [`stories!`] makes two tests of it, one on the embedded API and
//! one on a real Kubernetes. Stories see only what a user sees: the API, Git, and the process.

mod api;
mod application;
pub mod scenario;
mod sightings;
mod workflow;
mod world;

pub use api::ApiClient;
pub use application::{App, manifest};
pub use sightings::Sightings;
pub use workflow::{define_workflows, workflow_hook};
pub use world::{Plane, Printed, World, scrape};

/// How long a story waits for anything.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

/// Makes a test of each story on each plane, with a proxy between Windlass and the API that can do
/// harm: [`World::proxy`].
#[macro_export]
macro_rules! stories_of_faults {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[test] fn $name() -> anyhow::Result<()> {
                $crate::World::start_behind($crate::Plane::Embedded, stringify!($name), super::$name)
            })*
        }
        mod kubernetes {
            $(#[test] fn $name() -> anyhow::Result<()> {
                $crate::World::start_behind($crate::Plane::Kubernetes, stringify!($name), super::$name)
            })*
        }
    };
}

/// Makes a test of each story on each plane.
#[macro_export]
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[test] fn $name() -> anyhow::Result<()> {
                $crate::World::start($crate::Plane::Embedded, stringify!($name), super::$name)
            })*
        }
        mod kubernetes {
            $(#[test] fn $name() -> anyhow::Result<()> {
                $crate::World::start($crate::Plane::Kubernetes, stringify!($name), super::$name)
            })*
        }
    };
}
