//! Endpoints and EndpointSlices: where a Service's traffic goes.

use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::plan::Plan;
use crate::pods;
use crate::resource::Kind;
use crate::selector;
use crate::world::World;

/// The label that names an EndpointSlice's Service.
pub(crate) const SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";
/// The most endpoints that one slice may have.
const SLICE_BOUND: usize = 1000;

pub(crate) fn reconcile(world: &World, service: &Object) -> Plan {
    let mut plan = Plan::nothing();
    let selector = service.get(&["spec", "selector"]);
    if service.is_terminating()
        || selector.and_then(Value::as_object).is_none_or(Map::is_empty)
        || service.str_at(&["spec", "type"]) == "ExternalName"
    {
        return plan;
    }
    let mut chosen: Vec<&Object> = world
        .list(Kind::Pod, service.namespace())
        .map(|pod| &**pod)
        .filter(|pod| selector::matches_map(selector, pod) && !pods::is_ended(pod))
        .filter(|pod| !pod.str_at(&["status", "podIP"]).is_empty())
        .collect();
    chosen.sort_by_key(|pod| pod.name().to_owned());
    let there = world.get(Kind::Endpoints, service.namespace(), service.name());
    plan.ensure(Kind::Endpoints, there.map(|there| &**there), endpoints(service, &chosen));
    slices(world, service, &chosen, &mut plan);
    plan
}

/// A Service's ports on a pod, whose container ports may be named.
fn ports(service: &Object, pod: Option<&Object>) -> Vec<Value> {
    let ports = service.get(&["spec", "ports"]).and_then(Value::as_array);
    ports
        .into_iter()
        .flatten()
        .filter_map(|port| {
            let number = match &port["targetPort"] {
                Value::Number(number) => Value::Number(number.clone()),
                Value::String(name) => named_port(pod?, name)?,
                _ => port["port"].clone(),
            };
            let mut out = json!({
                "port": number, "protocol": port["protocol"].as_str().unwrap_or("TCP"),
            });
            for field in ["name", "appProtocol"] {
                if let Some(value) = port.get(field) {
                    out[field] = value.clone();
                }
            }
            Some(out)
        })
        .collect()
}

fn named_port(pod: &Object, name: &str) -> Option<Value> {
    let containers = pod.get(&["spec", "containers"])?.as_array()?;
    containers
        .iter()
        .filter_map(|container| container["ports"].as_array())
        .flatten()
        .find(|port| port["name"] == name)
        .map(|port| port["containerPort"].clone())
}

fn reference(pod: &Object) -> Value {
    json!({
        "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid(),
    })
}

fn endpoints(service: &Object, chosen: &[&Object]) -> Object {
    let publish = service.get(&["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true));
    let (mut ready, mut unready) = (Vec::new(), Vec::new());
    for pod in chosen.iter().filter(|pod| publish || !pod.is_terminating()) {
        let mut address = json!({
            "ip": pod.str_at(&["status", "podIP"]),
            "nodeName": pod.str_at(&["spec", "nodeName"]), "targetRef": reference(pod),
        });
        if let Some(hostname) = hostname(service, pod) {
            address["hostname"] = json!(hostname);
        }
        if publish || pods::is_ready(pod) { ready.push(address) } else { unready.push(address) }
    }
    let mut object = named(service, "v1", "Endpoints", service.name());
    object.set_label("endpoints.kubernetes.io/managed-by", "endpoint-controller");
    let mut subset = Map::new();
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", unready)] {
        if !addresses.is_empty() {
            subset.insert(field.into(), Value::Array(addresses));
        }
    }
    if subset.is_empty() {
        object.set(&["subsets"], Value::Null);
        return object;
    }
    let ports = ports(service, chosen.first().copied());
    if !ports.is_empty() {
        subset.insert("ports".into(), Value::Array(ports));
    }
    object.set(&["subsets"], json!([subset]));
    object
}

fn named(service: &Object, version: &str, kind: &str, name: &str) -> Object {
    let mut object = Object::default();
    object.set(&["apiVersion"], version);
    object.set(&["kind"], kind);
    object.set(&["metadata", "name"], name);
    object.set(&["metadata", "namespace"], service.namespace());
    if let Some(labels) = service.get(&["metadata", "labels"]) {
        object.set(&["metadata", "labels"], labels.clone());
    }
    if matches!(service.str_at(&["spec", "clusterIP"]), "" | "None") {
        object.set_label(HEADLESS, "");
    }
    object
}

fn slices(world: &World, service: &Object, chosen: &[&Object], plan: &mut Plan) {
    let publish = service.get(&["spec", "publishNotReadyAddresses"]) == Some(&Value::Bool(true));
    let mut parts: Vec<&[&Object]> = chosen.chunks(SLICE_BOUND).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    let mut names = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let hash = pods::short_hash(&json!([service.uid(), index]), None);
        let name = format!("{}-{}", service.name(), &hash[..5]);
        let mut slice = named(service, "discovery.k8s.io/v1", "EndpointSlice", &name);
        slice.set_label(SERVICE, service.name());
        slice.set_label(MANAGED_BY, MANAGER);
        slice.set(&["metadata", "ownerReferences"], pods::controlled_by(Kind::Service, service));
        slice.set(&["addressType"], "IPv4");
        let endpoints: Vec<Value> =
            part.iter().map(|pod| endpoint(service, pod, publish)).collect();
        slice.set(&["endpoints"], endpoints);
        let mut ports = ports(service, part.first().copied());
        for port in &mut ports {
            if port.get("name").is_none() {
                port["name"] = json!("");
            }
        }
        slice.set(&["ports"], ports);
        let there = world.get(Kind::EndpointSlice, service.namespace(), &name);
        plan.ensure(Kind::EndpointSlice, there.map(|there| &**there), slice);
        names.push(name);
    }
    for slice in world.controlled(service, Kind::EndpointSlice) {
        if slice.label(MANAGED_BY) == Some(MANAGER) && !names.iter().any(|n| n == slice.name()) {
            plan.delete(Kind::EndpointSlice, slice);
        }
    }
}

/// The name that the pod has below the Service's, as pods of StatefulSets do.
fn hostname<'a>(service: &Object, pod: &'a Object) -> Option<&'a str> {
    let hostname = pod.str_at(&["spec", "hostname"]);
    let named = !hostname.is_empty() && pod.str_at(&["spec", "subdomain"]) == service.name();
    named.then_some(hostname)
}

fn endpoint(service: &Object, pod: &Object, publish: bool) -> Value {
    let serving = pods::is_ready(pod);
    let mut endpoint = json!({
        "addresses": [pod.str_at(&["status", "podIP"])],
        "conditions": {
            "ready": publish || (serving && !pod.is_terminating()),
            "serving": serving, "terminating": pod.is_terminating(),
        },
        "nodeName": pod.str_at(&["spec", "nodeName"]),
        "targetRef": reference(pod),
    });
    if let Some(hostname) = hostname(service, pod) {
        endpoint["hostname"] = json!(hostname);
    }
    endpoint
}
