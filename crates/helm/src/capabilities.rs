//! What a chart may know of the cluster.

use crate::error::Error;

/// Kubernetes' version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// As it was given, with a `v`: `v1.36.0-gke.1`.
    pub version: String,
    /// Numbers alone, for constraints: `v1.36.0`. Empty where it was not parsed.
    pub normalized: String,
    /// `1`.
    pub major: String,
    /// `36`.
    pub minor: String,
}

impl KubeVersion {
    /// Reads a version such as `1.36`, `v1.36.1` or `v1.36.1-gke.2`.
    ///
    /// # Errors
    /// When it does not begin with at least two numbers.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let quote = windlass_gotemplate::fmt::quote;
        let fail = |reason: String| Error::BadKubeVersion { text: text.to_owned(), reason };
        let trimmed = text.trim_start();
        let bare = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let mut end = 0;
        let mut parts: Vec<&str> = Vec::new();
        for part in bare.split('.') {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            if digits == 0 {
                break;
            }
            parts.push(&part[..digits]);
            end += digits + 1;
            if digits < part.len() {
                break;
            }
        }
        if end == 0 {
            return Err(fail(format!("could not parse {} as version", quote(text))));
        }
        let [major, _, ..] = *parts.as_slice() else {
            return Err(fail(format!("illegal version string {}", quote(text))));
        };
        if major.starts_with('0') && major != "0" {
            let (part, text) = (quote(major), quote(text));
            return Err(fail(format!("illegal zero-prefixed version component {part} in {text}")));
        }
        let mut numbers = Vec::new();
        for part in &parts {
            let number: u64 = part.parse().map_err(|_| {
                let (part, text) = (quote(part), quote(text));
                fail(format!("illegal non-numeric version component {part} in {text}"))
            })?;
            numbers.push(number.to_string());
        }
        let version = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        let normalized = format!("v{}", numbers.join("."));
        let (major, minor) = (numbers[0].clone(), numbers[1].clone());
        Ok(Self { version, normalized, major, minor })
    }

    /// What constraints are checked against, and what the value prints as.
    pub fn text(&self) -> &str {
        if self.normalized.is_empty() { &self.version } else { &self.normalized }
    }
}

/// What a chart may know of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Kubernetes' version.
    pub kube_version: KubeVersion,
    /// `group/version`, and `group/version/Kind` where they come from a cluster.
    pub api_versions: Vec<String>,
}

impl Default for Capabilities {
    /// What Helm 4.3.1 assumes without a cluster.
    fn default() -> Self {
        let kube_version = KubeVersion {
            version: "v1.37.0".to_owned(),
            normalized: "v1.37.0".to_owned(),
            major: "1".to_owned(),
            minor: "37".to_owned(),
        };
        Self { kube_version, api_versions: KNOWN.iter().map(|&v| v.to_owned()).collect() }
    }
}

/// The group versions that the Kubernetes client of Helm 4.3.1 knows, in its order.
const KNOWN: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];
