//! Definitions and what the real server answered for them.

use std::fs;

use serde_json::{Value, json};
use windlass_object::Object;

use super::*;
use crate::status::Status;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-1.36.3/crds.json");

/// Creates a definition as the server does, beside those that are there.
fn create(crd: &Object, others: &[Object]) -> Result<Object, Status> {
    let mut crd = crd.clone();
    default(&mut crd);
    prepare(&mut crd, None);
    let errors = validate(&crd, None);
    if !errors.is_empty() {
        return Err(Status::invalid(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            crd.name(),
            &errors,
        ));
    }
    establish(&mut crd, others.iter(), "2026-01-01T00:00:00Z");
    Ok(crd)
}

/// Without what differs from run to run.
fn settled(mut object: Value) -> Value {
    object["metadata"] = json!({"name": object["metadata"]["name"]});
    if let Some(conditions) = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut)
    {
        for condition in conditions {
            condition["lastTransitionTime"] = Value::Null;
        }
    }
    object
}

/// Error texts without the Go struct that the server prints of a whole list.
fn comparable(mut status: Value) -> Value {
    let cut = |text: &str| {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("Invalid value: [{") {
            out.push_str(&rest[..at]);
            out.push_str("Invalid value: […]");
            rest = &rest[at..];
            rest = rest.find("}]: ").map_or("", |end| &rest[end + 2..]);
        }
        out + rest
    };
    status["message"] = json!(cut(status["message"].as_str().unwrap_or_default()));
    if let Some(causes) = status.pointer_mut("/details/causes").and_then(Value::as_array_mut) {
        for cause in causes {
            cause["message"] = json!(cut(cause["message"].as_str().unwrap_or_default()));
        }
    }
    // The server visits the properties of a schema in no order.
    if let Some(causes) = status.pointer_mut("/details/causes").and_then(Value::as_array_mut)
        && causes.len() > 1
    {
        causes.sort_by_key(ToString::to_string);
        status["message"] = Value::Null;
    }
    status["metadata"] = json!({});
    status
}

#[test]
fn answers_are_the_real_ones() {
    let recorded: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(RECORDED).unwrap()).unwrap();
    let mut there = Vec::new();
    let mut wrong = Vec::new();
    for case in &recorded {
        let crd = Object::try_from(case["request"].clone()).unwrap();
        let (code, answer) = match create(&crd, &there) {
            Ok(created) => {
                there.push(created.clone());
                (201, settled(created.into_value()))
            }
            Err(status) => (u64::from(status.code.as_u16()), comparable(status.to_value())),
        };
        let expected = if case["code"] == 201 {
            settled(case["answer"].clone())
        } else {
            comparable(case["answer"].clone())
        };
        if case["code"] != code || answer != expected {
            wrong.push(format!("{}\n  ours {answer}\n  real {expected}", crd.name()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), recorded.len(), wrong.join("\n"));
}
