//! The least of a case that still differs: nobody reads a whole one.

use serde_json::Value;

use crate::overlays::{Content, Files};

/// Takes away what can be taken away while `differs` holds.
pub(crate) fn least(mut files: Files, differs: &dyn Fn(&Files) -> bool) -> Files {
    loop {
        let smaller = smaller(&files).into_iter().find(|less| differs(less));
        match smaller {
            Some(less) => files = less,
            None => return files,
        }
    }
}

/// The case without one file, or without one part of one file; the largest parts first.
fn smaller(files: &Files) -> Vec<Files> {
    let mut out = Vec::new();
    for path in files.keys() {
        let mut less = files.clone();
        less.remove(path);
        out.push(less);
    }
    for depth in 1..16 {
        for (path, content) in files {
            let (documents, again): (_, Box<dyn Fn(_) -> _>) = match content {
                Content::Yaml(documents) => (documents, Box::new(Content::Yaml)),
                Content::Odd(documents, seed) => {
                    let plain = Content::Yaml(documents.clone());
                    out.push(files.clone().into_iter().chain([(path.clone(), plain)]).collect());
                    (documents, Box::new(|documents| Content::Odd(documents, *seed)))
                }
                Content::Text(_) => continue,
            };
            let whole = Value::Array(documents.clone());
            for less in without(&whole, depth) {
                let Value::Array(documents) = less else { continue };
                let mut less = files.clone();
                less.insert(path.clone(), again(documents));
                out.push(less);
            }
        }
    }
    out
}

/// The value without one of the parts at `depth`.
fn without(value: &Value, depth: usize) -> Vec<Value> {
    let mut out = Vec::new();
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if depth == 1 && matches!(key.as_str(), "apiVersion" | "kind" | "name") {
                    continue;
                }
                let mut rest = map.clone();
                if depth == 1 {
                    rest.remove(key);
                    out.push(Value::Object(rest));
                    continue;
                }
                for less in without(inner, depth - 1) {
                    rest.insert(key.clone(), less);
                    out.push(Value::Object(rest.clone()));
                }
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                let mut rest = list.clone();
                if depth == 1 {
                    rest.remove(index);
                    out.push(Value::Array(rest));
                    continue;
                }
                for less in without(inner, depth - 1) {
                    rest[index] = less;
                    out.push(Value::Array(rest.clone()));
                }
            }
        }
        // A patch in a text of its own.
        Value::String(text) if text.contains('\n') || text.starts_with('[') => {
            let options = windlass_object::yaml::Options::kustomize();
            let Ok(inner) = windlass_object::yaml::parse_one(text.as_bytes(), &options) else {
                return out;
            };
            if inner.is_object() || inner.is_array() {
                let texts = without(&inner, depth).into_iter();
                out.extend(texts.map(|less| windlass_object::yaml::to_string(&less).into()));
            }
        }
        _ => {}
    }
    out
}
