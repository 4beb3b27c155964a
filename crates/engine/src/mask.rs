//! Values that must not be seen, replaced by runs of `+`.
//!
//! Equal values of a key get equal runs, different ones runs of different length, so that a
//! difference is still seen to be one.

use windlass_object::{Object, Value};

use crate::annotation::LAST_APPLIED;
use crate::normalize;

const SHORTEST: &str = "++++++++";
const LONGER: &str = "++++";

/// Masks the data of secrets, and of any object the annotations named, in versions of one object:
/// as Git has it, as the cluster has it. Their last-applied annotations are masked too.
pub fn mask(versions: &mut [&mut Object], annotations: &[String]) {
    let secret = versions.iter().any(|o| o.kind() == "Secret" && o.group().is_empty());
    if !secret && annotations.is_empty() {
        return;
    }
    let mut applied: Vec<Option<Object>> = versions.iter().map(|o| last_applied(o)).collect();
    {
        let mut all: Vec<&mut Object> = versions.iter_mut().map(|o| &mut **o).collect();
        all.extend(applied.iter_mut().flatten());
        if secret {
            for object in &mut all {
                normalize::secret(object);
            }
            let keys = keys(&all, &["data"]);
            hide(&mut all, &["data"], &keys);
        }
        hide(&mut all, &["metadata", "annotations"], annotations);
    }
    for (version, applied) in versions.iter_mut().zip(applied) {
        if version.annotation(LAST_APPLIED).is_none() {
            continue;
        }
        let whole = annotations.iter().any(|key| key == LAST_APPLIED);
        let text = match applied {
            Some(applied) if !whole => applied.into_value().to_string(),
            _ => SHORTEST.to_owned(),
        };
        version.set_annotation(LAST_APPLIED, &text);
    }
}

/// What `kubectl apply` recorded on an object; none if nothing, or nothing that can be read.
pub(crate) fn last_applied(object: &Object) -> Option<Object> {
    serde_json::from_str(object.annotation(LAST_APPLIED)?).ok()
}

fn keys(objects: &[&mut Object], path: &[&str]) -> Vec<String> {
    let mut keys: Vec<String> = objects
        .iter()
        .filter_map(|object| object.get(path)?.as_object())
        .flat_map(|map| map.keys().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn hide(objects: &mut [&mut Object], path: &[&str], keys: &[String]) {
    for key in keys {
        let mut seen: Vec<(Value, String)> = Vec::new();
        let mut next = SHORTEST.to_owned();
        let mut place: Vec<&str> = path.to_vec();
        place.push(key);
        for object in objects.iter_mut() {
            let Some(value) = object.get(&place).cloned() else { continue };
            let known = seen.iter().find(|(other, _)| *other == value).map(|(_, run)| run.clone());
            let run = known.unwrap_or_else(|| {
                let run = next.clone();
                next.push_str(LONGER);
                seen.push((value, run.clone()));
                run
            });
            object.set(&place, run);
        }
    }
}
