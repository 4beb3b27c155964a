//! OpenAPI documents: `/openapi/v2` as JSON and in gnostic's protobuf, `/openapi/v3` and a document a group version.
//!
//! Everything is built when it is asked for and forgotten: the documents are large, and clients keep them by their
//! hash. The hash of a document is therefore of what it is built from, not of its bytes.

mod gnostic;
mod paths;
#[cfg(test)]
mod tests;

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_NONE_MATCH, LOCATION, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};
use windlass_object::Object;
use windlass_schema::openapi;

use crate::catalog::{Snapshot, Version};
use crate::http::body::Body;
use crate::http::query::Query;
use crate::registry::Registry;
use crate::status::Status;

/// What the built-in part of every document is of.
const KUBERNETES: &str = "1.36";
const GNOSTIC: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// The server answers that type with a dot in the place of the at sign.
const GNOSTIC_ANSWER: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The documents.
#[derive(Default)]
pub struct Documents {}

impl Documents {
    /// Answers a GET of `path` if it is one of a document; none otherwise.
    pub fn answer(
        &self,
        registry: &Registry,
        path: &str,
        query: &Query,
        headers: &HeaderMap,
    ) -> Option<Result<Response<Body>, Status>> {
        let path = path.trim_end_matches('/');
        if path == "/openapi/v2" {
            return Some(v2(registry, headers));
        }
        let rest = path.strip_prefix("/openapi/v3")?;
        let snapshot = registry.catalog.snapshot();
        if rest.is_empty() {
            return Some(Ok(json_response(&index(&snapshot))));
        }
        let (group, version) = match rest.split('/').collect::<Vec<_>>().as_slice() {
            ["", "api", version] => (String::new(), (*version).to_owned()),
            ["", "apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
            _ => return None,
        };
        let found = snapshot.group(&group)?.version(&version)?;
        Some(v3(registry, &group, found, query, headers))
    }
}

/// `/openapi/v3`: where the documents are.
fn index(snapshot: &Snapshot) -> Value {
    let mut all = Map::new();
    for group in snapshot.groups() {
        for version in &group.versions {
            let path = match group.name.as_str() {
                "" => format!("api/{}", version.name),
                group => format!("apis/{group}/{}", version.name),
            };
            let hash = hash(&group.name, version);
            let url = format!("/openapi/v3/{path}?hash={hash}");
            all.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": all})
}

/// Of what a document is built from: this server, and the schemas of custom resources.
fn hash(group: &str, version: &Version) -> String {
    let mut digest = Sha512::new();
    digest.update(concat!("windlass ", env!("CARGO_PKG_VERSION"), "\n"));
    digest.update(format!("{KUBERNETES} {group}/{}\n", version.name));
    for resource in &version.resources {
        let Some(custom) = resource.custom() else { continue };
        digest.update(format!("{} {} {:?}\n", resource.plural, resource.kind, resource.namespaced));
        for subresource in &resource.subresources {
            digest.update(subresource.name.as_bytes());
        }
        digest.update(custom.schema.to_string());
    }
    hex::encode_upper(digest.finalize())
}

fn v3(
    registry: &Registry,
    group: &str,
    version: &Version,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response<Body>, Status> {
    let accepted = accepts(headers, &["application/json"]);
    if accepted.is_none() {
        return Err(Status::not_acceptable(&["application/json"]));
    }
    let hash = hash(group, version);
    if query.get("hash").is_some_and(|asked| asked != hash) {
        let root = if group.is_empty() { "api".to_owned() } else { format!("apis/{group}") };
        let location = format!("/openapi/v3/{root}/{}?hash={hash}", version.name);
        let mut response = Response::new(Body::full(Vec::new()));
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        insert(&mut response, LOCATION, &location);
        return Ok(response);
    }
    let mut response = match unmodified(headers, &hash) {
        Some(response) => response,
        None => json_response(&document_v3(registry, group, version)),
    };
    insert(&mut response, ETAG, &format!("\"{hash}\""));
    insert(&mut response, VARY, "Accept");
    if query.get("hash").is_some() {
        insert(&mut response, CACHE_CONTROL, "public, immutable");
        insert(&mut response, EXPIRES, "Thu, 31 Dec 2099 23:59:59 GMT");
    }
    Ok(response)
}

fn document_v3(registry: &Registry, group: &str, version: &Version) -> Value {
    let mut schemas = openapi::builtin_v3(group, &version.name);
    let custom = version.resources.iter().any(|resource| resource.custom().is_some());
    // What paths and custom kinds refer to, beside what the group's own kinds do.
    let meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    for (name, schema) in openapi::builtin_v3("", "v1") {
        let referred = name.strip_prefix(meta).is_some_and(|name| {
            custom
                || name.starts_with("Status")
                || matches!(name, "DeleteOptions" | "Preconditions")
        });
        if referred {
            schemas.insert(name, schema);
        }
    }
    schemas.insert(
        format!("{meta}Patch"),
        json!({"type": "object", "description": "The body of a PATCH, in the form that its content type says."}),
    );
    if version.resources.iter().any(|resource| resource.subresource("scale").is_some()) {
        let scale = openapi::builtin_v3("autoscaling", "v1").into_iter();
        schemas.extend(scale.filter(|(name, _)| name.contains("autoscaling.v1.Scale")));
    }
    let mut all = Map::new();
    for resource in &version.resources {
        if resource.storage.is_none() {
            continue;
        }
        let definition = match resource.custom() {
            None => {
                let schema = registry.schema(resource);
                schema.and_then(|schema| schema.definition().map(str::to_owned)).unwrap_or_default()
            }
            Some(custom) => {
                for (name, schema) in custom_schemas(registry, &custom.crd, &version.name) {
                    schemas.insert(name, schema);
                }
                custom_definition(group, &version.name, &resource.kind)
            }
        };
        all.extend(paths::v3(resource, &definition));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": KUBERNETES},
        "paths": all,
        "components": {"schemas": schemas, "securitySchemes": {"BearerToken": bearer()}},
    })
}

fn custom_schemas(registry: &Registry, crd: &str, version: &str) -> Map<String, Value> {
    let found = registry.find("apiextensions.k8s.io", "customresourcedefinitions", "", crd);
    found.map(|crd: Object| openapi::custom_v3(&crd, version)).unwrap_or_default()
}

/// The name of a custom kind's schema: `com.example.v1.Widget`.
fn custom_definition(group: &str, version: &str, kind: &str) -> String {
    let reversed: Vec<&str> = group.split('.').rev().collect();
    format!("{}.{version}.{kind}", reversed.join("."))
}

fn v2(registry: &Registry, headers: &HeaderMap) -> Result<Response<Body>, Status> {
    let types = [GNOSTIC, "application/json"];
    let Some(accepted) = accepts(headers, &types) else {
        return Err(Status::not_acceptable(&["application/json", GNOSTIC]));
    };
    let snapshot = registry.catalog.snapshot();
    let mut digest = Sha512::new();
    for group in snapshot.groups() {
        group.versions.iter().for_each(|version| digest.update(hash(&group.name, version)));
    }
    let hash = hex::encode_upper(digest.finalize());
    let mut response = match unmodified(headers, &hash) {
        Some(response) => response,
        None => {
            let document = document_v2(registry, &snapshot);
            if accepted == GNOSTIC {
                let mut response = Response::new(Body::full(gnostic::encode(&document)));
                insert(&mut response, CONTENT_TYPE, GNOSTIC_ANSWER);
                response
            } else {
                json_response(&document)
            }
        }
    };
    insert(&mut response, ETAG, &format!("\"{hash}\""));
    insert(&mut response, VARY, "Accept");
    Ok(response)
}

fn document_v2(registry: &Registry, snapshot: &Snapshot) -> Value {
    let mut definitions = openapi::builtin_v2();
    let mut all = Map::new();
    for group in snapshot.groups() {
        for version in &group.versions {
            for resource in version.resources.iter().filter(|r| r.storage.is_some()) {
                let definition = match resource.custom() {
                    None => registry
                        .schema(resource)
                        .and_then(|schema| schema.definition().map(str::to_owned))
                        .unwrap_or_default(),
                    Some(custom) => {
                        let schemas = custom_schemas(registry, &custom.crd, &version.name);
                        for (name, mut schema) in schemas {
                            openapi::to_v2(&mut schema);
                            definitions.insert(name, schema);
                        }
                        custom_definition(&group.name, &version.name, &resource.kind)
                    }
                };
                all.extend(paths::v3(resource, &definition));
            }
        }
    }
    definitions.insert(
        "io.k8s.apimachinery.pkg.apis.meta.v1.Patch".to_owned(),
        json!({"type": "object", "description": "The body of a PATCH, in the form that its content type says."}),
    );
    paths::to_v2(&mut all);
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": KUBERNETES},
        "paths": all,
        "definitions": definitions,
        "securityDefinitions": {"BearerToken": bearer()},
        "security": [{"BearerToken": []}],
    })
}

fn bearer() -> Value {
    json!({
        "type": "apiKey", "name": "authorization", "in": "header",
        "description": "Bearer Token authentication",
    })
}

/// The first of `types` that the client accepts, by the client's order.
fn accepts<'t>(headers: &HeaderMap, types: &[&'t str]) -> Option<&'t str> {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    let json = types.iter().copied().find(|kind| *kind == "application/json");
    if accept.trim().is_empty() {
        return json;
    }
    accept.split(',').find_map(|clause| {
        let media = clause.split(';').next().unwrap_or_default().trim();
        match media {
            "*/*" | "application/*" => json,
            GNOSTIC_ANSWER => types.iter().copied().find(|kind| *kind == GNOSTIC),
            media => types.iter().copied().find(|kind| *kind == media),
        }
    })
}

/// 304 if the client has the document with this hash.
fn unmodified(headers: &HeaderMap, hash: &str) -> Option<Response<Body>> {
    let mut known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if !known.any(|tags| tags.split(',').any(|tag| tag.trim().trim_matches('"') == hash)) {
        return None;
    }
    let mut response = Response::new(Body::full(Vec::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    Some(response)
}

fn json_response(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::full(value.to_string()));
    insert(&mut response, CONTENT_TYPE, "application/json");
    response
}

fn insert(response: &mut Response<Body>, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
