//! Dictionaries, which are shared: `set`, `unset` and `merge` change the one they are given.

use std::rc::Rc;

use windlass_gotemplate::{CallError, Element, Map, Type, Value};

use crate::copy::deep_copy;
use crate::merge::merge;
use crate::table::{Answer, Table, shown, text};

use Type::{Any, Map as Dict, String as Str};

pub(crate) fn add(t: &mut Table) {
    t.variadic(&["dict"], &[Any], |a| {
        let pair = |pair: &[Value]| {
            (shown(&pair[0]).into(), pair.get(1).cloned().unwrap_or_else(|| Value::string("")))
        };
        Ok(Value::Map(Map::new(Element::Any, a.chunks(2).map(pair).collect()).into()))
    });
    t.put(&["get"], &[Dict, Str], |a| {
        Ok(map(&a[0]).and_then(|m| m.get(&text(&a[1]))).unwrap_or_else(|| Value::string("")))
    });
    t.put(&["set"], &[Dict, Str, Any], |a| {
        let Some(dict) = map(&a[0]) else { return Err("assignment to entry in nil map".into()) };
        dict.set(text(&a[1]).as_ref(), a[2].clone());
        Ok(a[0].clone())
    });
    t.put(&["unset"], &[Dict, Str], |a| {
        if let Some(dict) = map(&a[0]) {
            dict.remove(&text(&a[1]));
        }
        Ok(a[0].clone())
    });
    t.put(&["hasKey"], &[Dict, Str], |a| {
        Ok(Value::Bool(map(&a[0]).is_some_and(|m| m.entries().contains_key(text(&a[1]).as_ref()))))
    });
    t.variadic(&["pluck"], &[Str, Dict], |a| {
        let key = text(&a[0]);
        Ok(Value::list(a[1..].iter().filter_map(|d| map(d)?.get(&key)).collect()))
    });
    t.variadic(&["keys"], &[Dict], |a| {
        let keys = a.iter().filter_map(map);
        let keys = keys.flat_map(|m| m.entries().keys().cloned().collect::<Vec<_>>());
        Ok(Value::strings(keys))
    });
    t.put(&["values"], &[Dict], |a| {
        Ok(Value::list(
            map(&a[0]).map_or_else(Vec::new, |m| m.entries().values().cloned().collect()),
        ))
    });
    t.variadic(&["pick"], &[Dict, Str], |a| {
        let Some(dict) = map(&a[0]) else { return Ok(empty()) };
        let picked = a[1..].iter().filter_map(|k| {
            let key = text(k);
            dict.get(&key).map(|v| (key.as_ref().into(), v))
        });
        Ok(Value::Map(Map::new(Element::Any, picked.collect()).into()))
    });
    t.variadic(&["omit"], &[Dict, Str], |a| {
        let Some(dict) = map(&a[0]) else { return Ok(empty()) };
        let mut rest = dict.entries().clone();
        for key in &a[1..] {
            rest.remove(text(key).as_ref());
        }
        Ok(Value::Map(Map::new(Element::Any, rest).into()))
    });
    t.variadic(&["merge", "mustMerge"], &[Dict, Dict], |a| merge_all(a, false));
    t.variadic(&["mergeOverwrite", "mustMergeOverwrite"], &[Dict, Dict], |a| merge_all(a, true));
    t.put(&["deepCopy", "mustDeepCopy"], &[Any], |a| deep_copy(&a[0]));
    t.variadic(&["dig"], &[Any], dig);
}

fn map(value: &Value) -> Option<&Rc<Map>> {
    match value {
        Value::Map(m) => Some(m),
        _ => None,
    }
}

fn empty() -> Value {
    Value::map::<&str>([])
}

fn merge_all(a: &[Value], overwrite: bool) -> Answer {
    let Some(into) = map(&a[0]) else {
        // A nil map, which nothing but another nil can be merged into.
        return Ok(a[1..].iter().find(|v| map(v).is_some()).cloned().unwrap_or_else(empty));
    };
    for from in a[1..].iter().filter_map(map) {
        merge(into, from, overwrite)?;
    }
    Ok(a[0].clone())
}

/// Go's words for a value that is not of the type asserted.
fn conversion(value: &Value, wanted: &str) -> CallError {
    let found = match value {
        Value::Nil | Value::NilInterface => "nil".to_owned(),
        other => other.type_name(),
    };
    format!("interface conversion: interface {{}} is {found}, not {wanted}").into()
}

/// Only the plain type passes: `.Values` has one of its own, and is refused.
fn plain_map(value: &Value) -> Result<&Rc<Map>, CallError> {
    match value {
        Value::Map(m) if m.named.is_none() && m.element == Element::Any => Ok(m),
        other => Err(conversion(other, "map[string]interface {}")),
    }
}

fn dig(a: &[Value]) -> Answer {
    let [keys @ .., default, dict] = a else {
        return Err("dig needs at least three arguments".into());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut dict = plain_map(dict)?.clone();
    for key in keys {
        if key.string_bytes().is_none() {
            return Err(conversion(key, "string"));
        }
    }
    for (i, key) in keys.iter().enumerate() {
        let Some(step) = dict.get(&text(key)) else { return Ok(default.clone()) };
        if i + 1 == keys.len() {
            return Ok(step);
        }
        dict = plain_map(&step)?.clone();
    }
    Ok(default.clone())
}
