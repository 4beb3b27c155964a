//! Differences that make no difference.
//!
//! Both sides of a comparison are brought to one form before it. What the API server does to any
//! built-in object (defaults, canonical quantities, empty fields) is the business of
//! [`windlass_schema::defaults`]; here is the rest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::{Object, Value};

use crate::known_types::KnownTypes;

static NO_KNOWN_TYPES: KnownTypes = KnownTypes(Vec::new());

/// Objects whose status is left out of comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IgnoreStatus {
    /// All.
    #[default]
    All,
    /// CRDs.
    Crd,
    /// None.
    Never,
}

impl IgnoreStatus {
    /// Reads `ignoreResourceStatusField`.
    pub fn parse(text: &str) -> Self {
        match text {
            "crd" => Self::Crd,
            "none" | "off" | "false" => Self::Never,
            _ => Self::All,
        }
    }
}

/// Takes fields out of objects that settings or the application ignore. Told for both sides.
pub trait IgnoreDifferences {
    /// Removes what is ignored.
    fn strip(&self, object: &mut Object);

    /// Why the rules cannot be applied, if one of them cannot be understood.
    fn problem(&self) -> Option<&str> {
        None
    }

    /// Field managers whose fields of the object are ignored.
    fn managers(&self, _: &Object) -> Vec<&str> {
        Vec::new()
    }
}

/// Nothing is ignored.
#[derive(Clone, Copy, Debug, Default)]
pub struct IgnoreNothing;

impl IgnoreDifferences for IgnoreNothing {
    fn strip(&self, _: &mut Object) {}
}

/// What is brought to one form, and what is ignored.
#[derive(Clone, Copy)]
pub struct Normalizer<'a> {
    /// Status.
    pub status: IgnoreStatus,
    /// Rules of aggregated cluster roles, which a controller fills in.
    pub aggregated_roles: bool,
    /// Fields of custom kinds that are of Kubernetes' own types.
    pub known_types: &'a KnownTypes,
    /// The rest.
    pub ignore: &'a dyn IgnoreDifferences,
}

impl Default for Normalizer<'_> {
    fn default() -> Self {
        Self {
            status: IgnoreStatus::default(),
            aggregated_roles: false,
            known_types: &NO_KNOWN_TYPES,
            ignore: &IgnoreNothing,
        }
    }
}

impl Normalizer<'_> {
    /// Brings an object to the form in which it is compared.
    pub fn normalize(&self, object: &mut Object) {
        self.shape(object);
        let crd = crate::tracking::is_crd(object);
        if self.status == IgnoreStatus::All || self.status == IgnoreStatus::Crd && crd {
            object.fields_mut().remove("status");
        }
        self.known_types.normalize(object);
        self.ignore.strip(object);
    }

    /// The part of it that comes before a server-side dry run: the request must be whole.
    pub fn shape(&self, object: &mut Object) {
        object.remove(&["metadata", "creationTimestamp"]);
        match (object.group(), object.kind()) {
            ("", "Secret") => secret(object),
            ("", "Endpoints") => endpoints(object),
            ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => {
                role(object, self.aggregated_roles);
            }
            _ => {}
        }
    }
}

/// Encodes `stringData` into `data`; null values are empty.
pub fn secret(object: &mut Object) {
    if let Some(Value::Object(plain)) = object.fields_mut().remove("stringData") {
        for (key, value) in plain {
            let value = match value {
                Value::String(text) => STANDARD.encode(text).into(),
                other => other,
            };
            object.set(&["data", &key], value);
        }
    }
    if let Some(Value::Object(data)) = object.fields_mut().get_mut("data") {
        for value in data.values_mut().filter(|value| value.is_null()) {
            *value = "".into();
        }
    }
}

/// An empty list of rules is as good as none.
fn role(object: &mut Object, ignore_aggregated: bool) {
    let aggregated =
        ignore_aggregated && object.get(&["aggregationRule"]).is_some_and(Value::is_object);
    let empty = object.get(&["rules"]).and_then(Value::as_array).is_some_and(Vec::is_empty);
    if aggregated || empty {
        object.set(&["rules"], Value::Null);
    }
}

/// Sorts subsets, their addresses and ports, which controllers write in any order.
fn endpoints(object: &mut Object) {
    let Some(Value::Array(subsets)) = object.fields_mut().get_mut("subsets") else { return };
    for subset in subsets.iter_mut() {
        for list in ["addresses", "notReadyAddresses", "ports"] {
            let Some(Value::Array(items)) = subset.get_mut(list) else { continue };
            if list == "ports" {
                for port in items.iter_mut().filter_map(Value::as_object_mut) {
                    port.entry("protocol").or_insert_with(|| "TCP".into());
                }
            }
            sort_by_text(items);
        }
    }
    sort_by_text(subsets);
}

fn sort_by_text(items: &mut [Value]) {
    items.sort_by_cached_key(ToString::to_string);
}
