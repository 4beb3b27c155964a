//! A client of OCI registries (the distribution specification), and the transport that other
//! repositories of files by HTTP use too.
//!
//! A [`Client`] signs in as a registry asks: with a password at every request, or with a token that
//! it gets from the place that the registry names and keeps. Every answer is bounded in size and
//! time, and what has a digest is checked against it before it is handed out. Dropping a future
//! cancels what it does.

#![forbid(unsafe_code)]

mod auth;
mod client;
pub mod cosign;
mod digest;
mod docker_config;
mod error;
mod manifest;
mod reference;
mod transport;

pub use client::{Client, Limits};
pub use digest::digest;
pub use docker_config::DockerConfig;
pub use error::Error;
pub use manifest::{Descriptor, IMAGE_INDEX, IMAGE_MANIFEST, Manifest};
pub use reference::Reference;
pub use transport::{Bounded, Transport, read_bounded};

use secrecy::SecretString;

/// Who signs in.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nobody.
    #[default]
    Anonymous,
    /// A user with a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A token that is exchanged for short-lived ones (`identitytoken` of a Docker configuration).
    Refresh(SecretString),
}
