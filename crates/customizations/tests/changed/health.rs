//! Health rules on changed inputs against the real Argo CD, so that no rule fits its cases only.
//!
//! The changes are those that happen: a condition goes, turns or moves, a field goes or has another
//! value, the generation moves, the status is not there. They are drawn from a fixed seed. None may
//! be told otherwise, but for the kinds whose rule is not that of 3.2.6, which are named.
//!
//! For many more, and for those kinds too, build the oracle (`crates/argo/tests/oracle/health.go`), take
//! `resource_customizations` of the commit that the cases are of, and run with `WINDLASS_HEALTH=oracle
//! WINDLASS_SCRIPTS=folder WINDLASS_INPUTS=100000 WINDLASS_SEED=n`. Words are then changed to those that
//! the scripts speak of.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use windlass_object::Object;

use crate::draw::{Draw, is_of, number, pointers, remove};
use crate::oracle;
use crate::support::{cases, folders, read};

/// Each takes the real one half a second. `WINDLASS_INPUTS` asks for more, and `WINDLASS_HEALTH` may name
/// a program that tells faster (`crates/argo/tests/oracle/health.go`).
const INPUTS: usize = 100;

/// Kinds that 3.2.6 has no rule for. The cases, which are of a later Argo CD, have one.
const NEW: [&str; 22] = [
    "*.services.k8s.aws/*",
    "ceph.rook.io/CephCluster",
    "ceph.rook.io/CephObjectStore",
    "core.gardener.cloud/Shoot",
    "gateway.networking.k8s.io/BackendTLSPolicy",
    "gateway.networking.k8s.io/GatewayClass",
    "grafana-org-operator.kubitus-project.gitlab.io/*",
    "karpenter.sh/NodeClaim",
    "keda.sh/ScaledJob",
    "microgateway.airlock.com/*",
    "nmstate.io/NodeNetworkConfigurationPolicy",
    "objectbucket.io/ObjectBucketClaim",
    "operator.victoriametrics.com/*",
    "promoter.argoproj.io/ClusterScmProvider",
    "promoter.argoproj.io/GitCommitStatus",
    "promoter.argoproj.io/GitRepository",
    "promoter.argoproj.io/ScmProvider",
    "promoter.argoproj.io/TimedCommitStatus",
    "promoter.argoproj.io/WebRequestCommitStatus",
    "pulumi.com/Stack",
    "services.cloud.sap.com/ServiceBinding",
    "services.cloud.sap.com/ServiceInstance",
];

/// Kinds whose rule is another in the later one, which is what the cases say and we follow. Those
/// of Google's Config Connector have one rule for all there, and a few have their own in 3.2.6.
const OTHERWISE: [&str; 21] = [
    "*.cnrm.cloud.google.com/*",
    "*.crossplane.io/*",
    "*.upbound.io/*",
    "apiextensions.k8s.io/CustomResourceDefinition",
    "batch/CronJob",
    "cluster.x-k8s.io/Cluster",
    "controlplane.cluster.x-k8s.io/AWSManagedControlPlane",
    "numaflow.numaproj.io/InterStepBufferService",
    "numaflow.numaproj.io/MonoVertex",
    "numaflow.numaproj.io/Pipeline",
    "opentelemetry.io/OpenTelemetryCollector",
    "operators.coreos.com/Subscription",
    "postgresql.cnpg.io/Cluster",
    "projectcontour.io/HTTPProxy",
    "promoter.argoproj.io/ArgoCDCommitStatus",
    "promoter.argoproj.io/ChangeTransferPolicy",
    "promoter.argoproj.io/CommitStatus",
    "promoter.argoproj.io/PromotionStrategy",
    "promoter.argoproj.io/PullRequest",
    "rabbitmq.com/RabbitmqCluster",
    "work.karmada.io/ResourceBinding",
];

/// One change to an object. What it takes from elsewhere comes from another object of its kind.
/// Words are those that its script speaks of, where there are scripts to read.
fn change(object: &mut Value, other: &Value, words: &[String], draw: &mut Draw) {
    let below = |object: &Value, wanted: &dyn Fn(&Value) -> bool| {
        let mut found = Vec::new();
        if let Some(status) = object.get("status") {
            pointers(status, "/status", wanted, &mut found);
        }
        found
    };
    let is_condition = |v: &Value| v.get("type").is_some() && v.get("status").is_some();
    let conditions = below(object, &is_condition);
    match draw.below(if words.is_empty() { 13 } else { 20 }) {
        0 => {
            if let Some(at) = draw.of(&conditions) {
                remove(object, at);
            }
        }
        1 | 2 => {
            if let Some(at) = draw.of(&conditions) {
                let word = *draw.of(&["True", "False", "Unknown"]).unwrap();
                object.pointer_mut(at).unwrap()["status"] = json!(word);
            }
        }
        3 => {
            let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
            object["metadata"]["generation"] = json!(generation.unwrap_or(0) + 1);
        }
        4 => {
            let words = below(object, &|value| value.is_string() || value.is_boolean());
            if let Some(at) = draw.of(&words) {
                remove(object, at);
            }
        }
        5 => {
            let counts = below(object, &|value| value.is_u64());
            if let Some(at) = draw.of(&counts) {
                let value = object.pointer_mut(at).unwrap();
                *value = json!(value.as_u64().unwrap() + 1);
            }
        }
        7 => {
            let conditions = other.pointer("/status/conditions").and_then(Value::as_array);
            let taken = conditions.and_then(|conditions| draw.of(conditions)).cloned();
            let own = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            if let (Some(taken), Some(own)) = (taken, own) {
                own.insert(draw.below(own.len() + 1), taken);
            }
        }
        8 => {
            let own = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            if let Some(own) = own.filter(|own| !own.is_empty()) {
                let (one, two) = (draw.below(own.len()), draw.below(own.len()));
                own.swap(one, two);
            }
        }
        9 | 10 => {
            let words = below(other, &|value| !value.is_object() && !value.is_array());
            if let Some(at) = draw.of(&words)
                && let Some(value) = object.pointer_mut(at)
            {
                *value = other.pointer(at).unwrap().clone();
            }
        }
        11 => {
            let mut found = Vec::new();
            if let Some(spec) = object.get("spec") {
                pointers(spec, "/spec", &|value| !value.is_object(), &mut found);
            }
            if let Some(at) = draw.of(&found) {
                match other.pointer(at) {
                    Some(value) => *object.pointer_mut(at).unwrap() = value.clone(),
                    None => remove(object, at),
                }
            }
        }
        13.. => {
            let mut places = below(object, &|value| value.is_string());
            places.retain(|at| !at.ends_with("Time") && !at.ends_with("message"));
            if let Some(at) = draw.of(&places) {
                *object.pointer_mut(at).unwrap() = json!(draw.of(words));
            }
        }
        6 => {
            if object["spec"].is_object() {
                object["spec"][*draw.of(&["suspend", "paused"]).unwrap()] = json!(true);
            }
        }
        _ => {
            object.as_object_mut().unwrap().remove("status");
        }
    }
}

/// Texts in the script of a kind.
fn words(scripts: &Path, kind: &Path) -> Vec<String> {
    let group = kind.parent().unwrap().file_name().unwrap();
    let path = scripts.join(group).join(kind.file_name().unwrap()).join("health.lua");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split('"').skip(1).step_by(2).filter(|word| word.len() < 40).map(str::to_owned).collect()
}

/// What the real one says; none where its script fails, or it has no script.
fn argocd(program: &Path, dir: &Path, object: &Value) -> Option<String> {
    let path = dir.join("object.yaml");
    fs::write(&path, object.to_string()).unwrap();
    let settings = dir.join("settings.yaml");
    let empty = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\n";
    fs::write(&settings, empty).unwrap();
    let output = Command::new(program)
        .args(["admin", "settings", "resource-overrides", "health"])
        .args([path.as_os_str(), "--argocd-cm-path".as_ref(), settings.as_os_str()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (status, message) = text.strip_prefix("STATUS: ")?.split_once("\nMESSAGE: ")?;
    Some(format!("{status}: {}", message.strip_suffix('\n')?))
}

fn told(object: &Value, known: bool) -> String {
    if object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null()) {
        return "Progressing: Pending deletion".to_owned();
    }
    if !known {
        return ": ".to_owned();
    }
    let verdict = windlass_customizations::health(&Object::try_from(object.clone()).unwrap());
    verdict.map_or(": ".to_owned(), |v| format!("{}: {}", v.status.as_str(), v.message))
}

/// What the faster program says of all inputs.
fn all_at_once(program: &str, inputs: &[Value]) -> Vec<Option<String>> {
    let told = |answer: Value| {
        let none = answer.get("none").map(|_| ": ".to_owned());
        answer["told"].as_str().map(str::to_owned).or(none)
    };
    oracle::ask(program, inputs.iter().cloned()).into_iter().map(told).collect()
}

#[test]
fn health_of_changed_objects_is_as_the_real_one_tells() {
    let Some(root) = cases() else { return };
    if !windlass_testkit::available(&["argocd"]) {
        return;
    }
    let program = windlass_testkit::peer("argocd").unwrap();
    let kinds: Vec<_> = folders(&root).iter().flat_map(|group| folders(group)).collect();
    let kinds: Vec<_> = kinds.into_iter().filter(|k| k.join("health_test.yaml").exists()).collect();
    let mut draw = Draw::seeded();
    let count = number("WINDLASS_INPUTS", INPUTS);
    let scripts = oracle::scripts();
    let inputs: Vec<Value> = (0..count)
        .map(|_| {
            let kind = draw.of(&kinds).unwrap();
            let cases = read(&kind.join("health_test.yaml"));
            let case = draw.of(cases["tests"].as_array().unwrap()).unwrap();
            let input = case.get("inputPath").or_else(|| case.get("inputpath")).unwrap();
            let mut object = read(&kind.join(input.as_str().unwrap()));
            let case = draw.of(cases["tests"].as_array().unwrap()).unwrap();
            let input = case.get("inputPath").or_else(|| case.get("inputpath")).unwrap();
            let other = read(&kind.join(input.as_str().unwrap()));
            let words = scripts.as_deref().map_or_else(Vec::new, |scripts| words(scripts, kind));
            for _ in 0..=draw.below(2) {
                change(&mut object, &other, &words, &mut draw);
            }
            object
        })
        .collect();
    let judge = |inputs: &[Value]| -> Vec<Option<String>> {
        let dir = tempfile::tempdir().unwrap();
        inputs.iter().map(|object| argocd(&program, dir.path(), object)).collect()
    };
    let expected = match std::env::var("WINDLASS_HEALTH") {
        Ok(program) => all_at_once(&program, &inputs),
        Err(_) => {
            let (first, second) = inputs.split_at(count / 2);
            thread::scope(|scope| {
                let other = scope.spawn(|| judge(second));
                let mut answers = judge(first);
                answers.extend(other.join().unwrap());
                answers
            })
        }
    };
    assert_eq!(expected.len(), count);
    let (mut answered, mut wrong) = (0, 0);
    let later = scripts.is_some();
    for (object, expected) in inputs.iter().zip(expected) {
        let Some(expected) = expected else { continue };
        if !later && is_of(object, &OTHERWISE) {
            continue;
        }
        answered += 1;
        let told = told(object, later || !is_of(object, &NEW));
        if expected != told {
            wrong += 1;
            eprintln!("expected {expected}\ntold     {told}\n{object}\n");
        }
    }
    eprintln!("{} of {answered} agree", answered - wrong);
    assert!(answered > count / 2, "the real one answered {answered} times only");
    assert_eq!(wrong, 0, "of {answered}");
}
