//! Hooks and waves: what an object's annotations say of when it is applied.
//!
//! Argo CD's own annotation wins over Helm's. An object with a hook annotation of which no type is
//! known is *ignored*: neither applied nor compared. An object whose only type is `Skip` is kept
//! and compared, but not applied.

use windlass_object::Object;

use crate::annotation;
use crate::state::SyncPhase;

const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// A type of hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookType {
    /// Runs in a phase of the sync.
    Phase(SyncPhase),
    /// Is not applied.
    Skip,
}

/// A time at which a hook is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePolicy {
    /// When the sync has succeeded.
    HookSucceeded,
    /// When the sync has failed.
    HookFailed,
    /// Before it is created again.
    BeforeHookCreation,
}

/// The known hook types of an object, in the order given. Helm's are read only when there is none
/// of Argo CD's.
pub fn types(object: &Object) -> Vec<HookType> {
    let mut found: Vec<HookType> = Vec::new();
    let argo = annotation::entries(object, annotation::HOOK).filter_map(|entry| match entry {
        "Skip" => Some(HookType::Skip),
        phase => SyncPhase::parse(phase).map(HookType::Phase),
    });
    for kind in argo {
        if !found.contains(&kind) {
            found.push(kind);
        }
    }
    if found.is_empty() {
        for entry in annotation::entries(object, HELM_HOOK) {
            let phase = match entry {
                "pre-install" | "pre-upgrade" => SyncPhase::PreSync,
                "post-install" | "post-upgrade" => SyncPhase::PostSync,
                _ => continue,
            };
            if !found.contains(&HookType::Phase(phase)) {
                found.push(HookType::Phase(phase));
            }
        }
    }
    found
}

/// Whether an object is a hook, of a known type or not.
pub fn is_hook(object: &Object) -> bool {
    if object.annotation(annotation::HOOK).is_some() {
        return !is_skipped(object);
    }
    // Helm marked CRDs in this way before it had a directory for them.
    object.annotation(HELM_HOOK).is_some_and(|kind| kind != "crd-install")
}

/// Whether an object is never applied.
pub fn is_skipped(object: &Object) -> bool {
    types(object) == [HookType::Skip]
}

/// Whether an object is a hook of no type known here, such as Helm's tests.
pub fn is_ignored(object: &Object) -> bool {
    is_hook(object) && types(object).is_empty()
}

/// The phases in which an object is applied; none if it is skipped.
pub fn phases(object: &Object) -> Vec<SyncPhase> {
    if is_skipped(object) {
        return Vec::new();
    }
    if !is_hook(object) {
        return vec![SyncPhase::Sync];
    }
    let mut phases: Vec<SyncPhase> = types(object)
        .into_iter()
        .filter_map(|kind| match kind {
            HookType::Phase(phase) => Some(phase),
            HookType::Skip => None,
        })
        .collect();
    phases.sort();
    phases
}

/// A moment of an application's deletion at which a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionHook {
    /// Before its objects are deleted.
    PreDelete,
    /// After.
    PostDelete,
}

impl DeletionHook {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreDelete => "PreDelete",
            Self::PostDelete => "PostDelete",
        }
    }
}

/// Whether an object is a hook of its application's deletion.
pub fn runs_at(object: &Object, moment: DeletionHook) -> bool {
    let argo = moment.as_str();
    let helm = match moment {
        DeletionHook::PreDelete => "pre-delete",
        DeletionHook::PostDelete => "post-delete",
    };
    annotation::has(object, annotation::HOOK, argo)
        || (object.annotation(annotation::HOOK).is_none()
            && annotation::has(object, HELM_HOOK, helm))
}

/// When a hook is deleted; before it is created again, if it does not say.
pub fn delete_policies(object: &Object) -> Vec<DeletePolicy> {
    let argo = annotation::entries(object, annotation::HOOK_DELETE_POLICY);
    let helm = annotation::entries(object, HELM_DELETE_POLICY);
    let mut policies: Vec<DeletePolicy> = argo
        .filter_map(|entry| match entry {
            "HookSucceeded" => Some(DeletePolicy::HookSucceeded),
            "HookFailed" => Some(DeletePolicy::HookFailed),
            "BeforeHookCreation" => Some(DeletePolicy::BeforeHookCreation),
            _ => None,
        })
        .chain(helm.filter_map(|entry| match entry {
            "hook-succeeded" => Some(DeletePolicy::HookSucceeded),
            "hook-failed" => Some(DeletePolicy::HookFailed),
            "before-hook-creation" => Some(DeletePolicy::BeforeHookCreation),
            _ => None,
        }))
        .collect();
    if policies.is_empty() {
        policies.push(DeletePolicy::BeforeHookCreation);
    }
    policies
}

/// The wave of an object: Argo CD's annotation, else Helm's weight, else 0.
pub fn wave(object: &Object) -> i64 {
    [annotation::SYNC_WAVE, HELM_WEIGHT]
        .iter()
        .find_map(|key| parse_go_int(object.annotation(key)?))
        .unwrap_or_default()
}

/// Whether Helm was told to leave an object when its release goes.
pub fn helm_keeps(object: &Object) -> bool {
    annotation::has(object, HELM_RESOURCE_POLICY, "keep")
}

/// An integer as Go's `strconv.Atoi` reads it.
fn parse_go_int(text: &str) -> Option<i64> {
    text.parse().ok()
}
