//! ConfigMaps and Secrets.

use serde_json::{Map, Value};
use windlass_object::Object;

use crate::field::{faulty, forbidden, invalid, required};
use crate::names;
use crate::status::{FieldError, FieldErrorKind};

/// Most bytes of one object's data.
const LIMIT: usize = 1 << 20;

pub(super) fn config_map(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let binary = map(new, "binaryData");
    for key in map(new, "data").into_iter().flatten().map(|(key, _)| key) {
        let path = format!("data[{key}]");
        faulty(&path, key, names::config_key(key), out);
        if binary.is_some_and(|binary| binary.contains_key(key)) {
            out.push(invalid(&path, key.as_str(), "duplicate of key present in binaryData"));
        }
    }
    for key in binary.into_iter().flatten().map(|(key, _)| key) {
        faulty(&format!("binaryData[{key}]"), key, names::config_key(key), out);
    }
    if size(new, &["data", "binaryData"]) > LIMIT {
        out.push(too_long(""));
    }
    stays(old, new, &["data", "binaryData"], out);
}

pub(super) fn secret(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let data = map(new, "data");
    for key in data.into_iter().flatten().map(|(key, _)| key) {
        faulty(&format!("data[{key}]"), key, names::config_key(key), out);
    }
    if size(new, &["data"]) > LIMIT {
        out.push(too_long("data"));
    }
    let has = |key: &str| data.is_some_and(|data| data.contains_key(key));
    let mut need = |keys: &[&str]| {
        for key in keys.iter().filter(|key| !has(key)) {
            out.push(required(&format!("data[{key}]"), ""));
        }
    };
    match new.str_at(&["type"]) {
        "kubernetes.io/tls" => need(&["tls.crt", "tls.key"]),
        "kubernetes.io/dockerconfigjson" => need(&[".dockerconfigjson"]),
        "kubernetes.io/dockercfg" => need(&[".dockercfg"]),
        "kubernetes.io/ssh-auth" => need(&["ssh-privatekey"]),
        // One of the two is enough.
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            need(&["username", "password"]);
        }
        "kubernetes.io/service-account-token" => {
            const ACCOUNT: &str = "kubernetes.io/service-account.name";
            if new.annotation(ACCOUNT).is_none_or(str::is_empty) {
                out.push(required(&format!("metadata.annotations[{ACCOUNT}]"), ""));
            }
        }
        _ => {}
    }
    if let Some(old) = old {
        crate::field::immutable("type", new.get(&["type"]), old.get(&["type"]), out);
    }
    stays(old, new, &["data"], out);
}

/// What is marked immutable stays so, and stays what it is.
fn stays(old: Option<&Object>, new: &Object, fields: &[&str], out: &mut Vec<FieldError>) {
    const DETAIL: &str = "field is immutable when `immutable` is set";
    let set = |object: &Object| object.get(&["immutable"]) == Some(&Value::Bool(true));
    let Some(old) = old.filter(|old| set(old)) else { return };
    if !set(new) {
        out.push(forbidden("immutable", DETAIL));
    }
    for field in fields {
        if new.get(&[field]) != old.get(&[field]) {
            out.push(forbidden(field, DETAIL));
        }
    }
}

fn map<'a>(object: &'a Object, field: &str) -> Option<&'a Map<String, Value>> {
    object.get(&[field]).and_then(Value::as_object)
}

fn size(object: &Object, fields: &[&str]) -> usize {
    let texts = fields.iter().filter_map(|field| map(object, field)).flatten();
    texts.filter_map(|(_, value)| value.as_str()).map(str::len).sum()
}

fn too_long(field: &str) -> FieldError {
    let detail = format!("may not be more than {LIMIT} bytes");
    FieldError::new(FieldErrorKind::TooLong, field, detail)
}
