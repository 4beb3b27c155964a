//! A chart's values, laid under those given, and what subcharts get of both.

use std::rc::Rc;

use windlass_gotemplate::{Map, Value, fmt};

use super::{MAX_DEPTH, Scope, deep_copy, empty, table};
use crate::error::Error;
use crate::log::Log;

/// Whether nulls delete.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A null takes away what it stands for.
    Coalesce,
    /// A null is a value.
    Merge,
}

/// The values of a chart and its subcharts under `given`, nulls deleting.
pub(crate) fn coalesce_values(scope: &Scope<'_>, given: &Value, log: &Log) -> Result<Value, Error> {
    values_of(scope, given, Mode::Coalesce, log)
}

pub(super) fn values_of(
    scope: &Scope<'_>,
    given: &Value,
    mode: Mode,
    log: &Log,
) -> Result<Value, Error> {
    let copy = table(&deep_copy(given)?).cloned().unwrap_or_else(empty);
    coalesce(scope, &copy, "", mode, log)?;
    Ok(Value::Map(copy))
}

fn prefixed(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

fn coalesce(
    scope: &Scope<'_>,
    into: &Rc<Map>,
    prefix: &str,
    mode: Mode,
    log: &Log,
) -> Result<(), Error> {
    own_values(scope, into, prefix, mode, log)?;
    for child in &scope.dependencies {
        let name = child.name();
        let section = match into.get(name) {
            None => {
                let section = empty();
                into.set(name, Value::Map(section.clone()));
                section
            }
            Some(Value::Map(section)) => section,
            Some(other) => {
                let found = fmt::sprintf(b"%t", std::slice::from_ref(&other));
                let found = fmt::print_one(&found);
                return Err(Error::TypeMismatch { stage: "", chart: name.to_owned(), found });
            }
        };
        let below = prefixed(prefix, scope.name());
        globals(&section, into, &below, log);
        coalesce(child, &section, &below, mode, log)?;
    }
    Ok(())
}

/// Hands the globals of `from` down.
fn globals(into: &Rc<Map>, from: &Rc<Map>, prefix: &str, log: &Log) {
    let find = |map: &Rc<Map>| match map.get("global") {
        None => Some(empty()),
        Some(Value::Map(globals)) => Some(globals),
        Some(_) => None,
    };
    let Some(to) = find(into) else {
        log.info("warning: skipping globals because destination global is not a table.");
        return;
    };
    let Some(source) = find(from) else {
        log.info("warning: skipping globals because source global is not a table.");
        return;
    };
    let entries: Vec<_> = source.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    for (key, value) in entries {
        let Value::Map(value) = &value else {
            if to.get(&key).is_some_and(|v| matches!(v, Value::Map(_))) {
                log.info(format!("key {key} is table. Skipping"));
            } else {
                to.set(key, value);
            }
            continue;
        };
        // Shallow: tables within are shared with the parent's, as in Helm.
        let copy = Rc::new(Map::new(value.element, value.entries().clone()));
        match to.get(&key) {
            None => to.set(key, Value::Map(copy)),
            Some(Value::Map(there)) => {
                tables(&copy, &there, &prefixed(prefix, &key), Mode::Merge, log);
                to.set(key, Value::Map(copy));
            }
            Some(_) => log.info(format!(
                "Conflict: cannot merge map onto non-map for {}. Skipping.",
                fmt::quote(&key)
            )),
        }
    }
    into.set("global", Value::Map(to));
}

/// Lays the chart's own values under those that are there.
fn own_values(
    scope: &Scope<'_>,
    into: &Rc<Map>,
    prefix: &str,
    mode: Mode,
    log: &Log,
) -> Result<(), Error> {
    let below = prefixed(prefix, scope.name());
    let Value::Map(own) = deep_copy(&scope.values)? else { return Ok(()) };
    let entries: Vec<_> = own.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    for (key, default) in entries {
        match into.get(&key) {
            Some(given) if given.is_nil() && mode == Mode::Coalesce => {
                into.remove(&key);
            }
            Some(Value::Map(given)) => match &default {
                Value::Map(default) => {
                    let subchart = scope.dependencies.iter().any(|c| c.name() == &*key);
                    let mode = if subchart { Mode::Merge } else { mode };
                    if mode == Mode::Coalesce {
                        clean(default);
                    }
                    tables(&given, default, &prefixed(&below, &key), mode, log);
                }
                default if default.is_nil() => {}
                _ => {
                    log.info(format!("warning: skipped value for {below}.{key}: Not a table."));
                }
            },
            Some(_) => {}
            None => {
                if mode == Mode::Coalesce {
                    match &default {
                        default if default.is_nil() => continue,
                        Value::Map(default) => clean(default),
                        _ => {}
                    }
                }
                into.set(key, default);
            }
        }
    }
    Ok(())
}

/// Takes the nulls away, at every depth of tables.
pub(super) fn clean(map: &Rc<Map>) {
    let entries: Vec<_> = map.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    for (key, value) in entries {
        match value {
            Value::Map(inner) => clean(&inner),
            value if value.is_nil() => {
                map.remove(&key);
            }
            _ => {}
        }
    }
}

/// Lays `under` below `into`. `under` is changed too, as Helm's is.
pub(super) fn tables(into: &Rc<Map>, under: &Rc<Map>, prefix: &str, mode: Mode, log: &Log) {
    // What holds itself is refused when it is copied next.
    if prefix.matches('.').count() > MAX_DEPTH || Rc::ptr_eq(into, under) {
        return;
    }
    let mut entries: Vec<_> = under.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let nulls: Vec<_> =
        into.entries().iter().filter(|(_, v)| v.is_nil()).map(|(k, _)| k.clone()).collect();
    for key in nulls {
        under.set(key, Value::Nil);
    }
    for (key, original) in &mut entries {
        let was_value = !original.is_nil();
        let value = under.get(key).unwrap_or(Value::Nil);
        let full = || prefixed(prefix, key);
        match (into.get(key), &value) {
            (Some(there), _) if mode == Mode::Coalesce && there.is_nil() && was_value => {
                into.remove(key);
            }
            (None, _) => into.set(key.clone(), value),
            (Some(Value::Map(there)), Value::Map(value)) => {
                tables(&there, value, &full(), mode, log);
            }
            (Some(there), Value::Map(_)) if !matches!(there, Value::Map(_)) => {
                log.info(format!(
                    "warning: cannot overwrite table with non table for {} ({})",
                    full(),
                    fmt::print_one(&value)
                ));
            }
            (Some(Value::Map(_)), value) if !value.is_nil() => log.info(format!(
                "warning: destination for {} is a table. Ignoring non-table value ({})",
                full(),
                fmt::print_one(value)
            )),
            _ => {}
        }
    }
}
