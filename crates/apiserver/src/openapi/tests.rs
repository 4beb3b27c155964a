//! Documents of a registry with a custom resource.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::header::ACCEPT;
use serde_json::json;

use super::*;
use crate::crd;
use crate::store::Store;

fn registry() -> Arc<Registry> {
    let registry = Arc::new(Registry::new(Store::open(None).unwrap()));
    let mut definition = Object::try_from(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}}}],
        },
    }))
    .unwrap();
    crd::default(&mut definition);
    crd::prepare(&mut definition, None);
    crd::establish(&mut definition, std::iter::empty(), "2026-01-01T00:00:00Z");
    registry.catalog.set_custom("widgets.example.com", crd::resources(&definition));
    registry
}

fn get(registry: &Registry, path: &str, query: &str, headers: &HeaderMap) -> Response<Body> {
    let documents = Documents::default();
    documents.answer(registry, path, &Query::parse(Some(query)), headers).unwrap().unwrap()
}

/// Every reference in a document leads somewhere.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                found.insert(reference.rsplit('/').next().unwrap().to_owned());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn references_lead_somewhere() {
    let registry = registry();
    let snapshot = registry.catalog.snapshot();
    for (group, version) in [("apps", "v1"), ("", "v1"), ("batch", "v1")] {
        let version = snapshot.group(group).unwrap().version(version).unwrap();
        let document = document_v3(&registry, group, version);
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        let schemas = document.pointer("/components/schemas").unwrap();
        let missing: Vec<_> = found.iter().filter(|name| schemas.get(*name).is_none()).collect();
        assert!(missing.is_empty(), "{group}: {missing:?}");
    }
}

#[test]
fn a_patch_says_what_kubectl_asks() {
    let registry = registry();
    let snapshot = registry.catalog.snapshot();
    let check = |group: &str, path: &str, kind: &str, strategic: bool| {
        let version = snapshot.group(group).unwrap().version("v1").unwrap();
        let document = document_v3(&registry, group, version);
        let patch = &document["paths"][path]["patch"];
        assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], kind);
        let parameters = patch["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "fieldValidation"));
        let types = patch["requestBody"]["content"].as_object().unwrap();
        assert_eq!(types.contains_key("application/strategic-merge-patch+json"), strategic);
        assert!(types.contains_key("application/apply-patch+yaml"));
    };
    let deployment = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
    check("apps", deployment, "Deployment", true);
    let widget = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}";
    check("example.com", widget, "Widget", false);
}

#[test]
fn documents_are_found_by_their_hash() {
    let registry = registry();
    let index = index(&registry.catalog.snapshot());
    let url = index.pointer("/paths/apis~1example.com~1v1/serverRelativeURL").unwrap();
    let (path, query) = url.as_str().unwrap().split_once('?').unwrap();
    let response = get(&registry, path, query, &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::OK);
    let etag = response.headers()[ETAG].clone();
    let mut headers = HeaderMap::new();
    headers.insert(IF_NONE_MATCH, etag);
    assert_eq!(get(&registry, path, query, &headers).status(), StatusCode::NOT_MODIFIED);
    let moved = get(&registry, path, "hash=OLD", &HeaderMap::new());
    assert_eq!(moved.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(moved.headers()[LOCATION], *url.as_str().unwrap());
}

#[test]
fn the_old_document_is_in_the_form_that_is_asked_for() {
    let registry = registry();
    let check = |accept: &'static str, content_type: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let response = get(&registry, "/openapi/v2", "", &headers);
        assert_eq!(response.headers()[CONTENT_TYPE], content_type);
    };
    check(GNOSTIC, GNOSTIC_ANSWER);
    check("application/json", "application/json");
    check("*/*", "application/json");
}
