//! What is known of kinds: their scope, and how their lists are merged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// The schemas of a build. The first `openapi` field that is come across decides for the whole
/// build, so clones share the choice.
#[derive(Clone, Debug, Default)]
pub struct OpenApi(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The custom schemas, or none once the built-in ones were chosen.
    choice: OnceLock<Option<Custom>>,
    /// Whether something was asked before the choice that only the built-in schemas could answer:
    /// then they stay beside the custom ones.
    asked: AtomicBool,
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

    /// Chooses the built-in schemas, unless a choice has been made before.
    pub fn keep_builtin(&self) {
        self.0.choice.get_or_init(|| None);
    }

    /// Takes the schemas of an OpenAPI v2 document in place of the built-in ones, unless a choice
    /// has been made before.
    ///
    /// # Errors
    /// For a document that is neither JSON nor YAML.
    pub fn replace(&self, document: &[u8]) -> Result<()> {
        if self.0.choice.get().is_some() {
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
        let schemas = if self.0.asked.load(Ordering::Relaxed) {
            Schemas::builtin_and(&document)
        } else {
            Schemas::from_openapi(&document)
        };
        self.0.choice.get_or_init(|| Some(Custom { schemas, scopes }));
        Ok(())
    }

    fn custom(&self) -> Option<&Custom> {
        let choice = self.0.choice.get();
        if choice.is_none() {
            self.0.asked.store(true, Ordering::Relaxed);
        }
        choice?.as_ref()
    }

    /// How the lists of kinds merge.
    pub fn schemas(&self) -> Schemas {
        self.custom().map_or_else(Schemas::builtin, |custom| custom.schemas.clone())
    }

    /// Whether the built-in schemas are replaced.
    pub fn is_custom(&self) -> bool {
        self.0.choice.get().is_some_and(Option::is_some)
    }

    /// Whether a kind is known to have no namespace.
    pub fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        if let Some(known) = SCOPES.get(&(api_version, kind)) {
            return *known;
        }
        self.custom().is_some_and(|custom| {
            let kind = (api_version.to_owned(), kind.to_owned());
            custom.scopes.get(&kind).copied().unwrap_or(false)
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
