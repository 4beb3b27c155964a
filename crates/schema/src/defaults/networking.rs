//! Groups `networking.k8s.io` and `discovery.k8s.io`.

use windlass_object::{Value, json};

use super::{Fields, absent};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "networking.v1.NetworkPolicyPort" => absent(map, "protocol", "TCP"),
        "networking.v1.NetworkPolicySpec" => {
            let egress = map.get("egress").and_then(Value::as_array).is_some_and(|e| !e.is_empty());
            let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            absent(map, "policyTypes", types);
        }
        "networking.v1.IngressClassParametersReference" => absent(map, "scope", "Cluster"),
        "discovery.v1.EndpointPort" => {
            absent(map, "name", "");
            absent(map, "protocol", "TCP");
        }
        _ => {}
    }
}
