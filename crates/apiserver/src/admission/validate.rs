//! What is wrong with objects of the built-in kinds.
//!
//! The rules and their words are those of Kubernetes' validation packages; here are the ones that clients meet.

mod config;
mod governance;
mod network;
mod pods;
mod storage;
mod workloads;

use windlass_object::Object;

use crate::status::FieldError;

/// Checks an object of a built-in kind, apart from its metadata.
pub(super) fn check(
    group: &str,
    plural: &str,
    old: Option<&Object>,
    new: &Object,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let out = &mut errors;
    match (group, plural) {
        ("apps", "deployments") => workloads::deployment(old, new, out),
        ("apps", "replicasets") => workloads::replica_set(old, new, out),
        ("apps", "daemonsets") => workloads::daemon_set(old, new, out),
        ("apps", "statefulsets") => workloads::stateful_set(old, new, out),
        ("batch", "jobs") => workloads::job(old, new, out),
        ("batch", "cronjobs") => workloads::cron_job(new, out),
        ("", "pods") => pods::pod(old, new, out),
        ("", "configmaps") => config::config_map(old, new, out),
        ("", "secrets") => config::secret(old, new, out),
        ("", "persistentvolumeclaims") => storage::claim(old, new, out),
        ("", "persistentvolumes") => storage::volume(new, out),
        ("storage.k8s.io", "storageclasses") => storage::class(old, new, out),
        ("networking.k8s.io", "ingresses") => network::ingress(new, out),
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            governance::role(new, plural == "roles", out);
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            governance::binding(old, new, out);
        }
        ("autoscaling", "horizontalpodautoscalers") => governance::autoscaler(new, out),
        ("policy", "poddisruptionbudgets") => governance::disruption_budget(new, out),
        ("scheduling.k8s.io", "priorityclasses") => governance::priority_class(old, new, out),
        ("", "events") => governance::event(new, out),
        ("coordination.k8s.io", "leases") => governance::lease(new, out),
        _ => {}
    }
    errors
}
