//! Lists that merge by keys.
//!
//! What kyaml does with items that lack a key follows from how it looks items up one key at a time,
//! so the steps here are its steps; only that items are numbers of a pool, so that nothing is copied.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::merge::{DIRECTIVE, Directive, Merger, Result, Walked, wrong_shape};
use super::schema::NodeId;
use crate::resource::scalar_text;

/// The lists to merge.
pub(super) enum Sources {
    /// The resource's and the patch's.
    Two(Vec<Value>, Vec<Value>),
    /// One that is merged with itself.
    Same(Vec<Value>),
}

/// The directive for a whole list: an item that is nothing else. It is taken out.
pub(super) fn directive(items: Vec<Value>) -> Result<(Option<Directive>, Vec<Value>)> {
    let first = items.iter().filter_map(Value::as_object).find(|f| f.contains_key(DIRECTIVE));
    let Some(fields) = first.filter(|fields| fields.len() == 1) else {
        return Ok((None, items));
    };
    let directive = Directive::parse(&fields[DIRECTIVE])?;
    let texts = [scalar_text(&fields[DIRECTIVE])];
    let mut list = (0..items.len()).collect();
    let pool = Pool { items };
    pool.set(&mut list, None, &[DIRECTIVE.to_owned()], &texts)?;
    Ok((Some(directive), pool.take(&list)))
}

/// Merges the lists by `keys`; without keys the items are scalars.
pub(super) fn merge(
    merger: &mut Merger<'_>,
    sources: Sources,
    schema: NodeId,
    keys: &[Box<str>],
) -> Result<Vec<Value>> {
    let schema = merger.schemas.items(schema);
    let (items, mut dest, patch) = match sources {
        Sources::Same(items) => {
            let all = (0..items.len()).collect();
            (items, all, None)
        }
        Sources::Two(mut items, patch) => {
            let own = items.len();
            items.extend(patch);
            let all = items.len();
            (items, (0..own).collect::<Vec<_>>(), Some((own..all).collect::<Vec<_>>()))
        }
    };
    let mut pool = Pool { items };
    let keys: Vec<String> = keys.iter().map(|key| String::from(&**key)).collect();
    let keys = if keys.is_empty() { vec![String::new()] } else { keys };

    let order = patch.iter().flatten().chain(&dest);
    let mut wanted = pool.distinct_values(order.copied(), &keys);
    if keys.len() > 1 {
        unify(&mut wanted);
    }
    let used = keys_in_use(&wanted, &keys);

    let mut merged = Vec::new();
    for values in &wanted {
        let (found_keys, found_values) = select(&used, &keys, values);
        let (look_keys, look_values) = narrowed(&found_keys, &found_values);
        let own = pool.find(&dest, &look_keys, &look_values);
        let new = match &patch {
            Some(patch) => pool.find(patch, &look_keys, &look_values),
            None => own,
        };
        let value = pool.merge(merger, own, new, patch.is_none(), schema)?;
        let Some(value) = value.filter(|&at| !is_nothing(&pool.items[at])) else {
            pool.set(&mut dest, None, &found_keys, &found_values)?;
            continue;
        };
        for (key, text) in found_keys.iter().zip(&found_values) {
            if let Value::Object(fields) = &mut pool.items[value]
                && !text.is_empty()
                && !fields.contains_key(key)
            {
                fields.insert(key.clone(), untyped(text));
            }
        }
        pool.set(&mut merged, Some(value), &found_keys, &found_values)?;
    }
    if let Some(values) = wanted.last() {
        let (last_keys, _) = select(&used, &keys, values);
        pool.append(&mut merged, &dest, &last_keys)?;
        return Ok(pool.take(&merged));
    }
    Ok(pool.take(&dest))
}

/// Whether kyaml takes an item for none.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A scalar without type, as the text stands in YAML.
fn untyped(text: &str) -> Value {
    let options = windlass_object::yaml::Options::kustomize();
    match windlass_object::yaml::parse_one(text.as_bytes(), &options) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Rows that say the same of the keys that both have fill each other's gaps.
fn unify(rows: &mut [Vec<String>]) {
    for i in 0..rows.len() {
        // What it was before any other filled it.
        let row = rows[i].clone();
        for j in 0..rows.len() {
            if let Some(both) = common(&row, &rows[j]) {
                rows[i].clone_from(&both);
                rows[j] = both;
            }
        }
    }
}

fn common(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut any = false;
    let mut both = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            any = true;
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        }
        both.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    any.then_some(both)
}

/// Which keys some row has; all of them if none has any.
fn keys_in_use(rows: &[Vec<String>], keys: &[String]) -> Vec<bool> {
    let used: Vec<bool> =
        (0..keys.len()).map(|i| rows.iter().any(|row| !row[i].is_empty())).collect();
    if used.contains(&true) { used } else { vec![true; keys.len()] }
}

fn select(used: &[bool], keys: &[String], row: &[String]) -> (Vec<String>, Vec<String>) {
    let each = used.iter().zip(keys).zip(row);
    each.filter(|((used, _), _)| **used)
        .map(|((_, key), value)| (key.clone(), value.clone()))
        .unzip()
}

/// The keys that a row has, or all if it has none.
fn narrowed(keys: &[String], values: &[String]) -> (Vec<String>, Vec<String>) {
    if values.iter().all(String::is_empty) {
        return (keys.to_vec(), values.to_vec());
    }
    let each = keys.iter().zip(values).filter(|(_, value)| !value.is_empty());
    each.map(|(key, value)| (key.clone(), value.clone())).unzip()
}

struct Pool {
    items: Vec<Value>,
}

impl Pool {
    /// The values of the keys, item by item; what is not there is empty.
    fn distinct_values(
        &self,
        list: impl Iterator<Item = usize>,
        keys: &[String],
    ) -> Vec<Vec<String>> {
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for at in list {
            let row: Vec<String> =
                keys.iter().map(|key| key_text(&self.items[at], key).into_owned()).collect();
            if seen.insert(row.clone()) {
                rows.push(row);
            }
        }
        rows
    }

    /// The first item that has these values.
    fn find(&self, list: &[usize], keys: &[String], values: &[String]) -> Option<usize> {
        list.iter().copied().find(|&at| {
            let item = &self.items[at];
            keys.iter().zip(values).all(|(key, value)| {
                if key.is_empty() {
                    return text(item) == value.as_str();
                }
                item.get(key).is_some_and(|field| text(field) == value.as_str())
            })
        })
    }

    fn merge(
        &mut self,
        merger: &mut Merger<'_>,
        own: Option<usize>,
        new: Option<usize>,
        same: bool,
        schema: Option<NodeId>,
    ) -> Result<Option<usize>> {
        if same {
            let Some(at) = own else { return Ok(None) };
            let key_values = self.items[at].clone();
            return Ok(if let Some(value) = merger.settle(self.items[at].take(), schema)? {
                self.items[at] = value;
                Some(at)
            } else {
                self.items[at] = key_values;
                None
            });
        }
        let patch = new.map(|at| self.items[at].clone());
        let deletes = |patch: &Value| patch.get(DIRECTIVE).is_some_and(|d| d == "delete");
        if patch.as_ref().is_some_and(deletes) {
            return Ok(None);
        }
        let dest = own.map(|at| self.items[at].take());
        Ok(match merger.item(own, dest, patch.as_ref(), schema)? {
            Walked::Cleared => None,
            Walked::Dest(value) => own.inspect(|&at| self.items[at] = value),
            Walked::Patch { value, old } => {
                if let (Some(at), Some(old)) = (own, old) {
                    self.items[at] = old;
                }
                self.items.push(value);
                Some(self.items.len() - 1)
            }
        })
    }

    /// Puts `item` in the place of those that have these values, or at the end; without an item
    /// those go. Items that are nothing go as well.
    fn set(
        &self,
        list: &mut Vec<usize>,
        item: Option<usize>,
        keys: &[String],
        values: &[String],
    ) -> Result<()> {
        let by_key = keys.first().is_some_and(|key| !key.is_empty())
            && values.first().is_some_and(|value| !value.is_empty());
        let mut new = Vec::with_capacity(list.len() + 1);
        let mut any = false;
        for &at in list.iter() {
            let candidate = &self.items[at];
            if is_nothing(candidate) {
                continue;
            }
            if by_key && !candidate.is_object() {
                new.push(at);
                continue;
            }
            let mut found = !values.is_empty();
            for (key, value) in keys.iter().zip(values) {
                found = has(candidate, key, value)?;
                if !found {
                    break;
                }
            }
            if found {
                any = true;
                new.extend(item);
            } else if !values.is_empty() {
                new.push(at);
            }
        }
        if let Some(item) = item.filter(|&at| !any && !self.items[at].is_null()) {
            new.push(item);
        }
        *list = new;
        Ok(())
    }

    /// Adds the items of `more` to `list`, each in the place of the one with the same keys.
    fn append(&self, list: &mut Vec<usize>, more: &[usize], keys: &[String]) -> Result<()> {
        for &at in more {
            let item = &self.items[at];
            if keys.first().is_none_or(String::is_empty) {
                self.set(list, Some(at), &[String::new()], &[text(item).into_owned()])?;
                continue;
            }
            if !item.is_object() && !item.is_null() {
                return Err(wrong_shape("MappingNode", item));
            }
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                match item.get(key) {
                    Some(value) => values.push(text(value).into_owned()),
                    None => list.push(at),
                }
            }
            if keys.len() > 1 {
                self.set(list, None, keys, &values)?;
            }
            self.set(list, Some(at), keys, &values)?;
        }
        Ok(())
    }

    fn take(mut self, list: &[usize]) -> Vec<Value> {
        let mut last = vec![0_usize; self.items.len()];
        for &at in list {
            last[at] += 1;
        }
        list.iter()
            .map(|&at| {
                last[at] -= 1;
                if last[at] == 0 { self.items[at].take() } else { self.items[at].clone() }
            })
            .collect()
    }
}

/// Whether an item has a field of this text; an empty text asks for the field alone.
fn has(item: &Value, key: &str, value: &str) -> Result<bool> {
    if key.is_empty() {
        return match item {
            Value::Object(_) | Value::Array(_) => Err(wrong_shape("ScalarNode", item)),
            scalar => Ok(text(scalar) == value),
        };
    }
    match item {
        Value::Object(fields) => {
            Ok(fields.get(key).is_some_and(|field| value.is_empty() || text(field) == value))
        }
        other => Err(wrong_shape("MappingNode", other)),
    }
}

/// The text of an item's key; that of the item itself if the key is empty.
fn key_text<'v>(item: &'v Value, key: &str) -> Cow<'v, str> {
    if key.is_empty() {
        return text(item);
    }
    match item.get(key) {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(value) => text(value),
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(scalar_text(other)),
    }
}
