//! The other kinds of the core group.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use windlass_object::{Object, Value, json};

use super::{Fields, absent, inner, items, text};

/// What converting to the internal version does: a Secret's `stringData` goes into its `data`.
pub(super) fn convert(object: &mut Object) {
    if object.api_version() != "v1" || object.kind() != "Secret" {
        return;
    }
    let Some(Value::Object(texts)) = object.remove(&["stringData"]) else { return };
    for (key, value) in texts {
        let text = value.as_str().unwrap_or_default();
        object.set(&["data", &key], STANDARD.encode(text));
    }
}

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "core.v1.Secret" => absent(map, "type", "Opaque"),
        "core.v1.Service" => service(map),
        "core.v1.Namespace" => namespace(map),
        "core.v1.NamespaceStatus" => absent(map, "phase", "Active"),
        "core.v1.PersistentVolume" => {
            if let Some(status) = inner(map, "status") {
                absent(status, "phase", "Pending");
            }
            if let Some(spec) = inner(map, "spec") {
                absent(spec, "persistentVolumeReclaimPolicy", "Retain");
                absent(spec, "volumeMode", "Filesystem");
            }
        }
        "core.v1.PersistentVolumeClaim" => {
            if let Some(status) = inner(map, "status") {
                absent(status, "phase", "Pending");
            }
            if let Some(spec) = inner(map, "spec") {
                data_sources(spec);
            }
        }
        "core.v1.PersistentVolumeClaimSpec" => absent(map, "volumeMode", "Filesystem"),
        "core.v1.EndpointPort" => absent(map, "protocol", "TCP"),
        "core.v1.NodeStatus" => {
            if let Some(capacity) = map.get("capacity").cloned() {
                absent(map, "allocatable", capacity);
            }
        }
        "core.v1.LimitRangeItem" => limit_range_item(map),
        "core.v1.ReplicationController" => replication_controller(map),
        _ => {}
    }
}

fn service(map: &mut Fields) {
    let Some(spec) = inner(map, "spec") else { return };
    absent(spec, "type", "ClusterIP");
    absent(spec, "sessionAffinity", "None");
    if text(spec, "sessionAffinity") == "None" {
        spec.remove("sessionAffinityConfig");
    } else if text(spec, "sessionAffinity") == "ClientIP" {
        let seconds =
            spec.get("sessionAffinityConfig").and_then(|c| c.pointer("/clientIP/timeoutSeconds"));
        if seconds.is_none() {
            let config = json!({"clientIP": {"timeoutSeconds": 10800}});
            spec.insert("sessionAffinityConfig".into(), config);
        }
    }
    for port in items(spec, "ports") {
        absent(port, "protocol", "TCP");
        if let Some(number) = port.get("port").cloned() {
            absent(port, "targetPort", number);
        }
    }
    let kind = text(spec, "type").to_owned();
    let external =
        spec.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    let balanced = kind == "LoadBalancer";
    if balanced || kind == "NodePort" || (kind == "ClusterIP" && external) {
        absent(spec, "externalTrafficPolicy", "Cluster");
    }
    if balanced || kind == "NodePort" || kind == "ClusterIP" {
        absent(spec, "internalTrafficPolicy", "Cluster");
    }
    if balanced {
        absent(spec, "allocateLoadBalancerNodePorts", true);
        let balancer = inner(map, "status").and_then(|status| inner(status, "loadBalancer"));
        for ingress in balancer.into_iter().flat_map(|balancer| items(balancer, "ingress")) {
            if !text(ingress, "ip").is_empty() {
                absent(ingress, "ipMode", "VIP");
            }
        }
    }
}

fn namespace(map: &mut Fields) {
    let Some(metadata) = inner(map, "metadata") else { return };
    let name = text(metadata, "name").to_owned();
    if name.is_empty() {
        return;
    }
    absent(metadata, "labels", json!({}));
    if let Some(labels) = inner(metadata, "labels") {
        labels.insert("kubernetes.io/metadata.name".into(), name.into());
    }
}

/// The two ways to name a claim's source are kept in step.
fn data_sources(spec: &mut Fields) {
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => absent(spec, "dataSourceRef", source),
        (None, Some(source)) if source.get("namespace").is_none() => {
            absent(spec, "dataSource", source);
        }
        _ => {}
    }
}

/// The limits of containers complete each other: default from max, default request from default
/// and then from min.
fn limit_range_item(map: &mut Fields) {
    if text(map, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")]
    {
        let source = map.get(from).and_then(Value::as_object).cloned().unwrap_or_default();
        absent(map, to, json!({}));
        let Some(target) = inner(map, to) else { continue };
        for (name, value) in source {
            target.entry(name).or_insert(value);
        }
    }
}

fn replication_controller(map: &mut Fields) {
    let labels = inner(map, "spec")
        .and_then(|spec| spec.get("template")?.pointer("/metadata/labels"))
        .cloned();
    let Some(labels) = labels else { return };
    if let Some(spec) = inner(map, "spec") {
        absent(spec, "selector", labels.clone());
    }
    if let Some(metadata) = inner(map, "metadata") {
        absent(metadata, "labels", labels);
    }
}
