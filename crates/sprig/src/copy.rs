//! `deepCopy`.

use std::rc::Rc;

use windlass_gotemplate::{List, Map, Value};

use crate::table::Answer;

/// Nesting that is still copied: maps can be made to hold themselves, on which Go never ends.
const MAX_DEPTH: usize = 1_000;

/// A value that shares no list or map with the given one.
pub(crate) fn deep_copy(value: &Value) -> Answer {
    if matches!(value, Value::Nil | Value::NilInterface) {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    copy(value, 0)
}

fn copy(value: &Value, depth: usize) -> Answer {
    if depth > MAX_DEPTH {
        return Err("the value is nested too deeply to be copied".into());
    }
    Ok(match value {
        Value::List(l) => {
            let items = l.items.iter().map(|v| copy(v, depth + 1)).collect::<Result<_, _>>()?;
            Value::List(Rc::new(List { element: l.element, items, is_nil: l.is_nil }))
        }
        Value::Map(m) => {
            let entries = m.entries();
            let copied = entries.iter().map(|(k, v)| Ok((k.clone(), copy(v, depth + 1)?)));
            let copied = copied.collect::<Result<_, windlass_gotemplate::CallError>>()?;
            Value::Map(Rc::new(match m.named {
                Some(kind) => Map::of_type(kind, copied),
                None => Map::new(m.element, copied),
            }))
        }
        other => other.clone(),
    })
}
