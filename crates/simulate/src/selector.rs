//! Label selectors.

use serde_json::Value;
use windlass_object::Object;

/// Whether the object's labels match a `LabelSelector`. An absent selector matches nothing, an
/// empty one everything.
pub(crate) fn matches(selector: Option<&Value>, object: &Object) -> bool {
    let Some(Value::Object(selector)) = selector else { return false };
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    labels.into_iter().flatten().all(|(key, value)| object.label(key) == value.as_str())
        && expressions.into_iter().flatten().all(|expression| holds(expression, object))
}

/// Whether the object's labels match a plain map, as Services have it. An absent or empty one
/// matches nothing.
pub(crate) fn matches_map(selector: Option<&Value>, object: &Object) -> bool {
    let Some(Value::Object(labels)) = selector else { return false };
    !labels.is_empty() && labels.iter().all(|(key, value)| object.label(key) == value.as_str())
}

fn holds(expression: &Value, object: &Object) -> bool {
    let label = expression["key"].as_str().and_then(|key| object.label(key));
    let listed = || {
        let values = expression["values"].as_array();
        values.into_iter().flatten().any(|value| value.as_str() == label && label.is_some())
    };
    match expression["operator"].as_str() {
        Some("In") => listed(),
        Some("NotIn") => !listed(),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use windlass_object::Object;

    use super::matches;

    fn check(selector: &Value, expected: bool) {
        let object =
            Object::try_from(json!({"metadata": {"labels": {"app": "web", "tier": "a"}}})).unwrap();
        assert_eq!(matches(Some(selector), &object), expected, "{selector}");
    }

    #[test]
    fn selectors() {
        let one = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        check(&json!({}), true);
        check(&json!({"matchLabels": {"app": "web"}}), true);
        check(&json!({"matchLabels": {"app": "web", "x": "y"}}), false);
        check(&one("tier", "In", json!(["a", "b"])), true);
        check(&one("none", "In", json!(["a"])), false);
        check(&one("tier", "NotIn", json!(["a"])), false);
        check(&one("none", "NotIn", json!(["a"])), true);
        check(&one("tier", "Exists", json!([])), true);
        check(&one("tier", "DoesNotExist", json!([])), false);
        check(&one("tier", "Unknown", json!([])), false);
        assert!(!matches(None, &Object::default()));
    }
}
