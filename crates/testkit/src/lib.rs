//! Starts real peers for tests.
//!
//! A *peer* is a program that Windlass is judged against or works with: `kubectl`, a real
//! `kube-apiserver`, `git http-backend`, `sshd`. Programs are built once into a cache outside the
//! tree ([`peers_dir`]); servers run on free loopback ports and end with the value that holds
//! them, and also when the test process is killed.
//!
//! ```no_run
//! # fn test() -> anyhow::Result<()> {
//! if !windlass_testkit::available(&["kubectl", "kube"]) {
//!     return Ok(()); // said why on standard error; under `cargo xtask test` this panics instead
//! }
//! let cluster = windlass_testkit::kubernetes()?; // one for all tests of a run
//! let namespace = cluster.namespace("drift")?; // fresh, deleted on drop
//! cluster.kubectl(&["get", "pods", "-n", namespace.name()])?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod admission_webhook;
mod argocd;
mod argocd_source;
mod build;
mod certificates;
mod docker_registry;
mod fault_proxy;
mod file_server;
mod git_http;
mod git_repository;
mod kubernetes;
mod listener;
mod port;
mod process;
mod programs;
mod shared;
mod sshd;
mod tls_front;
mod token_server;
mod usage;
mod wait;

pub use admission_webhook::AdmissionWebhook;
pub use argocd::{ArgoCd, ArgoCdOptions};
pub use argocd_source::{argocd_file, argocd_table};
pub use build::{build, module_dir};
pub use certificates::Authority;
pub use docker_registry::{DockerRegistry, RegistryOptions, SignIn};
pub use fault_proxy::{Asked, Fault, FaultProxy};
pub use file_server::FileServer;
pub use git_http::{Answer, GitHttp, GitHttpOptions, Login};
pub use git_repository::GitRepository;
pub use kubernetes::{Kubernetes, Namespace, Parts};
pub use port::free_port;
pub use process::{Process, bounded};
pub use programs::{GROUPS, PROGRAMS, Program, Recipe, available, missing, peer, peers_dir};
pub use shared::{is_running, kubernetes, stop_shared};
pub use sshd::Sshd;
pub use tls_front::TlsFront;
pub use token_server::TokenServer;
pub use usage::{Usage, peak_bytes};
pub use wait::{eventually, wait_for};
