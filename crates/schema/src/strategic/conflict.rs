//! Whether two patches say different things of the same field.

use windlass_object::Value;

use super::lists::{Elements, distinct, elements, required_identity, sorted};
use super::{DIRECTIVE, Field, Fields, RETAIN_KEYS, Result};
use crate::table::Type;

pub(super) fn in_maps(left: &Fields, right: &Fields, ty: Type<'_>) -> Result<bool> {
    if left.get(DIRECTIVE) != right.get(DIRECTIVE) {
        return Ok(true);
    }
    for (name, a) in left {
        if name == DIRECTIVE || name == RETAIN_KEYS {
            continue;
        }
        // Upstream finds no type for what both say of an order or of deletions, and gives up.
        if name.starts_with('$') && right.contains_key(name) {
            return Ok(true);
        }
        if let Some(b) = right.get(name)
            && in_values(a, b, Field::of(ty, name))?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn in_values(left: &Value, right: &Value, field: Field<'_>) -> Result<bool> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => in_maps(a, b, field.ty),
        (Value::Array(a), Value::Array(b)) => in_lists(a, b, field),
        (a, b) => Ok(a != b),
    }
}

fn in_lists(left: &[Value], right: &[Value], field: Field<'_>) -> Result<bool> {
    let kind = elements([left, right])?;
    let item = Field { ty: field.ty.item(), merge: false, retain_keys: false, key: "" };
    if field.merge {
        if kind == Elements::Scalars {
            return Ok(false);
        }
        for a in left {
            let identity = required_identity(a, field.key)?;
            for b in right {
                if required_identity(b, field.key)? == identity && in_values(a, b, item)? {
                    return Ok(true);
                }
            }
        }
        return Ok(false);
    }
    if left.len() != right.len() {
        return Ok(true);
    }
    let in_order = |list: &[Value]| match kind {
        Elements::Maps => list.to_vec(),
        Elements::Scalars => sorted(distinct(list.to_vec())),
    };
    for (a, b) in in_order(left).iter().zip(&in_order(right)) {
        if in_values(a, b, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
