//! Addresses from outside: load balancers of Services, and Ingresses.

use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::Plan;
use crate::resource::Kind;

/// Where everything is reached.
const ADDRESS: &str = "127.0.0.1";

pub(crate) fn service(service: &Object) -> Plan {
    let balanced = service.str_at(&["spec", "type"]) == "LoadBalancer";
    expose(Kind::Service, service, balanced, &json!([{"ip": ADDRESS, "ipMode": "VIP"}]))
}

pub(crate) fn ingress(ingress: &Object) -> Plan {
    expose(Kind::Ingress, ingress, true, &json!([{"ip": ADDRESS}]))
}

fn expose(kind: Kind, object: &Object, exposed: bool, ingress: &Value) -> Plan {
    let mut plan = Plan::nothing();
    let has = object
        .get(&["status", "loadBalancer", "ingress"])
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    if object.is_terminating() || has == exposed {
        return plan;
    }
    let mut status = object.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
    status["loadBalancer"] = if exposed { json!({ "ingress": ingress }) } else { json!({}) };
    plan.status(kind, object, &status);
    plan
}
