//! Lists. Each function makes a new one; a nil list is a panic in Go, and its words are the error.

use std::borrow::Cow;
use std::rc::Rc;

use windlass_gotemplate::{CallError, Element, List, Type, Value, fmt};

use crate::cast::to_int;
use crate::equal::deep_equal;
use crate::table::{Answer, MAX_LIST, Table, count, int, is_empty, nil_pointer};
use crate::text::strings_of;

use Type::{Any, Int};

pub(crate) fn add(t: &mut Table) {
    t.variadic(&["list", "tuple"], &[Any], |a| Ok(Value::list(a.to_vec())));
    t.put(&["append", "push", "mustAppend", "mustPush"], &[Any, Any], |a| {
        let mut items = items(&a[0], "Cannot push on type")?.into_owned();
        items.push(a[1].clone());
        Ok(Value::list(items))
    });
    t.put(&["prepend", "mustPrepend"], &[Any, Any], |a| {
        let mut all = vec![a[1].clone()];
        all.extend_from_slice(&items(&a[0], "Cannot prepend on type")?);
        Ok(Value::list(all))
    });
    t.put(&["chunk", "mustChunk"], &[Int, Any], |a| chunk(int(&a[0]), &a[1]));
    t.put(&["last", "mustLast"], &[Any], |a| {
        Ok(items(&a[0], "Cannot find last on type")?.last().cloned().unwrap_or(Value::Nil))
    });
    t.put(&["first", "mustFirst"], &[Any], |a| {
        Ok(items(&a[0], "Cannot find first on type")?.first().cloned().unwrap_or(Value::Nil))
    });
    t.put(&["rest", "mustRest"], &[Any], |a| {
        let items = items(&a[0], "Cannot find rest on type")?;
        Ok(items.split_first().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
    });
    t.put(&["initial", "mustInitial"], &[Any], |a| {
        let items = items(&a[0], "Cannot find initial on type")?;
        Ok(items.split_last().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
    });
    t.put(&["reverse", "mustReverse"], &[Any], |a| {
        let items = items(&a[0], "Cannot find reverse on type")?;
        Ok(Value::list(items.iter().rev().cloned().collect()))
    });
    t.put(&["compact", "mustCompact"], &[Any], |a| {
        let items = items(&a[0], "Cannot compact on type")?;
        Ok(Value::list(items.iter().filter(|v| !is_empty(v)).cloned().collect()))
    });
    t.put(&["uniq", "mustUniq"], &[Any], |a| {
        Ok(Value::list(unique(&items(&a[0], "Cannot find uniq on type")?)))
    });
    t.variadic(&["without", "mustWithout"], &[Any, Any], |a| {
        let items = items(&a[0], "Cannot find without on type")?;
        let kept = items.iter().filter(|v| !a[1..].iter().any(|o| deep_equal(o, v)));
        Ok(Value::list(kept.cloned().collect()))
    });
    t.put(&["has", "mustHas"], &[Any, Any], |a| {
        if a[1].is_nil() {
            return Ok(Value::Bool(false));
        }
        let items = items(&a[1], "Cannot find has on type")?;
        Ok(Value::Bool(items.iter().any(|v| deep_equal(&a[0], v))))
    });
    t.variadic(&["slice", "mustSlice"], &[Any, Any], slice);
    t.variadic(&["concat"], &[Any], |a| {
        let mut all = Vec::new();
        for list in a {
            let words = |kind: &str| format!("Cannot concat type {kind} as list");
            all.extend_from_slice(&items_or(list, words)?);
        }
        Ok(if all.is_empty() { nil_list() } else { Value::list(all) })
    });
    t.put(&["sortAlpha"], &[Any], |a| {
        let mut strings = match &a[0] {
            Value::List(_) | Value::Bytes(_) => strings_of(&a[0]),
            Value::Nil | Value::NilInterface => vec![Value::string("<nil>")],
            other => strings_of(other),
        };
        strings.sort_by(|l, r| l.string_bytes().cmp(&r.string_bytes()));
        Ok(Value::List(List::new(Element::String, strings).into()))
    });
}

fn nil_list() -> Value {
    Value::List(List::nil(Element::Any).into())
}

/// A list's elements, or Go's words for what is none: `refusal` and the kind.
fn items<'a>(value: &'a Value, refusal: &str) -> Result<Cow<'a, [Value]>, CallError> {
    items_or(value, |kind| format!("{refusal} {kind}"))
}

fn items_or(
    value: &Value,
    refusal: impl Fn(&str) -> String,
) -> Result<Cow<'_, [Value]>, CallError> {
    match value {
        Value::List(l) => Ok(Cow::Borrowed(&l.items)),
        Value::Bytes(b) => Ok(Cow::Owned(b.iter().map(|b| Value::Uint8(*b)).collect())),
        Value::Nil | Value::NilInterface => Err(nil_pointer()),
        other => match other.underlying() {
            Value::List(l) => Ok(Cow::Owned(l.items.clone())),
            _ => Err(refusal(other.kind_name()).into()),
        },
    }
}

/// Each element once. Lists of plain strings, which most are, are looked up by their text.
fn unique(items: &[Value]) -> Vec<Value> {
    let mut texts = std::collections::HashSet::new();
    let mut others: Vec<Value> = Vec::new();
    let mut all = Vec::new();
    for item in items {
        let new = match item {
            Value::String(s) => texts.insert(s.clone()),
            other if others.iter().any(|o| deep_equal(o, other)) => false,
            other => {
                others.push(other.clone());
                true
            }
        };
        if new {
            all.push(item.clone());
        }
    }
    all
}

fn chunk(size: i64, list: &Value) -> Answer {
    let items = items(list, "Cannot chunk type")?;
    let length = count(items.len());
    // Go computes with floats, which decides what sizes below one do.
    let chunks = if size == 0 { -1 } else { floor_division(length - 1, size) + 1 };
    // A last part of no length takes the size for its own.
    if (size < 0 && chunks > 0 && (size == -1 || items.len() != 1))
        || chunks < 0
        || chunks > count(MAX_LIST)
    {
        return Err("runtime error: makeslice: len out of range".into());
    }
    let size = usize::try_from(size).unwrap_or(1).max(1);
    let parts = items.chunks(size).map(|c| Value::list(c.to_vec())).collect();
    let parts = if chunks == 0 { Vec::new() } else { parts };
    Ok(Value::List(List::new(Element::List, parts).into()))
}

fn floor_division(n: i64, by: i64) -> i64 {
    let quotient = n.wrapping_div(by);
    if n.wrapping_rem(by) != 0 && (n < 0) != (by < 0) { quotient - 1 } else { quotient }
}

fn slice(a: &[Value]) -> Answer {
    let words = |kind: &str| format!("list should be type of slice or array but {kind}");
    let all = items_or(&a[0], words)?;
    if all.is_empty() {
        return Ok(Value::Nil);
    }
    let start = a.get(1).map_or(0, to_int);
    let end = a.get(2).map_or(count(all.len()), to_int);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let Some((from, to)) = range.filter(|(from, to)| from <= to && *to <= all.len()) else {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    };
    Ok(match &a[0] {
        Value::Bytes(b) => Value::Bytes(b[from..to].into()),
        Value::List(l) => Value::List(Rc::new(List::new(l.element, all[from..to].to_vec()))),
        other => Value::string(fmt::print_one(other)),
    })
}
