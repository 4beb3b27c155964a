//! Merging as mergo does it: what the destination has wins, unless it is empty; with `overwrite`
//! the source wins, also where it is empty. Maps are merged in place, and a map that goes over
//! whole is shared with the source afterwards.

use std::rc::Rc;

use windlass_gotemplate::{CallError, Map, Value};

use crate::table::is_empty;

/// Nesting that is still merged: maps can be made to hold themselves.
const MAX_DEPTH: usize = 1_000;

/// Merges `from` into `into`.
pub(crate) fn merge(into: &Rc<Map>, from: &Rc<Map>, overwrite: bool) -> Result<(), CallError> {
    merge_at(into, from, overwrite, 0)
}

fn merge_at(
    into: &Rc<Map>,
    from: &Rc<Map>,
    overwrite: bool,
    depth: usize,
) -> Result<(), CallError> {
    if Rc::ptr_eq(into, from) {
        return Ok(());
    }
    if depth > MAX_DEPTH {
        return Err("the maps are nested too deeply to be merged".into());
    }
    // Taken out first: the two may share maps further down.
    let entries: Vec<_> = from.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    for (key, source) in entries {
        let present = into.get(&key);
        if matches!(source, Value::Nil | Value::NilInterface) {
            if overwrite {
                into.set(key, Value::Nil);
            }
            continue;
        }
        if let (Value::Map(source), Some(Value::Map(present))) = (&source, &present) {
            merge_at(present, source, overwrite, depth + 1)?;
            if !present.is_empty() {
                continue;
            }
        }
        let is_set = present.as_ref().is_some_and(|v| !is_empty(v));
        if overwrite || !is_set {
            into.set(key, source);
        }
    }
    Ok(())
}
