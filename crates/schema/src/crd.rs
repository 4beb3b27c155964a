//! CustomResourceDefinitions.
//!
//! Each served version becomes a table of its own: the schema as written, with the types of
//! `apiVersion`, `kind` and `metadata` (which a definition cannot change) put in, at the root and
//! in embedded resources.

use serde::Deserialize;
use windlass_object::{GroupVersionKind, Object, Value};

use crate::load::{Loader, RawSchema};
use crate::schemas::definitions_text;
use crate::table::{NodeId, Table};

/// A CustomResourceDefinition, or a version of one, whose schema cannot be used. The other kinds
/// are not touched by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CustomResourceDefinition {name}: {field}: {message}")]
pub struct CrdProblem {
    /// Name of the definition.
    pub name: String,
    /// Path of the offending field in the definition.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The definitions that every custom resource has in its metadata.
const METADATA: [&str; 5] = [
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
];

/// The types of the versions of a definition.
pub(crate) fn load(
    crd: &Object,
    problems: &mut Vec<CrdProblem>,
) -> Vec<(GroupVersionKind, Table, NodeId)> {
    let mut problem = |field: String, message: &str| {
        problems.push(CrdProblem { name: crd.name().into(), field, message: message.into() });
    };
    let group = crd.str_at(&["spec", "group"]);
    let kind = crd.str_at(&["spec", "names", "kind"]);
    if group.is_empty() || kind.is_empty() {
        problem("spec".into(), "group and names.kind are required");
        return Vec::new();
    }
    let preserve = crd.get(&["spec", "preserveUnknownFields"]) == Some(&Value::Bool(true));
    let mut loaded = Vec::new();
    let versions = crd.get(&["spec", "versions"]).and_then(Value::as_array);
    for (i, version) in versions.into_iter().flatten().enumerate() {
        let Some(name) = version["name"].as_str() else {
            problem(format!("spec.versions[{i}].name"), "Required value");
            continue;
        };
        let schema = &version["schema"]["openAPIV3Schema"];
        let raw = match schema {
            Value::Null => Ok(RawSchema::default()),
            schema => RawSchema::deserialize(schema),
        };
        let raw = match raw {
            Ok(raw) => raw,
            Err(error) => {
                let field = format!("spec.versions[{i}].schema.openAPIV3Schema");
                problem(field, &error.to_string());
                continue;
            }
        };
        let gvk = GroupVersionKind::new(group, name, kind);
        let (table, id) = table(&raw, preserve || schema.is_null());
        loaded.push((gvk, table, id));
    }
    loaded
}

fn table(raw: &RawSchema, preserve: bool) -> (Table, NodeId) {
    let mut loader = Loader::new();
    for (name, raw) in metadata_definitions() {
        loader.definition(name, raw);
    }
    let id = loader.custom(raw, preserve);
    if preserve && let Some(node) = loader.table_mut().node_mut(id) {
        node.preserve = true;
    }
    let mut table = loader.finish();
    table.embed(id, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    (table, id)
}

/// Parsed once for all definitions.
fn metadata_definitions() -> &'static [(&'static str, RawSchema)] {
    static PARSED: std::sync::OnceLock<Vec<(&'static str, RawSchema)>> = std::sync::OnceLock::new();
    PARSED.get_or_init(|| {
        let all: serde_json::Map<String, Value> =
            serde_json::from_str(&definitions_text()).unwrap_or_default();
        METADATA
            .into_iter()
            .filter_map(|name| {
                let mut value = all.get(name)?.clone();
                if let Some(kinds) = value.get_mut("x-kubernetes-group-version-kind") {
                    *kinds = Value::Array(Vec::new());
                }
                Some((name, RawSchema::deserialize(&value).ok()?))
            })
            .collect()
    })
}
