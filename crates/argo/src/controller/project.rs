//! What a project permits.

use jiff::Timestamp;
use windlass_engine::policy::{BadWindow, Candidate, Window, may_sync};
use windlass_object::GroupKind;
use windlass_source::address;

use crate::types::{AppProject, Application, GroupKindPattern, SyncWindow};

/// Where objects go, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) server: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) namespace: &'a str,
}

/// Whether a repository may be used. A denial (`!`) that hits wins; one that does not hit permits,
/// as in Argo CD.
pub(crate) fn permits_source(project: &AppProject, url: &str) -> bool {
    let url = address::normalize(url);
    let mut permitted = false;
    for pattern in &project.spec.source_repos {
        if let Some(denied) = pattern.strip_prefix('!') {
            if matches(&address::normalize(denied), &url, Some('/')) {
                return false;
            }
            permitted = true;
        } else {
            permitted |= pattern == "*" || matches(&address::normalize(pattern), &url, Some('/'));
        }
    }
    permitted
}

/// Whether objects may go to a place.
pub(crate) fn permits_destination(project: &AppProject, place: &Place<'_>) -> bool {
    let mut permitted = false;
    for item in &project.spec.destinations {
        let name = !place.cluster.is_empty() && pattern(&item.name, place.cluster);
        let server = !place.server.is_empty() && pattern(&item.server, place.server);
        let namespace = pattern(&item.namespace, place.namespace);
        if (server || name) && namespace {
            permitted = true;
        } else if (!name && item.name.starts_with('!'))
            || (!server && item.server.starts_with('!') && namespace)
            || (!namespace && item.namespace.starts_with('!') && server)
        {
            return false;
        }
    }
    permitted
}

/// Whether objects of a kind and name may be delivered.
pub(crate) fn permits_kind(
    project: &AppProject,
    kind: &GroupKind,
    name: &str,
    namespaced: bool,
) -> bool {
    let spec = &project.spec;
    let listed = |list: &[GroupKindPattern], by_name: bool| {
        list.iter().any(|item| {
            matches(&item.group, &kind.group, None)
                && matches(&item.kind, &kind.kind, None)
                && (!by_name || item.name.is_empty() || matches(&item.name, name, None))
        })
    };
    if namespaced {
        let allowed = spec.namespace_resource_whitelist.as_deref();
        allowed.is_none_or(|list| listed(list, false))
            && !listed(&spec.namespace_resource_blacklist, false)
    } else {
        listed(&spec.cluster_resource_whitelist, true)
            && !listed(&spec.cluster_resource_blacklist, true)
    }
}

/// Whether the project's windows let the application be synced now.
///
/// # Errors
/// Names a window that cannot be read, which lets nothing be synced.
pub(crate) fn permits_sync(
    project: &AppProject,
    app: &Application,
    manual: bool,
    now: Timestamp,
) -> Result<bool, BadWindow> {
    let windows: Vec<Window> = project.spec.sync_windows.iter().map(window).collect();
    let destination = &app.spec.destination;
    let candidate = Candidate {
        name: app.name(),
        namespace: &destination.namespace,
        cluster: &destination.name,
        server: &destination.server,
    };
    may_sync(&windows, candidate, manual, now)
}

fn window(window: &SyncWindow) -> Window {
    Window {
        deny: window.kind == "deny",
        schedule: window.schedule.clone(),
        duration: window.duration.clone(),
        time_zone: window.time_zone.clone(),
        applications: window.applications.clone(),
        namespaces: window.namespaces.clone(),
        clusters: window.clusters.clone(),
        manual_sync: window.manual_sync,
        and_operator: window.and_operator,
    }
}

/// Whether an object that belongs to no application counts as an orphan.
pub(crate) fn counts_as_orphan(project: &AppProject, kind: &GroupKind, name: &str) -> bool {
    let known = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ServiceAccount") => name == "default",
        ("", "Service") => name == "kubernetes",
        ("", "ConfigMap") => name == "kube-root-ca.crt",
        _ => false,
    };
    let ignored = project.spec.orphaned_resources.iter().flat_map(|orphans| &orphans.ignore);
    let is = |glob: &str, text: &str| glob.is_empty() || matches(glob, text, None);
    let mut ignored = ignored.filter(|rule| {
        // A rule without a group means the core group.
        matches(&rule.group, &kind.group, None)
            && is(&rule.kind, &kind.kind)
            && is(&rule.name, name)
    });
    !known && ignored.next().is_none()
}

fn pattern(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(denied) => !matches(denied, text, None),
        None => matches(pattern, text, None),
    }
}

/// A glob: `*` stops at the separator, `**` does not, `?` is one character.
fn matches(glob: &str, text: &str, separator: Option<char>) -> bool {
    fn go(glob: &[char], text: &[char], separator: Option<char>) -> bool {
        match glob {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => (0..=text.len()).any(|n| go(rest, &text[n..], separator)),
            ['*', rest @ ..] => {
                let end = text.iter().position(|c| Some(*c) == separator).unwrap_or(text.len());
                (0..=end).any(|n| go(rest, &text[n..], separator))
            }
            ['?', rest @ ..] => {
                text.first().is_some_and(|c| Some(*c) != separator)
                    && go(rest, &text[1..], separator)
            }
            [c, rest @ ..] => text.first() == Some(c) && go(rest, &text[1..], separator),
        }
    }
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    go(&glob, &text, separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    fn project(spec: &serde_json::Value) -> AppProject {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
    }

    #[test]
    fn sources() {
        let check = |repos: &[&str], url: &str, expected: bool| {
            let project = project(&json!({"sourceRepos": repos}));
            assert_eq!(permits_source(&project, url), expected, "{repos:?} {url}");
        };
        check(&["*"], "https://host/a/b.git", true);
        check(&["https://host/*"], "https://host/a", true);
        check(&["https://host/*"], "https://host/a/b", false);
        check(&["https://host/**"], "https://host/a/b", true);
        check(&["*", "!https://host/a"], "https://host/a.git", false);
        check(&[], "https://host/a", false);
    }

    #[test]
    fn destinations_and_kinds() {
        let project = project(&json!({
            "destinations": [{"server": "*", "namespace": "team-*"}, {"server": "*", "namespace": "!team-x"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}],
            "namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}],
        }));
        let place = |namespace| Place { server: "s", cluster: "", namespace };
        assert!(permits_destination(&project, &place("team-a")));
        assert!(!permits_destination(&project, &place("team-x")));
        let kind = |kind: &str| GroupKind::new("", kind);
        assert!(permits_kind(&project, &kind("Namespace"), "team-a", false));
        assert!(!permits_kind(&project, &kind("Namespace"), "other", false));
        assert!(!permits_kind(&project, &kind("Node"), "n", false));
        assert!(permits_kind(&project, &kind("ConfigMap"), "c", true));
        assert!(!permits_kind(&project, &kind("Secret"), "s", true));
        let everything = AppProject::default_project();
        assert!(permits_destination(&everything, &place("any")));
        assert!(permits_kind(&everything, &kind("Node"), "n", false));
    }
}
