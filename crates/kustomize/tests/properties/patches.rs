//! Random patches that fit an object, more or less.

use serde_json::{Map, Value, json};

use crate::objects::{NAMES, text};
use crate::random::Random;

/// Keys that tell the elements of lists apart.
const MERGE_KEYS: &[&str] =
    &["name", "containerPort", "mountPath", "port", "key", "topologyKey", "host", "path", "kind"];

/// A part of `value`, changed here and there: what a strategic merge patch says of it.
fn part(random: &mut Random, value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, inner) in map {
                if !random.percent(if depth < 2 { 60 } else { 40 }) {
                    continue;
                }
                let changed =
                    if random.percent(8) { Value::Null } else { part(random, inner, depth + 1) };
                out.insert(key.clone(), changed);
            }
            match random.below(30) {
                0 => drop(out.insert("$patch".to_owned(), directive(random))),
                1 | 2 => drop(out.insert("fresh".to_owned(), fresh(random))),
                3 => drop(out.insert("empty".to_owned(), json!({}))),
                _ => {}
            }
            Value::Object(out)
        }
        Value::Array(list) => {
            let mut out = Vec::new();
            for inner in list {
                if random.percent(60) {
                    out.push(element(random, inner, depth));
                }
            }
            if random.percent(25) {
                let added = match list.first() {
                    Some(like) => element(random, like, depth),
                    None => text(random),
                };
                out.insert(random.below(out.len() + 1), added);
            }
            if random.percent(4) {
                let at = random.below(out.len() + 1);
                out.insert(at, json!({"$patch": directive(random)}));
            }
            if random.percent(15) {
                out.reverse();
            }
            Value::Array(out)
        }
        scalar if random.percent(40) => scalar.clone(),
        Value::Number(_) => random.below(100).into(),
        Value::Bool(flag) => (!flag).into(),
        _ if random.percent(3) => fresh(random),
        _ => text(random),
    }
}

/// A part of a list's element, nearly always with what tells it apart.
fn element(random: &mut Random, value: &Value, depth: usize) -> Value {
    let mut out = part(random, value, depth + 1);
    let (Some(map), Value::Object(from)) = (out.as_object_mut(), value) else { return out };
    let renamed = random.percent(15);
    for key in MERGE_KEYS {
        match from.get(*key) {
            Some(Value::String(_)) if renamed => {
                let other = random.word(&["main", "extra", "v", "A"]);
                map.insert((*key).to_owned(), other.into());
                break;
            }
            Some(same) if random.percent(95) => drop(map.insert((*key).to_owned(), same.clone())),
            _ => {}
        }
    }
    if random.percent(8) {
        map.insert("$patch".to_owned(), directive(random));
    }
    out
}

fn directive(random: &mut Random) -> Value {
    random.word(&["delete", "delete", "replace", "merge"]).into()
}

fn fresh(random: &mut Random) -> Value {
    match random.below(5) {
        0 => json!({"deep": {"er": text(random)}}),
        1 => json!([text(random), 1]),
        2 => json!([{"name": "n", "value": text(random)}]),
        3 => Value::Null,
        _ => text(random),
    }
}

/// A strategic merge patch of `object`; with the identity of another, or none, if it has a target.
pub(crate) fn strategic(random: &mut Random, object: &Value, targeted: bool) -> Value {
    let mut out = json!({});
    for (key, value) in object.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") && random.percent(80) {
            out[key] = part(random, value, 0);
        }
    }
    let mut metadata = json!({"name": object["metadata"]["name"]});
    if let Some(namespace) = object["metadata"].get("namespace") {
        metadata["namespace"] = namespace.clone();
    }
    for field in ["labels", "annotations"] {
        if random.percent(25) {
            let like = object["metadata"].get(field).cloned();
            metadata[field] = part(random, &like.unwrap_or_else(|| json!({"app": "x"})), 1);
        }
    }
    out["apiVersion"] = object["apiVersion"].clone();
    out["kind"] = object["kind"].clone();
    if targeted && random.percent(30) {
        metadata["name"] = random.word(&["any", "web"]).into();
    }
    if targeted && random.percent(15) {
        out["kind"] = "Any".into();
    }
    out["metadata"] = metadata;
    if random.percent(3) {
        out["$patch"] = directive(random);
    }
    out
}

/// All pointers into a value, that of itself (empty) first.
pub(crate) fn pointers(value: &Value) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        for mut rest in pointers(child) {
            rest.insert(0, key.clone());
            out.push(rest);
        }
    }
    out
}

fn written(pointer: &[String]) -> String {
    pointer.iter().map(|p| format!("/{}", p.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Operations of a JSON patch of `object`, most of which can be applied.
pub(crate) fn operations(random: &mut Random, object: &Value) -> Value {
    let mut pointers: Vec<Vec<String>> = pointers(object)
        .into_iter()
        .filter(|p| {
            p.len() > 1 && !(p[0] == "metadata" && matches!(p[1].as_str(), "name" | "namespace"))
        })
        .collect();
    let mut out = Vec::new();
    for _ in 0..=random.below(3) {
        if pointers.is_empty() {
            break;
        }
        let chosen = random.pick(&pointers).clone();
        if random.percent(90) {
            // What one operation moved another seldom finds.
            pointers.retain(|p| p.get(..2) != chosen.get(..2));
        }
        let at = written(&chosen);
        let value = object.pointer(&at).cloned().unwrap_or_default();
        let mut parent = chosen.clone();
        parent.pop();
        let parent = written(&parent);
        out.push(match random.below(12) {
            0..=2 => json!({"op": "replace", "path": at, "value": part(random, &value, 2)}),
            3 | 4 => json!({"op": "add", "path": at, "value": part(random, &value, 2)}),
            5 | 6 => {
                let listed = object.pointer(&parent).is_some_and(Value::is_array);
                let last = if listed != random.percent(2) { "-" } else { "added" };
                json!({"op": "add", "path": format!("{parent}/{last}"), "value": fresh(random)})
            }
            7 | 8 => json!({"op": "remove", "path": at}),
            9 => json!({"op": "test", "path": at, "value": value}),
            10 => json!({"op": "copy", "from": at, "path": "/metadata/copied"}),
            _ => json!({"op": "move", "from": at, "path": "/metadata/moved"}),
        });
    }
    Value::Array(out)
}

/// The object with a name that no other has.
pub(crate) fn renamed(mut object: Value) -> Value {
    object["metadata"]["name"] = "other".into();
    object
}

/// A selector that finds `object`, and perhaps others.
pub(crate) fn selector(random: &mut Random, object: &Value) -> Value {
    let mut out = json!({"kind": object["kind"]});
    let (group, version) = object["apiVersion"]
        .as_str()
        .map(|v| v.split_once('/').unwrap_or(("", v)))
        .unwrap_or_default();
    if random.percent(60) {
        out["name"] = object["metadata"]["name"].clone();
    }
    if random.percent(20) && !group.is_empty() {
        out["group"] = group.into();
    }
    if random.percent(20) {
        out["version"] = version.into();
    }
    if random.percent(10) {
        out["name"] = random.word(&["w.*", "web|api", "^api$", ".*", "p-web"]).into();
    }
    if random.percent(10) {
        out["namespace"] = random.word(&["one", "default", "o.*", "two"]).into();
    }
    if random.percent(10) {
        out["labelSelector"] =
            random.word(&["app=web", "app", "tier!=x", "app in (web,x)", "!v"]).into();
    }
    if random.percent(5) {
        out["annotationSelector"] = random.word(&["app=web", "note", "tier notin (x)"]).into();
    }
    if random.percent(10) {
        out.as_object_mut().into_iter().for_each(|o| drop(o.remove("kind")));
    }
    if random.percent(4) {
        out["name"] = random.word(NAMES).into();
    }
    out
}
