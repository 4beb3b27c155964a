//! What a project permits, asked from outside the controller.

use jiff::Timestamp;
use windlass_engine::policy::BadWindow;
use windlass_object::Object;

use crate::controller::project::{Place, permits_destination, permits_kind, permits_sync};
use crate::types::{AppProject, Application};

const IN_CLUSTER: &str = "in-cluster";
const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";

/// Whether an application of a project may manage an object, by its kind and by its namespace.
pub fn permits_object(
    project: &AppProject,
    app: &Application,
    object: &Object,
    namespaced: bool,
) -> bool {
    let destination = &app.spec.destination;
    let or = |text: &'_ str, other: &'static str| {
        if text.is_empty() { other.to_owned() } else { text.to_owned() }
    };
    let (server, cluster) = match (destination.server.as_str(), destination.name.as_str()) {
        ("" | IN_CLUSTER_SERVER, "" | IN_CLUSTER) => {
            (IN_CLUSTER_SERVER.to_owned(), IN_CLUSTER.to_owned())
        }
        (server, name) => (or(server, ""), or(name, "")),
    };
    // Whose cluster it is only the controller knows, which refuses the application then.
    let owner = project.name();
    let namespace = object.namespace();
    let place = Place { server: &server, cluster: &cluster, owner, namespace };
    permits_kind(project, &object.group_kind(), object.name(), namespaced)
        && (!namespaced || permits_destination(project, &place))
}

/// Whether the windows of a project let somebody sync an application now.
///
/// # Errors
/// Names a window that cannot be read, which lets nothing be synced.
pub fn permits_manual_sync(
    project: &AppProject,
    app: &Application,
    now: Timestamp,
) -> Result<bool, BadWindow> {
    permits_sync(project, app, true, now, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(project: &serde_json::Value, destination: &serde_json::Value, expected: bool) {
        let project: AppProject = serde_json::from_value(json!({"spec": project})).unwrap();
        let app: Application = serde_json::from_value(json!({
            "metadata": {"name": "a"}, "spec": {"destination": destination},
        }))
        .unwrap();
        let object = json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "j", "namespace": "n"}});
        let object = Object::try_from(object).unwrap();
        assert_eq!(permits_object(&project, &app, &object, true), expected);
    }

    #[test]
    fn by_kind_and_by_place() {
        let here = json!({"name": "in-cluster"});
        let any = json!([{"server": "*", "namespace": "*"}]);
        check(&json!({"destinations": any}), &here, true);
        check(&json!({"destinations": any}), &json!({"server": IN_CLUSTER_SERVER}), true);
        check(&json!({"destinations": [{"server": "*", "namespace": "m"}]}), &here, false);
        check(&json!({"destinations": [{"name": "other", "namespace": "*"}]}), &here, false);
        let no_jobs = json!([{"group": "batch", "kind": "Job"}]);
        check(&json!({"destinations": any, "namespaceResourceBlacklist": no_jobs}), &here, false);
    }
}
