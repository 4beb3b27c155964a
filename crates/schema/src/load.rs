//! From OpenAPI schemas to a [`Table`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use windlass_object::{GroupVersionKind, Value};

use crate::table::{
    ANY, Checks, GoField, Kind, ListType, Node, NodeId, Open, PatchStrategy, Pattern, Table,
};

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
/// Deeper schemas are read as "any": none of the real ones comes near.
const MAX_DEPTH: usize = 64;

/// One schema as OpenAPI v3 and CustomResourceDefinitions write it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RawSchema {
    #[serde(rename = "$ref")]
    reference: Option<Box<str>>,
    pub(crate) r#type: Option<Box<str>>,
    format: Option<Box<str>>,
    default: Option<Value>,
    nullable: bool,
    pub(crate) properties: BTreeMap<String, RawSchema>,
    additional_properties: Option<RawOpen>,
    pub(crate) items: Option<Box<RawSchema>>,
    required: Vec<Box<str>>,
    r#enum: Vec<Value>,
    pattern: Option<Box<str>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    multiple_of: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    min_items: Option<u64>,
    max_items: Option<u64>,
    min_properties: Option<u64>,
    max_properties: Option<u64>,
    unique_items: bool,
    all_of: Vec<RawSchema>,
    any_of: Vec<RawSchema>,
    one_of: Vec<RawSchema>,
    not: Option<Box<RawSchema>>,
    #[serde(rename = "x-kubernetes-list-type")]
    list_type: Option<Box<str>>,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    list_map_keys: Vec<Box<str>>,
    #[serde(rename = "x-kubernetes-map-type")]
    map_type: Option<Box<str>>,
    #[serde(rename = "x-kubernetes-patch-strategy")]
    patch_strategy: Option<Box<str>>,
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    patch_merge_key: Option<Box<str>>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    preserve: bool,
    #[serde(rename = "x-kubernetes-embedded-resource")]
    embedded: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    int_or_string: bool,
    #[serde(rename = "x-kubernetes-validations")]
    rules: Vec<RawRule>,
    #[serde(rename = "x-kubernetes-group-version-kind")]
    kinds: RawKinds,
    #[serde(rename = "x-go")]
    go: Option<Box<str>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawOpen {
    Allowed(bool),
    Typed(Box<RawSchema>),
}

#[derive(Debug, Deserialize)]
struct RawRule {
    rule: Box<str>,
}

/// One kind or a list of them: real servers write both.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RawKinds {
    Many(Vec<GroupVersionKind>),
    One(GroupVersionKind),
}

impl Default for RawKinds {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl RawSchema {
    /// The definition that this schema refers to, plainly or (as OpenAPI v3 must when there are
    /// other marks) in an `allOf` of one.
    fn target(&self) -> Option<&str> {
        let reference = match (&self.reference, self.all_of.as_slice()) {
            (Some(reference), _) => reference,
            (None, [only]) => only.reference.as_ref()?,
            _ => return None,
        };
        reference.rsplit('/').next()
    }
}

/// Builds a table; references are followed at the end.
pub(crate) struct Loader {
    table: Table,
    pending: Vec<(NodeId, Box<str>, Option<bool>)>,
    structural: bool,
}

impl Loader {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(), pending: Vec::new(), structural: false }
    }

    /// Adds a definition and its kinds. A definition that is there already is kept.
    pub(crate) fn definition(&mut self, name: &str, raw: &RawSchema) {
        let id = match self.table.definitions.get(name) {
            Some(id) => *id,
            None => {
                self.structural = !name.starts_with("io.k8s.");
                let id = self.schema(raw, 0, false);
                let name: Arc<str> = name.into();
                if let Some(node) = self.table.node_mut(id) {
                    node.definition = Some(name.clone());
                    match &*name {
                        QUANTITY => node.kind = Kind::Quantity,
                        RAW_EXTENSION => {
                            node.kind = Kind::Any;
                            node.map_atomic = true;
                        }
                        _ => {}
                    }
                }
                self.table.definitions.insert(name, id);
                id
            }
        };
        let kinds = match &raw.kinds {
            RawKinds::Many(kinds) => kinds.as_slice(),
            RawKinds::One(kind) => std::slice::from_ref(kind),
        };
        for kind in kinds {
            self.table.kinds.insert(kind.clone(), id);
        }
    }

    /// Adds the schema of a custom resource; `open`: it preserves unknown fields all through.
    pub(crate) fn custom(&mut self, raw: &RawSchema, open: bool) -> NodeId {
        self.structural = true;
        self.schema(raw, 0, open)
    }

    /// Adds a schema that has no name. `open`: an enclosing schema preserves unknown fields.
    fn schema(&mut self, raw: &RawSchema, depth: usize, open: bool) -> NodeId {
        if depth > MAX_DEPTH {
            return ANY;
        }
        let id = self.table.push(self.marks(raw));
        if let Some(target) = raw.target() {
            let atomic = raw.map_type.as_deref().map(|t| t == "atomic");
            self.pending.push((id, target.into(), atomic));
            return id;
        }
        let open = open || raw.preserve;
        let item = raw.items.as_ref().map(|items| self.schema(items, depth + 1, open));
        let fields: Vec<(Arc<str>, NodeId)> = raw
            .properties
            .iter()
            .map(|(name, raw)| (name.as_str().into(), self.schema(raw, depth + 1, open)))
            .collect();
        let beyond = match &raw.additional_properties {
            None if open || raw.properties.is_empty() => Open::Untyped,
            None | Some(RawOpen::Allowed(false)) => Open::Closed,
            Some(RawOpen::Allowed(true)) => Open::Untyped,
            Some(RawOpen::Typed(raw)) => Open::Typed(self.schema(raw, depth + 1, open)),
        };
        let checks = self.checks(raw, depth);
        self.table.set_fields(id, fields);
        if let Some(node) = self.table.node_mut(id) {
            node.item = item;
            node.open = beyond;
            node.checks = checks;
        }
        id
    }

    /// What a schema says beside its structure: kept on top of a reference.
    fn marks(&self, raw: &RawSchema) -> Node {
        let kind = match raw.r#type.as_deref() {
            _ if raw.int_or_string || raw.format.as_deref() == Some("int-or-string") => {
                Kind::IntOrString
            }
            Some("object") => Kind::Object,
            Some("array") => Kind::Array,
            Some("string") => Kind::String,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Boolean,
            _ => Kind::Any,
        };
        let strategy = raw.patch_strategy.as_deref().unwrap_or_default();
        let patch = PatchStrategy {
            merge: strategy.split(',').any(|s| s == "merge"),
            retain_keys: strategy.split(',').any(|s| s == "retainKeys"),
        };
        let keys = |keys: &[Box<str>]| ListType::Map(keys.into());
        let list = match (raw.list_type.as_deref(), &raw.patch_merge_key) {
            (Some("map"), _) => keys(&raw.list_map_keys),
            (Some("set"), _) => ListType::Set,
            (None, Some(key)) if patch.merge => keys(std::slice::from_ref(key)),
            (None, None) if patch.merge => ListType::Set,
            _ => ListType::Atomic,
        };
        Node {
            kind,
            nullable: raw.nullable,
            preserve: raw.preserve,
            embedded: raw.embedded,
            map_atomic: raw.map_type.as_deref() == Some("atomic"),
            structural: self.structural,
            no_additional: matches!(
                raw.additional_properties,
                None | Some(RawOpen::Allowed(false))
            ),
            list,
            patch,
            merge_key: raw.patch_merge_key.as_deref().map(Into::into),
            format: raw.format.as_deref().map(Into::into),
            default: raw.default.clone().map(Arc::new),
            go: raw.go.as_deref().map(go_field).unwrap_or_default(),
            ..Node::default()
        }
    }

    fn checks(&mut self, raw: &RawSchema, depth: usize) -> Option<Arc<Checks>> {
        let mut all = |raws: &[RawSchema]| -> Vec<NodeId> {
            raws.iter().map(|raw| self.schema(raw, depth + 1, false)).collect()
        };
        let (all_of, any_of, one_of) = (all(&raw.all_of), all(&raw.any_of), all(&raw.one_of));
        let not = raw.not.as_ref().map(|raw| self.schema(raw, depth + 1, false));
        let plain = all_of.is_empty()
            && any_of.is_empty()
            && one_of.is_empty()
            && not.is_none()
            && raw.required.is_empty()
            && raw.r#enum.is_empty()
            && raw.rules.is_empty()
            && raw.pattern.is_none()
            && raw.minimum.or(raw.maximum).or(raw.multiple_of).is_none()
            && raw.min_length.or(raw.max_length).or(raw.min_items).or(raw.max_items).is_none()
            && raw.min_properties.or(raw.max_properties).is_none()
            && !raw.unique_items;
        (!plain).then(|| {
            Arc::new(Checks {
                required: raw.required.clone(),
                allowed: raw.r#enum.clone(),
                pattern: raw.pattern.as_deref().map(Pattern::new),
                minimum: raw.minimum,
                maximum: raw.maximum,
                exclusive_minimum: raw.exclusive_minimum,
                exclusive_maximum: raw.exclusive_maximum,
                multiple_of: raw.multiple_of,
                min_length: raw.min_length,
                max_length: raw.max_length,
                min_items: raw.min_items,
                max_items: raw.max_items,
                min_properties: raw.min_properties,
                max_properties: raw.max_properties,
                unique_items: raw.unique_items,
                all_of,
                any_of,
                one_of,
                not,
                rules: raw.rules.iter().map(|r| r.rule.clone()).collect(),
            })
        })
    }

    pub(crate) fn table_mut(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Follows the references and gives the table.
    pub(crate) fn finish(mut self) -> Table {
        let targets: std::collections::HashMap<NodeId, Box<str>> =
            self.pending.iter().map(|(id, name, _)| (*id, name.clone())).collect();
        for (id, name, atomic) in std::mem::take(&mut self.pending) {
            let mut target = self.table.definitions.get(&*name).copied().unwrap_or(ANY);
            for _ in 0..8 {
                let Some(next) = targets.get(&target) else { break };
                target = self.table.definitions.get(&**next).copied().unwrap_or(ANY);
            }
            let target = self.table.node(target).clone();
            if let Some(node) = self.table.node_mut(id) {
                let own = std::mem::take(node);
                *node = Node {
                    nullable: own.nullable || target.nullable,
                    map_atomic: atomic.unwrap_or(target.map_atomic),
                    patch: own.patch,
                    merge_key: own.merge_key,
                    default: own.default,
                    go: own.go,
                    ..target
                };
            }
        }
        self.table.shrink();
        self.table
    }
}

/// Reads the `x-go` mark: `*int32,omitempty`.
fn go_field(mark: &str) -> GoField {
    let mut parts = mark.split(',');
    let go_type = parts.next().unwrap_or_default().into();
    let mut field = GoField { go_type, ..GoField::default() };
    for option in parts {
        field.omit_empty |= option == "omitempty";
        field.omit_zero |= option == "omitzero";
    }
    field
}

/// Reads an object of definitions one by one, so that only one is held unpacked.
pub(crate) struct Definitions<'a>(pub(crate) &'a mut Loader);

impl<'de> DeserializeSeed<'de> for Definitions<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Definitions<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of schemas")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let raw = map.next_value::<RawSchema>()?;
            self.0.definition(&name, &raw);
        }
        Ok(())
    }
}
