//! Go's own functions, other than `and` and `or`, which do not evaluate all their arguments and so
//! are part of the engine.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::compare::{equal, less};
use crate::fmt;
use crate::function::{CallError, Function, Type};
use crate::value::Value;

use Type::{Any, Reflect, String as Str};

pub(crate) fn add(table: &mut FxHashMap<Arc<str>, Function>) {
    let mut put = |name: &str, function: Function| {
        table.insert(name.into(), function);
    };
    // The engine evaluates these two; the table says that they exist and what they take.
    for name in ["and", "or"] {
        put(name, Function::variadic(&[Reflect, Reflect], |_, args| Ok(last(args))));
    }
    put("not", Function::new(&[Reflect], |_, a| Ok(Value::Bool(!a[0].is_true()))));
    put("len", Function::new(&[Reflect], |_, a| length(&a[0])));
    put("index", Function::variadic(&[Reflect, Reflect], |_, a| index(&a[0], &a[1..])));
    put("slice", Function::variadic(&[Reflect, Reflect], |_, a| slice(&a[0], &a[1..])));
    put("call", Function::variadic(&[Reflect, Reflect], |_, a| call(&a[0])));
    put("print", Function::variadic(&[Any], |_, a| Ok(fmt::sprint(a))));
    put("println", Function::variadic(&[Any], |_, a| Ok(fmt::sprintln(a))));
    put(
        "printf",
        Function::variadic(&[Str, Any], |_, a| {
            Ok(fmt::sprintf(a[0].string_bytes().unwrap_or_default(), &a[1..]))
        }),
    );
    put("html", Function::variadic(&[Any], |_, a| Ok(escaped(&text_of(a), html))));
    put("js", Function::variadic(&[Any], |_, a| Ok(escaped(&text_of(a), js))));
    put("urlquery", Function::variadic(&[Any], |_, a| Ok(Value::string(query(&text_of(a))))));
    put("eq", Function::variadic(&[Reflect, Reflect], |_, a| Ok(bool(equal(&a[0], &a[1..])?))));
    put("ne", Function::new(&[Reflect, Reflect], |_, a| Ok(bool(!equal(&a[0], &a[1..])?))));
    put("lt", Function::new(&[Reflect, Reflect], |_, a| Ok(bool(less(&a[0], &a[1])?))));
    put("le", Function::new(&[Reflect, Reflect], |_, a| Ok(bool(at_most(&a[0], &a[1])?))));
    put("gt", Function::new(&[Reflect, Reflect], |_, a| Ok(bool(!at_most(&a[0], &a[1])?))));
    put("ge", Function::new(&[Reflect, Reflect], |_, a| Ok(bool(!less(&a[0], &a[1])?))));
}

fn bool(b: bool) -> Value {
    Value::Bool(b)
}

fn last(args: &[Value]) -> Value {
    args.last().cloned().unwrap_or(Value::Nil)
}

fn at_most(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(less(a, b)? || equal(a, std::slice::from_ref(b))?)
}

fn length(value: &Value) -> Result<Value, CallError> {
    let n = match &value.underlying() {
        Value::String(s) => s.len(),
        Value::Bytes(b) | Value::Binary(b) => b.len(),
        Value::List(l) => l.items.len(),
        Value::Map(m) => m.len(),
        Value::NilInterface => return Err("len of nil pointer".into()),
        Value::Nil => {
            return Err("reflect: call of reflect.Value.Type on zero Value".into());
        }
        other => return Err(format!("len of type {}", other.type_name()).into()),
    };
    Ok(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// The index of an element of something of `length`. Go's check lets one past the end through, on
/// which reflection then panics.
fn element(index: &Value, length: usize, kind: &str) -> Result<usize, String> {
    let at = position(index, length)?;
    if at == length { Err(format!("reflect: {kind} index out of range")) } else { Ok(at) }
}

/// An index into something of `length`; for slicing, one past the end is fine.
fn position(index: &Value, length: usize) -> Result<usize, String> {
    let n = match index {
        Value::Int(n) | Value::Int64(n) => *n,
        Value::Uint8(n) => i64::from(*n),
        Value::Uint64(n) => i64::try_from(*n).unwrap_or(-1),
        Value::Nil | Value::NilInterface => {
            return Err("cannot index slice/array with nil".to_owned());
        }
        other => {
            return Err(format!("cannot index slice/array with type {}", other.type_name()));
        }
    };
    let at = usize::try_from(n).ok().filter(|i| *i <= length);
    at.ok_or_else(|| format!("index out of range: {n}"))
}

fn index(value: &Value, indexes: &[Value]) -> Result<Value, CallError> {
    if matches!(value, Value::Nil | Value::NilInterface) {
        return Err("index of untyped nil".into());
    }
    let mut item = value.clone();
    for index in indexes {
        item = match &item.underlying() {
            Value::Nil | Value::NilInterface => return Err("index of nil pointer".into()),
            Value::String(s) => Value::Uint8(s.as_bytes()[element(index, s.len(), "string")?]),
            Value::Binary(b) => Value::Uint8(b[element(index, b.len(), "string")?]),
            Value::Bytes(b) => Value::Uint8(b[element(index, b.len(), "slice")?]),
            Value::List(l) => l.items[element(index, l.items.len(), "slice")?].clone(),
            Value::Map(m) => match index {
                Value::String(key) => m.get(key).unwrap_or_else(|| m.element.zero()),
                Value::Nil | Value::NilInterface => {
                    return Err("value is nil; should be of type string".into());
                }
                other => {
                    let found = other.type_name();
                    return Err(format!("value has type {found}; should be string").into());
                }
            },
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

fn slice(value: &Value, indexes: &[Value]) -> Result<Value, CallError> {
    if matches!(value, Value::Nil | Value::NilInterface) {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let length = match value {
        Value::String(_) | Value::Binary(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".into());
        }
        Value::String(s) => s.len(),
        Value::Bytes(b) | Value::Binary(b) => b.len(),
        Value::List(l) => l.items.len(),
        other => return Err(format!("can't slice item of type {}", other.type_name()).into()),
    };
    let mut at = [0, length, length];
    for (slot, index) in at.iter_mut().zip(indexes) {
        *slot = position(index, length)?;
    }
    let [from, to, cap] = at;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}").into());
    }
    if to > cap {
        return Err(format!("invalid slice index: {to} > {cap}").into());
    }
    Ok(match value {
        Value::String(s) => Value::text(s.as_bytes()[from..to].to_vec()),
        Value::Binary(b) => Value::text(b[from..to].to_vec()),
        Value::Bytes(b) => Value::Bytes(b[from..to].into()),
        Value::List(l) => {
            Value::List(Rc::new(crate::value::List::new(l.element, l.items[from..to].to_vec())))
        }
        other => other.clone(),
    })
}

/// No value here is a function, so there is nothing that could be called.
fn call(value: &Value) -> Result<Value, CallError> {
    if value.is_nil() {
        return Err("call of nil".into());
    }
    Err(format!("non-function {UNNAMED} of type {}", value.type_name()).into())
}

/// Stands for what was called, as it is written in the template.
pub(crate) const UNNAMED: &str = "\0";

/// What `html`, `js` and `urlquery` escape: one string as it is, else as `print` has it.
fn text_of(args: &[Value]) -> Vec<u8> {
    let text = match args {
        [text @ (Value::String(_) | Value::Binary(_))] => text.clone(),
        args => {
            let printable = |v: &Value| match v {
                Value::Nil | Value::NilInterface => Value::string("<no value>"),
                other => other.clone(),
            };
            fmt::sprint(&args.iter().map(printable).collect::<Vec<_>>())
        }
    };
    text.string_bytes().unwrap_or_default().to_vec()
}

/// Escapes characters; bytes that are none stay as they are.
fn escaped(bytes: &[u8], escape: fn(&str) -> String) -> Value {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(escape(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    Value::text(out)
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{FFFD}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || fmt::is_print(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out
}

/// `url.QueryEscape`.
fn query(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &b in text {
        match b {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
