//! What is known of kinds: their scope, and how their lists are merged.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::transform::strategic::Schemas;

/// The scopes that kustomize knows by heart.
static SCOPES: LazyLock<HashMap<(&'static str, &'static str), bool>> = LazyLock::new(|| {
    include_str!("data/scopes.txt")
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            match (words.next()?, words.next()?, words.next()?) {
                ("#", ..) => None,
                (api_version, kind, scope) => Some(((api_version, kind), scope == "cluster")),
            }
        })
        .collect()
});

/// The schemas of a build: the built-in ones, or those of the first `openapi.path` that is come
/// across. Clones share them, since the choice holds for the whole build.
#[derive(Clone, Debug, Default)]
pub struct OpenApi {
    custom: Arc<OnceLock<Custom>>,
}

#[derive(Debug)]
struct Custom {
    schemas: Schemas,
    /// By apiVersion and kind: whether it is cluster-scoped.
    scopes: HashMap<(String, String), bool>,
}

impl OpenApi {
    /// The built-in schemas.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// Takes the schemas of an OpenAPI v2 document in place of the built-in ones, unless that has
    /// been done before.
    ///
    /// # Errors
    /// For a document that is neither JSON nor YAML.
    pub fn replace(&self, document: &[u8]) -> Result<()> {
        if self.is_custom() {
            return Ok(());
        }
        let options = windlass_object::yaml::Options::default();
        let document = windlass_object::yaml::parse_one(document, &options)
            .map_err(|e| Error::told(format!("invalid schema file: {e}")))?;
        let mut scopes = HashMap::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let Some(kind) = item.get("get").and_then(|get| type_of(&get[GVK])) else { continue };
            if path.contains("namespaces/{namespace}") {
                scopes.insert(kind, false);
            } else {
                scopes.entry(kind).or_insert(true);
            }
        }
        let schemas = Schemas::from_openapi(&document);
        self.custom.get_or_init(|| Custom { schemas, scopes });
        Ok(())
    }

    /// How the lists of kinds merge.
    pub fn schemas(&self) -> Schemas {
        self.custom.get().map_or_else(Schemas::builtin, |custom| custom.schemas.clone())
    }

    /// Whether the built-in schemas are replaced.
    pub fn is_custom(&self) -> bool {
        self.custom.get().is_some()
    }

    /// Whether a kind is known to have no namespace.
    pub fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        if let Some(known) = SCOPES.get(&(api_version, kind)) {
            return *known;
        }
        self.custom.get().is_some_and(|c| {
            c.scopes.get(&(api_version.to_owned(), kind.to_owned())).copied().unwrap_or(false)
        })
    }
}

const GVK: &str = "x-kubernetes-group-version-kind";

fn type_of(gvk: &Value) -> Option<(String, String)> {
    let version = gvk.get("version")?.as_str()?;
    let kind = gvk.get("kind")?.as_str()?;
    match gvk.get("group").and_then(Value::as_str) {
        Some(group) if !group.is_empty() => Some((format!("{group}/{version}"), kind.to_owned())),
        _ => Some((version.to_owned(), kind.to_owned())),
    }
}
