//! Applying a patch, and joining two patches.

use windlass_object::Value;

use super::lists::{
    Elements, distinct, elements, join, partition, required_identity, split_deletions,
};
use super::{
    DELETE_FROM_LIST, DIRECTIVE, ELEMENT_ORDER, Field, Fields, RETAIN_KEYS, Result, invalid,
    same_type, wrong_type,
};
use crate::quote::go_value;
use crate::table::Type;

const BAD_RETAIN_KEYS: &str = "invalid patch format of retainKeys";
const BAD_ORDER: &str = "invalid patch format of setElementOrder list";
const BAD_LIST: &str = "invalid patch format of primitive list";

/// How to merge: into an object, or into another patch.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Carry out the directives about lists; otherwise keep them.
    pub(super) lists: bool,
    /// Drop nulls of the patch that delete nothing; otherwise keep them.
    pub(super) drop_nulls: bool,
}

pub(super) fn maps(
    mut original: Fields,
    mut patch: Fields,
    ty: Type<'_>,
    options: Options,
) -> Result<Fields> {
    match patch.remove(DIRECTIVE) {
        None => {}
        Some(directive) if directive == "replace" => return Ok(patch),
        Some(directive) if directive == "delete" => return Ok(Fields::new()),
        Some(directive) => {
            patch.insert(DIRECTIVE.into(), directive.clone());
            return unknown_directive(&directive, &Value::Object(patch));
        }
    }
    retain_keys(&mut original, &mut patch, options)?;
    element_orders(&mut original, &mut patch, ty, options)?;
    for (name, value) in patch {
        let (name, deletes) = match name.strip_prefix(DELETE_FROM_LIST) {
            Some(_) if !options.lists => {
                original.insert(name, value);
                continue;
            }
            Some(rest) => match rest.strip_prefix('/') {
                Some(list) => (list.to_owned(), true),
                None => return invalid(BAD_LIST),
            },
            None => (name, false),
        };
        if value.is_null() {
            original.remove(&name);
            if options.drop_nulls {
                continue;
            }
        }
        let Some(old) = original.get_mut(&name).filter(|old| same_type(old, &value)) else {
            if !deletes {
                put(&mut original, name, value, options);
            }
            continue;
        };
        let field = Field::of(ty, &name);
        let merged = match (old.take(), value) {
            (Value::Object(old), Value::Object(new)) => {
                Value::Object(maps(old, new, field.ty, options)?)
            }
            (Value::Array(old), Value::Array(new)) => {
                Value::Array(list(old, new, field, deletes, options)?)
            }
            (_, value) => value,
        };
        original.insert(name, merged);
    }
    Ok(original)
}

fn unknown_directive<T>(directive: &Value, map: &Value) -> Result<T> {
    invalid(format!("unknown patch type: {} in map: {}", go_value(directive), go_value(map)))
}

/// Takes a value of the patch as it is, without what is only meant for merging.
fn put(original: &mut Fields, name: String, mut value: Value, options: Options) {
    if options.drop_nulls {
        drop_nulls(&mut value);
    }
    match without_directives(value) {
        Some(value) => original.insert(name, value),
        None => original.remove(&name),
    };
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => Some(Value::Object(
            map.into_iter().filter_map(|(k, v)| Some((k, without_directives(v)?))).collect(),
        )),
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().filter_map(without_directives).collect()))
        }
        scalar => Some(scalar),
    }
}

fn retain_keys(original: &mut Fields, patch: &mut Fields, options: Options) -> Result<()> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if !options.lists {
        return match original.get(RETAIN_KEYS) {
            None => {
                original.insert(RETAIN_KEYS.into(), keys);
                Ok(())
            }
            Some(known) if *known == keys => Ok(()),
            Some(known) => invalid(format!(
                "{} and {} are not deep equal: this may happen when calculating the 3-way diff patch",
                go_value(known),
                go_value(&keys)
            )),
        };
    }
    let Value::Array(keys) = keys else { return invalid(BAD_RETAIN_KEYS) };
    let kept = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    let stray = patch.iter().any(|(name, value)| {
        !value.is_null()
            && !name.starts_with(DELETE_FROM_LIST)
            && !name.starts_with(ELEMENT_ORDER)
            && !kept(name)
    });
    if stray {
        return invalid(BAD_RETAIN_KEYS);
    }
    original.retain(|name, _| kept(name));
    Ok(())
}

/// Carries out `$setElementOrder/<list>`, together with what the patch says of that list.
fn element_orders(
    original: &mut Fields,
    patch: &mut Fields,
    ty: Type<'_>,
    options: Options,
) -> Result<()> {
    let directives: Vec<String> =
        patch.keys().filter(|name| name.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        if !options.lists {
            match original.get(&directive) {
                Some(known) if *known != order => return invalid(BAD_ORDER),
                _ => original.insert(directive.clone(), order.clone()),
            };
        }
        let Value::Array(order) = order else { return wrong_type("[]interface {}", &order) };
        let Some(name) = directive[ELEMENT_ORDER.len()..].strip_prefix('/') else {
            return invalid(BAD_ORDER);
        };
        let field = Field::of(ty, name);
        let server = original.get(name).map(as_list).transpose()?;
        let patched = patch.get(name).map(as_list).transpose()?;
        check_order(patched.as_deref().unwrap_or_default(), &order, field.key)?;
        let merged = match (server.clone(), patched.clone()) {
            (None, None) => continue,
            (Some(server), None) => server,
            (None, Some(patched)) => patched.into_iter().filter_map(without_directives).collect(),
            (Some(server), Some(patched)) => list(server, patched, field, false, options)?,
        };
        let server = server.unwrap_or_default();
        elements([&server, patched.as_deref().unwrap_or_default()])?;
        let (in_order, server_only) = partition(merged, &order, field.key)?;
        let joined = join(in_order, server_only, &order, &server, field.key)?;
        original.insert(name.to_owned(), Value::Array(joined));
        patch.remove(name);
    }
    Ok(())
}

fn as_list(value: &Value) -> Result<Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items.clone()),
        other => wrong_type("[]interface {}", other),
    }
}

/// The elements of a patch must be in the order that it asks for.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<()> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let (kept, _) =
        if key.is_empty() { (patch.to_vec(), Vec::new()) } else { split_deletions(patch.to_vec()) };
    let mut at = 0;
    let mut left = order.iter();
    for item in kept.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let wanted = required_identity(item, key)?;
        loop {
            let Some(next) = left.next() else {
                return invalid(format!(
                    "The order in patch list:\n{}\n doesn't match {ELEMENT_ORDER} list:\n{}\n",
                    go_value(&Value::Array(patch.to_vec())),
                    go_value(&Value::Array(order.to_vec()))
                ));
            };
            if required_identity(next, key)? == wanted {
                at += 1;
                break;
            }
        }
        if at >= kept.len() {
            break;
        }
    }
    Ok(())
}

/// Merges one list into another; `deletes`: the patch names scalars to take out.
fn list(
    original: Vec<Value>,
    patch: Vec<Value>,
    field: Field<'_>,
    deletes: bool,
    options: Options,
) -> Result<Vec<Value>> {
    if !field.merge && !deletes {
        return Ok(patch);
    }
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let kind = elements([&original, &patch])?;
    let (merged, original, patch) = match kind {
        Elements::Scalars if options.lists && deletes => {
            return Ok(original.into_iter().filter(|item| !patch.contains(item)).collect());
        }
        Elements::Scalars => {
            let both = original.iter().chain(&patch).cloned().collect();
            (distinct(both), original, patch)
        }
        Elements::Maps if field.key.is_empty() => {
            return invalid("cannot merge lists without merge key for Struct");
        }
        Elements::Maps => {
            let (original, patch) = special_elements(original, patch, field.key)?;
            (list_of_maps(original.clone(), &patch, field, options)?, original, patch)
        }
    };
    let (in_patch, server_only) = partition(merged, &patch, field.key)?;
    join(in_patch, server_only, &patch, &original, field.key)
}

/// Carries out `$patch` in list elements. Gives the list to merge into and what is left to merge.
fn special_elements(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut left = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => left.push(item),
            Some(directive) if directive == "delete" => {
                let gone = required_identity(&item, key)?;
                original.retain(|other| other.get(key) != Some(gone));
            }
            Some(directive) if directive == "replace" => replace = true,
            Some(directive) if directive == "merge" => {
                return invalid("merging lists cannot yet be specified in the patch");
            }
            Some(directive) => return unknown_directive(directive, &item),
        }
    }
    Ok(if replace { (left, Vec::new()) } else { (original, left) })
}

fn list_of_maps(
    mut original: Vec<Value>,
    patch: &[Value],
    field: Field<'_>,
    options: Options,
) -> Result<Vec<Value>> {
    for item in patch {
        let identity = required_identity(item, field.key)?;
        let found = original.iter_mut().find(|other| other.get(field.key) == Some(identity));
        match (found, item) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = maps(std::mem::take(old), new.clone(), field.ty.item(), options)?;
            }
            (Some(old), new) => *old = new.clone(),
            (None, new) => original.push(new.clone()),
        }
    }
    Ok(original)
}
