//! Rules of `metadata` that hold for every kind.

use serde_json::Value;
use windlass_object::{Map, Object, go};

use super::rules::NameRule;
use crate::status::{FieldError, FieldErrorKind};

/// Most bytes of all annotations together.
const MAX_ANNOTATIONS: usize = 256 << 10;
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with a name, if anything. For a prefix to be completed (`generateName`) a
/// trailing dash is no fault.
pub fn check_name(rule: NameRule, name: &str, prefix: bool) -> Vec<String> {
    let name = match name.strip_suffix('-') {
        Some(stem) if prefix && rule != NameRule::PathSegment => format!("{stem}a"),
        _ => name.to_owned(),
    };
    let mut faults = Vec::new();
    let mut at_most = |max: usize| {
        if name.len() > max {
            faults.push(format!("must be no more than {max} bytes"));
        }
    };
    match rule {
        NameRule::Subdomain => {
            at_most(253);
            if !name.split('.').all(|part| is_label(part, false)) {
                faults.push(SUBDOMAIN.to_owned());
            }
        }
        NameRule::Label => {
            at_most(63);
            if !is_label(&name, false) {
                faults.push(LABEL.to_owned());
            }
        }
        NameRule::Label1035 => {
            at_most(63);
            if !is_label(&name, true) {
                faults.push(LABEL_1035.to_owned());
            }
        }
        NameRule::PathSegment => {
            if !prefix && (name == "." || name == "..") {
                faults.push(format!("may not be '{name}'"));
            }
            for illegal in ["/", "%"] {
                if name.contains(illegal) {
                    faults.push(format!("may not contain '{illegal}'"));
                }
            }
        }
    }
    faults
}

fn is_label(text: &str, letter_first: bool) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edge = |c: Option<char>| c.is_some_and(|c| c != '-' && inner(c));
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(inner)
        && !(letter_first && text.starts_with(|c: char| c.is_ascii_digit()))
}

/// Checks `metadata` of an object that is about to be written.
pub(super) fn check(object: &Object, namespaced: bool, rule: NameRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut invalid = |field: &str, value: Value, detail: &str| {
        errors.push(FieldError::with_value(FieldErrorKind::Invalid, field, value, detail));
    };
    let prefix = object.str_at(&["metadata", "generateName"]);
    if !prefix.is_empty() {
        for fault in check_name(rule, prefix, true) {
            invalid("metadata.generateName", prefix.into(), &fault);
        }
    }
    for fault in
        if object.name().is_empty() { vec![] } else { check_name(rule, object.name(), false) }
    {
        invalid("metadata.name", object.name().into(), &fault);
    }
    for (key, value) in map_at(object, "labels") {
        for fault in check_qualified(key) {
            invalid("metadata.labels", key.as_str().into(), &fault);
        }
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            invalid("metadata.labels", text.into(), "must be no more than 63 bytes");
        }
        if !text.is_empty() && !is_qualified_name(text) {
            invalid("metadata.labels", text.into(), LABEL_VALUE);
        }
    }
    let mut size = 0;
    for (key, value) in map_at(object, "annotations") {
        size += key.len() + value.as_str().unwrap_or_default().len();
        for fault in check_qualified(&key.to_lowercase()) {
            invalid("metadata.annotations", key.as_str().into(), &fault);
        }
    }
    for name in object.finalizers() {
        for fault in check_qualified(name) {
            invalid("metadata.finalizers", name.into(), &fault);
        }
    }
    let group = object.group();
    if !group.contains('.') || group.ends_with(".k8s.io") {
        for (at, name) in object.finalizers().enumerate() {
            if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                invalid(&format!("metadata.finalizers[{at}]"), name.into(), why);
            }
        }
    }
    check_owners(object, &mut invalid);
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::new(
            FieldErrorKind::TooLong,
            "metadata.annotations",
            format!("may not be more than {MAX_ANNOTATIONS} bytes"),
        ));
    }
    if object.name().is_empty() {
        errors.insert(
            0,
            FieldError::new(
                FieldErrorKind::Required,
                "metadata.name",
                "name or generateName is required",
            ),
        );
    }
    if !namespaced && !object.namespace().is_empty() {
        errors.push(FieldError::new(
            FieldErrorKind::Forbidden,
            "metadata.namespace",
            "not allowed on this type",
        ));
    }
    errors
}

fn check_owners(object: &Object, invalid: &mut impl FnMut(&str, Value, &str)) {
    let mut controller: Option<String> = None;
    let owners = object.get(&["metadata", "ownerReferences"]);
    for owner in object.owner_references() {
        let field = |name: &str| format!("metadata.ownerReferences.{name}");
        if owner.api_version.is_empty() {
            invalid(&field("apiVersion"), "".into(), "version must not be empty");
        }
        let required = [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)];
        for (name, value) in required {
            if value.is_empty() {
                invalid(&field(name), "".into(), "must not be empty");
            }
        }
        if owner.controller == Some(true) {
            let this = format!("{}/{}", owner.kind, owner.name);
            if let Some(first) = &controller {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                invalid("metadata.ownerReferences", owners.cloned().unwrap_or_default(), &detail);
            }
            controller.get_or_insert(this);
        }
    }
}

/// Checks what an update may do to `metadata`.
pub(super) fn check_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.is_terminating() {
        let known: Vec<&str> = old.finalizers().collect();
        let mut added: Vec<&str> = new.finalizers().filter(|f| !known.contains(f)).collect();
        if !added.is_empty() {
            added.sort_unstable();
            added.dedup();
            let list: Vec<String> = added.into_iter().map(go::quote).collect();
            errors.push(FieldError::new(
                FieldErrorKind::Forbidden,
                "metadata.finalizers",
                format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                    list.join(", ")
                ),
            ));
        }
    }
    let immutable = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];
    for name in immutable {
        let (before, after) = (old.get(&["metadata", name]), new.get(&["metadata", name]));
        if before != after {
            let shown = after.cloned().unwrap_or_default();
            errors.push(FieldError::with_value(
                FieldErrorKind::Invalid,
                format!("metadata.{name}"),
                shown,
                "field is immutable",
            ));
        }
    }
    errors
}

fn map_at<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object.get(&["metadata", name]).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn is_qualified_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// What is wrong with a qualified name (`example.com/name`), if anything.
pub fn check_qualified(key: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push("prefix part must be non-empty".to_owned());
            } else {
                let prefix_faults = check_name(NameRule::Subdomain, prefix, false);
                faults
                    .extend(prefix_faults.into_iter().map(|fault| format!("prefix part {fault}")));
            }
            name
        }
        _ => {
            return vec![format!(
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        faults.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified_name(name) {
        faults.push(QUALIFIED.to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[test]
    fn names() {
        let check = |rule, name: &str, ok: bool| {
            assert_eq!(check_name(rule, name, false).is_empty(), ok, "{name}");
        };
        check(NameRule::Subdomain, "a.b-c", true);
        check(NameRule::Subdomain, "A", false);
        check(NameRule::Subdomain, "a..b", false);
        check(NameRule::Label, "a.b", false);
        check(NameRule::Label1035, "1a", false);
        check(NameRule::PathSegment, "system:node", true);
        check(NameRule::PathSegment, "a/b", false);
        assert!(check_name(NameRule::Subdomain, "a-", true).is_empty());
    }

    #[test]
    fn metadata_is_checked() {
        let object = |value| Object::try_from(value).unwrap();
        let text = |errors: Vec<FieldError>| {
            errors.iter().map(|e| e.field.clone()).collect::<Vec<_>>().join(" ")
        };
        let bad = object(json!({"metadata": {
            "name": "x", "labels": {"a b": "c"}, "finalizers": ["/x"],
            "ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "n"}]
        }}));
        assert_eq!(
            text(check(&bad, true, NameRule::Subdomain)),
            "metadata.labels metadata.finalizers metadata.ownerReferences.uid"
        );
        let old = object(
            json!({"metadata": {"name": "x", "deletionTimestamp": "t", "finalizers": ["a"]}}),
        );
        let new = object(
            json!({"metadata": {"name": "x", "deletionTimestamp": "t", "finalizers": ["a", "b"]}}),
        );
        assert_eq!(
            check_update(&new, &old)[0].body(),
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"b\"}"
        );
    }
}
