//! Types in a compact table.
//!
//! A [`Table`] is an arena of [`Node`]s: one for each definition and each property of one. A node
//! that refers to a definition is a copy of the definition's node (whose fields are shared) with
//! its own marks on top, so walking never has to follow a reference. Descriptions are not kept:
//! the built-in definitions alone would be megabytes of text.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use regex::Regex;
use windlass_object::{GroupVersionKind, Value};

/// Index of a node.
pub(crate) type NodeId = u32;

/// The node of which nothing is known: any value, maps granular, lists atomic.
pub(crate) const ANY: NodeId = 0;

/// JSON type of a value, as far as the schema says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
    Quantity,
}

/// `x-kubernetes-list-type`, or what the patch markers of older types amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListType {
    #[default]
    Atomic,
    Set,
    Map(Arc<[Box<str>]>),
}

/// What fields beyond the declared ones an object may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Open {
    #[default]
    Closed,
    Untyped,
    Typed(NodeId),
}

/// `x-kubernetes-patch-strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PatchStrategy {
    pub(crate) merge: bool,
    pub(crate) retain_keys: bool,
}

/// How Go writes a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GoField {
    /// The type as Go prints it; empty if nothing is known of the field.
    pub(crate) go_type: Arc<str>,
    pub(crate) omit_empty: bool,
    pub(crate) omit_zero: bool,
}

impl GoField {
    pub(crate) fn is_pointer(&self) -> bool {
        self.go_type.starts_with('*')
    }
}

/// Bounds on a value.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) required: Vec<Box<str>>,
    pub(crate) allowed: Vec<Value>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
    pub(crate) unique_items: bool,
    pub(crate) all_of: Vec<NodeId>,
    pub(crate) any_of: Vec<NodeId>,
    pub(crate) one_of: Vec<NodeId>,
    pub(crate) not: Option<NodeId>,
    pub(crate) rules: Vec<Box<str>>,
}

/// A regular expression, compiled when first used.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) source: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.into(), compiled: OnceLock::new() }
    }

    /// The expression; none if this library cannot read it (which is then not checked).
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.source).ok()).as_ref()
    }
}

/// One type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// `x-kubernetes-preserve-unknown-fields` of this very node.
    pub(crate) preserve: bool,
    pub(crate) embedded: bool,
    pub(crate) map_atomic: bool,
    /// Of a custom resource: defaults apply, and what is not declared is pruned.
    pub(crate) structural: bool,
    /// Nothing is said of fields beyond the declared ones.
    pub(crate) no_additional: bool,
    pub(crate) open: Open,
    pub(crate) item: Option<NodeId>,
    pub(crate) list: ListType,
    pub(crate) patch: PatchStrategy,
    pub(crate) merge_key: Option<Arc<str>>,
    pub(crate) format: Option<Arc<str>>,
    pub(crate) default: Option<Arc<Value>>,
    pub(crate) checks: Option<Arc<Checks>>,
    pub(crate) go: GoField,
    /// Name of the definition that this is.
    pub(crate) definition: Option<Arc<str>>,
    pub(crate) first_field: u32,
    pub(crate) fields: u32,
}

/// The arena.
#[derive(Debug, Default)]
pub(crate) struct Table {
    nodes: Vec<Node>,
    /// Fields of all objects; those of one object are next to each other and sorted.
    fields: Vec<(Arc<str>, NodeId)>,
    pub(crate) kinds: BTreeMap<GroupVersionKind, NodeId>,
    pub(crate) definitions: HashMap<Arc<str>, NodeId>,
}

impl Table {
    /// A table that knows [`ANY`].
    pub(crate) fn new() -> Self {
        let any = Node { open: Open::Untyped, ..Node::default() };
        Self { nodes: vec![any], ..Self::default() }
    }

    pub(crate) fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(ANY);
        self.nodes.push(node);
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        // Ids come from `push` alone; one that does not is read as "any".
        self.nodes.get(id as usize).unwrap_or(&self.nodes[0])
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    /// Gives a node its fields.
    pub(crate) fn set_fields(&mut self, id: NodeId, mut fields: Vec<(Arc<str>, NodeId)>) {
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        let first_field = u32::try_from(self.fields.len()).unwrap_or_default();
        let count = u32::try_from(fields.len()).unwrap_or_default();
        self.fields.append(&mut fields);
        if let Some(node) = self.nodes.get_mut(id as usize) {
            (node.first_field, node.fields) = (first_field, count);
        }
    }

    pub(crate) fn fields(&self, node: &Node) -> &[(Arc<str>, NodeId)] {
        let first = node.first_field as usize;
        self.fields.get(first..first + node.fields as usize).unwrap_or_default()
    }

    /// Gives the root and every embedded resource of a custom resource the fields that all objects
    /// have: `apiVersion`, `kind` and `metadata`.
    pub(crate) fn embed(&mut self, root: NodeId, metadata: &str) {
        let Some(metadata) = self.definitions.get(metadata).copied() else { return };
        let string = self.push(Node { kind: Kind::String, ..Node::default() });
        let resources: Vec<NodeId> = (0..self.nodes.len())
            .filter_map(|i| NodeId::try_from(i).ok())
            .filter(|id| *id == root || self.node(*id).embedded)
            .collect();
        for id in resources {
            let mut fields = self.fields(self.node(id)).to_vec();
            for (name, node) in [("apiVersion", string), ("kind", string), ("metadata", metadata)] {
                fields.retain(|(n, _)| &**n != name);
                fields.push((name.into(), node));
            }
            self.set_fields(id, fields);
            if let Some(node) = self.node_mut(id)
                && node.kind == Kind::Any
            {
                node.kind = Kind::Object;
            }
        }
    }

    /// Gives back what growing reserved.
    pub(crate) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.fields.shrink_to_fit();
    }
}

/// A node in its table: what the algorithms walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type<'a> {
    pub(crate) table: &'a Table,
    pub(crate) id: NodeId,
}

impl<'a> Type<'a> {
    pub(crate) fn node(self) -> &'a Node {
        self.table.node(self.id)
    }

    fn with(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    /// The declared fields, sorted by name.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.table.fields(self.node()).iter().map(move |(name, id)| (&**name, self.with(*id)))
    }

    /// A declared field.
    pub(crate) fn declared(self, name: &str) -> Option<Self> {
        let fields = self.table.fields(self.node());
        let at = fields.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        Some(self.with(fields[at].1))
    }

    /// The type of the values of undeclared fields.
    pub(crate) fn additional(self) -> Option<Self> {
        match self.node().open {
            Open::Closed => None,
            Open::Untyped => Some(self.with(ANY)),
            Open::Typed(id) => Some(self.with(id)),
        }
    }

    /// The type of a field, declared or not; none if the object has no such field.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.declared(name).or_else(|| self.additional())
    }

    /// The type of a field as pruning sees it: a custom resource has only what is declared.
    pub(crate) fn known(self, name: &str) -> Option<Self> {
        let node = self.node();
        match self.declared(name) {
            Some(declared) => Some(declared),
            None if node.preserve => Some(self.with(ANY)),
            None if node.structural && node.no_additional => None,
            None => self.additional(),
        }
    }

    /// The type of the items of a list.
    pub(crate) fn item(self) -> Self {
        self.with(self.node().item.unwrap_or(ANY))
    }

    pub(crate) fn at(self, id: NodeId) -> Self {
        self.with(id)
    }
}
