//! Tables: what `kubectl get` prints.
//!
//! The columns of a built-in kind are data recorded from the real server; the cells are functions of the object and of
//! now. Custom resources have the columns that their CRD declares.

mod age;
mod cells;
mod cluster;
mod columns;
mod custom;
mod network;
mod pods;
mod storage;
#[cfg(test)]
mod tests;
mod text;
mod workloads;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::catalog::ResourceType;
use crate::status::Status;

/// One row's cells, and its conditions.
#[derive(Default)]
struct Row {
    cells: Vec<Value>,
    /// Told by pods that are done.
    conditions: Option<Value>,
}

/// A `Table` of objects, all of one resource and in its version, without list metadata. `include` is the request's
/// `includeObject` (`None`, `Metadata`, `Object`, or empty for the default); `headers` tells whether column definitions
/// are wanted: a watch sends them once.
pub(crate) fn render(
    resource: &ResourceType,
    objects: &[Object],
    include: &str,
    headers: bool,
) -> Result<Value, Status> {
    render_at(resource, objects, include, headers, Timestamp::now())
}

/// [`render`] with ages as of `now`.
pub(crate) fn render_at(
    resource: &ResourceType,
    objects: &[Object],
    include: &str,
    headers: bool,
    now: Timestamp,
) -> Result<Value, Status> {
    if !matches!(include, "" | "None" | "Metadata" | "Object") {
        return Err(Status::bad_request(format!(
            "unrecognized includeObject value: \"{include}\""
        )));
    }
    let (definitions, rows) = match resource.custom() {
        Some(version) => (custom::columns(version), custom::rows(version, objects, now)),
        None => {
            (columns::of(resource), objects.iter().map(|o| cells::row(resource, o, now)).collect())
        }
    };
    let rows: Vec<Value> = rows
        .into_iter()
        .zip(objects)
        .map(|(row, object)| {
            let mut out = json!({"cells": row.cells, "object": shown(object, include)});
            if let Some(conditions) = row.conditions {
                out["conditions"] = conditions;
            }
            out
        })
        .collect();
    Ok(json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": if headers { Value::Array(definitions) } else { Value::Null },
        "rows": rows,
    }))
}

fn shown(object: &Object, include: &str) -> Value {
    match include {
        "None" => Value::Null,
        "Object" => object.to_value(),
        _ => json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object.get(&["metadata"]).cloned().unwrap_or_else(|| json!({})),
        }),
    }
}
