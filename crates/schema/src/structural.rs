//! Pruning and defaulting by schema.
//!
//! Both go by the schema of a custom resource. Of built-in kinds the definitions say which fields
//! there are, so unknown ones are pruned as well, but their defaults are mostly Go's zero values:
//! what the API server really fills in is in [`crate::defaults`].

use windlass_object::Value;

use crate::Schema;
use crate::table::Type;

/// Removes the fields that the schema does not know, and tells their paths
/// (`spec.list[0].field`), sorted.
pub fn prune(value: &mut Value, schema: &Schema) -> Vec<String> {
    let mut gone = Vec::new();
    prune_at(value, schema.ty(), &mut String::new(), &mut gone);
    gone.sort();
    gone
}

fn prune_at(value: &mut Value, ty: Type<'_>, path: &mut String, gone: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Object(map) => map.retain(|name, value| {
            if length > 0 {
                path.push('.');
            }
            path.push_str(name);
            let known = ty.known(name);
            match known {
                Some(ty) => prune_at(value, ty, path, gone),
                None => gone.push(path.clone()),
            }
            path.truncate(length);
            known.is_some()
        }),
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                path.push_str(&format!("[{i}]"));
                prune_at(item, ty.item(), path, gone);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// Fills absent fields of a custom resource with the schema's defaults. An explicit null is
/// dropped, and then defaulted, unless the field is nullable.
pub fn default(value: &mut Value, schema: &Schema) {
    default_at(value, schema.ty());
}

fn default_at(value: &mut Value, ty: Type<'_>) {
    match value {
        Value::Object(map) => {
            let structural = |ty: Type<'_>| ty.node().structural;
            map.retain(|name, value| {
                !value.is_null()
                    || ty.known(name).is_none_or(|ty| !structural(ty) || ty.node().nullable)
            });
            for (name, field) in ty.fields().filter(|(_, field)| structural(*field)) {
                if let Some(default) = field.node().default.as_deref()
                    && !map.contains_key(name)
                {
                    map.insert(name.to_owned(), default.clone());
                }
            }
            for (name, value) in map {
                if let Some(field) = ty.known(name) {
                    default_at(value, field);
                }
            }
        }
        Value::Array(items) => {
            let item_type = ty.item();
            for item in items {
                let node = item_type.node();
                if let (Value::Null, false, Some(default)) =
                    (&item, node.nullable, node.default.as_deref().filter(|_| node.structural))
                {
                    *item = default.clone();
                }
                default_at(item, item_type);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schemas;
    use windlass_object::{GroupVersionKind, Object, json};

    fn schema(properties: &Value) -> Schema {
        let crd = Object::try_from(json!({
            "metadata": {"name": "as.x.io"},
            "spec": {"group": "x.io", "names": {"kind": "A"}, "versions": [{"name": "v1", "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": properties},
                }},
            }}]},
        }))
        .unwrap();
        let (schemas, problems) = Schemas::builtin().with_crds([&crd]);
        assert_eq!(problems, []);
        schemas.of(&GroupVersionKind::new("x.io", "v1", "A")).unwrap()
    }

    #[test]
    fn prunes_what_is_not_declared() {
        let schema = schema(&json!({
            "a": {"type": "string"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"closed": {"type": "object"}}},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {}}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}},
            "empty": {"type": "object"},
        }));
        let mut value = json!({
            "apiVersion": "x.io/v1", "kind": "A", "metadata": {"name": "n", "labels": {"a": "b"}, "odd": 1},
            "spec": {"a": "x", "b": 1, "free": {"any": {"thing": 1}, "closed": {"c": 1}},
                "map": {"k": {"z": 1}}, "list": [{"x": 1}, {"x": 2, "y": 3}], "empty": {"e": 1}},
            "status": {},
        });
        let gone = prune(&mut value, &schema);
        assert_eq!(
            gone,
            [
                "metadata.odd",
                "spec.b",
                "spec.empty.e",
                "spec.free.closed.c",
                "spec.list[1].y",
                "spec.map.k.z",
                "status"
            ]
        );
        assert_eq!(value["spec"]["free"], json!({"any": {"thing": 1}, "closed": {}}));
        assert!(prune(&mut value, &schema).is_empty());
    }

    #[test]
    fn defaults_absent_fields_and_nulls() {
        let schema = schema(&json!({
            "a": {"type": "string", "default": "x"},
            "null": {"type": "string", "nullable": true, "default": "y"},
            "drop": {"type": "string"},
            "deep": {"type": "object", "default": {}, "properties": {"b": {"type": "integer", "default": 3}}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "boolean", "default": true}}}},
        }));
        let mut value =
            json!({"spec": {"a": null, "null": null, "drop": null, "list": [{}, {"c": false}]}});
        default(&mut value, &schema);
        assert_eq!(
            value["spec"],
            json!({"a": "x", "null": null, "deep": {"b": 3}, "list": [{"c": true}, {"c": false}]})
        );
    }
}
