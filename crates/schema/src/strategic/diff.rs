//! Making patches.

use std::cmp::Ordering;

use windlass_object::{Value, json};

use super::lists::{Elements, distinct, elements, identity, required_identity, sort_by, sorted};
use super::{
    DELETE_FROM_LIST, DIRECTIVE, ELEMENT_ORDER, Field, Fields, RETAIN_KEYS, Result, invalid,
    same_type,
};
use crate::quote::go_value;
use crate::table::Type;

/// What a patch is to say.
#[derive(Clone, Copy, Default)]
pub(super) struct Options {
    /// Say in which order the elements of lists come.
    pub(super) order: bool,
    pub(super) ignore_changes: bool,
    pub(super) ignore_deletions: bool,
    /// Name the fields that stay: for types of which only some fields may be set together.
    pub(super) retain_keys: bool,
}

pub(super) fn maps(
    original: &Fields,
    modified: &Fields,
    ty: Type<'_>,
    options: Options,
) -> Result<Fields> {
    let mut patch = Fields::new();
    for (name, new) in modified {
        let Some(old) = original.get(name) else {
            if !options.ignore_changes {
                patch.insert(name.clone(), new.clone());
            }
            continue;
        };
        if name == DIRECTIVE {
            if !old.is_string() || !new.is_string() {
                return invalid(format!("invalid value for special key: {DIRECTIVE}"));
            }
            if old != new {
                patch.insert(name.clone(), new.clone());
            }
            continue;
        }
        let field = Field::of(ty, name);
        let below = Options { retain_keys: field.retain_keys, ..options };
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let found = maps(old, new, field.ty, below)?;
                if !found.is_empty() {
                    patch.insert(name.clone(), Value::Object(found));
                }
            }
            (Value::Array(old), Value::Array(new)) if field.merge => {
                let found = lists(old, new, field, below)?;
                for (name, list) in [
                    (name.clone(), found.patch),
                    (format!("{DELETE_FROM_LIST}/{name}"), found.deletions),
                    (format!("{ELEMENT_ORDER}/{name}"), found.order),
                ] {
                    if !list.is_empty() {
                        patch.insert(name, Value::Array(list));
                    }
                }
            }
            (old, new) => {
                if !options.ignore_changes && (old != new || !same_type(old, new)) {
                    patch.insert(name.clone(), new.clone());
                }
            }
        }
    }
    if !options.ignore_deletions {
        for name in original.keys().filter(|name| !modified.contains_key(*name)) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    if options.retain_keys {
        let keys: Vec<Value> = modified
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.as_str().into())
            .collect();
        let gone =
            |(name, value): (&String, &Value)| !value.is_null() && !modified.contains_key(name);
        if !keys.is_empty() && (!patch.is_empty() || original.iter().any(gone)) {
            patch.insert(RETAIN_KEYS.into(), Value::Array(sorted(keys)));
        }
    }
    Ok(patch)
}

/// What a patch says of a list.
#[derive(Default)]
struct ListPatch {
    patch: Vec<Value>,
    deletions: Vec<Value>,
    order: Vec<Value>,
}

fn lists(
    original: &[Value],
    modified: &[Value],
    field: Field<'_>,
    options: Options,
) -> Result<ListPatch> {
    if original.is_empty() {
        let patch = if options.ignore_changes { Vec::new() } else { modified.to_vec() };
        return Ok(ListPatch { patch, ..ListPatch::default() });
    }
    match elements([original, modified])? {
        Elements::Maps => lists_of_maps(original, modified, field, options),
        Elements::Scalars => lists_of_scalars(original, modified, options),
    }
}

fn lists_of_maps(
    original: &[Value],
    modified: &[Value],
    field: Field<'_>,
    options: Options,
) -> Result<ListPatch> {
    let key = field.key;
    let (old, new) = (by_key(original, key)?, by_key(modified, key)?);
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let (mut patch, mut deletions) = (Vec::new(), Vec::new());
    loop {
        let which = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let before = if which.is_le() { old.next() } else { None };
        let after = if which.is_ge() { new.next() } else { None };
        match (before, after) {
            (Some((_, Value::Object(before))), Some((_, Value::Object(after)))) => {
                let mut found = maps(before, after, field.ty.item(), options)?;
                if !found.is_empty() {
                    if let Some(identity) = after.get(key) {
                        found.insert(key.into(), identity.clone());
                    }
                    patch.push(Value::Object(found));
                }
            }
            (None, Some((_, after))) if !options.ignore_changes => patch.push(after.clone()),
            (Some((_, before)), None) if !options.ignore_deletions => {
                deletions.push(json!({key: before.get(key), DIRECTIVE: "delete"}));
            }
            _ => {}
        }
    }
    let mut patch = sort_by(patch, modified, key)?;
    let same_order = original.len() == modified.len()
        && original.iter().zip(modified).all(|(a, b)| identity(a, key) == identity(b, key));
    patch.extend(deletions);
    let said = !patch.is_empty();
    let order = options.order
        && ((!options.ignore_changes && (said || !same_order))
            || (!options.ignore_deletions && said));
    let order = if order {
        modified.iter().map(|item| json!({key: item.get(key)})).collect()
    } else {
        Vec::new()
    };
    Ok(ListPatch { patch, deletions: Vec::new(), order })
}

/// The elements sorted by what Go prints of their keys; of equal ones the last comes first, as
/// upstream's sort leaves short lists.
fn by_key<'v>(list: &'v [Value], key: &str) -> Result<Vec<(String, &'v Value)>> {
    let mut keyed: Vec<(String, &Value)> = list
        .iter()
        .map(|item| Ok((go_value(required_identity(item, key)?), item)))
        .collect::<Result<_>>()?;
    keyed.reverse();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(keyed)
}

fn lists_of_scalars(original: &[Value], modified: &[Value], options: Options) -> Result<ListPatch> {
    let (old, new) = (sorted(original.to_vec()), sorted(modified.to_vec()));
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let (mut patch, mut deletions) = (Vec::new(), Vec::new());
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => break,
            (a, b) => {
                let which = match (a.map(go_value), b.map(go_value)) {
                    (Some(a), Some(b)) => a.cmp(&b),
                    (Some(_), None) => Ordering::Less,
                    _ => Ordering::Greater,
                };
                let gone = if which.is_le() { old.next() } else { None };
                let added = if which.is_ge() { new.next() } else { None };
                match which {
                    Ordering::Less if !options.ignore_deletions => deletions.extend(gone),
                    Ordering::Greater if !options.ignore_changes => patch.extend(added),
                    _ => {}
                }
            }
        }
    }
    let patch = sort_by(patch, modified, "")?;
    let deletions = distinct(deletions);
    let order = options.order
        && ((!options.ignore_deletions && !deletions.is_empty())
            || (!options.ignore_changes && sorted(original.to_vec()) != modified));
    Ok(ListPatch { patch, deletions, order: if order { modified.to_vec() } else { Vec::new() } })
}
