//! Merging one value into another, and taking paths out of a value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use windlass_object::{Map, Value};

use super::typed::{Shape, is_atomic_list, items, list_element, list_parts, map};
use crate::fields::Element;
use crate::fields::set::FieldSet;
use crate::table::{ANY, Type};

/// `new` merged into `old`: nothing is removed; leaves of `new` win; lists keep `old`'s order where
/// `new` does not say otherwise.
pub(crate) fn merge(old: Option<&Value>, new: Option<&Value>, ty: Type<'_>) -> Option<Value> {
    let by = new.or(old)?;
    match Shape::of(ty, Some(by)) {
        Shape::Scalar => Some(by.clone()),
        Shape::List => {
            let (a, b) = (items(old), items(new));
            let empty = a.is_none_or(Vec::is_empty) && b.is_none_or(Vec::is_empty);
            if empty || is_atomic_list(ty) {
                return Some(by.clone());
            }
            let empty = Vec::new();
            merge_lists(a.unwrap_or(&empty), b.unwrap_or(&empty), ty)
        }
        Shape::Map => {
            let (a, b) = (map(old), map(new));
            let empty = a.is_none_or(Map::is_empty) && b.is_none_or(Map::is_empty);
            if empty || ty.node().map_atomic {
                return Some(by.clone());
            }
            let names: BTreeSet<&String> = a.into_iter().chain(b).flat_map(|m| m.keys()).collect();
            let merged: Map<String, Value> = names
                .into_iter()
                .filter_map(|name| {
                    let field = ty.field(name).unwrap_or(ty.at(ANY));
                    let (old, new) = (a.and_then(|m| m.get(name)), b.and_then(|m| m.get(name)));
                    Some((name.clone(), merge(old, new, field)?))
                })
                .collect();
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
    }
}

/// The items of both lists, in an order that keeps that of `new` and, between the items that both
/// have, that of `old`.
fn merge_lists(old: &[Value], new: &[Value], ty: Type<'_>) -> Option<Value> {
    let (old, new) = (list_parts(ty, old), list_parts(ty, new));
    let in_new: BTreeMap<&Element, &Value> = new.iter().map(|(e, v)| (e, *v)).collect();
    let mut in_old: BTreeMap<&Element, &Value> = BTreeMap::new();
    for (element, value) in &old {
        // Items of the same key are not merged with a new one: it takes their place.
        in_old.entry(element).and_modify(|v| *v = &Value::Null).or_insert(value);
    }
    let mut shared: VecDeque<&Element> =
        new.iter().map(|(e, _)| e).filter(|e| in_old.contains_key(e)).collect();
    let mut next = shared.pop_front();
    let mut merged: BTreeSet<&Element> = BTreeSet::new();
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let (mut o, mut n) = (0, 0);
    while o < old.len() || n < new.len() {
        if let (Some((left, _)), Some((right, _))) = (old.get(o), new.get(n)) {
            if left == right {
                merged.insert(left);
                out.extend(merge(in_old.get(left).copied(), in_new.get(left).copied(), ty.item()));
                (o, n) = (o + 1, n + 1);
                next = shared.pop_front();
                continue;
            }
            if in_new.contains_key(left) && next.is_some_and(|next| next != left) {
                o += 1;
                continue;
            }
        }
        if let Some((left, value)) = old.get(o) {
            if !in_new.contains_key(left) {
                out.extend(merge(Some(value), None, ty.item()));
                o += 1;
                continue;
            }
            if merged.contains(left) {
                o += 1;
            }
        }
        if let Some((right, value)) = new.get(n) {
            merged.insert(right);
            out.extend(merge(in_old.get(right).copied(), Some(value), ty.item()));
            n += 1;
            if next == Some(right) {
                next = shared.pop_front();
            }
        }
    }
    (!out.is_empty()).then_some(Value::Array(out))
}

/// The value without the paths in the set. What is left empty by that becomes null.
pub(crate) fn remove(value: &Value, set: &FieldSet, ty: Type<'_>) -> Value {
    match (Shape::of(ty, Some(value)), value) {
        (Shape::Scalar, _) => value.clone(),
        (Shape::List, Value::Array(items)) if !is_atomic_list(ty) => {
            let kept: Vec<Value> = items
                .iter()
                .filter_map(|item| {
                    let node = list_element(ty, item).ok().and_then(|e| set.elements.get(&e));
                    match node {
                        Some(node) if node.member => None,
                        Some(node) if !node.below.is_empty() => {
                            Some(remove(item, &node.below, ty.item()))
                        }
                        _ => Some(item.clone()),
                    }
                })
                .collect();
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (Shape::Map, Value::Object(fields)) if !ty.node().map_atomic => {
            let kept: Map<String, Value> = fields
                .iter()
                .filter_map(|(name, value)| {
                    let field = ty.field(name).unwrap_or(ty.at(ANY));
                    let value = match set.elements.get(&Element::field(name)) {
                        Some(node) if node.member => return None,
                        Some(node) if !node.below.is_empty() => remove(value, &node.below, field),
                        _ => value.clone(),
                    };
                    Some((name.clone(), value))
                })
                .collect();
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        _ => Value::Null,
    }
}
