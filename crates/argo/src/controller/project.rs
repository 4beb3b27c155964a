//! What a project permits.

use jiff::Timestamp;
use windlass_engine::policy::{BadWindow, Candidate, Window, may_sync};
use windlass_object::{GroupKind, ResourceKey};
use windlass_source::address;
use windlass_tree::{Glob, glob_matches, path_match};

use super::namespaces::Namespaces;
use crate::types::{AppProject, Application, GroupKindPattern, SyncWindow};

/// Where objects go, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) server: &'a str,
    pub(crate) cluster: &'a str,
    /// The project that the cluster is for; empty if it is for all.
    pub(crate) owner: &'a str,
    pub(crate) namespace: &'a str,
}

/// Whether Applications of a namespace may use the project.
pub(crate) fn permits_namespace(project: &AppProject, namespace: &str, control: &str) -> bool {
    namespace == control || Namespaces::of(&project.spec.source_namespaces).contains(namespace)
}

/// Whether a repository may be used. A denial (`!`) that hits wins; one that does not hit permits,
/// as in Argo CD.
pub(crate) fn permits_source(project: &AppProject, url: &str) -> bool {
    let url = address::normalize(url);
    let mut permitted = false;
    for pattern in &project.spec.source_repos {
        if let Some(denied) = pattern.strip_prefix('!') {
            if separated(&address::normalize(denied), &url) {
                return false;
            }
            permitted = true;
        } else {
            // Argo CD reads patterns as addresses, which have no braces: they permit nothing.
            permitted |= pattern == "*"
                || (!pattern.contains(['{', '}', '\\'])
                    && separated(&address::normalize(pattern), &url));
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
        && (!project.spec.permit_only_project_scoped_clusters || place.owner == project.name())
}

/// Whether an object that is there may be touched: by its kind, and by where it is.
pub(crate) fn permits_live(project: &AppProject, key: &ResourceKey, place: &Place<'_>) -> bool {
    let namespaced = !key.namespace.is_empty();
    permits_kind(project, &key.group_kind(), &key.name, namespaced)
        && (!namespaced
            || permits_destination(project, &Place { namespace: &key.namespace, ..place.clone() }))
}

/// Whether objects of a kind and name may be delivered.
pub(crate) fn permits_kind(
    project: &AppProject,
    kind: &GroupKind,
    name: &str,
    namespaced: bool,
) -> bool {
    let spec = &project.spec;
    // Patterns of files here, unlike everywhere else: no braces.
    let matches = |glob: &str, text: &str| path_match::matches(glob, text).unwrap_or(false);
    let listed = |list: &[GroupKindPattern], by_name: bool| {
        list.iter().any(|item| {
            matches(&item.group, &kind.group)
                && matches(&item.kind, &kind.kind)
                && (!by_name || item.name.is_empty() || matches(&item.name, name))
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

/// Whether the project's windows let the application be synced now, or let an operation go on that
/// has `begun`.
///
/// # Errors
/// Names a window that cannot be read, which lets nothing be synced.
pub(crate) fn permits_sync(
    project: &AppProject,
    app: &Application,
    manual: bool,
    now: Timestamp,
    begun: Option<Timestamp>,
) -> Result<bool, BadWindow> {
    // What is neither does nothing.
    let windows = project.spec.sync_windows.iter();
    let windows = windows.filter(|window| matches!(window.kind.as_str(), "allow" | "deny"));
    let windows: Vec<Window> = windows.map(window).collect();
    let destination = &app.spec.destination;
    let candidate = Candidate {
        name: app.name(),
        namespace: &destination.namespace,
        cluster: &destination.name,
        server: &destination.server,
    };
    may_sync(&windows, candidate, manual, now, begun)
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
        sync_overrun: window.sync_overrun,
    }
}

/// Whether an object that belongs to no application counts as an orphan.
pub fn counts_as_orphan(project: &AppProject, key: &ResourceKey) -> bool {
    let known = match (key.group.as_str(), key.kind.as_str()) {
        ("", "ServiceAccount") => key.name == "default",
        ("", "Service") => key.name == "kubernetes" && key.namespace == "default",
        ("", "ConfigMap") => key.name == "kube-root-ca.crt",
        _ => false,
    };
    let ignored = project.spec.orphaned_resources.iter().flat_map(|orphans| &orphans.ignore);
    let is = |glob: &str, text: &str| glob.is_empty() || glob_matches(glob, text);
    let mut ignored = ignored.filter(|rule| {
        // A rule without a group means the core group.
        glob_matches(&rule.group, &key.group)
            && is(&rule.kind, &key.kind)
            && is(&rule.name, &key.name)
    });
    !known && permits_kind(project, &key.group_kind(), &key.name, true) && ignored.next().is_none()
}

fn pattern(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(denied) => !glob_matches(denied, text),
        None => glob_matches(pattern, text),
    }
}

/// A glob whose `*` stops at slashes; `**` does not.
fn separated(glob: &str, text: &str) -> bool {
    Glob::separated(glob).is_ok_and(|glob| glob.matches(text))
}

#[cfg(test)]
mod tests {
    mod public;

    use super::*;
    use windlass_object::json;

    fn project(spec: &serde_json::Value) -> AppProject {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
    }

    /// What the real Argo CD says of random projects (`tests/oracle`); `WINDLASS_PROJECTS` names a file
    /// of more.
    #[test]
    fn as_argo_cd_says() {
        let recorded = include_str!("../../tests/oracle/projects.jsonl");
        let more = std::env::var_os("WINDLASS_PROJECTS");
        let more = more.map(|path| std::fs::read_to_string(path).unwrap()).unwrap_or_default();
        let (mut count, mut wrong) = (0, Vec::new());
        for line in recorded.lines().chain(more.lines()) {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            count += 1;
            let (permitted, error) = told(&case);
            if json!(permitted) != case["permitted"] || error != (case["error"] == true) {
                wrong.push(format!("{permitted} {error}: {line}"));
            }
        }
        assert!(count > 300);
        assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Whether the project of a case permits what it asks for, and whether it cannot be told.
    fn told(case: &serde_json::Value) -> (bool, bool) {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let at = |key: &str| case["place"][key].as_str().unwrap_or_default();
        let project = project(&case["spec"]);
        let permitted = match text("op") {
            "source" => permits_source(&project, text("url")),
            "destination" => {
                let (server, cluster, namespace) = (at("server"), at("name"), at("namespace"));
                permits_destination(&project, &Place { server, cluster, namespace, owner: "" })
            }
            "kind" => {
                let kind = GroupKind::new(text("group"), text("kind"));
                permits_kind(&project, &kind, "n", case["cluster"] != true)
            }
            "namespace" => permits_namespace(&project, text("namespace"), "argocd"),
            _ => {
                let app = json!({
                    "metadata": {"name": text("name")},
                    "spec": {"project": "p", "destination": case["place"]},
                });
                let app: Application = serde_json::from_value(app).unwrap();
                let now = text("time").parse().unwrap();
                match permits_sync(&project, &app, case["manual"] == true, now, None) {
                    Ok(permitted) => permitted,
                    Err(_) => return (false, true),
                }
            }
        };
        (permitted, false)
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
        check(&["https://host/[a-c]"], "https://host/a", true);
        check(&["https://host/{a,b}"], "https://host/a", false);
        check(&["*", "!https://host/**"], "https://host/a/b", false);
        check(&["!https://other/**"], "https://host/a", true);
        check(&[], "https://host/a", false);
    }

    #[test]
    fn destinations_and_kinds() {
        let project = project(&json!({
            "destinations": [{"server": "*", "namespace": "team-*"}, {"server": "*", "namespace": "!team-x"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}],
            "namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}],
        }));
        let place = |namespace| Place { server: "s", namespace, ..Place::default() };
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

    #[test]
    fn own_clusters_and_namespaces() {
        let own = project(&json!({
            "destinations": [{"server": "*", "namespace": "*"}],
            "permitOnlyProjectScopedClusters": true, "sourceNamespaces": ["team-*", "/^x[0-9]$/"],
        }));
        let place = |owner| Place { server: "s", owner, ..Place::default() };
        assert!(permits_destination(&own, &place("p")));
        assert!(!permits_destination(&own, &place("")));
        assert!(!permits_destination(&own, &place("q")));
        let namespaces = ["argocd", "team-a", "x1", "x12", "other"];
        let permitted = namespaces.map(|namespace| permits_namespace(&own, namespace, "argocd"));
        assert_eq!(permitted, [true, true, true, false, false]);
    }

    #[test]
    fn orphans() {
        let check = |ignore: serde_json::Value, expected: [bool; 3]| {
            let project = project(&json!({"orphanedResources": {"ignore": ignore}}));
            let found = [("", "ConfigMap", "a"), ("apps", "Deployment", "a"), ("", "Secret", "b")]
                .map(|(group, kind, name)| {
                    counts_as_orphan(&project, &ResourceKey::new(group, kind, "ns", name))
                });
            assert_eq!(found, expected);
        };
        check(json!([]), [true, true, true]);
        check(json!([{"name": "a"}]), [false, true, true]);
        check(json!([{"group": "*", "name": "{a,b}"}]), [false, false, false]);
        check(json!([{"kind": "[C-S]*", "name": "b"}]), [true, true, false]);
    }
}
