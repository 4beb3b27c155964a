//! The notation of `*.fields`, and what it stands for.
//!
//! A line without indent names a type; indented lines below are its fields, `name type`, with `!`
//! behind the name when it is required. The first type is the root. Types:
//!
//! | written | means |
//! |---|---|
//! | `string` `bool` `int64` `object` | themselves |
//! | `string(A..B)` | a string of A to B characters, either may be left out |
//! | `match(A RE)` | a string of at least A characters that matches RE |
//! | `enum(a\|b)` | one of these strings |
//! | `time` | an RFC 3339 time |
//! | `intstr` | an integer or a string |
//! | `any` | an object whose fields are kept unseen |
//! | `[]T` `{}T` | a list, a map from string, of T |
//! | `Name` | the type of that name |

use std::collections::HashMap;

use windlass_object::{Map, Value, json};

type Types<'a> = HashMap<&'a str, Vec<(&'a str, &'a str)>>;

/// The structural schema of the first type in `text`.
///
/// # Panics
/// If `text` is not in the notation: it is part of this crate, and a test expands all of it.
pub(super) fn expand(text: &str) -> Value {
    let mut types = Types::new();
    let mut root = None;
    let mut current = "";
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        match line.strip_prefix("  ") {
            None => {
                current = line;
                root = root.or(Some(line));
                types.insert(line, Vec::new());
            }
            Some(field) => {
                let (name, kind) = field.split_once(' ').expect("a field has a name and a type");
                types.get_mut(current).expect("a type before its fields").push((name, kind));
            }
        }
    }
    schema(root.expect("at least one type"), &types)
}

fn schema(kind: &str, types: &Types<'_>) -> Value {
    if let Some(item) = kind.strip_prefix("[]") {
        return json!({"type": "array", "items": schema(item, types)});
    }
    if let Some(item) = kind.strip_prefix("{}") {
        return json!({"type": "object", "additionalProperties": schema(item, types)});
    }
    if let Some((name, rest)) = kind.split_once('(') {
        return constrained(name, rest.strip_suffix(')').expect("a closing parenthesis"));
    }
    match kind {
        "string" | "object" => json!({"type": kind}),
        "bool" => json!({"type": "boolean"}),
        "int64" => json!({"type": "integer", "format": "int64"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "any" => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        "intstr" => json!({
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": true,
        }),
        name => object(types.get(name).expect("a type that is written down"), types),
    }
}

fn object(fields: &[(&str, &str)], types: &Types<'_>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, kind) in fields {
        let plain = name.trim_end_matches('!');
        if plain.len() < name.len() {
            required.push(plain);
        }
        properties.insert(plain.to_owned(), schema(kind, types));
    }
    let mut out = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    out
}

fn constrained(name: &str, argument: &str) -> Value {
    let mut out = json!({"type": "string"});
    let mut bound = |key: &str, text: &str| {
        if let Ok(n) = text.parse::<u32>() {
            out[key] = json!(n);
        }
    };
    match name {
        "string" => {
            let (least, most) = argument.split_once("..").expect("a range");
            bound("minLength", least);
            bound("maxLength", most);
        }
        "match" => {
            let (least, pattern) = argument.split_once(' ').expect("a length and a pattern");
            bound("minLength", least);
            out["pattern"] = json!(pattern);
        }
        _ => out["enum"] = argument.split('|').collect(),
    }
    out
}
