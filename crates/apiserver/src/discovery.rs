//! What is served, told to clients: `/api`, `/apis` and the documents below them, in both forms.
//!
//! The aggregated form has everything in two documents, which clients since 1.27 ask for by their `Accept` header; the
//! legacy form has one document a group version.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};

use crate::catalog::{Group, Origin, ResourceType, Snapshot, Subresource, Version};
use crate::status::Status;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a GET of `path` if it is one of discovery's: `/api`, `/apis`, `/api/v1`, `/apis/{group}`,
/// `/apis/{group}/{version}`. `address` is where this server listens (`127.0.0.1:6443`). `None` means that the path is
/// not discovery's, or names a group or version that does not exist, which the server answers with a plain 404.
pub(crate) fn answer(
    snapshot: &Snapshot,
    path: &str,
    headers: &HeaderMap,
    address: &str,
) -> Option<Result<Response<Vec<u8>>, Status>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (core, document) = match parts.as_slice() {
        ["api"] => (true, api_versions(address)),
        ["apis"] => (false, api_groups(snapshot)),
        ["api", version] => return Some(plain(headers, &api_resources(snapshot, "", version)?)),
        ["apis", group] if !group.is_empty() => {
            let mut document = api_group(snapshot.group(group)?);
            document.insert("kind".to_owned(), json!("APIGroup"));
            document.insert("apiVersion".to_owned(), json!("v1"));
            return Some(plain(headers, &Value::Object(document)));
        }
        ["apis", group, version] if !group.is_empty() => {
            return Some(plain(headers, &api_resources(snapshot, group, version)?));
        }
        _ => return None,
    };
    Some(match accepted(headers, true) {
        Some(Form::Aggregated) => Ok(etagged(headers, &aggregated(snapshot, core))),
        Some(Form::Legacy) => Ok(body("application/json", &document)),
        None => Err(not_acceptable()),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Aggregated,
    Legacy,
}

/// The first form that the client accepts and that can be had; clauses are taken in the order they are in.
fn accepted(headers: &HeaderMap, can_aggregate: bool) -> Option<Form> {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    if accept.trim().is_empty() {
        return Some(Form::Legacy);
    }
    accept.split(',').find_map(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if !matches!(media, "application/json" | "application/*" | "*/*") {
            return None;
        }
        let parameters: Vec<(&str, &str)> =
            parts.filter_map(|parameter| parameter.split_once('=')).collect();
        let get = |name| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        match (get("g"), get("v"), get("as")) {
            (None, None, None) => Some(Form::Legacy),
            (Some("apidiscovery.k8s.io"), Some("v2"), Some("APIGroupDiscoveryList"))
                if can_aggregate =>
            {
                Some(Form::Aggregated)
            }
            _ => None,
        }
    })
}

fn not_acceptable() -> Status {
    Status::not_acceptable(&["application/json"])
}

fn plain(headers: &HeaderMap, document: &Value) -> Result<Response<Vec<u8>>, Status> {
    match accepted(headers, false) {
        Some(_) => Ok(body("application/json", document)),
        None => Err(not_acceptable()),
    }
}

fn body(content_type: &'static str, document: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(document.to_string().into_bytes());
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// The aggregated document with its ETag, or 304 where the client has it already.
fn etagged(headers: &HeaderMap, document: &Value) -> Response<Vec<u8>> {
    let mut response = body(AGGREGATED, document);
    let etag = format!("\"{}\"", hex::encode_upper(Sha512::digest(response.body())));
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|tags| tags.split(',').any(|tag| tag.trim() == etag))
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.body_mut().clear();
    }
    let set = response.headers_mut();
    if let Ok(etag) = http::HeaderValue::from_str(&etag) {
        set.insert(ETAG, etag);
    }
    set.insert(VARY, http::HeaderValue::from_static("Accept"));
    set.insert(CACHE_CONTROL, http::HeaderValue::from_static("public"));
    response
}

fn api_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

fn api_groups(snapshot: &Snapshot) -> Value {
    let groups = snapshot.groups().iter().filter(|group| !group.name.is_empty());
    let groups: Vec<Value> = groups.map(|group| Value::Object(api_group(group))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn api_group(group: &Group) -> Map<String, Value> {
    let version = |version: &Version| {
        json!({
            "groupVersion": format!("{}/{}", group.name, version.name),
            "version": version.name,
        })
    };
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(group.name));
    out.insert("versions".to_owned(), group.versions.iter().map(version).collect());
    out.insert("preferredVersion".to_owned(), group.versions.first().map_or(Value::Null, version));
    out
}

fn api_resources(snapshot: &Snapshot, group: &str, version: &str) -> Option<Value> {
    let found = snapshot.group(group)?.version(version)?;
    let mut resources = Vec::new();
    for resource in &found.resources {
        resources.push(api_resource(resource));
        for subresource in &resource.subresources {
            let mut out = json!({
                "name": format!("{}/{}", resource.plural, subresource.name),
                "singularName": "",
                "namespaced": subresource.namespaced,
                "kind": subresource.kind,
                "verbs": subresource.verbs.names().collect::<Vec<_>>(),
            });
            if let Some(gv) = &subresource.group_version {
                out["group"] = json!(gv.group);
                out["version"] = json!(gv.version);
            }
            resources.push(out);
        }
    }
    let group_version =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut out = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version,
        "resources": resources,
    });
    if !group.is_empty() {
        out["apiVersion"] = json!("v1");
    }
    Some(out)
}

fn api_resource(resource: &ResourceType) -> Value {
    let mut out = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs(resource),
    });
    if !resource.short_names.is_empty() {
        out["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        out["categories"] = json!(resource.categories);
    }
    if let Some(hash) = &resource.storage_version_hash {
        out["storageVersionHash"] = json!(hash);
    }
    out
}

/// The verbs in the server's order: built-in resources have them sorted, custom ones as they are registered.
fn verbs(resource: &ResourceType) -> Vec<&'static str> {
    const CUSTOM: [&str; 8] =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    let names = || resource.verbs.names();
    match resource.origin {
        Origin::BuiltIn => names().collect(),
        Origin::Custom(_) => {
            CUSTOM.into_iter().filter(|verb| names().any(|name| name == *verb)).collect()
        }
    }
}

fn aggregated(snapshot: &Snapshot, core: bool) -> Value {
    let groups = snapshot.groups().iter().filter(|group| group.name.is_empty() == core);
    let items: Vec<Value> = groups
        .map(|group| {
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|version| {
                    json!({
                        "version": version.name,
                        "freshness": "Current",
                        "resources": version
                            .resources
                            .iter()
                            .map(|resource| aggregated_resource(resource))
                            .collect::<Vec<_>>(),
                    })
                })
                .collect();
            let metadata =
                if group.name.is_empty() { json!({}) } else { json!({"name": group.name}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn aggregated_resource(resource: &ResourceType) -> Value {
    let mut out = json!({
        "resource": resource.plural,
        "responseKind": response_kind(resource, None),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": verbs(resource),
    });
    if !resource.short_names.is_empty() {
        out["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        out["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        let subresource = |subresource: &Subresource| {
            json!({
                "subresource": subresource.name,
                "responseKind": response_kind(resource, Some(subresource)),
                "verbs": subresource.verbs.names().collect::<Vec<_>>(),
            })
        };
        out["subresources"] = resource.subresources.iter().map(subresource).collect();
    }
    out
}

/// The kind that a resource or subresource answers with. Built-in resources leave out a group and version that are
/// their own; clients fill them in.
fn response_kind(resource: &ResourceType, subresource: Option<&Subresource>) -> Value {
    let kind = subresource.map_or(&resource.kind, |subresource| &subresource.kind);
    let (group, version) = match subresource.and_then(|s| s.group_version.as_ref()) {
        Some(gv) => (gv.group.as_str(), gv.version.as_str()),
        None => match resource.origin {
            Origin::BuiltIn => ("", ""),
            Origin::Custom(_) => (resource.group.as_str(), resource.version.as_str()),
        },
    };
    json!({"group": group, "version": version, "kind": kind})
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::catalog::Catalog;

    const RECORDED: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-1.36.3/discovery");

    fn get(path: &str, accept: &'static str) -> Response<Vec<u8>> {
        let snapshot = Catalog::new().snapshot();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, http::HeaderValue::from_static(accept));
        answer(&snapshot, path, &headers, "192.0.2.2:16643").unwrap().unwrap()
    }

    fn check(path: &str, accept: &'static str, recorded: &str) {
        let text = fs::read_to_string(format!("{RECORDED}/{recorded}.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let answer: Value = serde_json::from_slice(get(path, accept).body()).unwrap();
        assert_eq!(answer, expected, "{path}");
    }

    #[test]
    fn every_document_is_the_real_one() {
        let mut seen = 0;
        for entry in fs::read_dir(RECORDED).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let name = file.strip_suffix(".json").unwrap();
            if !name.starts_with("aggregated") {
                check(&format!("/{}", name.replace("__", "/")), "application/json", name);
                seen += 1;
            }
        }
        assert_eq!(seen, 44);
        check("/api", AGGREGATED, "aggregated_api");
        check("/apis", AGGREGATED, "aggregated_apis");
    }

    #[test]
    fn the_form_is_negotiated() {
        let both = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
        let check = |path, accept, content_type: &str| {
            assert_eq!(get(path, accept).headers()[CONTENT_TYPE], content_type, "{accept}");
        };
        check("/apis", both, AGGREGATED);
        check("/apis/apps", both, "application/json");
        check("/apis", "application/vnd.kubernetes.protobuf,application/json", "application/json");
        check("/api", "*/*", "application/json");
    }

    #[test]
    fn a_known_document_is_not_sent_again() {
        let snapshot = Catalog::new().snapshot();
        let etag = get("/apis", AGGREGATED).headers()[ETAG].clone();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, http::HeaderValue::from_static(AGGREGATED));
        headers.insert(IF_NONE_MATCH, etag);
        let response = answer(&snapshot, "/apis", &headers, "").unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.body().is_empty());
    }

    #[test]
    fn other_paths_are_not_ours() {
        let snapshot = Catalog::new().snapshot();
        for path in ["/", "/version", "/apis/no.such", "/apis/apps/v9", "/api/v2", "/api/v1/pods"] {
            assert!(answer(&snapshot, path, &HeaderMap::new(), "").is_none(), "{path}");
        }
    }
}
