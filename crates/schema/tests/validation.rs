//! Pruning, defaulting and validation of custom resources against a real kube-apiserver.
//!
//! `tests/data/crd.yaml` is the definition, `tests/data/samples.yaml` the specs,
//! `tests/data/samples.json` what the server said of each. With `WINDLASS_RECORD=1` and a peer the
//! answers are recorded anew.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod live;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use windlass_object::{Object, Value, json, yaml};
use windlass_schema::{Schemas, default, prune, validate};

const CRD: &str = include_str!("data/crd.yaml");
const SAMPLES: &str = include_str!("data/samples.yaml");
const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/samples.json");

fn samples() -> Vec<Value> {
    let list = yaml::parse_one(SAMPLES.as_bytes(), &yaml::Options::default()).unwrap();
    let specs = list.as_array().unwrap().clone();
    specs
        .into_iter()
        .map(|spec| {
            json!({"apiVersion": "schema-test.windlass.io/v1", "kind": "Sample", "metadata": {"name": "s"}, "spec": spec})
        })
        .collect()
}

#[test]
fn says_what_the_server_says() {
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(ANSWERS).unwrap()).unwrap();
    let crd = yaml::parse_one(CRD.as_bytes(), &yaml::Options::default()).unwrap();
    let crd = Object::try_from(crd).unwrap();
    let (schemas, problems) = Schemas::builtin().with_crds([&crd]);
    assert_eq!(problems, []);
    let mut wrong = Vec::new();
    for (i, mut sample) in samples().into_iter().enumerate() {
        let gvk = Object::try_from(sample.clone()).unwrap().gvk();
        let schema = schemas.of(&gvk).unwrap();
        prune(&mut sample, &schema);
        default(&mut sample, &schema);
        let errors: BTreeSet<String> =
            validate::validate(&sample, &schema).iter().map(ToString::to_string).collect();
        let ours = if errors.is_empty() { sample["spec"].clone() } else { json!(errors) };
        let theirs = &recorded["samples"][i];
        if &ours != theirs {
            let text = |v: &Value| serde_json::to_string_pretty(v).unwrap();
            wrong.push(format!("sample {}:\nours {}\ntheirs {}", i + 1, text(&ours), text(theirs)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn record() {
    if std::env::var_os("WINDLASS_RECORD").is_none() {
        return;
    }
    let Some(version) = live::run(&["version", "-o", "json"]) else { return };
    let version: Value = serde_json::from_str(&version).unwrap();
    kubectl(&["apply", "--server-side", "-f", "-"], CRD).unwrap();
    let samples = samples();
    let deadline = Instant::now() + Duration::from_secs(120);
    let first = samples[0].to_string();
    let create = ["create", "--dry-run=server", "--validate=false", "-o", "json", "-f", "-"];
    while kubectl(&create, &first).is_err() {
        assert!(Instant::now() < deadline, "the kind is not served");
    }
    let answers: Vec<Value> = samples
        .iter()
        .map(|sample| match kubectl(&create, &sample.to_string()) {
            Ok(text) => serde_json::from_str::<Value>(&text).unwrap()["spec"].clone(),
            Err(text) => json!(causes(&text)),
        })
        .collect();
    live::run(&["delete", "crd", "samples.schema-test.windlass.io", "--wait=false"]);
    let recorded = json!({"version": version["serverVersion"]["gitVersion"], "samples": answers});
    std::fs::write(ANSWERS, serde_json::to_string_pretty(&recorded).unwrap() + "\n").unwrap();
}

/// The single errors in what kubectl prints of a 422.
fn causes(text: &str) -> BTreeSet<String> {
    let (_, rest) = text.split_once("is invalid: ").unwrap();
    rest.lines()
        .map(|line| line.trim_start_matches("* ").trim().to_owned())
        .filter(|l| !l.is_empty())
        .collect()
}

fn kubectl(arguments: &[&str], input: &str) -> Result<String, String> {
    let mut command = live::kubectl().unwrap();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
