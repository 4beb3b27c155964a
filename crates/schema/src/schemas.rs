//! The types of kinds.

use windlass_object::{GroupVersionKind, Map, Object, Value};

/// The types of a set of kinds. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Schemas {}

/// One type: of a kind, or of a field in it. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Schema {}

/// A CustomResourceDefinition, or a version of one, whose schema cannot be used. The other kinds
/// are not touched by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CustomResourceDefinition {name}: {field}: {message}")]
pub struct CrdProblem {
    /// Name of the definition.
    pub name: String,
    /// Path of the offending field in the definition.
    pub field: String,
    /// What is wrong with it, as the API server says it.
    pub message: String,
}

/// An OpenAPI document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("OpenAPI v3 document: {0}")]
pub struct OpenApiError(pub String);

impl Schemas {
    /// The kinds that every Kubernetes 1.36 has.
    pub fn builtin() -> Self {
        unimplemented!()
    }

    /// From the OpenAPI v3 documents (`/openapi/v3/apis/<group>/<version>`) of a cluster, parsed.
    pub fn from_openapi_v3<'a>(
        documents: impl IntoIterator<Item = &'a Value>,
    ) -> Result<Self, OpenApiError> {
        let _ = documents.into_iter();
        unimplemented!()
    }

    /// These kinds and those of the CustomResourceDefinitions (`apiextensions.k8s.io/v1`); a kind
    /// that is there already is replaced. What cannot be used is left out and told.
    pub fn with_crds<'a>(
        &self,
        crds: impl IntoIterator<Item = &'a Object>,
    ) -> (Self, Vec<CrdProblem>) {
        let _ = crds.into_iter();
        unimplemented!()
    }

    /// These kinds without all versions of a kind (its definition was deleted).
    pub fn without(&self, group: &str, kind: &str) -> Self {
        let _ = (group, kind);
        unimplemented!()
    }

    /// The type of a kind.
    pub fn of(&self, gvk: &GroupVersionKind) -> Option<Schema> {
        let _ = gvk;
        unimplemented!()
    }

    /// All kinds, sorted.
    pub fn kinds(&self) -> Vec<GroupVersionKind> {
        unimplemented!()
    }

    /// OpenAPI v3 `components.schemas`, with descriptions, that the kinds of one group and version
    /// need. Built anew on each call: keep only what is served often.
    pub fn openapi_v3(&self, group: &str, version: &str) -> Map<String, Value> {
        let _ = (group, version);
        unimplemented!()
    }

    /// OpenAPI v2 `definitions`, with descriptions, of all kinds. Built anew on each call.
    pub fn openapi_v2(&self) -> Map<String, Value> {
        unimplemented!()
    }
}

impl Schema {
    /// The name of the definition, such as `io.k8s.api.apps.v1.Deployment`; none for inline types.
    pub fn definition(&self) -> Option<&str> {
        None
    }

    /// The type at a path of field names; list items and map values are `*`.
    pub fn at(&self, path: &[&str]) -> Option<Schema> {
        let _ = path;
        unimplemented!()
    }
}
