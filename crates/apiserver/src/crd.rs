//! CustomResourceDefinitions: what one says of the resources it brings.

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::catalog::GroupVersion;

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
