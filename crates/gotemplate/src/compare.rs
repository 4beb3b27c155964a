//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use crate::complex::Complex;
use crate::value::Value;

/// Go's basic kinds, which only compare among themselves.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Basic {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
    String,
}

fn basic(value: &Value) -> Option<Basic> {
    Some(match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(_) | Value::Int64(_) => Basic::Int,
        Value::Uint8(_) | Value::Uint64(_) => Basic::Uint,
        Value::Float64(_) => Basic::Float,
        Value::String(_) | Value::Binary(_) => Basic::String,
        Value::Object(o) if o.integer().is_some() => Basic::Int,
        Value::Object(o) if Complex::of(o.as_ref()).is_some() => Basic::Complex,
        _ => return None,
    })
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Int(i) | Value::Int64(i) => Some(i128::from(*i)),
        Value::Uint8(u) => Some(i128::from(*u)),
        Value::Uint64(u) => Some(i128::from(*u)),
        Value::Object(o) => o.integer().map(i128::from),
        _ => None,
    }
}

fn incompatible(a: &Value, b: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name())
}

/// Whether `first` equals one of the others.
///
/// # Errors
/// When two values cannot be compared, in Go's words.
pub fn equal(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        if equal_two(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal_two(a: &Value, b: &Value) -> Result<bool, String> {
    let (kind_a, kind_b) = (basic(a), basic(b));
    if kind_a != kind_b {
        if let (Some(a), Some(b)) = (integer(a), integer(b)) {
            return Ok(a == b);
        }
        let absent = |v: &Value| matches!(v, Value::Nil | Value::NilInterface);
        if !absent(a) && !absent(b) {
            return Err(incompatible(a, b));
        }
        return Ok(false);
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Float64(a), Value::Float64(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Object(a), Value::Object(b)) if kind_a == Some(Basic::Complex) => {
            Ok(Complex::of(a.as_ref()) == Complex::of(b.as_ref()))
        }
        _ if kind_a == Some(Basic::String) => Ok(a.string_bytes() == b.string_bytes()),
        _ if kind_a.is_some() => Ok(integer(a) == integer(b)),
        _ => equal_other(a, b),
    }
}

fn equal_other(a: &Value, b: &Value) -> Result<bool, String> {
    let shown = |v: &Value| {
        let text = crate::fmt::sprintf(b"%s", std::slice::from_ref(v));
        crate::fmt::print_one(&text)
    };
    let absent = |v: &Value| matches!(v, Value::Nil | Value::NilInterface);
    if a.kind_name() != b.kind_name() && !absent(a) && !absent(b) {
        let (kind_a, kind_b) = (a.type_name(), b.type_name());
        let second = crate::fmt::print_one(b);
        return Err(format!("non-comparable types {}: {kind_a}, {kind_b}: {second}", shown(a)));
    }
    let nil = |v: &Value| v.is_nil() || matches!(v, Value::List(l) if l.is_nil);
    if nil(a) || nil(b) {
        return Ok(nil(a) == nil(b));
    }
    Ok(match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            std::rc::Rc::ptr_eq(a, b)
                || (!a.type_name().starts_with('*')
                    && a.type_name() == b.type_name()
                    && a.print() == b.print())
        }
        (_, Value::Object(_)) => false,
        _ => return Err(format!("non-comparable type {}: {}", shown(b), b.type_name())),
    })
}

/// Whether `a` is less than `b`.
///
/// # Errors
/// When the values have no order, in Go's words.
pub fn less(a: &Value, b: &Value) -> Result<bool, String> {
    let invalid = || "invalid type for comparison".to_owned();
    let kind_a = basic(a).ok_or_else(invalid)?;
    let kind_b = basic(b).ok_or_else(invalid)?;
    match (a, b) {
        (Value::Float64(a), Value::Float64(b)) => Ok(a < b),
        _ if kind_a == Basic::String && kind_b == Basic::String => {
            Ok(a.string_bytes() < b.string_bytes())
        }
        (Value::Bool(_), Value::Bool(_)) => Err(invalid()),
        _ => match (integer(a), integer(b)) {
            (Some(a), Some(b)) => Ok(a < b),
            _ if kind_a != kind_b => Err(incompatible(a, b)),
            _ => Err(invalid()),
        },
    }
}
