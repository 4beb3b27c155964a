//! The types of kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::DeserializeSeed;
use windlass_object::{GroupVersionKind, Object, Value};

use crate::crd::{self, CrdProblem};
use crate::load::{Definitions, Loader, RawSchema};
use crate::table::{NodeId, Table, Type};

/// The definitions of the release named in `data/NOTICE`, made by `cargo xtask generate`.
pub(crate) const DEFINITIONS: &[u8] = include_bytes!("../data/definitions.json.gz");

/// The types of a set of kinds. Cloning is cheap.
#[derive(Clone)]
pub struct Schemas {
    base: Arc<Table>,
    custom: Arc<BTreeMap<GroupVersionKind, Schema>>,
}

/// One type: of a kind, or of a field in it. Cloning is cheap.
#[derive(Clone)]
pub struct Schema {
    table: Arc<Table>,
    id: NodeId,
}

/// An OpenAPI document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("OpenAPI v3 document: {0}")]
pub struct OpenApiError(pub String);

impl Schemas {
    /// The kinds that every Kubernetes 1.36 has. They are unpacked once, at the first call.
    pub fn builtin() -> Self {
        static TABLE: OnceLock<Arc<Table>> = OnceLock::new();
        let base = TABLE.get_or_init(|| Arc::new(builtin_table())).clone();
        Self { base, custom: Arc::default() }
    }

    /// From the OpenAPI v3 documents (`/openapi/v3/apis/<group>/<version>`) of a cluster, parsed.
    pub fn from_openapi_v3<'a>(
        documents: impl IntoIterator<Item = &'a Value>,
    ) -> Result<Self, OpenApiError> {
        let mut loader = Loader::new();
        for document in documents {
            let Some(schemas) = document.pointer("/components/schemas") else { continue };
            let schemas =
                schemas.as_object().ok_or_else(|| OpenApiError("schemas: not an object".into()))?;
            for (name, schema) in schemas {
                let raw = RawSchema::deserialize(schema)
                    .map_err(|e| OpenApiError(format!("definition {name}: {e}")))?;
                loader.definition(name, &raw);
            }
        }
        Ok(Self { base: Arc::new(loader.finish()), custom: Arc::default() })
    }

    /// These kinds and those of the CustomResourceDefinitions (`apiextensions.k8s.io/v1`); a kind
    /// that is there already is replaced. What cannot be used is left out and told.
    pub fn with_crds<'a>(
        &self,
        crds: impl IntoIterator<Item = &'a Object>,
    ) -> (Self, Vec<CrdProblem>) {
        let mut custom = BTreeMap::clone(&self.custom);
        let mut problems = Vec::new();
        for crd in crds {
            for (gvk, table, id) in crd::load(crd, &mut problems) {
                custom.insert(gvk, Schema { table: Arc::new(table), id });
            }
        }
        (Self { base: self.base.clone(), custom: Arc::new(custom) }, problems)
    }

    /// These kinds without all versions of a custom kind (its definition was deleted).
    pub fn without(&self, group: &str, kind: &str) -> Self {
        let mut custom = BTreeMap::clone(&self.custom);
        custom.retain(|gvk, _| gvk.group != group || gvk.kind != kind);
        Self { base: self.base.clone(), custom: Arc::new(custom) }
    }

    /// The type of a kind.
    pub fn of(&self, gvk: &GroupVersionKind) -> Option<Schema> {
        self.custom.get(gvk).cloned().or_else(|| {
            let id = *self.base.kinds.get(gvk)?;
            Some(Schema { table: self.base.clone(), id })
        })
    }

    /// The type of a definition, such as `io.k8s.api.core.v1.PodSpec`.
    pub fn definition(&self, name: &str) -> Option<Schema> {
        let id = *self.base.definitions.get(name)?;
        Some(Schema { table: self.base.clone(), id })
    }

    /// All kinds, sorted.
    pub fn kinds(&self) -> Vec<GroupVersionKind> {
        let kinds: BTreeSet<_> = self.base.kinds.keys().chain(self.custom.keys()).collect();
        kinds.into_iter().cloned().collect()
    }
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schemas({} kinds, {} custom)", self.base.kinds.len(), self.custom.len())
    }
}

impl Schema {
    /// The name of the definition, such as `io.k8s.api.apps.v1.Deployment`; none for inline types.
    pub fn definition(&self) -> Option<&str> {
        self.ty().node().definition.as_deref()
    }

    /// The type at a path of field names; list items and map values are `*`.
    pub fn at(&self, path: &[&str]) -> Option<Schema> {
        let mut ty = self.ty();
        for name in path {
            ty = match *name {
                "*" if ty.node().item.is_some() => ty.item(),
                "*" => ty.additional()?,
                name => ty.field(name)?,
            };
        }
        Some(Schema { table: self.table.clone(), id: ty.id })
    }

    pub(crate) fn ty(&self) -> Type<'_> {
        Type { table: &self.table, id: self.id }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.definition().unwrap_or("inline"))
    }
}

/// The text of the built-in definitions.
pub(crate) fn definitions_text() -> String {
    let mut text = String::new();
    // The bytes are part of the program: a test reads them, so that this cannot fail later.
    let _ = flate2::read::GzDecoder::new(DEFINITIONS).read_to_string(&mut text);
    text
}

fn builtin_table() -> Table {
    let mut loader = Loader::new();
    let text = definitions_text();
    let mut json = serde_json::Deserializer::from_str(&text);
    // As above: data of our own, read by a test.
    let _ = Definitions(&mut loader).deserialize(&mut json);
    loader.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_definitions_are_whole() {
        let text = definitions_text();
        let raw: BTreeMap<String, RawSchema> = serde_json::from_str(&text).unwrap();
        let schemas = Schemas::builtin();
        assert!(raw.len() > 700);
        for name in raw.keys() {
            assert!(schemas.definition(name).is_some(), "{name}");
        }
        for kind in [
            "apps/v1 Deployment",
            "v1 Pod",
            "batch/v1 CronJob",
            "autoscaling/v2 HorizontalPodAutoscaler",
        ] {
            let (version, kind) = kind.split_once(' ').unwrap();
            assert!(schemas.of(&GroupVersionKind::from_api_version(version, kind)).is_some());
        }
    }

    #[test]
    fn walks_to_a_field() {
        let schemas = Schemas::builtin();
        let deployment = schemas.of(&GroupVersionKind::new("apps", "v1", "Deployment")).unwrap();
        let container = deployment.at(&["spec", "template", "spec", "containers", "*"]).unwrap();
        assert_eq!(container.definition(), Some("io.k8s.api.core.v1.Container"));
        assert!(deployment.at(&["metadata", "labels", "*"]).is_some());
        assert!(deployment.at(&["spec", "nothing"]).is_none());
    }
}
