//! Argo CD's API types, `argoproj.io/v1alpha1`, as far as Windlass acts on them.
//!
//! Field names, defaults and what is left out when empty follow Argo CD 3.5's JSON, since scripts
//! read it. A field that is valid but that no code here knows stays in a type's `rest`, so that
//! reading and writing an object never loses it.

mod application;
mod normal_form;
mod operation;
mod project;
mod source;
mod status;

pub use application::{
    Application, ApplicationSpec, Backoff, Destination, IgnoreDifference, Info,
    ManagedNamespaceMetadata, RetryStrategy, SyncPolicy, SyncPolicyAutomated,
};
pub use operation::{
    Operation, OperationInitiator, OperationState, SyncOperation, SyncOperationResource,
    SyncOperationResult, SyncStrategy, SyncStrategyApply,
};
pub use project::{
    AppProject, AppProjectSpec, DestinationServiceAccount, GitIntegrity, GitPolicy, GitPolicyRepo,
    GpgPolicy, GroupKindPattern, OrphanPattern, OrphanedResources, ProjectDestination,
    SignatureKey, SourceIntegrity, SyncWindow,
};
pub use source::{
    DirectorySource, HelmSource, JsonnetOptions, JsonnetVariable, KustomizeSource, Source,
};
pub use status::{
    ApplicationStatus, ComparedTo, Condition, HealthStatus, ResourceStatus, RevisionHistory,
    Summary, SyncStatus, SyncStatusCode,
};
pub use windlass_engine::state::{
    ConditionType, HealthCode as HealthStatusCode, OperationPhase, ResourceResult, ResultCode,
};

/// API group of the Argo CD kinds.
pub const GROUP: &str = "argoproj.io";
/// Version of the Argo CD kinds.
pub const VERSION: &str = "v1alpha1";
/// Prefix of Argo CD's annotations and labels.
pub const ANNOTATION_PREFIX: &str = "argocd.argoproj.io/";
/// Asks for a refresh: `normal` or `hard`. The controller removes it when done.
pub const ANNOTATION_REFRESH: &str = "argocd.argoproj.io/refresh";
/// Finalizer that asks for the application's objects to be deleted with it.
pub const FINALIZER_RESOURCES: &str = "resources-finalizer.argocd.argoproj.io";
/// The same, with foreground propagation.
pub const FINALIZER_FOREGROUND: &str = "resources-finalizer.argocd.argoproj.io/foreground";
/// The same, with background propagation.
pub const FINALIZER_BACKGROUND: &str = "resources-finalizer.argocd.argoproj.io/background";

/// Finalizer that has PreDelete hooks run; with `/cleanup`, that has them cleaned up.
pub const FINALIZER_PRE_DELETE: &str = "pre-delete-finalizer.argocd.argoproj.io";
/// Finalizer that has PostDelete hooks run; with `/cleanup`, that has them cleaned up.
pub const FINALIZER_POST_DELETE: &str = "post-delete-finalizer.argocd.argoproj.io";

/// A point in time in Kubernetes' form: RFC 3339, whole seconds, UTC.
pub mod time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Prints a time as Kubernetes does.
    pub fn print(time: Timestamp) -> String {
        time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// For a field that is always there; the zero time is `null`, as Go prints it.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, s: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(t) => s.serialize_str(&print(*t)),
            None => s.serialize_none(),
        }
    }

    /// An absent, null or unreadable time is none: a status written by hand must not stop delivery.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(d)?.and_then(|s| s.parse().ok()))
    }
}

/// Reads `null` as the default, as Go does.
pub(crate) fn null_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    use serde::Deserialize;
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
