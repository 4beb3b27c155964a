//! Which kinds are watched.

use windlass_object::GroupKind;
use windlass_tree::glob_matches;

/// A rule over kinds, as in Argo CD's `resource.exclusions` and `resource.inclusions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindRule {
    /// Globs over groups; none match any.
    pub api_groups: Vec<String>,
    /// Kinds, exact or `*`; none match any.
    pub kinds: Vec<String>,
    /// Globs over the cluster's address; none match any.
    pub clusters: Vec<String>,
}

/// Says which kinds of a cluster are looked at. An exclusion wins over an inclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFilter {
    /// Only these, when there are any.
    pub inclusions: Vec<KindRule>,
    /// Not these.
    pub exclusions: Vec<KindRule>,
}

impl KindRule {
    /// A rule over exact kinds of one group.
    pub fn of(group: &str, kinds: &[&str]) -> Self {
        Self {
            api_groups: vec![group.into()],
            kinds: kinds.iter().map(|&k| k.into()).collect(),
            clusters: Vec::new(),
        }
    }

    fn matches(&self, kind: &GroupKind, cluster: &str) -> bool {
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|item| test(item))
        };
        any(&self.api_groups, &|glob| glob_matches(glob, &kind.group))
            && any(&self.kinds, &|name| name == "*" || name == kind.kind)
            && any(&self.clusters, &|glob| glob_matches(glob, cluster))
    }
}

impl Default for KindFilter {
    /// The exclusions that Argo CD ships: what changes all the time and what nobody keeps in Git.
    fn default() -> Self {
        let exclusions = vec![
            KindRule::of("", &["Endpoints"]),
            KindRule::of("discovery.k8s.io", &["EndpointSlice"]),
            KindRule::of("coordination.k8s.io", &["Lease"]),
            KindRule::of("authentication.k8s.io", &["SelfSubjectReview", "TokenReview"]),
            KindRule::of(
                "authorization.k8s.io",
                &[
                    "LocalSubjectAccessReview",
                    "SelfSubjectAccessReview",
                    "SelfSubjectRulesReview",
                    "SubjectAccessReview",
                ],
            ),
            KindRule::of("certificates.k8s.io", &["CertificateSigningRequest"]),
            KindRule::of("cert-manager.io", &["CertificateRequest"]),
            KindRule::of("cilium.io", &["CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice"]),
            KindRule::of(
                "kyverno.io",
                &[
                    "AdmissionReport",
                    "BackgroundScanReport",
                    "CleanupPolicy",
                    "ClusterAdmissionReport",
                    "ClusterBackgroundScanReport",
                    "ClusterCleanupPolicy",
                    "PolicyReport",
                    "ClusterPolicyReport",
                    "UpdateRequest",
                ],
            ),
            KindRule::of("reports.kyverno.io", &["EphemeralReport", "ClusterEphemeralReport"]),
            KindRule::of("wgpolicyk8s.io", &["PolicyReport", "ClusterPolicyReport"]),
        ];
        Self { inclusions: Vec::new(), exclusions }
    }
}

impl KindFilter {
    /// Whether a kind of the cluster at this address is looked at. Events, metrics and leases
    /// never are.
    pub fn allows(&self, kind: &GroupKind, cluster: &str) -> bool {
        let hidden = matches!(kind.group.as_str(), "events.k8s.io" | "metrics.k8s.io")
            || (kind.group.is_empty() && kind.kind == "Event")
            || (kind.group == "coordination.k8s.io" && kind.kind == "Lease");
        !hidden
            && !self.exclusions.iter().any(|rule| rule.matches(kind, cluster))
            && (self.inclusions.is_empty()
                || self.inclusions.iter().any(|rule| rule.matches(kind, cluster)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_win() {
        let mut filter = KindFilter::default();
        let kind = |g: &str, k: &str| GroupKind::new(g, k);
        assert!(filter.allows(&kind("apps", "Deployment"), "c"));
        assert!(!filter.allows(&kind("", "Endpoints"), "c"));
        assert!(!filter.allows(&kind("events.k8s.io", "Event"), "c"));
        assert!(!filter.allows(&kind("kyverno.io", "UpdateRequest"), "c"));
        filter.inclusions =
            vec![KindRule { clusters: vec!["https://*.a".into()], ..KindRule::of("app*", &["*"]) }];
        assert!(filter.allows(&kind("apps", "Deployment"), "https://x.a"));
        assert!(!filter.allows(&kind("apps", "Deployment"), "https://x.b"));
        assert!(!filter.allows(&kind("", "Pod"), "https://x.a"));
        filter.inclusions[0].api_groups = vec!["{apps,batch}".into()];
        assert!(filter.allows(&kind("batch", "Job"), "https://x.a"));
        assert!(!filter.allows(&kind("apps.more", "Job"), "https://x.a"));
    }
}
