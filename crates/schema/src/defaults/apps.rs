//! Workloads: group `apps`.

use windlass_object::json;

use super::{Fields, absent, inner, items, text};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "apps.v1.DeploymentSpec" => {
            absent(map, "replicas", 1);
            absent(map, "revisionHistoryLimit", 10);
            absent(map, "progressDeadlineSeconds", 600);
            rolling_update(
                map,
                "strategy",
                &[("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))],
            );
        }
        "apps.v1.DaemonSetSpec" => {
            absent(map, "revisionHistoryLimit", 10);
            rolling_update(
                map,
                "updateStrategy",
                &[("maxUnavailable", json!(1)), ("maxSurge", json!(0))],
            );
        }
        "apps.v1.StatefulSetSpec" => stateful_set(map),
        "apps.v1.ReplicaSetSpec" => absent(map, "replicas", 1),
        _ => {}
    }
}

fn rolling_update(map: &mut Fields, name: &str, defaults: &[(&str, windlass_object::Value)]) {
    let Some(strategy) = inner(map, name) else { return };
    absent(strategy, "type", "RollingUpdate");
    if text(strategy, "type") != "RollingUpdate" {
        return;
    }
    absent(strategy, "rollingUpdate", json!({}));
    let Some(update) = inner(strategy, "rollingUpdate") else { return };
    for (name, default) in defaults {
        absent(update, name, default.clone());
    }
}

fn stateful_set(map: &mut Fields) {
    absent(map, "podManagementPolicy", "OrderedReady");
    absent(map, "replicas", 1);
    absent(map, "revisionHistoryLimit", 10);
    absent(map, "persistentVolumeClaimRetentionPolicy", json!({}));
    if let Some(policy) = inner(map, "persistentVolumeClaimRetentionPolicy") {
        absent(policy, "whenDeleted", "Retain");
        absent(policy, "whenScaled", "Retain");
    }
    for claim in items(map, "volumeClaimTemplates") {
        claim.insert("apiVersion".into(), "v1".into());
        claim.insert("kind".into(), "PersistentVolumeClaim".into());
    }
    let Some(strategy) = inner(map, "updateStrategy") else { return };
    if !strategy.contains_key("type") {
        absent(strategy, "type", "RollingUpdate");
        absent(strategy, "rollingUpdate", json!({}));
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(update) = inner(strategy, "rollingUpdate")
    {
        absent(update, "partition", 0);
    }
}
