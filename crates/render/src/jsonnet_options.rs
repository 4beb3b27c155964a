//! Options of Jsonnet files in plain directories.

use serde::{Deserialize, Serialize};

use crate::spec::{is_default, null_default};

/// `ApplicationSourceJsonnet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonnetOptions {
    /// External variables.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ext_vars: Vec<JsonnetVariable>,
    /// Top-level arguments.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub tlas: Vec<JsonnetVariable>,
    /// Library directories, from the root of the repository.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub libs: Vec<String>,
}

/// `JsonnetVar`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct JsonnetVariable {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Whether the value is code and not a string.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub code: bool,
}
