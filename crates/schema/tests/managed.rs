//! Server-side apply and managed fields against what a real kube-apiserver answers.
//!
//! `tests/data/scenarios.yaml` holds sequences of writes, `tests/data/scenarios.json` what the
//! server made of each. With `WINDLASS_RECORD=1` and a peer the answers are recorded anew.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod live;

use std::io::Write;
use std::process::Stdio;

use windlass_object::{Object, Value, json, yaml};
use windlass_schema::managed::{self, Write as Writer, reset_fields};
use windlass_schema::{Schemas, defaults};

const SCENARIOS: &str = include_str!("data/scenarios.yaml");
const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scenarios.json");

fn object(value: &Value) -> Option<Object> {
    Object::try_from(value.clone()).ok()
}

/// The time of the newest entry.
fn time(answer: &Value) -> String {
    let entries = answer.pointer("/metadata/managedFields").and_then(Value::as_array);
    let times = entries.into_iter().flatten().filter_map(|e| e["time"].as_str());
    times.max().unwrap_or("2026-01-01T00:00:00Z").to_owned()
}

fn without_generated(object: &mut Object) {
    for field in ["resourceVersion", "generation", "uid", "creationTimestamp", "namespace"] {
        object.remove(&["metadata", field]);
    }
    if object.kind() == "Service" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            object.remove(&["spec", field]);
        }
    }
}

/// What we make of one step; the error text if we refuse it.
fn ours(step: &Value) -> Result<Object, String> {
    let live = object(&step["live"]);
    let input = object(&step["input"]).unwrap();
    let schema = Schemas::builtin().of(&input.gvk()).unwrap();
    let subresource = step["subresource"].as_str().unwrap_or_default();
    let time = time(&step["answer"]);
    let reset = reset_fields(&input.gvk(), subresource, true);
    let manager = step["manager"].as_str().unwrap();
    let write = Writer { manager, subresource, time: &time, reset: &reset };
    if step["apply"] == true {
        let force = step["force"] == true;
        let mut done = managed::apply(live.as_ref(), &input, &write, force, &schema)
            .map_err(|e| e.to_string())?;
        defaults::builtin(&mut done);
        let main = subresource.is_empty();
        if main && let Some(status) = live.as_ref().map(|l| l.get(&["status"]).cloned()) {
            match status {
                Some(status) => done.set(&["status"], status),
                None => drop(done.remove(&["status"])),
            }
        } else if main && input.kind() == "Ingress" {
            done.set(&["status"], json!({"loadBalancer": {}}));
        }
        if let Some(live) = &live
            && managed::only_times_differ(live, &done)
        {
            return Ok(live.clone());
        }
        Ok(done)
    } else {
        let mut new = input;
        if step["reset"] == true {
            new.set(&["metadata", "managedFields"], json!([{}]));
        } else {
            new.remove(&["metadata", "managedFields"]);
        }
        Ok(managed::update(live.as_ref(), new, &write, &schema))
    }
}

#[test]
fn keeps_fields_as_the_server_does() {
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(ANSWERS).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, steps) in recorded["scenarios"].as_object().unwrap() {
        for (i, step) in steps.as_array().unwrap().iter().enumerate() {
            let place = format!("{name}, step {}", i + 1);
            match (ours(step), step.get("error").and_then(Value::as_str)) {
                (Err(ours), Some(theirs)) if theirs.contains(&ours) => {}
                (Err(ours), Some(theirs)) => wrong.push(format!("{place}: {ours}\n  != {theirs}")),
                (Err(ours), None) => wrong.push(format!("{place}: refused: {ours}")),
                (Ok(_), Some(theirs)) => wrong.push(format!("{place}: not refused: {theirs}")),
                (Ok(mut ours), None) => {
                    let mut theirs = object(&step["answer"]).unwrap();
                    without_generated(&mut ours);
                    without_generated(&mut theirs);
                    if ours != theirs {
                        let text =
                            |o: &Object| serde_json::to_string_pretty(&o.to_value()).unwrap();
                        let (a, b) = (text(&theirs), text(&ours));
                        let diff = similar(&a, &b);
                        wrong.push(format!("{place}: theirs -, ours +\n{diff}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} steps differ\n{}", wrong.len(), wrong.join("\n"));
}

/// The lines that differ, by a plain comparison from both ends.
fn similar(a: &str, b: &str) -> String {
    let (mut a, mut b): (Vec<_>, Vec<_>) = (a.lines().collect(), b.lines().collect());
    while !a.is_empty() && !b.is_empty() && a[0] == b[0] {
        a.remove(0);
        b.remove(0);
    }
    while !a.is_empty() && !b.is_empty() && a.last() == b.last() {
        a.pop();
        b.pop();
    }
    let lines = |lines: &[&str], mark: &str| {
        lines.iter().map(|line| format!("  {mark}{line}\n")).collect::<String>()
    };
    lines(&a, "-") + &lines(&b, "+")
}

#[test]
fn record() {
    if std::env::var_os("WINDLASS_RECORD").is_none() {
        return;
    }
    let Some(version) = live::run(&["version", "-o", "json"]) else { return };
    let version: Value = serde_json::from_str(&version).unwrap();
    let namespace = format!("schema-managed-{}", std::process::id());
    live::run(&["create", "namespace", &namespace]);
    let mut scenarios = serde_json::Map::new();
    let parsed = yaml::parse(SCENARIOS.as_bytes(), &yaml::Options::default());
    for document in parsed.documents {
        let scenario = document.value;
        let steps: Vec<Value> = scenario["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| record_step(step, &namespace))
            .collect();
        scenarios.insert(scenario["name"].as_str().unwrap().to_owned(), Value::Array(steps));
    }
    live::run(&["delete", "namespace", &namespace, "--wait=false"]);
    let recorded =
        json!({"version": version["serverVersion"]["gitVersion"], "scenarios": scenarios});
    std::fs::write(ANSWERS, serde_json::to_string(&recorded).unwrap() + "\n").unwrap();
}

/// Runs kubectl with input; the error text if it fails.
fn kubectl(namespace: &str, arguments: &[&str], input: &Value) -> Result<Value, String> {
    let mut command = live::kubectl().unwrap();
    command.args(arguments).args(["-n", namespace, "-o", "json"]);
    if arguments[0] != "create" {
        command.arg("--show-managed-fields");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn record_step(step: &Value, namespace: &str) -> Value {
    let subresource = step["subresource"].as_str().unwrap_or_default();
    let endpoint = format!("--subresource={subresource}");
    let mut recorded = json!({"subresource": subresource});
    let outcome = if let Some(manager) = step["apply"].as_str() {
        let config = &step["object"];
        let of = format!(
            "{}/{}",
            config["kind"].as_str().unwrap().to_lowercase(),
            config["metadata"]["name"].as_str().unwrap()
        );
        if let Ok(live) = kubectl(namespace, &["get", &of], &Value::Null) {
            recorded["live"] = live;
        }
        recorded["apply"] = true.into();
        recorded["manager"] = manager.into();
        recorded["force"] = (step["force"] == true).into();
        recorded["input"] = config.clone();
        recorded["input"]["metadata"]["namespace"] = namespace.into();
        let manager = format!("--field-manager={manager}");
        let mut arguments = vec!["apply", "--server-side", "--validate=false", &manager, "-f", "-"];
        if !subresource.is_empty() {
            arguments.push(&endpoint);
        }
        if step["force"] == true {
            arguments.push("--force-conflicts");
        }
        kubectl(namespace, &arguments, config)
    } else {
        let of = step["of"].as_str().unwrap();
        let manager = step["patch"].as_str().unwrap();
        if step["create"].is_object() {
            kubectl(namespace, &["create", "--field-manager=creator", "-f", "-"], &step["create"])
                .unwrap();
        }
        recorded["live"] = kubectl(namespace, &["get", of], &Value::Null).unwrap();
        recorded["manager"] = manager.into();
        recorded["reset"] = step["body"].pointer("/metadata/managedFields").is_some().into();
        let kind = format!("--type={}", step["type"].as_str().unwrap());
        let manager = format!("--field-manager={manager}");
        let body = step["body"].to_string();
        let mut arguments = vec!["patch", of, &kind, &manager, "-p", &body];
        if !subresource.is_empty() {
            arguments.push(&endpoint);
        }
        kubectl(namespace, &arguments, &Value::Null)
    };
    match outcome {
        Ok(answer) => {
            if recorded["apply"] != true {
                recorded["input"] = answer.clone();
            }
            recorded["answer"] = answer;
        }
        Err(error) => recorded["error"] = error.into(),
    }
    recorded
}
