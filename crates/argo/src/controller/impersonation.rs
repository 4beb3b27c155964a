//! As whom an application is delivered.

use windlass_cluster::Cluster;
use windlass_tree::Glob;

use super::compare::Subject;
use crate::types::{AppProject, Application};

/// Characters that no name of a service account has.
const REFUSED: [char; 8] = ['!', '*', '[', ']', '{', '}', '\\', '/'];

/// The connection on which the application's objects are changed.
///
/// # Errors
/// When syncs run as service accounts and the project names none for the destination.
pub(crate) fn actor(subject: &Subject<'_>) -> Result<Cluster, String> {
    let cluster = subject.cluster;
    if !subject.settings.impersonation {
        return Ok(cluster.clone());
    }
    let user = service_account(subject.project, subject.app, cluster.server()).map_err(|why| {
        format!("failed to find a matching service account to impersonate: {why}")
    })?;
    cluster.acting_as(&user).map_err(|error| error.to_string())
}

/// The user name of the first service account that the project names for the destination.
fn service_account(
    project: &AppProject,
    app: &Application,
    server: &str,
) -> Result<String, String> {
    let destination = &app.spec.destination;
    let namespace = if destination.namespace.is_empty() {
        app.namespace()
    } else {
        destination.namespace.as_str()
    };
    let matches = |what: &str, pattern: &str, text: &str| {
        let glob = Glob::new(pattern)
            .map_err(|error| format!("invalid glob pattern for destination {what}: {error}"))?;
        Ok::<bool, String>(glob.matches(text))
    };
    for item in &project.spec.destination_service_accounts {
        let here = matches("server", &item.server, server)?;
        if !(matches("namespace", &item.namespace, &destination.namespace)? && here) {
            continue;
        }
        let account = &item.default_service_account;
        if account.trim_matches(' ').is_empty() || account.contains(REFUSED) {
            return Err(format!("default service account contains invalid chars '{account}'"));
        }
        return Ok(if account.contains(':') {
            format!("system:serviceaccount:{account}")
        } else {
            format!("system:serviceaccount:{namespace}:{account}")
        });
    }
    Err(format!(
        "no matching service account found for destination server {} and namespace {namespace}",
        destination.server
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(accounts: &serde_json::Value, namespace: &str, expected: Result<&str, &str>) {
        let project: AppProject = serde_json::from_value(json!({
            "metadata": {"name": "p"}, "spec": {"destinationServiceAccounts": accounts},
        }))
        .unwrap();
        let app: Application = serde_json::from_value(json!({
            "metadata": {"name": "a", "namespace": "argocd"},
            "spec": {"destination": {"server": "https://s", "namespace": namespace}},
        }))
        .unwrap();
        let found = service_account(&project, &app, "https://s");
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_first_that_matches() {
        let entry = |server: &str, namespace: &str, account: &str| json!({"server": server, "namespace": namespace, "defaultServiceAccount": account});
        let two = json!([entry("https://t", "*", "t"), entry("*", "team-*", "robot")]);
        check(&two, "team-a", Ok("system:serviceaccount:team-a:robot"));
        check(
            &two,
            "other",
            Err(
                "no matching service account found for destination server https://s and namespace other",
            ),
        );
        check(&json!([entry("*", "*", "ns:robot")]), "x", Ok("system:serviceaccount:ns:robot"));
        check(&json!([entry("*", "*", "robot")]), "", Ok("system:serviceaccount:argocd:robot"));
        check(
            &json!([entry("*", "*", "a*b")]),
            "x",
            Err("default service account contains invalid chars 'a*b'"),
        );
        check(
            &json!([entry("[", "*", "a")]),
            "x",
            Err("invalid glob pattern for destination server: '[' is not closed"),
        );
    }
}
