//! `reflect.DeepEqual`.

use std::rc::Rc;

use windlass_gotemplate::Value;

/// Nesting that is still compared: maps can be made to hold themselves.
const MAX_DEPTH: usize = 1_000;

/// Whether two values have the same type and, all the way down, the same content.
pub(crate) fn deep_equal(a: &Value, b: &Value) -> bool {
    equal(a, b, 0)
}

fn equal(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return true;
    }
    match (a, b) {
        (Value::Nil | Value::NilInterface, Value::Nil | Value::NilInterface) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::Uint8(a), Value::Uint8(b)) => a == b,
        (Value::Uint64(a), Value::Uint64(b)) => a == b,
        (Value::Float64(a), Value::Float64(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Binary(a), Value::Binary(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.element == b.element
                && a.is_nil == b.is_nil
                && a.items.len() == b.items.len()
                && (Rc::ptr_eq(a, b)
                    || a.items.iter().zip(&b.items).all(|(a, b)| equal(a, b, depth + 1)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if Rc::ptr_eq(a, b) {
                return true;
            }
            let (left, right) = (a.entries(), b.entries());
            a.element == b.element
                && a.named.map(|t| t.name) == b.named.map(|t| t.name)
                && left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|((k, a), (l, b))| k == l && equal(a, b, depth + 1))
        }
        (Value::Object(a), Value::Object(b)) => {
            Rc::ptr_eq(a, b)
                || (a.type_name() == b.type_name()
                    && a.print() == b.print()
                    && equal(&a.data(), &b.data(), depth + 1))
        }
        _ => false,
    }
}
