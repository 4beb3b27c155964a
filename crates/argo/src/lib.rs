//! The Argo CD dialect: Application and AppProject in, deliveries, status and events out.

#![forbid(unsafe_code)]

pub mod crds;
pub mod types;
