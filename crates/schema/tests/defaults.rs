//! Defaulting against what a real kube-apiserver answers to `create --dry-run=server`.
//!
//! `tests/data/objects.yaml` holds the objects, `tests/data/objects.json` the answers of the server
//! whose version is in it. With `WINDLASS_RECORD=1` and a peer the answers are recorded anew.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod live;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use windlass_object::{Object, Value, json, yaml};
use windlass_schema::defaults;

const OBJECTS: &str = include_str!("data/objects.yaml");
const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/objects.json");

fn objects() -> Vec<Object> {
    let parsed = yaml::parse(OBJECTS.as_bytes(), &yaml::Options::default());
    parsed.documents.into_iter().map(|d| Object::try_from(d.value).unwrap()).collect()
}

fn identity(object: &Object) -> String {
    format!("{} {} {}", object.api_version(), object.kind(), object.name())
}

/// What the server fills in after decoding: identities, allocations, admission.
fn without_generated(object: &mut Object) {
    for field in
        ["uid", "creationTimestamp", "managedFields", "generation", "namespace", "finalizers"]
    {
        object.remove(&["metadata", field]);
    }
    match object.kind() {
        "Service" => {
            for field in
                ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"]
            {
                object.remove(&["spec", field]);
            }
            if let Some(Value::Array(ports)) =
                object.fields_mut().get_mut("spec").and_then(|s| s.get_mut("ports"))
            {
                for port in ports.iter_mut().filter_map(Value::as_object_mut) {
                    port.remove("nodePort");
                }
            }
        }
        "Pod" => {
            for field in [
                "tolerations",
                "priority",
                "preemptionPolicy",
                "serviceAccount",
                "serviceAccountName",
            ] {
                object.remove(&["spec", field]);
            }
            object.remove(&["status", "qosClass"]);
            object.remove(&["status", "phase"]);
            object.remove(&["status", "conditions"]);
        }
        "PersistentVolume" => {
            object.remove(&["status", "lastPhaseTransitionTime"]);
        }
        "Node" => {
            object.remove(&["spec", "taints"]);
        }
        "Job" => {
            object.remove(&["spec", "template", "metadata", "labels"]);
        }
        "Namespace" => {
            object.remove(&["spec", "finalizers"]);
        }
        "APIService" | "CustomResourceDefinition" => {
            object.remove(&["status"]);
            object.remove(&["metadata", "labels"]);
        }
        "Deployment" | "DaemonSet" => {
            object.remove(&["metadata", "annotations"]);
        }
        _ => {}
    }
}

#[test]
fn fills_in_what_the_server_does() {
    let answers: Value = serde_json::from_str(&std::fs::read_to_string(ANSWERS).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for mut object in objects() {
        let name = identity(&object);
        let Some(answer) = answers["objects"].get(&name) else {
            wrong.push(format!("{name}: no answer recorded"));
            continue;
        };
        let mut expected = Object::try_from(answer.clone()).unwrap();
        defaults::builtin(&mut object);
        let once = object.clone();
        defaults::builtin(&mut object);
        assert!(once == object, "{name}: a second time changes it");
        without_generated(&mut object);
        without_generated(&mut expected);
        if object != expected {
            let mut lines = Vec::new();
            differences("", &object.into_value(), &expected.into_value(), &mut lines);
            wrong.push(format!("{name}:\n  {}", lines.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "ours != the server's\n{}", wrong.join("\n"));
}

fn differences(path: &str, ours: &Value, theirs: &Value, lines: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => differences(&path, a, b, lines),
                    (a, b) => lines.push(format!("{path}: {a:?} != {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{i}]"), a, b, lines);
            }
        }
        (a, b) if a != b => lines.push(format!("{path}: {a} != {b}")),
        _ => {}
    }
}

#[test]
fn the_recorded_answers_are_those_of_the_server() {
    let Some(version) = live::run(&["version", "-o", "json"]) else { return };
    let version: Value = serde_json::from_str(&version).unwrap();
    let Some(kubectl) = live::kubectl() else { return };
    let answers = create(kubectl, "default");
    let recorded = json!({"version": version["serverVersion"]["gitVersion"], "objects": answers});
    if std::env::var_os("WINDLASS_RECORD").is_some() {
        let text = serde_json::to_string_pretty(&recorded).unwrap();
        std::fs::write(ANSWERS, text + "\n").unwrap();
        return;
    }
    let known: Value = serde_json::from_str(&std::fs::read_to_string(ANSWERS).unwrap()).unwrap();
    let mut lines = Vec::new();
    differences("", &known["objects"], &recorded["objects"], &mut lines);
    assert!(lines.is_empty(), "record them anew with WINDLASS_RECORD=1:\n{}", lines.join("\n"));
}

/// Creates all objects without keeping them, and gives the answers without what is never the same.
fn create(mut kubectl: Command, namespace: &str) -> BTreeMap<String, Value> {
    kubectl.args(["create", "-n", namespace, "--dry-run=server", "--validate=false"]);
    kubectl.args(["-o", "json", "-f", "-"]);
    let mut child = kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(OBJECTS.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "kubectl create ended with {}", output.status);
    serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter::<Value>()
        .map(|value| {
            let mut object = Object::try_from(value.unwrap()).unwrap();
            let name = identity(&object);
            without_generated(&mut object);
            if object.kind() == "CustomResourceDefinition" {
                object.remove(&["status"]);
            }
            (name, object.into_value())
        })
        .collect()
}
