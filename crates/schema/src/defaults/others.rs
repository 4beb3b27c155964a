//! Groups with few defaults.

use windlass_object::{Value, json};

use super::{Fields, absent, inner, items, text};

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "rbac.v1.RoleRef" => absent(map, "apiGroup", RBAC),
        "rbac.v1.Subject" if matches!(text(map, "kind"), "User" | "Group") => {
            absent(map, "apiGroup", RBAC);
        }
        "scheduling.v1.PriorityClass" => absent(map, "preemptionPolicy", "PreemptLowerPriority"),
        "flowcontrol.v1.FlowSchemaSpec" => absent(map, "matchingPrecedence", 1000),
        "flowcontrol.v1.ExemptPriorityLevelConfiguration" => {
            absent(map, "nominalConcurrencyShares", 0);
            absent(map, "lendablePercent", 0);
        }
        "flowcontrol.v1.LimitedPriorityLevelConfiguration" => {
            absent(map, "nominalConcurrencyShares", 30);
            absent(map, "lendablePercent", 0);
        }
        "flowcontrol.v1.QueuingConfiguration" => {
            absent(map, "handSize", 8);
            absent(map, "queues", 64);
            absent(map, "queueLengthLimit", 50);
        }
        "resource.v1.ExactDeviceRequest" | "resource.v1.DeviceSubRequest" => {
            absent(map, "allocationMode", "ExactCount");
            if text(map, "allocationMode") == "ExactCount" {
                absent(map, "count", 1);
            }
        }
        "authentication.v1.TokenRequestSpec" => absent(map, "expirationSeconds", 3600),
        _ => extensions(map, definition),
    }
}

fn extensions(map: &mut Fields, definition: &str) {
    match definition.rsplit_once(".v1.") {
        Some((_, "CustomResourceDefinition")) => custom_resource_definition(map),
        Some((group, "ServiceReference"))
            if group.ends_with("apiextensions") || group.ends_with("apiregistration") =>
        {
            absent(map, "port", 443);
        }
        _ => {}
    }
}

fn custom_resource_definition(map: &mut Fields) {
    let Some(spec) = inner(map, "spec") else { return };
    absent(spec, "conversion", json!({"strategy": "None"}));
    let stored = items(spec, "versions")
        .find(|version| version.get("storage") == Some(&json!(true)))
        .and_then(|version| version.get("name").cloned());
    if let Some(names) = inner(spec, "names") {
        let kind = text(names, "kind").to_owned();
        absent(names, "singular", kind.to_lowercase());
        if !kind.is_empty() {
            absent(names, "listKind", format!("{kind}List"));
        }
    }
    if let (Some(stored), Some(status)) = (stored, inner(map, "status")) {
        absent(status, "storedVersions", Value::Array(vec![stored]));
    }
}
