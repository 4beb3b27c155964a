//! Services and what is behind and before them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::age;
use super::cells::cells;
use super::text::{at, field, labels, list, or, plain, selector_or_none, some_of};

fn created(object: &Object, now: Timestamp) -> String {
    age::since(object.str_at(&["metadata", "creationTimestamp"]), now)
}

fn strings(object: &Object, path: &[&str]) -> Vec<String> {
    list(object, path).iter().map(plain).collect()
}

pub(super) fn service(object: &Object, now: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = list(object, &["spec", "ports"])
        .iter()
        .map(|port| {
            let (number, protocol) = (plain(&port["port"]), field(port, "/protocol"));
            match port["nodePort"].as_i64() {
                Some(node) if node > 0 => format!("{number}:{node}/{protocol}"),
                _ => format!("{number}/{protocol}"),
            }
        })
        .collect();
    let ips = strings(object, &["spec", "clusterIPs"]);
    cells![
        object.name(),
        at(object, &["spec", "type"]),
        ips.first().map_or("<none>", String::as_str),
        external_ip(object),
        or(&ports.join(","), "<none>"),
        created(object, now),
        labels(object.get(&["spec", "selector"])),
    ]
}

fn external_ip(object: &Object) -> String {
    let external = strings(object, &["spec", "externalIPs"]);
    match object.str_at(&["spec", "type"]) {
        "ClusterIP" | "NodePort" if external.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => external.join(","),
        "LoadBalancer" => {
            let mut all = balancers(object);
            all.extend(external);
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => at(object, &["spec", "externalName"]),
        _ => "<unknown>".to_owned(),
    }
}

/// The addresses of load balancers, sorted.
fn balancers(object: &Object) -> Vec<String> {
    let ingress = list(object, &["status", "loadBalancer", "ingress"]).iter();
    let addresses = ingress.map(|one| or(field(one, "/ip"), field(one, "/hostname")).to_owned());
    let all: BTreeSet<String> = addresses.filter(|address| !address.is_empty()).collect();
    all.into_iter().collect()
}

pub(super) fn ingress(object: &Object, now: Timestamp) -> Vec<Value> {
    let rules = list(object, &["spec", "rules"]);
    let first = rules.iter().take(3).map(|rule| field(rule, "/host"));
    let hosts: Vec<&str> = first.filter(|host| !host.is_empty()).collect();
    // Only as many hosts as are shown count against the limit of three.
    let hosts = match (hosts.len(), rules.len().saturating_sub(3)) {
        (0, _) => "*".to_owned(),
        (3, more) if more > 0 => format!("{} + {more} more...", hosts.join(",")),
        _ => {
            let all = rules.iter().map(|rule| field(rule, "/host")).filter(|host| !host.is_empty());
            all.take(3).collect::<Vec<_>>().join(",")
        }
    };
    let tls = !list(object, &["spec", "tls"]).is_empty();
    let class =
        object.get(&["spec", "ingressClassName"]).map_or_else(|| "<none>".to_owned(), plain);
    cells![
        object.name(),
        class,
        hosts,
        balancers(object).join(","),
        if tls { "80, 443" } else { "80" },
        created(object, now),
    ]
}

pub(super) fn ingress_class(object: &Object, now: Timestamp) -> Vec<Value> {
    let default = object.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true");
    let parameters = object.get(&["spec", "parameters"]).map(|parameters| {
        let group =
            parameters.get("apiGroup").map_or_else(String::new, |g| format!(".{}", plain(g)));
        format!("{}{group}/{}", field(parameters, "/kind"), field(parameters, "/name"))
    });
    cells![
        format!("{}{}", object.name(), if default { " (default)" } else { "" }),
        at(object, &["spec", "controller"]),
        parameters.unwrap_or_else(|| "<none>".to_owned()),
        created(object, now),
    ]
}

pub(super) fn network_policy(object: &Object, now: Timestamp) -> Vec<Value> {
    let pods = selector_or_none(object.get(&["spec", "podSelector"]));
    cells![object.name(), pods, created(object, now)]
}

pub(super) fn endpoints(object: &Object, now: Timestamp) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in list(object, &["subsets"]) {
        let addresses = || subset["addresses"].as_array().into_iter().flatten();
        let ports = subset["ports"].as_array().map_or(&[][..], Vec::as_slice);
        if ports.is_empty() {
            all.extend(addresses().map(|address| field(address, "/ip").to_owned()));
        }
        for port in ports {
            all.extend(
                addresses().map(|address| join(field(address, "/ip"), &plain(&port["port"]))),
            );
        }
    }
    let empty = if list(object, &["subsets"]).is_empty() { "<none>" } else { "" };
    cells![object.name(), some_of(&all, 3, empty), created(object, now)]
}

fn join(ip: &str, port: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

pub(super) fn endpoint_slice(object: &Object, now: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = list(object, &["ports"])
        .iter()
        .map(|port| match (port.get("port"), port.get("name")) {
            (Some(number), _) if !number.is_null() => plain(number),
            (_, Some(name)) if !name.is_null() => plain(name),
            _ => "*".to_owned(),
        })
        .collect();
    let endpoints = list(object, &["endpoints"]).iter();
    let addresses: Vec<String> = endpoints
        .flat_map(|endpoint| endpoint["addresses"].as_array().into_iter().flatten())
        .map(plain)
        .collect();
    cells![
        object.name(),
        at(object, &["addressType"]),
        some_of(&ports, 3, "<unset>"),
        some_of(&addresses, 3, "<unset>"),
        created(object, now),
    ]
}

pub(super) fn service_cidr(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), strings(object, &["spec", "cidrs"]).join(","), created(object, now)]
}

pub(super) fn ip_address(object: &Object, now: Timestamp) -> Vec<Value> {
    let parent = object.get(&["spec", "parentRef"]).map(|parent| {
        let (group, resource) = (field(parent, "/group"), field(parent, "/resource"));
        let resource =
            if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let namespace = match field(parent, "/namespace") {
            "" => String::new(),
            namespace => format!("/{namespace}"),
        };
        format!("{}{namespace}/{}", resource.to_lowercase(), field(parent, "/name"))
    });
    let parent = parent.unwrap_or_else(|| "<none>".to_owned());
    cells![object.name(), parent, created(object, now)]
}
