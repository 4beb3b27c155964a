//! Building the table, and what every function needs to read its arguments and to answer.

use std::borrow::Cow;

use windlass_gotemplate::{CallError, Context, Function, Functions, Type, Value, fmt};

/// What a function answers.
pub(crate) type Answer = Result<Value, CallError>;

/// The most bytes that one function may make: repeating and padding have no other bound.
pub(crate) const MAX_TEXT: usize = 64 << 20;
/// The most elements of a list that one function may make from numbers.
pub(crate) const MAX_LIST: usize = 10_000_000;

/// The table while it is filled.
pub(crate) struct Table(pub(crate) Functions);

impl Table {
    /// A function of its arguments only.
    pub(crate) fn put(
        &mut self,
        names: &[&str],
        parameters: &'static [Type],
        body: impl Fn(&[Value]) -> Answer + Clone + 'static,
    ) {
        for name in names {
            let body = body.clone();
            self.0.insert(
                name,
                Function::new(parameters, move |_: &mut Context<'_>, a: &[Value]| body(a)),
            );
        }
    }

    /// As [`Table::put`], with the last parameter repeated.
    pub(crate) fn variadic(
        &mut self,
        names: &[&str],
        parameters: &'static [Type],
        body: impl Fn(&[Value]) -> Answer + Clone + 'static,
    ) {
        for name in names {
            let body = body.clone();
            self.0.insert(
                name,
                Function::variadic(parameters, move |_: &mut Context<'_>, a: &[Value]| body(a)),
            );
        }
    }
}

/// A string argument's text; bytes that are no UTF-8 become U+FFFD.
pub(crate) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(s) => Cow::Borrowed(s),
        other => fmt::lossy(bytes(other)),
    }
}

/// A string argument's bytes.
pub(crate) fn bytes(value: &Value) -> &[u8] {
    value.string_bytes().unwrap_or_default()
}

/// An `int` or `int64` argument.
pub(crate) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(n) | Value::Int64(n) => *n,
        _ => 0,
    }
}

/// A string answer.
pub(crate) fn string(text: impl Into<String>) -> Answer {
    Ok(Value::string(text.into()))
}

/// A list's length or place as Go's `int`.
pub(crate) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The text that sprig makes of any value (`strval`): strings and bytes as they are, the rest as
/// `%v` prints it.
pub(crate) fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(s) => Cow::Borrowed(s),
        Value::Binary(b) | Value::Bytes(b) => fmt::lossy(b),
        other => Cow::Owned(fmt::print_one(other)),
    }
}

/// A text with its characters changed; bytes that are none stay as they are.
pub(crate) fn by_parts(value: &Value, change: impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::string(change(text)),
        other => {
            let mut out = Vec::new();
            for chunk in bytes(other).utf8_chunks() {
                out.extend_from_slice(change(chunk.valid()).as_bytes());
                out.extend_from_slice(chunk.invalid());
            }
            Value::text(out)
        }
    }
}

/// As [`shown`], the bytes as they are.
pub(crate) fn shown_bytes(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::String(s) => Cow::Borrowed(s.as_bytes()),
        Value::Binary(b) | Value::Bytes(b) => Cow::Borrowed(b),
        other => Cow::Owned(printed(other)),
    }
}

/// `%v`, the bytes as they are.
pub(crate) fn printed(value: &Value) -> Vec<u8> {
    let text = fmt::sprint(std::slice::from_ref(value));
    text.string_bytes().unwrap_or_default().to_vec()
}

/// Whether sprig takes a value for unset: zero, empty or nil, a struct never.
pub(crate) fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

/// Go's panic on a nil interface.
pub(crate) fn nil_pointer() -> CallError {
    "runtime error: invalid memory address or nil pointer dereference".into()
}
