//! The embedded Kubernetes API.

pub mod catalog;
pub mod crd;
pub mod discovery;
mod names;
pub mod protobuf;
pub mod status;
pub mod store;
