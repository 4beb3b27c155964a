//! Dependencies: which are there, under which name, and whose values a chart imports.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value as Json;
use windlass_gotemplate::{Map, Value};
use windlass_semver::{Constraint, Version};

use super::coalesce::{Mode, tables, values_of};
use super::{Scope, deep_copy, empty, table, table_at};
use crate::error::Error;
use crate::log::{Level, Log, Notice};
use crate::metadata::Dependency;

pub(super) fn process(scope: &mut Scope<'_>, given: &Value, log: &Log) -> Result<(), Error> {
    let stage = |error| match error {
        Error::TypeMismatch { chart, found, .. } => {
            Error::TypeMismatch { stage: "chart dependencies processing failed: ", chart, found }
        }
        other => other,
    };
    enable(scope, given, "", log).map_err(stage)?;
    import(scope, log).map_err(stage)
}

/// Whether a chart's version is in the range.
pub(crate) fn is_compatible(constraint: &str, version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return false };
    Constraint::parse(constraint).is_ok_and(|c| c.matches(&version))
}

fn enable(scope: &mut Scope<'_>, given: &Value, path: &str, log: &Log) -> Result<(), Error> {
    if scope.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let mut listed = std::mem::take(&mut scope.metadata.dependencies);
    let there = std::mem::take(&mut scope.dependencies);
    let fits = |scope: &Scope<'_>, d: &Dependency| {
        scope.name() == d.name && is_compatible(&d.version, &scope.metadata.version)
    };
    let unlisted = there.iter().filter(|c| !listed.iter().any(|d| fits(c, d)));
    let mut charts: Vec<Scope<'_>> = unlisted.cloned().collect();
    for dependency in &mut listed {
        if let Some(found) = there.iter().find(|c| fits(c, dependency)) {
            let mut found = found.clone();
            if !dependency.alias.is_empty() {
                found.metadata.name.clone_from(&dependency.alias);
            }
            charts.push(found);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
        dependency.enabled = true;
    }
    drop(there);
    scope.dependencies = charts;
    scope.metadata.dependencies = listed;
    let values = values_of(scope, given, Mode::Coalesce, log)?;
    for dependency in &mut scope.metadata.dependencies {
        tags(dependency, &values, log);
        condition(dependency, &values, path, log);
    }
    let disabled = scope.metadata.dependencies.iter().filter(|d| !d.enabled);
    let disabled: BTreeSet<String> = disabled.map(|d| d.name.clone()).collect();
    scope.dependencies.retain(|c| !disabled.contains(c.name()));
    scope.metadata.dependencies.retain(|d| !disabled.contains(&d.name));
    for child in &mut scope.dependencies {
        let below = format!("{path}{}.", child.name());
        enable(child, &values, &below, log)?;
    }
    Ok(())
}

fn tags(dependency: &mut Dependency, values: &Value, log: &Log) {
    let Ok(tags) = table_at(values, "tags") else { return };
    let (mut on, mut off) = (false, false);
    for tag in &dependency.tags {
        match tags.get(tag) {
            Some(Value::Bool(true)) => on = true,
            Some(Value::Bool(false)) => off = true,
            Some(_) => log.add(
                Notice::new(Level::Warning, "returned non-bool value")
                    .with("tag", tag)
                    .with("chart", &dependency.name),
            ),
            None => {}
        }
    }
    dependency.enabled = on || !off;
}

fn condition(dependency: &mut Dependency, values: &Value, path: &str, log: &Log) {
    for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
        let full = format!("{path}{condition}");
        let (parent, key) = full.rsplit_once('.').unwrap_or(("", &full));
        let parent = if parent.is_empty() && !full.starts_with('.') {
            table(values).cloned()
        } else {
            table_at(values, parent).ok()
        };
        match parent.and_then(|p| p.get(key)) {
            Some(Value::Bool(enabled)) => {
                dependency.enabled = enabled;
                return;
            }
            None | Some(Value::Map(_)) => {}
            Some(_) => log.add(
                Notice::new(Level::Warning, "returned non-bool value")
                    .with("path", condition)
                    .with("chart", &dependency.name),
            ),
        }
    }
}

fn import(scope: &mut Scope<'_>, log: &Log) -> Result<(), Error> {
    for child in &mut scope.dependencies {
        import(child, log)?;
    }
    if scope.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let nothing = Value::Map(empty());
    let values = values_of(scope, &nothing, Mode::Merge, log)?;
    let imported = empty();
    for dependency in &mut scope.metadata.dependencies {
        let mut seen = Vec::new();
        for entry in &dependency.import_values {
            let (child, parent) = match entry {
                Json::Object(map) => (spelled(map.get("child")), spelled(map.get("parent"))),
                Json::String(key) => (format!("exports.{key}"), ".".to_owned()),
                _ => continue,
            };
            let pair = [("child", child.clone()), ("parent", parent.clone())];
            seen.push(Json::Object(
                pair.into_iter().map(|(k, v)| (k.to_owned(), v.into())).collect(),
            ));
            match table_at(&values, &format!("{}.{child}", dependency.name)) {
                Ok(found) => {
                    tables(&imported, &at_path(&parent, found), "", Mode::Merge, log);
                }
                Err(error) if entry.is_string() => {
                    log.add(
                        Notice::new(Level::Warning, "ImportValues missing table")
                            .with("error", error),
                    );
                }
                Err(error) => log.add(
                    Notice::new(Level::Warning, "ImportValues missing table from chart")
                        .with("chart", &dependency.name)
                        .with("error", error),
                ),
            }
        }
        dependency.import_values = seen;
    }
    let Value::Map(own) = deep_copy(&values)? else { return Ok(()) };
    tables(&own, &imported, "", Mode::Merge, log);
    scope.values = Value::Map(own);
    Ok(())
}

/// What `%v` prints of a JSON value that should be a string.
fn spelled(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(s)) => s.clone(),
        Some(Json::Null) | None => "<nil>".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn at_path(path: &str, found: Rc<Map>) -> Rc<Map> {
    if path == "." {
        return found;
    }
    path.rsplit('.').fold(found, |inner, key| {
        let outer = empty();
        outer.set(key, Value::Map(inner));
        outer
    })
}
