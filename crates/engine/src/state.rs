//! The words that delivery is told in: statuses, phases, results.
//!
//! Names and JSON forms are those of Argo CD's `Application` status, so that a dialect can store
//! these values as they are.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word as it is stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }

            /// Reads the word; other words are none.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $(stringify!($variant) => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// Whether live state is what Git says.
    SyncStatusCode {
        /// It is.
        Synced,
        /// It is not.
        OutOfSync,
        /// It could not be told.
        Unknown,
    }
}

words! {
    /// Health, from best to worst.
    HealthCode {
        /// Works as it should.
        Healthy,
        /// Held back on purpose.
        Suspended,
        /// On its way.
        Progressing,
        /// Not in the cluster.
        Missing,
        /// Failed, or did not get there in time.
        Degraded,
        /// Could not be told.
        Unknown,
    }
}

words! {
    /// State of an operation, or of one of its tasks.
    OperationPhase {
        /// Under way.
        Running,
        /// Asked to stop.
        Terminating,
        /// Ended: the cluster refused something.
        Failed,
        /// Ended: it could not be carried out.
        Error,
        /// Ended well.
        Succeeded,
    }
}

words! {
    /// What became of one object in a sync.
    ResultCode {
        /// Applied.
        Synced,
        /// Refused.
        SyncFailed,
        /// Deleted.
        Pruned,
        /// Left, although Git no longer has it.
        PruneSkipped,
    }
}

words! {
    /// Part of a sync, in order.
    SyncPhase {
        /// Before everything else.
        PreSync,
        /// The application's own objects.
        Sync,
        /// After all is healthy.
        PostSync,
        /// Only when the sync has failed.
        SyncFail,
    }
}

/// Kind of a condition on an application: errors stop something, warnings do not. One that this
/// version does not know is kept by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConditionType {
    /// Deletion does not get on.
    DeletionError,
    /// The application's spec is wrong.
    InvalidSpecError,
    /// Desired and live state could not be had or compared.
    ComparisonError,
    /// An automated sync failed or was refused.
    SyncError,
    /// Anything else that failed.
    UnknownError,
    /// An object belongs to another application too.
    SharedResourceWarning,
    /// An object appears more than once.
    RepeatedResourceWarning,
    /// An object is of a kind that settings exclude.
    ExcludedResourceWarning,
    /// Objects in the project's namespaces belong to no application.
    OrphanedResourceWarning,
    /// Windlass: somebody changed in the cluster what Git says, and who.
    DriftWarning,
    /// Windlass: applications wait for each other in a circle.
    DependencyError,
    /// Windlass: a sync waits for other applications.
    DependencyWarning,
    /// Windlass: a field that is set and does nothing yet.
    NotSupportedWarning,
    /// A rule of what is ignored matches nothing: one of ours.
    IdleRuleWarning,
    /// Any other.
    #[serde(untagged)]
    Other(String),
}

impl ConditionType {
    /// Whether it stops something.
    pub fn is_error(&self) -> bool {
        self.to_string().ends_with("Error")
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.pad(name),
            known => f.pad(&format!("{known:?}")),
        }
    }
}

impl OperationPhase {
    /// Whether it has ended, well or not.
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }
}

/// Health of an object or application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How well.
    pub status: HealthCode,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl Health {
    /// A health with a message.
    pub fn new(status: HealthCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// Something about an application that a person should know. The time is the dialect's to add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Kind of condition.
    pub kind: ConditionType,
    /// What, for people.
    pub message: String,
}

impl Condition {
    /// A condition with a message.
    pub fn new(kind: ConditionType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// One line of `status.resources`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceStatus {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// API version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether it is as Git says; none for hooks and for objects that are another's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<SyncStatusCode>,
    /// Its health, if its kind has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Whether it is a hook.
    #[serde(skip_serializing_if = "is_false")]
    pub hook: bool,
    /// Whether a sync would delete it.
    #[serde(skip_serializing_if = "is_false")]
    pub requires_pruning: bool,
    /// Wave in which it is applied.
    #[serde(skip_serializing_if = "is_zero")]
    pub sync_wave: i64,
    /// Whether a person must agree before it is deleted.
    #[serde(skip_serializing_if = "is_false")]
    pub requires_deletion_confirmation: bool,
}

impl ResourceStatus {
    /// Names the object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(&self.group, &self.kind, &self.namespace, &self.name)
    }
}

/// One line of `status.operationState.syncResult.resources`. The order of lines is the order in
/// which tasks first had a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceResult {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// What became of it; none until it is applied or pruned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ResultCode>,
    /// The API's answer, or the health that is waited for.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "null_default")]
    pub message: String,
    /// Which hook it is; none for other objects.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "known_phase")]
    pub hook_type: Option<SyncPhase>,
    /// How far it is, of hooks and of other objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_phase: Option<OperationPhase>,
    /// Phase of the sync.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "known_phase")]
    pub sync_phase: Option<SyncPhase>,
    /// Container images that it names.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_default")]
    pub images: Vec<String>,
}

impl ResourceResult {
    /// Names the object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(&self.group, &self.kind, &self.namespace, &self.name)
    }
}

/// Reads `null` as the default, as Go does.
fn null_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// A word that is no phase is none: a status written by others must not stop delivery.
fn known_phase<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<SyncPhase>, D::Error> {
    Ok(Option::<String>::deserialize(d)?.and_then(|word| SyncPhase::parse(&word)))
}

fn is_false(b: &bool) -> bool {
    !b
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// What discovery knows of kinds. Implemented over a cluster's cache, and by tests.
pub trait ApiKinds {
    /// Whether objects of a kind live in namespaces; none if no version of the kind is served.
    fn namespaced(&self, kind: &GroupKind) -> Option<bool>;
    /// Whether this version of a kind is served.
    fn serves(&self, kind: &GroupVersionKind) -> bool;
    /// Whether anything is served of this version of the kind's group.
    fn serves_group_version(&self, _kind: &GroupVersionKind) -> bool {
        false
    }
    /// What is served of a kind whose version is not: another version, or another group's kind of
    /// that name. It only makes a message clearer.
    fn served_instead(&self, _kind: &GroupVersionKind) -> Option<GroupVersionKind> {
        None
    }
}

/// Container images that a workload names, as a sync's results list them: those of the first of
/// its container lists that is there, init containers left out.
pub fn images(object: &Object) -> Vec<String> {
    const LISTS: [&[&str]; 3] = [
        &["spec", "containers"],
        &["spec", "template", "spec", "containers"],
        &["spec", "jobTemplate", "spec", "template", "spec", "containers"],
    ];
    let Some(containers) = LISTS.iter().find_map(|path| object.get(path)?.as_array()) else {
        return Vec::new();
    };
    containers.iter().filter_map(|c| Some(c.get("image")?.as_str()?.to_owned())).collect()
}
