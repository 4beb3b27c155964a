use super::*;
use windlass_object::{Object, json};

#[test]
fn nothing_that_is_valid_is_lost() {
    let value = json!({
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "x"},
            "source": {
                "repoURL": "https://example.test/r", "path": "p", "targetRevision": "main",
                "tagPrefix": "v", "helm": {"releaseName": "r", "valuesObject": {"n": 1}},
            },
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": false},
                "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
                "syncOptions": ["CreateNamespace=true"],
            },
            "ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}],
            "sourceHydrator": {"drySource": {"repoURL": "x", "targetRevision": "y", "path": "z"}},
        },
    });
    let app = Application::from_object(&Object::try_from(value.clone()).unwrap()).unwrap();
    let back = serde_json::to_value(&app).unwrap();
    assert_eq!(back["spec"], value["spec"]);
    assert_eq!(app.spec.source.as_ref().unwrap().unsupported(), ["tagPrefix"]);
    assert!(app.spec.is_automated());
}

#[test]
fn an_empty_status_prints_as_go_prints_it() {
    let status = serde_json::to_value(ApplicationStatus::default()).unwrap();
    assert_eq!(
        status,
        json!({
            "sync": {"status": "", "comparedTo": {"source": {"repoURL": ""}, "destination": {}}},
            "health": {}, "summary": {}, "sourceHydrator": {},
        })
    );
}

#[test]
fn an_unknown_condition_type_survives() {
    let json = json!({"type": "FutureError", "message": "m"});
    let condition: Condition = serde_json::from_value(json.clone()).unwrap();
    assert!(condition.kind.is_error());
    assert_eq!(serde_json::to_value(condition).unwrap(), json);
}

#[test]
fn a_time_is_whole_seconds_in_utc() {
    let state: OperationState = serde_json::from_value(json!({
        "phase": "Running", "startedAt": "2026-01-02T03:04:05+02:00", "finishedAt": null,
    }))
    .unwrap();
    let back = serde_json::to_value(state).unwrap();
    assert_eq!(back["startedAt"], "2026-01-02T01:04:05Z");
    assert!(back.get("finishedAt").is_none());
}
