//! Tables of objects as the real server made them.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use windlass_object::Object;

use super::*;
use crate::catalog::Catalog;

const RECORDED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-1.36.3/tables.json");

#[test]
fn tables_are_the_real_ones() {
    let recorded: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(RECORDED).unwrap()).unwrap();
    let snapshot = Catalog::new().snapshot();
    let text = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for case in &recorded {
        let (group, version) = (text(case, "group"), text(case, "version"));
        let resource = snapshot.resource(&group, &version, &text(case, "resource")).unwrap();
        let rows = case["rows"].as_array().unwrap();
        let objects: Vec<Object> =
            rows.iter().map(|row| Object::try_from(row["object"].clone()).unwrap()).collect();
        // The server took the time a moment before or after it wrote the answer's date.
        let date: Timestamp = text(case, "now").parse().unwrap();
        let tables: Vec<Value> = [0, -1, 1]
            .into_iter()
            .map(|off| {
                let now = date + SignedDuration::from_secs(off);
                render_at(resource, &objects, "Object", true, now).unwrap()
            })
            .collect();
        assert_eq!(tables[0]["columnDefinitions"], case["columns"], "{}", resource.plural);
        for (at, row) in rows.iter().enumerate() {
            seen += 1;
            let ours = |table: &Value| table["rows"][at].clone();
            if !tables.iter().any(|table| ours(table) == *row) {
                wrong.push(format!(
                    "{} {}\n  ours {} {}\n  real {} {}",
                    resource.plural,
                    objects[at].name(),
                    ours(&tables[0])["cells"],
                    ours(&tables[0])["conditions"],
                    row["cells"],
                    row["conditions"],
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 100, "{seen}");
}
