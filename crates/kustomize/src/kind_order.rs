//! kustomize's legacy order of kinds.

/// What comes before the kinds that are not listed.
pub const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// What comes behind them.
pub const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Negative for [`FIRST`], positive for [`LAST`], zero for the others.
pub fn rank(kind: &str) -> i32 {
    let place =
        |list: &[&str]| list.iter().position(|k| *k == kind).and_then(|i| i32::try_from(i).ok());
    if let Some(i) = place(&FIRST) {
        return i - 22;
    }
    place(&LAST).map_or(0, |i| i + 1)
}
