//! Lists that merge: elements, keys, orders.

use windlass_object::Value;

use super::{DIRECTIVE, Result, StrategicError, invalid, same_type, wrong_type};
use crate::quote::go_value;

/// What the elements of a list are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    Maps,
    Scalars,
}

/// What the elements of some lists, which must agree, are.
pub(super) fn elements(lists: [&[Value]; 2]) -> Result<Elements> {
    let mut all = lists.into_iter().flatten();
    let Some(first) = all.next() else {
        return invalid("no elements in any of the given slices");
    };
    if first.is_array() {
        return invalid("lists of lists are not supported");
    }
    if all.any(|other| !same_type(first, other)) {
        return invalid(format!(
            "list element types are not identical: [{} {}]",
            go_value(&Value::Array(lists[0].to_vec())),
            go_value(&Value::Array(lists[1].to_vec()))
        ));
    }
    Ok(if first.is_object() { Elements::Maps } else { Elements::Scalars })
}

/// What identifies an element: its merge key, or itself when there is none.
pub(super) fn identity<'v>(item: &'v Value, key: &str) -> Option<&'v Value> {
    if key.is_empty() { Some(item) } else { item.as_object()?.get(key) }
}

pub(super) fn required_identity<'v>(item: &'v Value, key: &str) -> Result<&'v Value> {
    if key.is_empty() {
        return Ok(item);
    }
    let Value::Object(map) = item else { return wrong_type("map[string]interface {}", item) };
    map.get(key)
        .ok_or_else(|| StrategicError::NoMergeKey { item: go_value(item), key: key.to_owned() })
}

fn position(list: &[Value], item: &Value, key: &str) -> Option<usize> {
    let wanted = identity(item, key);
    list.iter().position(|other| identity(other, key) == wanted)
}

/// Splits off the elements that are to be deleted.
pub(super) fn split_deletions(list: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    list.into_iter().partition(|item| item.get(DIRECTIVE).is_none_or(|d| d != "delete"))
}

/// Sorts elements as `order` has them, deletions last. `key` is empty for scalars.
pub(super) fn sort_by(list: Vec<Value>, order: &[Value], key: &str) -> Result<Vec<Value>> {
    for item in list.iter().chain(order) {
        required_identity(item, key)?;
    }
    let (mut list, deletions) =
        if key.is_empty() { (list, Vec::new()) } else { split_deletions(list) };
    // An insertion sort, since the relation is no order where an element is not in `order`.
    for i in 1..list.len() {
        let mut j = i;
        while j > 0 {
            let before = match (position(order, &list[j], key), position(order, &list[j - 1], key))
            {
                (Some(a), Some(b)) => a < b,
                _ => true,
            };
            if !before {
                break;
            }
            list.swap(j, j - 1);
            j -= 1;
        }
    }
    list.extend(deletions);
    Ok(list)
}

/// Puts the elements of a patch (in `patch_order`) and those that only the server has (in
/// `server_order`) into one list, in the server's order where it knows both of a pair.
pub(super) fn join(
    patch: Vec<Value>,
    server_only: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: &str,
) -> Result<Vec<Value>> {
    let mut right = sort_by(patch, patch_order, key)?.into_iter().peekable();
    let mut left = sort_by(server_only, server_order, key)?.into_iter().peekable();
    let mut joined = Vec::with_capacity(left.len() + right.len());
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (None, None) => return Ok(joined),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => {
                let (l, r) = (position(server_order, l, key), position(server_order, r, key));
                matches!((l, r), (Some(l), Some(r)) if l < r)
            }
        };
        joined.extend(if take_left { left.next() } else { right.next() });
    }
}

/// Splits a list into the elements that `by` has and the others.
pub(super) fn partition(
    list: Vec<Value>,
    by: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>)> {
    for item in &list {
        required_identity(item, key)?;
    }
    Ok(list.into_iter().partition(|item| position(by, item, key).is_some()))
}

/// Without repetitions; the last element takes the place of one that goes, as upstream does it.
pub(super) fn distinct(mut list: Vec<Value>) -> Vec<Value> {
    let mut i = 0;
    while i < list.len() {
        let mut j = i + 1;
        while j < list.len() {
            if list[i] == list[j] {
                list.swap_remove(j);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
    list
}

/// Sorted by what Go prints of them.
pub(super) fn sorted(mut list: Vec<Value>) -> Vec<Value> {
    list.sort_by_cached_key(go_value);
    list
}
