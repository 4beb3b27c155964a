//! Strategic merge patches against apimachinery's own.
//!
//! `tests/data/strategic.jsonl.gz` holds cases (random edits of Deployments and Services, and
//! hand-written patches with every directive) and what `tests/oracle` made of each. To make it anew,
//! in that folder: `zcat ../data/strategic.jsonl.gz | go run . | gzip -9n > new.jsonl.gz`.

#![allow(clippy::unwrap_used)]

use std::io::Read;

use windlass_object::{GroupVersionKind, Value};
use windlass_schema::strategic::{StrategicError, apply, diff, three_way};
use windlass_schema::{Schema, Schemas};

const GOLDEN: &[u8] = include_bytes!("data/strategic.jsonl.gz");

fn cases() -> Vec<Value> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(GOLDEN).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn schema(case: &Value) -> Schema {
    let (version, kind) = match case["kind"].as_str().unwrap() {
        "Deployment" => ("apps/v1", "Deployment"),
        kind => ("v1", kind),
    };
    Schemas::builtin().of(&GroupVersionKind::from_api_version(version, kind)).unwrap()
}

#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    /// Equal values, or errors in the same words.
    fn check(&mut self, place: &str, ours: Result<Value, StrategicError>, theirs: &Value) {
        let error = theirs.get("error").and_then(Value::as_str);
        let same = match (&ours, error) {
            (Ok(ours), None) => ours == theirs,
            (Err(ours), Some(theirs)) => ours.to_string() == theirs,
            _ => false,
        };
        if !same {
            let ours = ours.map_or_else(|e| format!("error {e}"), |v| v.to_string());
            self.0.push(format!("{place}:\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
}

#[test]
fn makes_and_applies_patches_as_apimachinery_does() {
    let mut report = Report::default();
    for (i, case) in cases().iter().enumerate() {
        let schema = schema(case);
        let original = &case["original"];
        if let Some(patch) = case.get("patch") {
            let place = format!("case {}: apply {patch}", i + 1);
            report.check(&place, apply(original, patch, &schema), &case["patched"]);
            continue;
        }
        let (modified, current) = (&case["modified"], &case["current"]);
        let place = |what: &str| {
            format!("case {}: {what}\n  of {original}\n  to {modified}\n  on {current}", i + 1)
        };
        let patch = diff(original, modified, &schema);
        if let Ok(patch) = &patch {
            report.check(&place("apply"), apply(original, patch, &schema), &case["patched"]);
        }
        report.check(&place("diff"), patch, &case["twoWay"]);
        let patch = three_way(original, modified, current, &schema, true);
        if let Ok(patch) = &patch {
            report.check(&place("merge"), apply(current, patch, &schema), &case["merged"]);
        }
        report.check(&place("three-way"), patch, &case["threeWay"]);
        let careful = match three_way(original, modified, current, &schema, false) {
            Ok(_) => "ok",
            Err(_) => "conflict",
        };
        if case["careful"] != careful {
            report.0.push(place(&format!("careful: ours {careful}, theirs {}", case["careful"])));
        }
    }
    assert!(report.0.is_empty(), "{} differ\n{}", report.0.len(), report.0.join("\n"));
}
