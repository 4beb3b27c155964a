//! OpenAPI documents.

use http::{HeaderMap, Response};

use crate::http::body::Body;
use crate::http::query::Query;
use crate::registry::Registry;
use crate::status::Status;

/// The documents, built when they are first asked for.
#[derive(Default)]
pub struct Documents {}

impl Documents {
    /// Answers a GET of `path` if it is one of a document; none otherwise.
    pub fn answer(
        &self,
        _registry: &Registry,
        _path: &str,
        _query: &Query,
        _headers: &HeaderMap,
    ) -> Option<Result<Response<Body>, Status>> {
        None
    }
}
