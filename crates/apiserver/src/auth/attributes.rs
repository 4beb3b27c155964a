//! What a request wants to do, as authorisation sees it.

use crate::http::path::ResourcePath;

/// One thing that someone wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Verb, such as `get`.
    pub verb: String,
    /// Group of the resource.
    pub group: String,
    /// Version of the resource.
    pub version: String,
    /// Resource; empty for a path that is none.
    pub resource: String,
    /// Subresource.
    pub subresource: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// The path, where there is no resource.
    pub path: String,
}

impl Attributes {
    /// To do `verb` to a resource.
    pub fn resource(verb: &str, path: &ResourcePath) -> Self {
        Self {
            verb: verb.to_owned(),
            group: path.group.clone(),
            version: path.version.clone(),
            resource: path.resource.clone(),
            subresource: path.subresource.clone(),
            namespace: path.namespace.clone(),
            name: path.name.clone(),
            path: String::new(),
        }
    }

    /// To do `verb` (a method in lower case) to a path.
    pub fn path(verb: &str, path: &str) -> Self {
        Self { verb: verb.to_owned(), path: path.to_owned(), ..Self::default() }
    }
}
