//! The columns of the built-in kinds, as the real server describes them.

use std::collections::HashMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::catalog::ResourceType;

static COLUMNS: &[u8] = include_bytes!("columns.txt.gz");

/// Bounds reading the compiled-in data.
const LIMIT: u64 = 1 << 20;

/// The column definitions of a resource. They are read anew on each call: a table is asked for by people.
pub(super) fn of(resource: &ResourceType) -> Vec<Value> {
    let mut text = String::new();
    let _ = GzDecoder::new(COLUMNS).take(LIMIT).read_to_string(&mut text);
    let group = if resource.group.is_empty() { "core" } else { &resource.group };
    let head = format!("{group}/{} {}", resource.version, resource.plural);
    parse(&text).remove(head.as_str()).unwrap_or_default()
}

fn parse(text: &str) -> HashMap<&str, Vec<Value>> {
    let mut all: HashMap<&str, Vec<Value>> = HashMap::new();
    let mut head = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix(' ') {
            None => head = line,
            Some(line) => all.entry(head).or_default().extend(column(line)),
        }
    }
    all
}

fn column(line: &str) -> Option<Value> {
    let mut parts = line.split('\t');
    let (name, kind, format) = (parts.next()?, parts.next()?, parts.next()?);
    let priority: i64 = parts.next()?.parse().ok()?;
    let mut description = String::new();
    let mut escaped = false;
    for c in parts.next()?.chars() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (true, 'n') => {
                description.push('\n');
                escaped = false;
            }
            _ => {
                description.push(c);
                escaped = false;
            }
        }
    }
    Some(json!({
        "name": name, "type": kind, "format": format, "description": description,
        "priority": priority,
    }))
}
