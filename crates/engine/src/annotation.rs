//! Annotations by which an object steers its own delivery.

use windlass_object::Object;

/// Options of an object's sync, comma separated.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Wave of an object or hook.
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Hook types, comma separated.
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// When a hook is deleted, comma separated.
pub const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Options of comparison, comma separated.
pub const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// `true` leaves an object out of its application's health.
pub const IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// `true` has a pod that ends judged as one that stays.
pub const IGNORE_RESTART_POLICY: &str = "argocd.argoproj.io/ignore-restart-policy";
/// Which application an object belongs to.
pub const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Which installation an object belongs to.
pub const INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// What `kubectl apply` last applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Keeps a hook in the cluster until its phase is over.
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The entries of a comma-separated annotation, trimmed; empty ones are left out.
pub fn entries<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    let text = object.annotation(key).unwrap_or_default();
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// Whether a comma-separated annotation holds an entry, such as `Prune=false`.
pub fn has(object: &Object, key: &str, entry: &str) -> bool {
    entries(object, key).any(|e| e == entry)
}

/// The value of the first `option=value` entry of a comma-separated annotation.
pub fn value<'a>(object: &'a Object, key: &str, option: &str) -> Option<&'a str> {
    entries(object, key).find_map(|e| e.strip_prefix(option)?.strip_prefix('='))
}

/// Whether an object's own sync options hold an entry.
pub fn sync_option(object: &Object, entry: &str) -> bool {
    has(object, SYNC_OPTIONS, entry)
}
