//! The embedded Kubernetes API.

pub mod catalog;
pub mod crd;
pub mod status;
pub mod store;
