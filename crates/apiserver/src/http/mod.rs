//! HTTP: from a request to an answer.

pub mod accept;
pub mod body;
pub mod path;
pub mod query;
mod render;
mod resource;
mod service;

pub use service::ApiService;
pub(crate) use service::Inner;
