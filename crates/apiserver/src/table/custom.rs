//! Columns that CRDs declare.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;
use windlass_object::jsonpath::{JsonPath, text};

use super::{Row, age};
use crate::crd::{CustomVersion, PrinterColumn};

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

/// The declared columns; without any, the age.
fn declared(version: &CustomVersion) -> Vec<PrinterColumn> {
    if !version.printer_columns.is_empty() {
        return version.printer_columns.clone();
    }
    vec![PrinterColumn {
        name: "Age".to_owned(),
        kind: "date".to_owned(),
        format: String::new(),
        description: AGE.to_owned(),
        priority: 0,
        json_path: ".metadata.creationTimestamp".to_owned(),
    }]
}

const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

pub(super) fn columns(version: &CustomVersion) -> Vec<Value> {
    let name = json!({
        "name": "Name", "type": "string", "format": "name", "description": NAME, "priority": 0,
    });
    let declared = declared(version).into_iter().map(|column| {
        let description = if column.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", column.json_path)
        } else {
            column.description
        };
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": description, "priority": column.priority,
        })
    });
    std::iter::once(name).chain(declared).collect()
}

pub(super) fn rows(version: &CustomVersion, objects: &[Object], now: Timestamp) -> Vec<Row> {
    let declared = declared(version);
    let paths: Vec<(Option<JsonPath>, &str)> = declared
        .iter()
        .map(|column| (JsonPath::parse(&column.json_path).ok(), column.kind.as_str()))
        .collect();
    objects
        .iter()
        .map(|object| {
            let value = object.to_value();
            let mut cells = vec![Value::from(object.name())];
            for (path, kind) in &paths {
                let found = path.as_ref().and_then(|path| path.find(&value).into_iter().next());
                cells.push(found.map_or(Value::Null, |found| cell(kind, found, now)));
            }
            Row { cells, conditions: None }
        })
        .collect()
}

/// A value as a column of a type shows it; null where it has another type.
fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match (kind, value) {
        ("string", value) => text(value).into(),
        (_, Value::Null) => Value::Null,
        ("integer", Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            // As the real server does it: towards zero.
            #[allow(clippy::cast_possible_truncation)]
            (None, Some(number)) => (number as i64).into(),
            _ => Value::Null,
        },
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(time)) => match time.parse::<Timestamp>() {
            Ok(_) => age::since(time, now).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}
