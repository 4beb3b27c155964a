//! What typed decoding says of a built-in object.

use windlass_object::Value;

use crate::Schema;
use crate::table::{Kind, Type};

/// What typed decoding says of the first field that has the wrong JSON type, as the API server's
/// 400 answer ends: `json: cannot unmarshal string into Go struct field
/// DeploymentSpec.spec.replicas of type int32`. None if all fields fit.
pub fn decode_error(value: &Value, schema: &Schema) -> Option<String> {
    struct_error(value, schema.ty(), &mut Vec::new())
}

fn struct_error<'v>(value: &'v Value, ty: Type<'_>, path: &mut Vec<&'v str>) -> Option<String> {
    let name = ty.node().definition.as_deref()?.rsplit('.').next()?;
    value.as_object()?.iter().find_map(|(key, value)| {
        let field = ty.declared(key)?;
        let go = &field.node().go.go_type;
        if go.is_empty() {
            return None;
        }
        path.push(key);
        let error = type_error(value, field, go.trim_start_matches('*'), name, path);
        path.pop();
        error
    })
}

fn type_error<'v>(
    value: &'v Value,
    ty: Type<'_>,
    go: &str,
    owner: &str,
    path: &mut Vec<&'v str>,
) -> Option<String> {
    let wrong = |found: &str| {
        Some(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{} of type {go}",
            path.join(".")
        ))
    };
    let found = match value {
        Value::Null => return None,
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match (ty.node().kind, value) {
        (Kind::Any | Kind::IntOrString | Kind::Quantity, _) => None,
        (Kind::String, _) if ty.node().format.as_deref() == Some("date-time") => None,
        (Kind::String, Value::String(text)) if ty.node().format.as_deref() == Some("byte") => {
            base64_error(text).map(|at| format!("illegal base64 data at input byte {at}"))
        }
        (Kind::String, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Number, Value::Number(_)) => None,
        (Kind::Integer, Value::Number(number)) => {
            let small = ty.node().format.as_deref() == Some("int32");
            let fits = number.as_i64().is_some_and(|n| !small || i32::try_from(n).is_ok());
            if fits { None } else { wrong(&format!("number {number}")) }
        }
        (Kind::Array, Value::Array(items)) => {
            let go = go.strip_prefix("[]").unwrap_or(go).trim_start_matches('*');
            items.iter().find_map(|item| type_error(item, ty.item(), go, owner, path))
        }
        (Kind::Object, Value::Object(_)) if ty.fields().next().is_some() => {
            struct_error(value, ty, path)
        }
        (Kind::Object, Value::Object(map)) => {
            let values = ty.additional()?;
            let go = go.rsplit(']').next().unwrap_or(go).trim_start_matches('*');
            map.values().find_map(|value| type_error(value, values, go, owner, path))
        }
        _ => wrong(found),
    }
}

/// Where Go's standard encoding finds a text to be no base64; none if it is. Line ends do not count.
fn base64_error(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quantum = 0;
    let mut at = 0;
    let skip = |mut at: usize| {
        while matches!(bytes.get(at), Some(b'\r' | b'\n')) {
            at += 1;
        }
        at
    };
    loop {
        at = skip(at);
        match bytes.get(at) {
            None if quantum == 0 => return None,
            None => return Some(at - quantum),
            Some(b'=') => {
                let mut end = at + 1;
                match quantum {
                    0 | 1 => return Some(at),
                    2 => {
                        end = skip(end);
                        match bytes.get(end) {
                            None => return Some(bytes.len()),
                            Some(b'=') => end += 1,
                            Some(_) => return Some(end - 1),
                        }
                    }
                    _ => {}
                }
                end = skip(end);
                return (end < bytes.len()).then_some(end);
            }
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/') => {
                quantum = (quantum + 1) % 4;
                at += 1;
            }
            Some(_) => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schemas;
    use windlass_object::{Object, json};

    fn check(object: &Value, expected: Option<&str>) {
        let schema =
            Schemas::builtin().of(&Object::try_from(object.clone()).unwrap().gvk()).unwrap();
        assert_eq!(decode_error(object, &schema).as_deref(), expected);
    }

    #[test]
    fn names_the_struct_the_path_and_the_type() {
        let pod = |spec: &Value| json!({"apiVersion": "v1", "kind": "Pod", "spec": spec});
        check(
            &pod(&json!({"volumes": [{"name": true}]})),
            Some(
                "json: cannot unmarshal bool into Go struct field Volume.spec.volumes.name of type string",
            ),
        );
        check(
            &pod(&json!({"containers": {}})),
            Some(
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
        );
        check(
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": 1}}}),
            Some(
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
        );
        check(
            &json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1.5}}),
            Some(
                "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
        );
        check(&pod(&json!({"containers": [{"name": "a", "ports": null}]})), None);
    }

    #[test]
    fn base64_is_what_go_takes() {
        for (text, wanted) in [
            ("", None),
            ("ZA==", None),
            ("Z\nA==\n", None),
            ("YWJj", None),
            ("%", Some(0)),
            ("YWJ%", Some(3)),
            ("YWJ", Some(0)),
            ("YWJjZ", Some(4)),
            ("=", Some(0)),
            ("ZA=", Some(3)),
            ("ZA=x", Some(2)),
            ("ZA==x", Some(4)),
        ] {
            assert_eq!(base64_error(text), wanted, "{text:?}");
        }
    }
}
