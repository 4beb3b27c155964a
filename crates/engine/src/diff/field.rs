//! In which fields two versions of an object differ, and who set them.

use jiff::Timestamp;
use windlass_object::{Map, Object, Value};

use super::{Difference, Owner};

/// Fields by which items of lists are told apart, if all items have it and no two the same.
const ITEM_KEYS: [&str; 7] =
    ["name", "containerPort", "port", "mountPath", "key", "type", "topologyKey"];

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Field(String),
    /// A list item by the field that tells it apart, and the item.
    Item(&'static str, Value),
    Index(usize),
}

/// Fields that differ, in the order of their paths. `live` also says who owns what, by
/// `metadata.managedFields` of `managed`.
pub(super) fn differences(
    predicted: Option<&Object>,
    live: Option<&Object>,
    managed: Option<&Object>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let owners = managed.map(owners).unwrap_or_default();
    let predicted = predicted.map(Object::to_value);
    let live = live.map(Object::to_value);
    walk(predicted.as_ref(), live.as_ref(), &mut Vec::new(), &mut |path, desired, live| {
        let owner = live.and_then(|_| owner(&owners, path));
        let (desired, live) = (desired.cloned(), live.cloned());
        found.push(Difference { path: print(path), desired, live, owner });
    });
    found
}

/// Takes a difference: where it is, what is desired there, what is live.
pub(super) type Found<'a> = dyn FnMut(&[Step], Option<&Value>, Option<&Value>) + 'a;

/// Calls back for each smallest difference.
pub(super) fn walk(
    desired: Option<&Value>,
    live: Option<&Value>,
    path: &mut Vec<Step>,
    found: &mut Found<'_>,
) {
    match (desired, live) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                path.push(Step::Field(key.clone()));
                walk(a.get(key), b.get(key), path, found);
                path.pop();
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => match item_key(a, b) {
            Some(key) => {
                let item = |items: &[Value], id: &Value| {
                    items.iter().position(|item| item.get(key) == Some(id))
                };
                let only_live =
                    b.iter().filter(|i| i.get(key).is_some_and(|id| item(a, id).is_none()));
                for id in a.iter().chain(only_live).filter_map(|i| i.get(key)) {
                    let at = |items| item(items, id).map(|i| &items[i]);
                    let (desired, live) = (at(a), at(b));
                    if desired != live {
                        path.extend(desired.or(live).map(|item| Step::Item(key, item.clone())));
                        walk(desired, live, path, found);
                        path.pop();
                    }
                }
                let order = |items: &[Value]| -> Vec<Value> {
                    items.iter().filter_map(|i| i.get(key).cloned()).collect()
                };
                if a.len() == b.len() && order(a) != order(b) && same_members(a, b, key) {
                    found(path, desired, live);
                }
            }
            None => {
                for i in 0..a.len().max(b.len()) {
                    path.push(Step::Index(i));
                    walk(a.get(i), b.get(i), path, found);
                    path.pop();
                }
            }
        },
        (a, b) => found(path, a, b),
    }
}

fn same_members(a: &[Value], b: &[Value], key: &str) -> bool {
    a.iter().all(|item| b.iter().any(|other| other.get(key) == item.get(key)))
}

fn item_key(a: &[Value], b: &[Value]) -> Option<&'static str> {
    let tells_apart = |items: &[Value], key: &str| {
        let ids: Vec<&Value> = items.iter().filter_map(|item| item.get(key)).collect();
        ids.len() == items.len() && ids.iter().enumerate().all(|(i, id)| !ids[..i].contains(id))
    };
    ITEM_KEYS.into_iter().find(|key| tells_apart(a, key) && tells_apart(b, key))
}

fn print(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Item(key, item) => text.push_str(&format!("[{key}={}]", item[*key])),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Entries of `managedFields`, latest first.
pub(super) fn owners(object: &Object) -> Vec<(Owner, Value)> {
    let entries = object.get(&["metadata", "managedFields"]).and_then(Value::as_array);
    let mut owners: Vec<(Owner, Value)> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
            let owner = Owner {
                manager: text("manager").to_owned(),
                operation: text("operation").to_owned(),
                subresource: text("subresource").to_owned(),
                since: text("time").parse::<Timestamp>().ok(),
            };
            Some((owner, entry.get("fieldsV1")?.clone()))
        })
        .collect();
    owners.sort_by_key(|(owner, _)| std::cmp::Reverse(owner.since));
    owners
}

/// Who last set the field at a path.
pub(super) fn owner(owners: &[(Owner, Value)], path: &[Step]) -> Option<Owner> {
    holders(owners, path).next().cloned()
}

/// Those who own the field at a path, in the order of the entries: who is listed with the field, or
/// with something in it. Where nobody is, the nearest field around it that somebody has as a whole
/// decides: a list or map that is one value. An empty set is such a field, or a map whose fields
/// all went to others (`f:data: {}`), so that what lies deeper goes first.
pub(super) fn holders<'a>(
    owners: &'a [(Owner, Value)],
    path: &[Step],
) -> impl Iterator<Item = &'a Owner> {
    let depths: Vec<Option<usize>> = owners.iter().map(|(_, fields)| depth(fields, path)).collect();
    let deepest = depths.iter().flatten().max().copied();
    let held = owners.iter().zip(depths).filter(move |(_, depth)| depth.is_some());
    held.filter(move |(_, depth)| *depth == deepest).map(|((owner, _), _)| owner)
}

/// How many steps of a path a field set has, if it has it all or ends in a whole.
fn depth(fields: &Value, path: &[Step]) -> Option<usize> {
    let fields = fields.as_object()?;
    let Some((first, rest)) = path.split_first() else { return Some(0) };
    if fields.is_empty() {
        return Some(0);
    }
    let next = match first {
        Step::Field(name) => fields.get(&format!("f:{name}")),
        Step::Index(index) => fields.get(&format!("i:{index}")),
        // A list may be keyed by other fields than the one that is shown.
        Step::Item(_, item) => fields.iter().find_map(|(name, inner)| {
            let keys: Map<String, Value> = serde_json::from_str(name.strip_prefix("k:")?).ok()?;
            keys.iter().all(|(key, id)| item.get(key) == Some(id)).then_some(inner)
        }),
    };
    depth(next?, rest).map(|steps| steps + 1)
}

/// Sets the value at a path, or removes it. Objects on the way are made; list items are not.
pub(super) fn put(root: &mut Value, path: &[Step], value: Option<Value>) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(root, |at, step| match step {
        Step::Field(name) => {
            let map = at.as_object_mut()?;
            if value.is_none() {
                return map.get_mut(name);
            }
            Some(map.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new())))
        }
        Step::Index(_) | Step::Item(..) => {
            let items = at.as_array_mut()?;
            let index = step.find(items)?;
            items.get_mut(index)
        }
    });
    match (parent, last, value) {
        (Some(Value::Object(map)), Step::Field(name), Some(value)) => {
            map.insert(name.clone(), value);
        }
        (Some(Value::Object(map)), Step::Field(name), None) => {
            map.remove(name);
        }
        (Some(Value::Array(items)), step, value) => match (step.find(items), value) {
            (Some(at), Some(value)) => items[at] = value,
            (Some(at), None) => {
                items.remove(at);
            }
            (None, Some(value)) => items.push(value),
            (None, None) => {}
        },
        _ => {}
    }
}

/// Orders a list as the live one is, as a strategic merge does: an item that the live one lacks stays
/// behind the one that it was behind.
pub(super) fn order_as(items: &mut Vec<Value>, key: &str, live: &[Value]) {
    let place = |item: &Value| live.iter().position(|other| other.get(key) == item.get(key));
    let old = std::mem::take(items);
    let mut known: Vec<&Value> = old.iter().filter(|item| place(item).is_some()).collect();
    known.sort_by_key(|item| place(item));
    for (i, item) in old.iter().enumerate().filter(|(_, item)| place(item).is_none()) {
        let before = i.checked_sub(1).and_then(|before| old.get(before));
        let at = before.and_then(|before| known.iter().position(|other| *other == before));
        known.insert(at.map_or(0, |at| at + 1), item);
    }
    *items = known.into_iter().cloned().collect();
}

/// What stands at a path.
pub(super) fn at<'a>(root: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(root, |at, step| match (step, at) {
        (Step::Field(name), Value::Object(map)) => map.get(name),
        (step, Value::Array(items)) => items.get(step.find(items)?),
        _ => None,
    })
}

impl Step {
    /// Where in a list the item is.
    fn find(&self, items: &[Value]) -> Option<usize> {
        match self {
            Self::Index(index) => (*index < items.len()).then_some(*index),
            Self::Item(key, wanted) => {
                items.iter().position(|item| item.get(*key) == wanted.get(*key))
            }
            Self::Field(_) => None,
        }
    }
}
