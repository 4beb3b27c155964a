//! OpenAPI definitions as the API server publishes them: built-in and custom kinds, for the
//! documents of both versions. Everything is built anew on each call and nothing is kept, since
//! these texts are large and rarely asked for.

use std::collections::BTreeSet;

use windlass_object::{Map, Object, Value, json};

use crate::schemas::definitions_text;

const V3: &str = "#/components/schemas/";
const V2: &str = "#/definitions/";
const KINDS: &str = "x-kubernetes-group-version-kind";

/// OpenAPI v3 `components.schemas`, with descriptions, that the built-in kinds of one group and
/// version need.
pub fn builtin_v3(group: &str, version: &str) -> Map<String, Value> {
    let mut all = builtin();
    let mut wanted: Vec<String> = all
        .iter()
        .filter(|(_, schema)| {
            schema[KINDS]
                .as_array()
                .is_some_and(|k| k.iter().any(|k| k["group"] == group && k["version"] == version))
        })
        .map(|(name, _)| name.clone())
        .collect();
    let mut seen: BTreeSet<String> = wanted.iter().cloned().collect();
    while let Some(name) = wanted.pop() {
        let Some(schema) = all.get(&name) else { continue };
        references(schema, &mut |reference| {
            if seen.insert(reference.to_owned()) {
                wanted.push(reference.to_owned());
            }
        });
    }
    all.retain(|name, _| seen.contains(name));
    all
}

/// OpenAPI v2 `definitions`, with descriptions, of all built-in kinds.
pub fn builtin_v2() -> Map<String, Value> {
    let mut all = builtin();
    all.values_mut().for_each(to_v2);
    all
}

/// OpenAPI v3 schemas of one version of a CustomResourceDefinition: the kind and its list. They
/// refer to the `ObjectMeta` and `ListMeta` of [`builtin_v3`].
pub fn custom_v3(crd: &Object, version: &str) -> Map<String, Value> {
    let group = crd.str_at(&["spec", "group"]);
    let kind = crd.str_at(&["spec", "names", "kind"]);
    let list = crd.str_at(&["spec", "names", "listKind"]);
    let list = if list.is_empty() { format!("{kind}List") } else { list.to_owned() };
    let mut schema = crd
        .get(&["spec", "versions"])
        .and_then(Value::as_array)
        .and_then(|versions| versions.iter().find(|v| v["name"] == version))
        .and_then(|v| v.pointer("/schema/openAPIV3Schema"))
        .filter(|schema| schema.is_object())
        .cloned()
        .unwrap_or_else(|| json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}));
    let meta = |name: &str| json!({"allOf": [{"$ref": format!("{V3}io.k8s.apimachinery.pkg.apis.meta.v1.{name}")}]});
    schema["properties"]["apiVersion"] = json!({"type": "string"});
    schema["properties"]["kind"] = json!({"type": "string"});
    schema["properties"]["metadata"] = meta("ObjectMeta");
    let gvk = |kind: &str| json!([{"group": group, "version": version, "kind": kind}]);
    schema[KINDS] = gvk(kind);

    let reversed: Vec<&str> = group.split('.').rev().collect();
    let prefix = format!("{}.{version}", reversed.join("."));
    let name = format!("{prefix}.{kind}");
    let items = json!({"type": "array", "items": {"allOf": [{"$ref": format!("{V3}{name}")}]}});
    let list_schema = json!({
        "type": "object",
        "description": format!("{list} is a list of {kind}"),
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": meta("ListMeta"),
            "items": items,
        },
        KINDS: gvk(&list),
    });
    [(name, schema), (format!("{prefix}.{list}"), list_schema)].into_iter().collect()
}

/// Makes of a v3 schema the v2 one: references are plain and point into `definitions`; what v2
/// cannot say (alternatives, nullable) goes.
pub fn to_v2(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let reference = map
                .get("allOf")
                .and_then(Value::as_array)
                .and_then(|all| all.first())
                .and_then(|only| only.get("$ref"))
                .and_then(Value::as_str)
                .map(|r| r.replace(V3, V2));
            if let Some(reference) = reference {
                map.remove("allOf");
                map.remove("default");
                map.insert("$ref".into(), reference.into());
            }
            if map.get("format") == Some(&json!("int-or-string")) {
                map.insert("type".into(), "string".into());
            }
            for gone in ["oneOf", "anyOf", "not", "nullable"] {
                map.remove(gone);
            }
            map.values_mut().for_each(to_v2);
        }
        Value::Array(items) => items.iter_mut().for_each(to_v2),
        _ => {}
    }
}

fn builtin() -> Map<String, Value> {
    // Data of our own; a test of `schemas` reads all of it.
    let mut all: Map<String, Value> = serde_json::from_str(&definitions_text()).unwrap_or_default();
    all.values_mut().for_each(without_go);
    all
}

/// Takes out the marks that are ours.
fn without_go(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|p| p.values_mut()) {
        if let Some(property) = property.as_object_mut() {
            property.remove("x-go");
        }
    }
}

fn references(schema: &Value, found: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(reference) if key == "$ref" => {
                        found(reference.rsplit('/').next().unwrap_or_default());
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_what_it_refers_to() {
        let apps = builtin_v3("apps", "v1");
        assert!(apps.contains_key("io.k8s.api.core.v1.PodSpec"));
        assert!(!apps.contains_key("io.k8s.api.rbac.v1.Role"));
        let text = serde_json::to_string(&apps).unwrap();
        assert!(text.contains("description") && !text.contains("x-go"));
    }

    #[test]
    fn the_old_document_has_plain_references() {
        let all = builtin_v2();
        let spec = &all["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"];
        assert_eq!(spec["$ref"], "#/definitions/io.k8s.api.apps.v1.DeploymentSpec");
        assert_eq!(all["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["type"], "string");
    }
}
