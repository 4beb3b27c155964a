//! The Argo CD dialect: Application and AppProject in, deliveries, status and events out.

#![forbid(unsafe_code)]

mod answers;
pub mod build_options;
mod controller;
pub mod crds;
pub mod customizations;
pub mod dependencies;
pub mod fetch;
pub mod helm_repositories;
pub mod installation;
pub mod lookup;
pub mod permits;
pub mod rbac;
pub mod types;
pub mod why;

pub use controller::{
    Controller, ControllerOptions, DEFAULT_NAMESPACE, GitRequests, MetricsOptions, Settings,
    cluster_client, counts_as_orphan, kind_filter, permits_destination, permits_source, run,
};
