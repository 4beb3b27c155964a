//! Difference between an object in Git and in the cluster.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::{Object, Value};

/// How two objects are compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Mode {
    /// By what was last applied, as `kubectl apply` would patch.
    #[default]
    ThreeWay,
    /// As server-side apply would merge, worked out here.
    StructuredMerge,
    /// By what the API answered to a server-side apply in dry-run mode.
    ServerSide {
        /// The answer.
        answer: Arc<Object>,
        /// Whether what others than we changed in the answer (webhooks) counts.
        include_webhooks: bool,
    },
}

/// Outcome of comparing one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// Whether a sync would change the object.
    pub modified: bool,
    /// What the object would be after a sync; none if it would be gone.
    pub predicted: Option<Object>,
    /// What it is, with what makes no difference taken out; none if it is not there.
    pub live: Option<Object>,
}

/// One field in which an object differs. Values of secrets are masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer to the field.
    pub pointer: String,
    /// What it would be after a sync; none if it would be gone.
    pub desired: Option<Value>,
    /// What it is; none if it is not there.
    pub live: Option<Value>,
    /// Who set it to what it is; none if nobody is recorded, or it is not there.
    pub owner: Option<Owner>,
}

/// Who last set a field, by `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Field manager.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Subresource through which it was set, or empty.
    pub subresource: String,
    /// When the manager last changed any of its fields.
    pub since: Option<Timestamp>,
}
