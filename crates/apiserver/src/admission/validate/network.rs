//! Ingresses.

use serde_json::Value;
use windlass_object::Object;

use crate::field::{faulty, invalid, items, not_supported, required, text};
use crate::names;
use crate::status::FieldError;

pub(super) fn ingress(new: &Object, out: &mut Vec<FieldError>) {
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    let rules = items(spec, "/rules");
    let backend = spec.get("defaultBackend").filter(|backend| backend.is_object());
    if rules.is_empty() && backend.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        out.push(invalid("spec", Value::Null, detail));
    }
    for (at, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{at}]");
        host(text(rule, "/host"), &format!("{path}.host"), out);
        if rule.get("http").is_some_and(Value::is_object) && items(rule, "/http/paths").is_empty() {
            out.push(required(&format!("{path}.http.paths"), ""));
        }
        for (at, entry) in items(rule, "/http/paths").iter().enumerate() {
            http_path(entry, &format!("{path}.http.paths[{at}]"), out);
        }
    }
    if let Some(backend) = backend {
        self::backend(backend, "spec.defaultBackend", out);
    }
    let class = text(spec, "/ingressClassName");
    if !class.is_empty() {
        faulty("spec.ingressClassName", class, names::subdomain(class), out);
    }
}

fn host(host: &str, path: &str, out: &mut Vec<FieldError>) {
    if host.is_empty() {
        return;
    }
    if host.parse::<std::net::IpAddr>().is_ok() {
        out.push(invalid(path, host, "must be a DNS name, not an IP address"));
        return;
    }
    faulty(path, host, names::subdomain(host.strip_prefix("*.").unwrap_or(host)), out);
}

fn http_path(entry: &Value, path: &str, out: &mut Vec<FieldError>) {
    let known = ["Exact", "ImplementationSpecific", "Prefix"];
    match entry.get("pathType").and_then(Value::as_str) {
        // Nothing else is judged before the type is known.
        None => {
            out.push(required(&format!("{path}.pathType"), "pathType must be specified"));
            return;
        }
        Some("Exact" | "Prefix") => {
            let found = text(entry, "/path");
            if !found.starts_with('/') {
                out.push(invalid(&format!("{path}.path"), found, "must be an absolute path"));
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if found.contains(part) {
                    let detail = format!("must not contain '{part}'");
                    out.push(invalid(&format!("{path}.path"), found, &detail));
                }
            }
        }
        Some("ImplementationSpecific") => {}
        Some(other) => out.push(not_supported(&format!("{path}.pathType"), other, &known)),
    }
    backend(&entry["backend"], &format!("{path}.backend"), out);
}

fn backend(backend: &Value, path: &str, out: &mut Vec<FieldError>) {
    let resource = backend.get("resource").is_some_and(Value::is_object);
    let Some(service) = backend.get("service").filter(|service| service.is_object()) else {
        if !resource {
            out.push(required(path, "port name or number is required"));
        }
        return;
    };
    let name = text(service, "/name");
    if name.is_empty() {
        out.push(required(&format!("{path}.service.name"), ""));
    } else {
        faulty(&format!("{path}.service.name"), name, names::label_1035(name), out);
    }
    let number = service.pointer("/port/number").and_then(Value::as_i64).unwrap_or_default();
    let port_name = text(service, "/port/name");
    match (number, port_name) {
        (0, "") => out.push(required(path, "port name or number is required")),
        (0, name) => {
            faulty(&format!("{path}.service.port.name"), name, names::port_name(name), out);
        }
        (number, _) => {
            for fault in names::port(number) {
                out.push(invalid(&format!("{path}.service.port.number"), number, &fault));
            }
        }
    }
}
