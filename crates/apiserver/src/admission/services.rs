//! Services: addresses and ports are given out, and taken back when the type changes.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use super::Attributes;
use super::allocations::Refusal;
use crate::field::{duplicate, faulty, invalid, items, not_supported, required, text};
use crate::names;
use crate::status::{FieldError, Status};

/// Fills in what is allocated.
pub(super) fn admit(
    attributes: &Attributes<'_>,
    old: Option<&Object>,
    new: &mut Object,
) -> Result<(), Status> {
    if let Some(old) = old {
        keep_allocated(old, new);
        drop_unused(old, new);
    }
    // What is invalid is told of by validation, and gets nothing.
    if !validate(old, new).is_empty() {
        return Ok(());
    }
    if kind(new) == "ExternalName" {
        for field in
            ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
        {
            new.remove(&["spec", field]);
        }
        return Ok(());
    }
    families(new);
    let service = format!("{}/{}", attributes.namespace, new.name());
    let errors = allocate(attributes, &service, new);
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("", "Service", new.name(), &errors))
}

fn kind(service: &Object) -> &str {
    service.str_at(&["spec", "type"])
}

fn has_node_ports(service: &Object) -> bool {
    match kind(service) {
        "NodePort" => true,
        "LoadBalancer" => {
            service.get(&["spec", "allocateLoadBalancerNodePorts"]) != Some(&Value::Bool(false))
        }
        _ => false,
    }
}

/// A client that leaves out what was allocated means to keep it.
fn keep_allocated(old: &Object, new: &mut Object) {
    if kind(old) != "ExternalName" && kind(new) != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let empty = match new.get(&["spec", field]) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(items)) => items.is_empty(),
                Some(_) => false,
            };
            if let Some(value) = old.get(&["spec", field]).filter(|_| empty) {
                let value = value.clone();
                new.set(&["spec", field], value);
            }
        }
    }
    if !has_node_ports(old) || !has_node_ports(new) {
        return;
    }
    let old_ports = old.get(&["spec", "ports"]).cloned().unwrap_or_default();
    each_port(new, |port| {
        if port["nodePort"].as_i64().unwrap_or_default() != 0 {
            return;
        }
        let same = |other: &&Value| {
            other["port"] == port["port"] && text(other, "/protocol") == text(port, "/protocol")
        };
        let found = old_ports.as_array().into_iter().flatten().find(same);
        if let Some(number) = found.and_then(|found| found.get("nodePort")) {
            port["nodePort"] = number.clone();
        }
    });
}

/// What only the old type had goes, if the client did not touch it.
fn drop_unused(old: &Object, new: &mut Object) {
    if has_node_ports(old) && !has_node_ports(new) {
        let old_ports = old.get(&["spec", "ports"]).cloned().unwrap_or_default();
        let numbers = |ports: &Value| -> Vec<Value> {
            ports.as_array().into_iter().flatten().map(|port| port["nodePort"].clone()).collect()
        };
        let new_ports = new.get(&["spec", "ports"]).cloned().unwrap_or_default();
        if numbers(&old_ports) == numbers(&new_ports) {
            each_port(new, |port| {
                if let Some(port) = port.as_object_mut() {
                    port.remove("nodePort");
                }
            });
        }
    }
    let external = |service: &Object| matches!(kind(service), "NodePort" | "LoadBalancer");
    if external(old) && !external(new) {
        new.remove(&["spec", "externalTrafficPolicy"]);
    }
    if kind(old) == "LoadBalancer" && kind(new) != "LoadBalancer" {
        for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] {
            if new.get(&["spec", field]) == old.get(&["spec", field]) {
                new.remove(&["spec", field]);
            }
        }
    }
    if kind(old) != "ExternalName" && kind(new) == "ExternalName" {
        for field in ["clusterIP", "clusterIPs"] {
            if new.get(&["spec", field]) == old.get(&["spec", field]) {
                new.remove(&["spec", field]);
            }
        }
    }
}

fn each_port(service: &mut Object, mut change: impl FnMut(&mut Value)) {
    let ports = service.fields_mut().get_mut("spec").and_then(|spec| spec.get_mut("ports"));
    ports.and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut change);
}

/// The cluster speaks IPv4; a headless service without selector says nothing about its endpoints.
fn families(service: &mut Object) {
    let headless = service.str_at(&["spec", "clusterIP"]) == "None";
    let selected = service
        .get(&["spec", "selector"])
        .and_then(Value::as_object)
        .is_some_and(|selector| !selector.is_empty());
    let open = headless && !selected;
    if service.str_at(&["spec", "ipFamilyPolicy"]).is_empty() {
        let policy = if open { "RequireDualStack" } else { "SingleStack" };
        service.set(&["spec", "ipFamilyPolicy"], policy);
    }
    let known = service.get(&["spec", "ipFamilies"]).and_then(Value::as_array);
    if known.is_none_or(Vec::is_empty) {
        let families = if open { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) };
        service.set(&["spec", "ipFamilies"], families);
    }
}

fn allocate(attributes: &Attributes<'_>, service: &str, new: &mut Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let allocations = &attributes.registry.allocations;
    // A trial takes nothing for long.
    let now = if attributes.dry_run { Timestamp::UNIX_EPOCH } else { attributes.now };
    let asked = new.str_at(&["spec", "clusterIP"]).to_owned();
    match asked.parse::<IpAddr>() {
        _ if asked == "None" => new.set(&["spec", "clusterIPs"], json!(["None"])),
        Ok(IpAddr::V6(_)) => {
            let detail = format!(
                "failed to allocate IP {asked}: the provided network does not match the current range"
            );
            errors.push(invalid("spec.clusterIPs", json!([asked]), &detail));
        }
        parsed => {
            let wanted = match parsed {
                Ok(IpAddr::V4(wanted)) => Some(wanted),
                _ => None,
            };
            match allocations.address(service, wanted, now) {
                Ok(address) => {
                    new.set(&["spec", "clusterIP"], address.to_string());
                    new.set(&["spec", "clusterIPs"], json!([address.to_string()]));
                }
                Err(refusal) => {
                    let why = match refusal {
                        Refusal::OutOfRange => {
                            "the provided network does not match the current range"
                        }
                        Refusal::Taken => "provided IP is already allocated",
                        Refusal::Exhausted => "range is full",
                    };
                    let detail = format!("failed to allocate IP {asked}: {why}");
                    errors.push(invalid("spec.clusterIPs", json!([asked]), &detail));
                }
            }
        }
    }
    if has_node_ports(new) {
        let mut at = 0;
        each_port(new, |port| {
            let protocol = text(port, "/protocol").to_owned();
            let asked = port["nodePort"].as_u64().unwrap_or_default();
            let wanted = u16::try_from(asked).ok().filter(|wanted| *wanted > 0);
            match allocations.port(service, &protocol, wanted, now) {
                Ok(number) => port["nodePort"] = json!(number),
                Err(refusal) => {
                    let detail = match refusal {
                        Refusal::OutOfRange => {
                            "provided port is not in the valid range. The range of valid ports is 30000-32767"
                        }
                        Refusal::Taken => "provided port is already allocated",
                        Refusal::Exhausted => "range is full",
                    };
                    errors.push(invalid(&format!("spec.ports[{at}].nodePort"), asked, detail));
                }
            }
            at += 1;
        });
    }
    errors
}

/// What is wrong with a service.
pub(super) fn validate(old: Option<&Object>, new: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    let kind = text(spec, "/type");
    let ports = items(spec, "/ports");
    let cluster_ip = text(spec, "/clusterIP");
    if ports.is_empty() && cluster_ip != "None" && kind != "ExternalName" {
        errors.push(required("spec.ports", ""));
    }
    if kind == "ExternalName" {
        let name = text(spec, "/externalName").trim_end_matches('.');
        if name.is_empty() {
            errors.push(required("spec.externalName", ""));
        } else {
            faulty("spec.externalName", name, names::subdomain(name), &mut errors);
        }
    }
    for (at, port) in ports.iter().enumerate() {
        validate_port(port, &format!("spec.ports[{at}]"), ports.len() > 1, kind, &mut errors);
    }
    for (at, port) in ports.iter().enumerate() {
        let name = text(port, "/name");
        if !name.is_empty() && ports[..at].iter().any(|other| text(other, "/name") == name) {
            errors.push(duplicate(&format!("spec.ports[{at}].name"), name));
        }
    }
    let selector = spec.get("selector").and_then(Value::as_object);
    for (key, value) in selector.into_iter().flatten() {
        faulty("spec.selector", key, names::label_key(key), &mut errors);
        let value = value.as_str().unwrap_or_default();
        faulty("spec.selector", value, names::label_value(value), &mut errors);
    }
    match text(spec, "/sessionAffinity") {
        "" => errors.push(required("spec.sessionAffinity", "")),
        "ClientIP" | "None" => {}
        other => {
            errors.push(not_supported("spec.sessionAffinity", other, &["ClientIP", "None"]));
        }
    }
    if !matches!(kind, "ClusterIP" | "ExternalName" | "LoadBalancer" | "NodePort") {
        let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        errors.push(not_supported("spec.type", kind, &kinds));
    }
    for (at, port) in ports.iter().enumerate() {
        let same = |other: &&Value| {
            other["port"] == port["port"] && text(other, "/protocol") == text(port, "/protocol")
        };
        if ports[..at].iter().any(|other| same(&other)) {
            errors.push(duplicate(&format!("spec.ports[{at}]"), go_port(port)));
        }
    }
    let addressed = kind != "ExternalName" && !cluster_ip.is_empty() && cluster_ip != "None";
    if addressed && cluster_ip.parse::<IpAddr>().is_err() {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.push(invalid("spec.clusterIPs[0]", cluster_ip, detail));
    }
    if let Some(old) = old {
        validate_update(old, new, &mut errors);
    }
    errors
}

fn validate_port(
    port: &Value,
    path: &str,
    needs_name: bool,
    kind: &str,
    errors: &mut Vec<FieldError>,
) {
    let name = text(port, "/name");
    if name.is_empty() {
        if needs_name {
            errors.push(required(&format!("{path}.name"), ""));
        }
    } else {
        faulty(&format!("{path}.name"), name, names::label(name), errors);
    }
    let number = |field: &str| port[field].as_i64();
    let mut check = |field: &str, value: i64| {
        for fault in names::port(value) {
            errors.push(invalid(&format!("{path}.{field}"), value, &fault));
        }
    };
    check("port", number("port").unwrap_or_default());
    let protocol = text(port, "/protocol");
    match protocol {
        "" => errors.push(required(&format!("{path}.protocol"), "")),
        "SCTP" | "TCP" | "UDP" => {}
        other => {
            errors.push(not_supported(&format!("{path}.protocol"), other, &["SCTP", "TCP", "UDP"]));
        }
    }
    match &port["targetPort"] {
        Value::Number(target) => {
            for fault in names::port(target.as_i64().unwrap_or_default()) {
                errors.push(invalid(&format!("{path}.targetPort"), target.clone(), &fault));
            }
        }
        Value::String(target) => {
            faulty(&format!("{path}.targetPort"), target, names::port_name(target), errors);
        }
        _ => {}
    }
    if matches!(kind, "ClusterIP" | "ExternalName")
        && number("nodePort").is_some_and(|node| node != 0)
    {
        let detail = format!("may not be used when `type` is '{kind}'");
        errors.push(crate::field::forbidden(&format!("{path}.nodePort"), &detail));
    }
}

/// An address stays while the service has one.
fn validate_update(old: &Object, new: &Object, errors: &mut Vec<FieldError>) {
    if kind(old) == "ExternalName" || kind(new) == "ExternalName" {
        return;
    }
    let old_ip = old.str_at(&["spec", "clusterIP"]);
    let new_ip = new.str_at(&["spec", "clusterIP"]);
    if !old_ip.is_empty() && new_ip != old_ip {
        let value = if new_ip.is_empty() { Value::Null } else { json!([new_ip]) };
        errors.push(invalid("spec.clusterIPs[0]", value, "may not change once set"));
    }
}

/// A port as the server prints it: its internal Go struct.
fn go_port(port: &Value) -> Value {
    let or = |field: &str, absent: Value| port.get(field).cloned().unwrap_or(absent);
    // The order of the fields is lost; clients match on the words around it.
    json!({
        "Name": text(port, "/name"), "Protocol": text(port, "/protocol"),
        "AppProtocol": or("appProtocol", Value::Null), "Port": or("port", json!(0)),
        "TargetPort": or("targetPort", json!(0)), "NodePort": or("nodePort", json!(0)),
    })
}
