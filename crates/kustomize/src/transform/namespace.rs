//! `namespace`, and the NamespaceTransformer.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use windlass_object::go;

use super::fields::{Create, Fields, gvk, set_scalar, wrong_kind};
use crate::error::{During, Error, Result};
use crate::fieldspec::FieldSpec;
use crate::id::ResId;
use crate::resmap::{ResMap, key};
use crate::resource::{Resource, scalar_text};

const METADATA_NAMESPACE: &str = "metadata/namespace";
const METADATA_NAME: &str = "metadata/name";
const SUBJECTS: &str = "subjects/namespace";

/// How role bindings' subjects are changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subjects {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    Untouched,
}

/// A namespace and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The namespace.
    pub namespace: String,
    /// Fields that get it, beside `metadata.namespace`.
    pub specs: Vec<FieldSpec>,
    /// Whether only fields that are not set get it.
    pub unset_only: bool,
    /// How role bindings' subjects are changed.
    pub subjects: Subjects,
}

/// Sets the namespace on all resources but those of a chart, which have their own.
///
/// # Errors
/// Where a field is not what its path says, or two resources have the same id afterwards.
pub fn transform(map: &mut ResMap, namespace: &Namespace) -> Result<()> {
    if namespace.namespace.is_empty() {
        return Ok(());
    }
    let setter = Setter::new(namespace);
    let openapi = map.openapi().clone();
    let list = map.list_mut();
    let mut places: HashMap<ResId, BTreeSet<usize>> = HashMap::with_capacity(list.len());
    for (at, resource) in list.iter().enumerate() {
        places.entry(key(&resource.id(&openapi))).or_default().insert(at);
    }
    for at in 0..list.len() {
        let Some(resource) = list.get_mut(at).filter(|r| !is_exempt(r)) else { continue };
        resource.store_previous_id(&openapi);
        let id = resource.id(&openapi);
        setter.set(&mut resource.value, id.cluster_scoped)?;
        places.entry(key(&id)).or_default().remove(&at);
        let same = places.entry(key(&resource.id(&openapi))).or_default();
        same.insert(at);
        if same.len() != 1 {
            let same = same.iter().filter_map(|&at| list.get(at));
            let same: Vec<_> = same.map(|r| go::to_json(&r.noted())).collect();
            let same = same.join(" ");
            return Err(Error::told(format!(
                "namespace transformation produces ID conflict: [{same}]"
            )));
        }
    }
    Ok(())
}

/// [`transform`] for one object.
///
/// # Errors
/// Where a field is not what its path says.
pub(crate) fn set(object: &mut Value, namespace: &Namespace, cluster_scoped: bool) -> Result<()> {
    Setter::new(namespace).set(object, cluster_scoped)
}

struct Setter<'a> {
    namespace: &'a Namespace,
    own: Fields,
    fields: Fields,
    /// For role bindings.
    binding_fields: Fields,
    /// For objects whose `apiVersion` is not `v1`.
    foreign_fields: Fields,
    foreign_binding_fields: Fields,
}

impl<'a> Setter<'a> {
    fn new(namespace: &'a Namespace) -> Self {
        let fields = Fields::new(&namespace.specs).without(|spec| spec.path == METADATA_NAMESPACE);
        let foreign_fields = fields.without(|spec| spec.path == METADATA_NAME);
        let is_of_subjects =
            |spec: &FieldSpec| spec.path == SUBJECTS && is_role_binding(&spec.gvk.kind);
        Self {
            namespace,
            own: Fields::new([&FieldSpec::everywhere(METADATA_NAMESPACE, true)]),
            binding_fields: fields.without(is_of_subjects),
            foreign_binding_fields: foreign_fields.without(is_of_subjects),
            fields,
            foreign_fields,
        }
    }

    fn set(&self, object: &mut Value, cluster_scoped: bool) -> Result<()> {
        let mut set = |value: &mut Value| {
            let is_set = !value.is_null() && !scalar_text(value).is_empty();
            if self.namespace.unset_only && is_set {
                return Ok(());
            }
            set_scalar(value, Value::String(self.namespace.namespace.clone()))
        };
        if !cluster_scoped {
            self.own.apply(object, Some(Create::Scalar), &mut set)?;
        }
        let kind = gvk(object).kind;
        let is_binding = is_role_binding(&kind);
        if is_binding && let Some(subjects) = object.get_mut("subjects") {
            self.set_subjects(subjects, &mut set)
                .during(|| "setting namespace on (cluster)role binding subjects".to_owned())?;
        }
        let is_core_v1 = object.get("apiVersion").is_some_and(|v| v == "v1");
        let fields = match (is_core_v1, is_binding) {
            (true, false) => &self.fields,
            (true, true) => &self.binding_fields,
            (false, false) => &self.foreign_fields,
            (false, true) => &self.foreign_binding_fields,
        };
        fields
            .apply(object, Some(Create::Scalar), &mut set)
            .during(|| "namespace transformation failed".to_owned())
    }

    fn set_subjects(
        &self,
        subjects: &mut Value,
        set: &mut dyn FnMut(&mut Value) -> Result<()>,
    ) -> Result<()> {
        let items = match subjects {
            Value::Null => return Ok(()),
            Value::Array(items) => items,
            other => return Err(wrong_kind("SequenceNode", other)),
        };
        let (field, wanted) = match self.namespace.subjects {
            Subjects::DefaultOnly => ("name", "default"),
            Subjects::AllServiceAccounts => ("kind", "ServiceAccount"),
            Subjects::Untouched => return Ok(()),
        };
        for item in items {
            match item {
                Value::Object(subject) if subject.get(field).is_some_and(|v| v == wanted) => {
                    set(subject
                        .entry("namespace")
                        .or_insert_with(|| Value::String(String::new())))?;
                }
                Value::Object(_) | Value::Null => {}
                other => return Err(wrong_kind("MappingNode", other)),
            }
        }
        Ok(())
    }
}

/// The mark of what a chart made.
pub(crate) const FROM_HELM: &str = "internal.config.kubernetes.io/helm-generated";

fn is_role_binding(kind: &str) -> bool {
    kind == "RoleBinding" || kind == "ClusterRoleBinding"
}

fn is_exempt(resource: &Resource) -> bool {
    let annotations = resource.value.get("metadata").and_then(|m| m.get("annotations"));
    let from_helm = annotations.and_then(|a| a.get(FROM_HELM)).is_some_and(|v| v == "true");
    resource.is_empty() || from_helm
}
