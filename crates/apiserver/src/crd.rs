//! CustomResourceDefinitions: checking them, and the resources they bring.

mod keywords;
mod schema;
mod status;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use windlass_object::Object;

use crate::catalog::{GroupVersion, Origin, ResourceType, Subresource, Verb, Verbs};

pub use status::{FINALIZER, begin_deletion, default, establish, is_established, prepare};
pub use validate::validate;

/// One version of a custom resource, as its CRD declares it.
#[derive(Clone, Debug, Default)]
pub struct CustomVersion {
    /// Name of the CRD, such as `widgets.example.com`.
    pub crd: String,
    /// The structural schema (`openAPIV3Schema`), as written.
    pub schema: Value,
    /// Columns of `kubectl get`.
    pub printer_columns: Vec<PrinterColumn>,
    /// Fields by which clients may select, as JSONPath (`.spec.color`).
    pub selectable_fields: Vec<String>,
    /// The `scale` subresource, if the version has one.
    pub scale: Option<Scale>,
    /// Whether objects are converted between versions by a webhook, which this server does not call.
    pub webhook_conversion: bool,
    /// Whether the definition is being deleted, so that nothing new comes.
    pub terminating: bool,
    /// What clients of a deprecated version are warned of.
    pub deprecation_warning: Option<String>,
}

/// A column of `kubectl get` that a CRD declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterColumn {
    /// Head of the column.
    pub name: String,
    /// OpenAPI type: integer, number, string, boolean or date.
    pub kind: String,
    /// OpenAPI format.
    pub format: String,
    /// What it shows.
    pub description: String,
    /// 0 is always shown, more only by `-o wide`.
    pub priority: i64,
    /// Where the value is, as JSONPath without braces.
    pub json_path: String,
}

/// Where a custom resource keeps what its `scale` subresource shows, as JSONPath (`.spec.replicas`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Desired replicas.
    pub spec_replicas_path: String,
    /// Observed replicas.
    pub status_replicas_path: String,
    /// The selector in its text form.
    pub label_selector_path: Option<String>,
}

/// Discovery's mark of the version that objects are stored in.
pub(crate) fn storage_version_hash(storage: &GroupVersion, kind: &str) -> String {
    let text = format!("{}/{}/{kind}", storage.group, storage.version);
    base64::engine::general_purpose::STANDARD.encode(&Sha256::digest(text)[..8])
}

/// The resources that a definition brings into service, one a served version; none before it is established.
pub fn resources(crd: &Object) -> Vec<Arc<ResourceType>> {
    if !is_established(crd) {
        return Vec::new();
    }
    let versions = crd.get(&["spec", "versions"]).and_then(Value::as_array);
    let versions: &[Value] = versions.map_or(&[], Vec::as_slice);
    let storage = versions.iter().find(|version| version["storage"] == true);
    let Some(storage) = storage.and_then(|version| version["name"].as_str()) else {
        return Vec::new();
    };
    let served = versions.iter().filter(|version| version["served"] == true);
    served.map(|version| Arc::new(resource(crd, version, storage))).collect()
}

fn resource(crd: &Object, version: &Value, storage: &str) -> ResourceType {
    let group = crd.str_at(&["spec", "group"]);
    let name = |field| crd.str_at(&["status", "acceptedNames", field]).to_owned();
    let list = |field| -> Vec<String> {
        let all = crd.get(&["status", "acceptedNames", field]).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let kind = name("kind");
    let namespaced = crd.str_at(&["spec", "scope"]) == "Namespaced";
    let storage = GroupVersion { group: group.to_owned(), version: storage.to_owned() };
    let custom = custom_version(crd, version);
    let verbs = Verbs::of(&[Verb::Get, Verb::Patch, Verb::Update]);
    let subresource = |name: &str, kind: &str, group_version| Subresource {
        name: name.to_owned(),
        kind: kind.to_owned(),
        group_version,
        namespaced,
        verbs,
    };
    let mut subresources = Vec::new();
    if version.pointer("/subresources/status").is_some_and(Value::is_object) {
        subresources.push(subresource("status", &kind, None));
    }
    if custom.scale.is_some() {
        let scale = GroupVersion { group: "autoscaling".to_owned(), version: "v1".to_owned() };
        subresources.push(subresource("scale", "Scale", Some(scale)));
    }
    ResourceType {
        group: group.to_owned(),
        version: version["name"].as_str().unwrap_or_default().to_owned(),
        plural: name("plural"),
        singular: name("singular"),
        list_kind: name("listKind"),
        short_names: list("shortNames"),
        categories: list("categories"),
        namespaced,
        verbs: Verbs::ALL,
        subresources,
        storage_version_hash: Some(storage_version_hash(&storage, &kind)),
        storage: Some(storage),
        kind,
        origin: Origin::Custom(Arc::new(custom)),
    }
}

fn custom_version(crd: &Object, version: &Value) -> CustomVersion {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let items = |field: &str| version[field].as_array().into_iter().flatten();
    let scale = version.pointer("/subresources/scale").filter(|scale| scale.is_object());
    let name = version["name"].as_str().unwrap_or_default();
    let gvk = |version: &str| {
        format!(
            "{}/{version} {}",
            crd.str_at(&["spec", "group"]),
            crd.str_at(&["spec", "names", "kind"])
        )
    };
    CustomVersion {
        crd: crd.name().to_owned(),
        schema: version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or_default(),
        printer_columns: items("additionalPrinterColumns")
            .map(|column| PrinterColumn {
                name: text(column, "name"),
                kind: text(column, "type"),
                format: text(column, "format"),
                description: text(column, "description"),
                priority: column["priority"].as_i64().unwrap_or_default(),
                json_path: text(column, "jsonPath"),
            })
            .collect(),
        selectable_fields: items("selectableFields").map(|field| text(field, "jsonPath")).collect(),
        scale: scale.map(|scale| Scale {
            spec_replicas_path: text(scale, "specReplicasPath"),
            status_replicas_path: text(scale, "statusReplicasPath"),
            label_selector_path: scale["labelSelectorPath"]
                .as_str()
                .filter(|path| !path.is_empty())
                .map(str::to_owned),
        }),
        terminating: crd.is_terminating(),
        webhook_conversion: crd.str_at(&["spec", "conversion", "strategy"]) == "Webhook",
        deprecation_warning: (version["deprecated"] == true).then(|| {
            version["deprecationWarning"]
                .as_str()
                .map_or_else(|| format!("{} is deprecated", gvk(name)), str::to_owned)
        }),
    }
}
