//! The embedded Kubernetes API.

pub mod catalog;
pub mod crd;
