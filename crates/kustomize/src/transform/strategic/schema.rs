//! Which lists of which kinds merge, and by which keys.
//!
//! kustomize merges by the OpenAPI document of Kubernetes 1.21, whatever the cluster's version;
//! `src/data/openapi-v1.21.2.json.gz` is that document without everything a merge does not ask for.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

const BUILTIN: &[u8] = include_bytes!("../../data/openapi-v1.21.2.json.gz");
/// References behind references are followed this far.
const MAX_REFERENCES: usize = 32;

/// A place in a [`Schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

#[derive(Debug, Default)]
struct Node {
    fields: HashMap<Box<str>, NodeId>,
    additional: Option<NodeId>,
    items: Option<NodeId>,
    reference: Option<Box<str>>,
    merges: bool,
    keys: Vec<Box<str>>,
}

#[derive(Debug, Default)]
struct Table {
    nodes: Vec<Node>,
    definitions: HashMap<Box<str>, NodeId>,
    /// By apiVersion, then kind.
    kinds: HashMap<Box<str>, HashMap<Box<str>, NodeId>>,
}

/// The types of kinds, as far as merging needs them. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Schemas(Arc<Table>);

impl Schemas {
    /// The built-in kinds. They are unpacked once, at the first call.
    pub fn builtin() -> Self {
        static TABLE: OnceLock<Arc<Table>> = OnceLock::new();
        Self(TABLE.get_or_init(|| Arc::new(Table::default().with(&builtin_document()))).clone())
    }

    /// The kinds of an OpenAPI v2 document.
    pub fn from_openapi(document: &Value) -> Self {
        Self(Arc::new(Table::default().with(document)))
    }

    /// Those and the built-in ones, which win.
    pub fn builtin_and(document: &Value) -> Self {
        Self(Arc::new(Table::default().with(document).with(&builtin_document())))
    }

    pub(crate) fn of(&self, api_version: &str, kind: &str) -> Option<NodeId> {
        self.0.kinds.get(api_version)?.get(kind).copied()
    }

    /// The type of a map's field.
    pub(crate) fn field(&self, of: NodeId, name: &str) -> Option<NodeId> {
        let node = self.0.node(of);
        self.0.resolve(node.fields.get(name).copied().or(node.additional)?)
    }

    /// The type of a list's items.
    pub(crate) fn items(&self, of: NodeId) -> Option<NodeId> {
        self.0.resolve(self.0.node(of).items?)
    }

    /// The merge keys of a list that merges; no key says that its items are scalars.
    pub(crate) fn merge_keys(&self, of: NodeId) -> Option<&[Box<str>]> {
        let node = self.0.node(of);
        node.merges.then_some(&*node.keys)
    }
}

impl Table {
    fn with(mut self, document: &Value) -> Self {
        let table = &mut self;
        let definitions = document.get("definitions").and_then(Value::as_object);
        for (name, schema) in definitions.into_iter().flatten() {
            let id = table.add(schema);
            table.definitions.insert(name.as_str().into(), id);
            let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for kind in kinds.into_iter().flatten() {
                let text = |key| kind.get(key).and_then(Value::as_str).unwrap_or_default();
                let api_version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                let kinds = table.kinds.entry(api_version.into()).or_default();
                kinds.insert(text("kind").into(), id);
            }
        }
        self
    }

    fn add(&mut self, schema: &Value) -> NodeId {
        let empty = Map::new();
        let schema = schema.as_object().unwrap_or(&empty);
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let mut node = Node::default();
        let strategy = text("x-kubernetes-patch-strategy");
        node.merges = strategy.is_some_and(|s| s.split(',').any(|word| word == "merge"));
        if node.merges {
            let boxed = |key: &Value| key.as_str().unwrap_or_default().into();
            node.keys = match schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
                Some(keys) => keys.iter().map(boxed).collect(),
                None => schema.get("x-kubernetes-patch-merge-key").map(boxed).into_iter().collect(),
            };
        }
        node.reference = text("$ref").map(|r| r.rsplit('/').next().unwrap_or(r).into());
        let is_list = text("type") == Some("array");
        if let Some(items) = schema.get("items").filter(|_| is_list) {
            node.items = Some(self.add(items));
        }
        node.additional =
            schema.get("additionalProperties").filter(|s| s.is_object()).map(|s| self.add(s));
        let fields = schema.get("properties").and_then(Value::as_object);
        node.fields =
            fields.into_iter().flatten().map(|(k, v)| (k.as_str().into(), self.add(v))).collect();
        self.push(node)
    }

    #[expect(clippy::cast_possible_truncation, reason = "no document has that many nodes")]
    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId((self.nodes.len() - 1) as u32)
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn resolve(&self, mut id: NodeId) -> Option<NodeId> {
        for _ in 0..MAX_REFERENCES {
            match &self.node(id).reference {
                None => return Some(id),
                Some(name) => id = *self.definitions.get(name)?,
            }
        }
        None
    }
}

fn builtin_document() -> Value {
    let mut text = String::new();
    // The bytes are part of the program: a test reads them, so that this cannot fail later.
    let _ = flate2::read::GzDecoder::new(BUILTIN).read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_builtin_kinds() {
        let schemas = Schemas::builtin();
        assert!(schemas.0.definitions.len() > 600);
        let walk = |api_version: &str, kind: &str, path: &str| {
            let mut at = schemas.of(api_version, kind).unwrap();
            for part in path.split('.') {
                at = match part {
                    "[]" => schemas.items(at).unwrap(),
                    part => schemas.field(at, part).unwrap(),
                };
            }
            schemas.merge_keys(at).map(|keys| keys.join(","))
        };
        let ports = "spec.template.spec.containers.[].ports";
        assert_eq!(walk("apps/v1", "Deployment", ports).unwrap(), "containerPort,protocol");
        assert_eq!(walk("v1", "Pod", "metadata.finalizers").unwrap(), "");
        assert_eq!(walk("v1", "Pod", "spec.tolerations"), None);
        assert_eq!(walk("v1", "Service", "spec.ports").unwrap(), "port,protocol");
        assert!(schemas.of("extensions/v1beta1", "Ingress").is_some());
        assert!(schemas.of("example.com/v1", "Thing").is_none());
    }
}
