//! A resource on its way through a build.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::id::{Gvk, ResId};
use crate::openapi::OpenApi;
use crate::transform::shared::Shared;

/// A name that a resource had before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PreviousId {
    /// Effective namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
}

/// What a generated resource does where its id exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing was said, which is as good as `Create`.
    #[default]
    Unspecified,
    /// It must be new.
    Create,
    /// It takes the other's place.
    Replace,
    /// Its data is added to the other's.
    Merge,
}

impl Behavior {
    /// By name; what is unknown is unspecified.
    pub fn parse(text: &str) -> Self {
        match text {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// Where a resource came from, or what changed it: the shape of kustomize's annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// File or directory, from the root of the build or of `repo`.
    pub path: String,
    /// The repository of a remote base.
    pub repo: String,
    /// Its revision.
    pub reference: String,
    /// The file that configures the generator or transformer.
    pub configured_in: String,
    /// apiVersion, kind, name and namespace of that configuration.
    pub configured_by: [String; 4],
}

/// A Kubernetes object with all that a build must remember of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// The object; null once it is deleted.
    pub value: Value,
    /// JSON pointers of the nulls that were written as nothing at all (`key:`): a strategic merge
    /// drops those and keeps the others.
    pub blank: BTreeSet<String>,
    /// The names it had, oldest first, without the present one.
    pub previous: Vec<PreviousId>,
    /// Labels and annotations that change together.
    pub shared: Vec<Shared>,
    /// Name prefixes, in the order in which they were put on.
    pub prefixes: Vec<String>,
    /// Name suffixes, likewise.
    pub suffixes: Vec<String>,
    /// What it does where its id exists; none if it was not generated.
    pub behavior: Option<Behavior>,
    /// Whether its name gets the hash of its content at the end.
    pub needs_hash: bool,
    /// As a patch: whether it may change its target's name.
    pub allow_name_change: bool,
    /// As a patch: whether it may change its target's kind.
    pub allow_kind_change: bool,
    /// Names of the vars that read from it.
    pub var_names: Vec<String>,
    /// Where it came from, if the build is to note that.
    pub origin: Option<Origin>,
    /// What changed it, likewise.
    pub transformations: Vec<Origin>,
}

impl Resource {
    /// A resource with nothing to remember yet.
    pub fn new(value: Value) -> Self {
        Self { value, ..Self::default() }
    }

    /// Whether it was deleted, or is empty.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Null => true,
            _ => false,
        }
    }

    fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
        let mut at = value;
        for key in path {
            match at.get(key) {
                Some(next) => at = next,
                None => return "",
            }
        }
        at.as_str().unwrap_or("")
    }

    /// `apiVersion`, empty if there is none.
    pub fn api_version(&self) -> &str {
        Self::text(&self.value, &["apiVersion"])
    }

    /// `kind`, empty if there is none.
    pub fn kind(&self) -> &str {
        Self::text(&self.value, &["kind"])
    }

    /// `metadata.name`, empty if there is none.
    pub fn name(&self) -> &str {
        Self::text(&self.value, &["metadata", "name"])
    }

    /// `metadata.namespace`, empty if there is none.
    pub fn namespace(&self) -> &str {
        Self::text(&self.value, &["metadata", "namespace"])
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(self.api_version(), self.kind())
    }

    /// The present id.
    pub fn id(&self, openapi: &OpenApi) -> ResId {
        let cluster_scoped = openapi.is_cluster_scoped(self.api_version(), self.kind());
        ResId {
            gvk: self.gvk(),
            name: self.name().to_owned(),
            namespace: self.namespace().to_owned(),
            cluster_scoped,
        }
    }

    /// The ids it had, oldest first. Group and version are always the present ones.
    pub fn previous_ids(&self) -> impl DoubleEndedIterator<Item = ResId> + '_ {
        let gvk = self.gvk();
        self.previous.iter().map(move |p| ResId {
            gvk: Gvk { kind: p.kind.clone(), ..gvk.clone() },
            name: p.name.clone(),
            namespace: p.namespace.clone(),
            cluster_scoped: false,
        })
    }

    /// The first id it had.
    pub fn original_id(&self, openapi: &OpenApi) -> ResId {
        self.previous_ids().next().unwrap_or_else(|| self.id(openapi))
    }

    /// Notes the present id before something changes it.
    pub fn store_previous_id(&mut self, openapi: &OpenApi) {
        let id = self.id(openapi);
        self.previous.push(PreviousId {
            namespace: id.effective_namespace().to_owned(),
            name: id.name,
            kind: id.gvk.kind,
        });
    }

    /// `metadata`, made if it is not there.
    pub fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        child_mut(fields_mut(&mut self.value), "metadata")
    }

    /// Sets `metadata.name`.
    pub fn set_name(&mut self, name: &str) {
        self.metadata_mut().insert("name".to_owned(), Value::String(name.to_owned()));
    }

    /// Sets `metadata.namespace`; the empty one takes the field away.
    pub fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            self.metadata_mut().remove("namespace");
        } else {
            self.metadata_mut().insert("namespace".to_owned(), Value::String(namespace.to_owned()));
        }
    }

    /// Sets `kind`.
    pub fn set_kind(&mut self, kind: &str) {
        fields_mut(&mut self.value).insert("kind".to_owned(), Value::String(kind.to_owned()));
    }

    /// Sets `apiVersion` and `kind`.
    pub fn set_gvk(&mut self, gvk: &Gvk) {
        self.set_kind(&gvk.kind);
        fields_mut(&mut self.value)
            .insert("apiVersion".to_owned(), Value::String(gvk.api_version()));
    }

    /// `metadata.labels` as text.
    pub fn labels(&self) -> BTreeMap<String, String> {
        texts(self.value.pointer("/metadata/labels"))
    }

    /// `metadata.annotations` as text.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        texts(self.value.pointer("/metadata/annotations"))
    }

    /// Sets `metadata.labels` as a whole; none takes the field away.
    pub fn set_labels(&mut self, labels: BTreeMap<String, String>) {
        self.set_metadata_map("labels", labels);
    }

    /// Sets `metadata.annotations` as a whole; none takes the field away.
    pub fn set_annotations(&mut self, annotations: BTreeMap<String, String>) {
        self.set_metadata_map("annotations", annotations);
    }

    fn set_metadata_map(&mut self, field: &str, map: BTreeMap<String, String>) {
        let metadata = self.metadata_mut();
        if map.is_empty() {
            metadata.remove(field);
        } else {
            let map = map.into_iter().map(|(k, v)| (k, Value::String(v))).collect();
            metadata.insert(field.to_owned(), Value::Object(map));
        }
    }
}

/// A scalar as the text that kyaml sees; what is no scalar is empty.
pub(crate) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => number_text(n),
        Value::Null => "null".to_owned(),
        _ => String::new(),
    }
}

fn number_text(n: &serde_json::Number) -> String {
    let text = windlass_object::yaml::to_string(&Value::Number(n.clone()));
    text.trim_end().to_owned()
}

fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let fields = value.and_then(Value::as_object);
    fields.into_iter().flatten().map(|(k, v)| (k.clone(), scalar_text(v))).collect()
}

/// The fields of `value`, which is made an object if it is none.
pub(crate) fn fields_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        // Made an object above.
        _ => unreachable!("an object"),
    }
}

/// The object at `key`, made if there is none.
pub(crate) fn child_mut<'a>(
    fields: &'a mut Map<String, Value>,
    key: &str,
) -> &'a mut Map<String, Value> {
    fields_mut(fields.entry(key).or_insert(Value::Null))
}
