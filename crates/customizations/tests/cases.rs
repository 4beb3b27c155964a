//! Health rules against Argo CD's test cases, where their folder is at hand.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{cases, folders, read};
use windlass_object::Object;

#[test]
fn health_is_as_the_cases_say() {
    let Some(root) = cases() else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for kind in folders(&root).iter().flat_map(|group| folders(group)) {
        let file = kind.join("health_test.yaml");
        if !file.exists() {
            continue;
        }
        for case in read(&file)["tests"].as_array().unwrap() {
            let input = case.get("inputPath").or_else(|| case.get("inputpath")).unwrap();
            let path = kind.join(input.as_str().unwrap());
            let object = Object::try_from(read(&path)).unwrap();
            let text =
                |key: &str| case["healthStatus"][key].as_str().unwrap_or_default().to_owned();
            let expected = format!("{}: {}", text("status"), text("message"));
            let told = windlass_customizations::health(&object)
                .map_or("none".to_owned(), |v| format!("{}: {}", v.status.as_str(), v.message));
            count += 1;
            if told != expected {
                wrong.push(format!("{}\n  expected {expected}\n  told     {told}", path.display()));
            }
        }
    }
    assert!(count > 1000, "only {count} cases in {}", root.display());
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A time that stands for any.
const ZERO: &str = "0001-01-01T00:00:00Z";

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let is_time =
                    key.ends_with("At") || key.ends_with("Time") || key.ends_with("Timestamp");
                if value.is_string() && (is_time || key == "force-sync") {
                    *value = ZERO.into();
                }
                without_times(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// What the cases leave to the cluster, or say of another moment.
fn comparable(object: &Object, action: &str) -> Value {
    let mut object = object.clone();
    for field in
        ["creationTimestamp", "generation", "resourceVersion", "selfLink", "uid", "managedFields"]
    {
        object.remove(&["metadata", field]);
    }
    if action == "create-job" || action == "create-workflow" {
        object.set(&["metadata", "name"], "generated");
        object.remove(&["metadata", "annotations", "workflows.argoproj.io/scheduled-time"]);
    }
    if object.kind() == "Deployment" {
        object.remove(&["status"]);
    }
    for annotations in [&["metadata", "annotations"][..], &["spec", "template", "metadata"]] {
        object
            .remove(&[annotations, &["kubectl.kubernetes.io/last-applied-configuration"]].concat());
        object.remove(&[annotations, &["creationTimestamp"]].concat());
        if object.get(annotations).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
        {
            object.remove(annotations);
        }
    }
    let mut value = object.into_value();
    without_times(&mut value);
    prune(&mut value);
    value
}

/// Null fields are absent ones.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[test]
fn actions_are_as_the_cases_say() {
    let Some(root) = cases() else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for kind in folders(&root).iter().flat_map(|group| folders(group)) {
        let folder = kind.join("actions");
        let file = folder.join("action_test.yaml");
        if !file.exists() {
            continue;
        }
        let cases = read(&file);
        let list = |name: &str| cases[name].as_array().cloned().unwrap_or_default();
        let object = |case: &Value, key: &str| {
            let path = folder.join(case[key].as_str().unwrap());
            (Object::try_from(read(&path)).unwrap(), path)
        };
        for case in list("discoveryTests") {
            let (input, path) = object(&case, "inputPath");
            count += 1;
            let mut expected: Vec<String> =
                case["result"].as_array().unwrap().iter().map(described).collect();
            expected.sort();
            let offered = windlass_customizations::action::actions(&input);
            let offered: Vec<String> = offered.iter().map(offered_as).collect();
            if offered != expected {
                wrong.push(format!(
                    "{}\n  expected {expected:#?}\n  offered  {offered:#?}",
                    path.display()
                ));
            }
        }
        for case in list("actionTests") {
            let (input, path) = object(&case, "inputPath");
            count += 1;
            let name = case["action"].as_str().unwrap();
            if let Err(problem) = run(&input, name, &case, &folder) {
                wrong.push(format!("{} {name}: {problem}", path.display()));
            }
        }
    }
    assert!(count > 150, "only {count} cases in {}", root.display());
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether all that is expected is there. Expected objects of the cases are not whole.
fn is_within(expected: &Value, told: &Value) -> bool {
    match (expected, told) {
        (Value::Object(expected), Value::Object(told)) => expected
            .iter()
            .all(|(key, value)| told.get(key).is_some_and(|told| is_within(value, told))),
        (Value::Array(expected), Value::Array(told)) => {
            expected.len() == told.len()
                && expected.iter().zip(told).all(|(expected, told)| is_within(expected, told))
        }
        (expected, told) => expected == told,
    }
}

fn described(action: &Value) -> String {
    let text = |key: &str| action[key].as_str().unwrap_or_default();
    let parameters: Vec<String> = action["params"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| {
            format!("{}={}", p["name"].as_str().unwrap(), p["default"].as_str().unwrap_or_default())
        })
        .collect();
    format!(
        "{} {} {:?} {:?} {parameters:?}",
        text("name"),
        action["disabled"] == true,
        text("iconClass"),
        text("displayName")
    )
}

fn offered_as(action: &windlass_customizations::action::Action) -> String {
    let parameters: Vec<String> =
        action.parameters.iter().map(|p| format!("{}={}", p.name, p.value)).collect();
    format!(
        "{} {} {:?} {:?} {parameters:?}",
        action.name, action.disabled, action.icon_class, action.display_name
    )
}

fn run(input: &Object, name: &str, case: &Value, folder: &Path) -> Result<(), String> {
    use windlass_customizations::action::{Parameter, act};
    let parameters: Vec<Parameter> = case["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| Parameter {
            name: name.clone(),
            value: value.as_str().unwrap().to_owned(),
        })
        .collect();
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let result = act(input, name, &parameters, now).ok_or("there is no such action")?;
    if let Some(error) = case["expectedErrorMessage"].as_str().filter(|error| !error.is_empty()) {
        let told = result.err().map(|refused| refused.to_string());
        return if told.as_deref() == Some(error) { Ok(()) } else { Err(format!("{told:?}")) };
    }
    let impacts = result.map_err(|refused| refused.to_string())?;
    let expected = match read(&folder.join(case["expectedOutputPath"].as_str().unwrap())) {
        Value::Array(items) => items.iter().map(|item| item["unstructuredObj"].clone()).collect(),
        one => vec![one],
    };
    let expected: Vec<Value> = expected
        .into_iter()
        .map(|value| comparable(&Object::try_from(value).unwrap(), name))
        .collect();
    let told: Vec<Value> = impacts.iter().map(|i| comparable(&i.object, name)).collect();
    if told.len() == expected.len() && expected.iter().zip(&told).all(|(e, t)| is_within(e, t)) {
        return Ok(());
    }
    let text = |values: &[Value]| serde_json::to_string_pretty(values).unwrap();
    Err(format!("expected\n{}\ntold\n{}", text(&expected), text(&told)))
}
