//! Actions on changed inputs against the real Argo CD: which are offered, and what one of them gives.
//!
//! The changes are to what actions look at: switches, annotations, labels, owners, phases, steps; and
//! any field may go, come from elsewhere, or be empty. They are drawn from a fixed seed. None may be told
//! otherwise. Where a script of the real one fails, because something that it needs is not there, it
//! gives nothing to compare with.
//!
//! For many more, build the oracle (`crates/argo/tests/oracle/actions.go`), take `resource_customizations`
//! of the commit that the cases are of, and run with `WINDLASS_ACTIONS=oracle WINDLASS_SCRIPTS=folder
//! WINDLASS_INPUTS=100000 WINDLASS_SEED=n`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::{Map, Value, json};
use windlass_customizations::action::{Impact, Operation, Parameter, act, actions};
use windlass_object::{Object, yaml};

use crate::draw::{Draw, is_of, number, pointers, remove};
use crate::oracle;
use crate::support::{cases, folders, read};

/// The real one takes half a second for each, and is asked in turn what is offered and what is given.
/// `WINDLASS_INPUTS` asks for more, and `WINDLASS_ACTIONS` may name a program that tells both, and faster.
const INPUTS: usize = 100;

/// Kinds that 3.2.6 has no actions for, or other ones. The cases, which are of a later Argo CD, decide.
const OTHERWISE: [&str; 13] = [
    "apps/Deployment",
    "argoproj.io/Application",
    "core.strimzi.io/*",
    "k8s.mariadb.com/*",
    "keda.sh/*",
    "numaflow.numaproj.io/InterStepBufferService",
    "numaflow.numaproj.io/MonoVertex",
    "numaflow.numaproj.io/Pipeline",
    "numaplane.numaproj.io/MonoVertexRollout",
    "numaplane.numaproj.io/PipelineRollout",
    "postgresql.cnpg.io/*",
    "promoter.argoproj.io/*",
    "psmdb.percona.com/*",
];

/// Fields that actions look at, and what may be there; none takes it away.
const FIELDS: [(&str, &[&str]); 36] = [
    ("/spec/suspend", &["true", "false", "null", ""]),
    ("/spec/paused", &["true", "false", "null", ""]),
    ("/spec/pause", &["true", "false", "null", ""]),
    ("/spec/terminate", &["true", "false", ""]),
    ("/spec/state", &["\"open\"", "\"closed\"", ""]),
    ("/spec/refreshInterval", &["\"0\"", "0", "\"0s\"", "\"0h\"", "\"00\"", "\"1h\"", "60", ""]),
    ("/spec/refreshPolicy", &["\"OnChange\"", "\"Periodic\"", "\"CreatedOnce\"", ""]),
    ("/spec/replicas", &["3", ""]),
    ("/spec/lifecycle", &["{}", "null", ""]),
    ("/spec/lifecycle/desiredPhase", &["\"Paused\"", "\"Running\"", ""]),
    ("/spec/pipeline/spec/lifecycle/desiredPhase", &["\"Paused\"", "\"Running\"", ""]),
    ("/spec/monoVertex/spec/lifecycle/desiredPhase", &["\"Paused\"", "\"Running\"", ""]),
    ("/spec/syncPolicy", &["{}", ""]),
    ("/spec/syncPolicy/automated", &["{}", "null", ""]),
    ("/spec/syncPolicy/automated/enabled", &["true", "false", "null"]),
    ("/spec/strategy/canary/steps", &["[]", "[{\"setWeight\":20}]", ""]),
    ("/spec/strategy/blueGreen", &["{}", "{\"activeService\":\"a\"}", ""]),
    ("/spec/strategy/canary", &["{}", "{\"steps\":[{\"pause\":{}},{\"setWeight\":5}]}", ""]),
    (
        "/spec/jobTemplate/metadata",
        &["{}", "{\"labels\":{\"a\":\"b\"},\"finalizers\":[\"a/b\"]}", ""],
    ),
    (
        "/spec/workflowMetadata",
        &["{\"labels\":{\"a\":\"b\"}}", "{\"finalizers\":[\"a/b\",\"c/d\"]}", ""],
    ),
    ("/spec/template/metadata", &["{}", "{\"annotations\":{}}", ""]),
    (
        "/status/phase",
        &["\"Pending\"", "\"Running\"", "\"Successful\"", "\"Failed\"", "\"Odd\"", ""],
    ),
    ("/status/abort", &["true", "false", ""]),
    ("/status/pauseConditions", &["[]", "[{\"reason\":\"CanaryPauseStep\"}]", "null", ""]),
    ("/status/currentPodHash", &["\"a\"", "\"b\"", ""]),
    ("/status/stableRS", &["\"a\"", "\"b\"", ""]),
    ("/status/currentStepIndex", &["0", "1", "2", "3", ""]),
    (
        "/status/observedGeneration",
        &["\"1\"", "\"99\"", "\"6479c8f85c\"", "\"0x1\"", "\"1.5\"", "2", ""],
    ),
    ("/status/conditions", &["[]", "[{\"type\":\"Failed\",\"status\":\"True\"}]", ""]),
    ("/status/currentPrimary", &["\"cluster-example-1\"", "\"cluster-example-2\"", ""]),
    ("/status/upgradeInProgress", &["\"PipelinePauseAndDrain\"", "\"No\"", ""]),
    ("/metadata/generation", &["1", "7", "100"]),
    ("/metadata/namespace", &[""]),
    ("/metadata/uid", &[""]),
    (
        "/metadata/ownerReferences",
        &["[{\"kind\":\"PipelineRollout\"}]", "[{\"kind\":\"MonoVertexRollout\"}]", ""],
    ),
    ("/status", &["{}", ""]),
];

/// Labels and annotations that actions look at.
const NOTES: [(&str, &str, &[&str]); 9] = [
    ("annotations", "strimzi.io/manual-rolling-update", &["true", "false"]),
    ("annotations", "cnpg.io/reconciliationLoop", &["disabled", "enabled"]),
    ("annotations", "autoscaling.keda.sh/paused", &["true", "false"]),
    ("annotations", "autoscaling.keda.sh/paused-replicas", &["0", "4"]),
    ("annotations", "numaplane.numaproj.io/allow-data-loss", &["true", "false"]),
    (
        "labels",
        "numaplane.numaproj.io/upgrade-state",
        &["in-progress", "trial", "recyclable", "recyclable-expired", "promoted"],
    ),
    ("labels", "numaplane.numaproj.io/force-promote", &["true", "false"]),
    ("labels", "workflows.argoproj.io/controller-instanceid", &["one"]),
    (
        "annotations",
        "numaflow.numaproj.io/allowed-resume-strategies",
        &["fast", "slow", "slow, fast"],
    ),
];

const REPLICAS: [&str; 14] =
    ["3", "0", "-1", "1.5", "2.0", "0x10", "1e2", " 4 ", "+5", "x", "", "1.5e1", "1_0", "5."];
const INSTANCES: [&str; 7] =
    ["any", "1", "2", "cluster-example-1", "cluster-example-2", "cluster-example-3", "x"];

/// An object, the action that is tried, and what it is given.
struct Question {
    object: Value,
    action: String,
    parameters: Vec<Parameter>,
}

/// What the real one says of it; none where it fails.
struct Answer {
    /// Names of actions, and whether each is disabled; of the faster program all of it.
    offered: Option<Value>,
    given: Option<Value>,
    /// In what words it is refused by the script itself.
    refused: Option<String>,
}

fn change(object: &mut Value, other: &Value, draw: &mut Draw) {
    match draw.below(12) {
        0..=5 => {
            let (at, values) = draw.of(&FIELDS).unwrap();
            let value = *draw.of(values).unwrap();
            // Only what a kind has, or may have beside its siblings.
            let parent = at.rsplit_once('/').unwrap().0;
            if value.is_empty() {
                if object.pointer(at).is_some() {
                    remove(object, at);
                }
            } else if let Some(Value::Object(fields)) = object.pointer_mut(parent) {
                let name = at.rsplit_once('/').unwrap().1;
                fields.insert(name.to_owned(), serde_json::from_str(value).unwrap());
            }
        }
        6..=8 => {
            let (map, key, values) = draw.of(&NOTES).unwrap();
            let places = [
                "/metadata",
                "/spec/metadata",
                "/spec/pipeline/metadata",
                "/spec/monoVertex/metadata",
            ];
            let at = draw.of(&places[..if key.ends_with("strategies") { 4 } else { 1 }]).unwrap();
            if let Some(Value::Object(metadata)) = object.pointer_mut(at) {
                let notes = metadata.entry(*map).or_insert_with(|| json!({}));
                if let Value::Object(notes) = notes {
                    if draw.below(5) == 0 {
                        notes.remove(*key);
                    } else {
                        notes.insert((*key).to_owned(), json!(draw.of(values).unwrap()));
                    }
                }
            }
        }
        9 => {
            let mut found = Vec::new();
            pointers(object, "", &|value| !value.is_object(), &mut found);
            found.retain(|at| !["/apiVersion", "/kind", "/metadata/name"].contains(&at.as_str()));
            if let Some(at) = draw.of(&found) {
                remove(object, at);
            }
        }
        10 => {
            let mut found = Vec::new();
            pointers(other, "", &|value| !value.is_object(), &mut found);
            if let Some(at) = draw.of(&found)
                && let Some(value) = object.pointer_mut(at)
            {
                *value = other.pointer(at).unwrap().clone();
            }
        }
        _ => {
            let maps = [
                "/metadata/annotations",
                "/metadata/labels",
                "/spec/template/metadata/annotations",
            ];
            if let Some(value) = object.pointer_mut(draw.of(&maps).unwrap()) {
                *value = if draw.below(2) == 0 { json!({}) } else { Value::Null };
            }
        }
    }
}

/// Objects of the cases of a kind, and the names of its actions.
fn material(kind: &Path) -> (Vec<Value>, Vec<String>) {
    let folder = kind.join("actions");
    let cases = read(&folder.join("action_test.yaml"));
    let list = |name: &str| cases[name].as_array().cloned().unwrap_or_default();
    let (mut objects, mut names) = (Vec::new(), BTreeSet::new());
    for case in list("discoveryTests") {
        objects.push(read(&folder.join(case["inputPath"].as_str().unwrap())));
        let offered = case["result"].as_array().cloned().unwrap_or_default();
        names.extend(offered.iter().map(|action| action["name"].as_str().unwrap().to_owned()));
    }
    for case in list("actionTests") {
        objects.push(read(&folder.join(case["inputPath"].as_str().unwrap())));
        names.insert(case["action"].as_str().unwrap().to_owned());
    }
    (objects, names.into_iter().collect())
}

fn questions(root: &Path, count: usize) -> Vec<Question> {
    let kinds: Vec<_> = folders(root).iter().flat_map(|group| folders(group)).collect();
    let kinds = kinds.iter().filter(|kind| kind.join("actions/action_test.yaml").exists());
    let kinds: Vec<_> = kinds.map(|kind| material(kind)).collect();
    let mut draw = Draw::seeded();
    let question = |_| {
        let (objects, names) = draw.of(&kinds).unwrap();
        let mut object = draw.of(objects).unwrap().clone();
        let other = draw.of(objects).unwrap();
        for _ in 0..=draw.below(3) {
            change(&mut object, other, &mut draw);
        }
        let action = draw.of(names).unwrap().clone();
        let values: Option<(&str, &[&str])> = match action.as_str() {
            "scale" | "paused-replicas" => Some(("replicas", &REPLICAS)),
            "promote" => Some(("instance", &INSTANCES)),
            _ => None,
        };
        let given = values.map(|(name, values)| Parameter {
            name: name.to_owned(),
            value: (*draw.of(values).unwrap()).to_owned(),
        });
        Question { object, action, parameters: given.into_iter().collect() }
    };
    (0..count).map(question).collect()
}

/// Asks the real one, with settings that add nothing to the actions that it bundles: without any it says
/// that there are none.
fn argocd(program: &Path, dir: &Path, question: &Question, lists: bool) -> Answer {
    let object = &question.object;
    let group = object["apiVersion"].as_str().unwrap().split_once('/').unwrap().0;
    let key =
        format!("resource.customizations.actions.{group}_{}", object["kind"].as_str().unwrap());
    let nothing = "mergeBuiltinActions: true\ndiscovery.lua: return {}\ndefinitions: []\n";
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": {key: nothing},
    });
    let (file, settings_file) = (dir.join("object.yaml"), dir.join("settings.yaml"));
    fs::write(&file, object.to_string()).unwrap();
    fs::write(&settings_file, settings.to_string()).unwrap();
    let ask = |command: &str, more: &[String]| {
        let mut asked = Command::new(program);
        asked.args(["admin", "settings", "resource-overrides", command]).arg(&file).args(more);
        // What is changed is shown by this program, in place of diff: the whole object.
        asked.arg("--argocd-cm-path").arg(&settings_file);
        asked.env("KUBECTL_EXTERNAL_DIFF", "sh -c 'cat \"$2\"' sh").output().unwrap()
    };
    if lists {
        let listed = ask("list-actions", &[]);
        let offered = listed.status.success().then(|| {
            let text = String::from_utf8(listed.stdout).unwrap();
            let rows = text.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
            rows.map(|row| json!({"name": row[0], "disabled": row[1] == "true"})).collect()
        });
        return Answer { offered, given: None, refused: None };
    }
    let given = question.parameters.iter();
    let given = given.flat_map(|p| ["--param".to_owned(), format!("{}={}", p.name, p.value)]);
    let more: Vec<String> = std::iter::once(question.action.clone()).chain(given).collect();
    let ran = ask("run-action", &more);
    if !ran.status.success() {
        let told = String::from_utf8(ran.stderr).unwrap();
        let last: Option<Value> = told.lines().last().and_then(|l| serde_json::from_str(l).ok());
        let refused = last.and_then(|line| Some(line["msg"].as_str()?.to_owned()));
        return Answer { offered: None, given: None, refused };
    }
    let text = String::from_utf8(ran.stdout).unwrap();
    let (head, object) = text.split_once('\n').unwrap();
    let operation = if head.contains("created") { "create" } else { "patch" };
    let parsed = yaml::parse(object.as_bytes(), &yaml::Options::default());
    let object = parsed.documents.into_iter().next().unwrap().value;
    Answer { offered: None, given: Some(json!([[operation, comparable(object)]])), refused: None }
}

/// What the faster program says of all.
fn all_at_once(program: &str, questions: &[Question]) -> Vec<Answer> {
    let asked = questions.iter().map(|question| {
        let given = question.parameters.iter().map(|p| (p.name.clone(), json!(p.value)));
        let parameters: Map<String, Value> = given.collect();
        let (object, action) = (&question.object, &question.action);
        json!({"object": object, "action": action, "parameters": parameters})
    });
    let read = |mut answer: Value| {
        let fails = |key: &str| answer.get(key).map(|why| why.as_str().unwrap().to_owned());
        let (no_list, refused) = (fails("noList"), fails("refused"));
        let offered = no_list.is_none().then(|| {
            let list = answer["offered"].as_array().cloned().unwrap_or_default();
            list.iter().map(whole).collect()
        });
        let objects: Vec<Value> = match answer["given"].take() {
            Value::Array(objects) => objects.into_iter().map(comparable).collect(),
            _ => Vec::new(),
        };
        let operations = answer["operation"].as_array().cloned().unwrap_or_default();
        let given = operations.into_iter().zip(objects);
        let given: Value = given.map(|(operation, object)| json!([operation, object])).collect();
        Answer { offered, given: refused.is_none().then_some(given), refused }
    };
    oracle::ask(program, asked).into_iter().map(read).collect()
}

/// An offered action, whole.
fn whole(action: &Value) -> Value {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    // The real one passes no default on.
    let parameters = action["params"].as_array().into_iter().flatten();
    let parameters: Vec<String> = parameters.map(|p| text(p, "name")).collect();
    json!([
        text(action, "name"),
        action["disabled"] == true,
        text(action, "iconClass"),
        text(action, "displayName"),
        parameters,
    ])
}

/// An object as it is compared: moments stand for any. Lua knows neither null nor whether what is empty is
/// a list, and makes what it may not need.
fn comparable(mut object: Value) -> Value {
    settle(&mut object);
    object
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(settle);
            let is_empty =
                |value: &Value| value.is_null() || *value == json!([]) || *value == json!({});
            fields.retain(|_, value| !is_empty(value));
            if fields.is_empty() {
                *value = json!([]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Number(number) => {
            if let Some(n) = number.as_f64() {
                *value = json!(n);
            }
        }
        Value::String(text) => {
            if let Some(moment) = text.strip_prefix("By Argo CD at: ").or(Some(text))
                && moment.len() >= 19
                && moment.as_bytes()[4] == b'-'
                && moment.as_bytes()[10] == b'T'
            {
                *value = json!("a moment");
            }
        }
        _ => {}
    }
}

/// What we say, in the words of the real one.
fn told(question: &Question, wholly: bool) -> (Value, Option<Result<Value, String>>) {
    let object = Object::try_from(question.object.clone()).unwrap();
    let offered = actions(&object).into_iter().map(|action| {
        if !wholly {
            return json!({"name": action.name, "disabled": action.disabled});
        }
        let parameters: Vec<&str> = action.parameters.iter().map(|p| p.name.as_str()).collect();
        json!([action.name, action.disabled, action.icon_class, action.display_name, parameters])
    });
    let now = jiff::Timestamp::now();
    let given = act(&object, &question.action, &question.parameters, now);
    let as_told = |impact: Impact| {
        let operation = match impact.operation {
            Operation::Create => "create",
            Operation::Patch => "patch",
        };
        json!([operation, comparable(impact.object.into_value())])
    };
    let given = given.map(|result| {
        let given = result.map(|impacts| impacts.into_iter().map(as_told).collect());
        given.map_err(|refused| refused.to_string())
    });
    (offered.collect(), given)
}

/// The names of what is created end in the minute.
fn without_minute(value: &Value) -> Value {
    let mut value = value.clone();
    for impact in value.as_array_mut().into_iter().flatten() {
        if impact[0] == "create"
            && let Some(Value::String(name)) = impact.pointer_mut("/1/metadata/name")
        {
            let end = name.rfind('-').map_or(name.len(), |at| at + 1);
            name.truncate(end);
        }
    }
    value
}

/// Whether a refusal is the script's own, not its failure.
fn is_said(words: &str) -> bool {
    words.starts_with("invalid number: ")
        || words.starts_with("Could not find")
        || words == "replicas parameter is required"
}

#[test]
fn actions_of_changed_objects_are_as_the_real_one_gives() {
    let Some(root) = cases() else { return };
    if !windlass_testkit::available(&["argocd"]) {
        return;
    }
    let program = windlass_testkit::peer("argocd").unwrap();
    let count = number("WINDLASS_INPUTS", INPUTS);
    let faster = std::env::var("WINDLASS_ACTIONS").ok();
    let later = oracle::scripts().is_some();
    // More than are asked for, as some are of kinds that 3.2.6 knows otherwise.
    let mut questions = questions(&root, if later { count } else { 3 * count });
    questions.retain(|question| later || !is_of(&question.object, &OTHERWISE));
    questions.truncate(count);
    let judge = |questions: &[Question]| -> Vec<Answer> {
        let dir = tempfile::tempdir().unwrap();
        let questions = questions.iter().enumerate();
        questions.map(|(at, q)| argocd(&program, dir.path(), q, at % 2 == 0)).collect()
    };
    let answers: Vec<Answer> = match &faster {
        Some(program) => all_at_once(program, &questions),
        None => thread::scope(|scope| {
            let parts = questions.chunks(count.div_ceil(4));
            let parts: Vec<_> = parts.map(|part| scope.spawn(|| judge(part))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        }),
    };
    assert_eq!(answers.len(), questions.len());
    let (mut lists, mut results, mut wrong) = (0, 0, 0);
    for (question, answer) in questions.iter().zip(answers) {
        let (offered, given) = told(question, faster.is_some());
        let about = || {
            let given: Vec<_> = question.parameters.iter().map(|p| p.value.as_str()).collect();
            format!("{} {given:?} of {}", question.action, question.object)
        };
        if let Some(expected) = &answer.offered {
            lists += 1;
            if *expected != offered {
                wrong += 1;
                eprintln!("offered\n  expected {expected}\n  told     {offered}\n  {}\n", about());
            }
        }
        let refused = answer.refused.filter(|words| is_said(words)).map(Err);
        let Some(expected) = answer.given.map(|given| Ok(without_minute(&given))).or(refused)
        else {
            continue;
        };
        results += 1;
        let given = given.map(|given| given.map(|given| without_minute(&given)));
        if given.as_ref() != Some(&expected) {
            wrong += 1;
            eprintln!("given\n  expected {expected:?}\n  told     {given:?}\n  {}\n", about());
        }
    }
    eprintln!("{lists} lists and {results} results, {wrong} differ");
    assert!(lists > count / 3 && results > count / 3, "{lists} lists, {results} results only");
    assert_eq!(wrong, 0);
}
