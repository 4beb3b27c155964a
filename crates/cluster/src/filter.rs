//! Which kinds are watched.

use windlass_object::GroupKind;

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
        any(&self.api_groups, &|glob| matches(glob, &kind.group))
            && any(&self.kinds, &|name| name == "*" || name == kind.kind)
            && any(&self.clusters, &|glob| matches(glob, cluster))
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

/// A glob in which `*` stands for any text and `?` for any character.
fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut g, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if g < glob.len() && glob[g] == '*' {
            star = Some((g, t));
            g += 1;
        } else if g < glob.len() && (glob[g] == '?' || glob[g] == text[t]) {
            g += 1;
            t += 1;
        } else if let Some((star_g, star_t)) = star {
            star = Some((star_g, star_t + 1));
            g = star_g + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|&c| c == '*')
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
    }

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("?", "", false),
            ("*b*", "abc", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }
}
