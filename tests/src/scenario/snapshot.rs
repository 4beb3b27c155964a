//! What is seen of a scenario, with times, uids, resource versions, commits and addresses replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anyhow::Result;
use regex::Regex;
use windlass_object::{Map, Value, json};

use super::system::CONTROL;
use crate::ApiClient;

/// Kinds that are looked at in a scenario's namespaces. Pods and replica sets are not: controllers
/// of Kubernetes make those.
const KINDS: &[&str] = &[
    "v1/ConfigMap",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "batch/v1/Job",
    "batch/v1/CronJob",
    "networking.k8s.io/v1/Ingress",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
    "argoproj.io/v1alpha1/Workflow",
];
/// Cluster-scoped kinds, of which those are looked at that are named after the scenario.
const CLUSTER_KINDS: &[&str] = &[
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
];

/// Words for what differs between two plays: commits and addresses.
pub(crate) type Words = BTreeMap<String, String>;

/// Looks at everything of the scenario `name`.
pub(crate) fn take(
    api: &ApiClient,
    name: &str,
    more_kinds: &[String],
    words: &Words,
) -> Result<Value> {
    let prefix = format!("{name}--");
    let is_ours = |o: &Value| {
        let found = o["metadata"]["name"].as_str().unwrap_or_default();
        found == name || found.starts_with(&prefix)
    };
    let key = |o: &Value| {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let (kind, meta) = (text(&o["kind"]), &o["metadata"]);
        match meta["namespace"].as_str() {
            Some(namespace) => format!("{kind} {namespace}/{}", text(&meta["name"])),
            None => format!("{kind} {}", text(&meta["name"])),
        }
    };
    let mut applications = Map::new();
    for app in api.list("argoproj.io/v1alpha1/Application", "")? {
        if is_ours(&app) {
            applications.insert(qualified(&app["metadata"]), clean(app, words));
        }
    }
    let mut objects = Map::new();
    let mut add = |o: Value| {
        let o = clean_object(o, words);
        objects.insert(replace(&key(&o), words), o);
    };
    for namespace in api.list("v1/Namespace", "")?.into_iter().filter(|o| is_ours(o)) {
        let inside = namespace["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        add(namespace);
        for kind in KINDS.iter().copied().chain(more_kinds.iter().map(String::as_str)) {
            for object in api.list(kind, &inside).unwrap_or_default() {
                if !is_of_kubernetes(&object) {
                    add(object);
                }
            }
        }
    }
    for kind in more_kinds {
        for object in api.list(kind, CONTROL).unwrap_or_default().into_iter().filter(|o| is_ours(o))
        {
            add(object);
        }
    }
    for kind in CLUSTER_KINDS {
        for object in api.list(kind, "")? {
            let found = object["metadata"]["name"].as_str().unwrap_or_default();
            if is_ours(&object) || found.ends_with(&format!(".{name}.example")) {
                add(object);
            }
        }
    }
    let mut events = BTreeSet::new();
    for event in api.list("v1/Event", "")? {
        let about = &event["involvedObject"];
        let app = about["name"].as_str().unwrap_or_default();
        let message = event["message"].as_str().unwrap_or_default();
        if about["kind"] != "Application" || !(app == name || app.starts_with(&prefix)) {
            continue;
        }
        // Through which states it went depends on when one looks.
        if message.starts_with("Updated sync status")
            || message.starts_with("Updated health status")
        {
            continue;
        }
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        events.insert(replace(
            &format!("{}: {} {}: {message}", qualified(about), text("type"), text("reason")),
            words,
        ));
    }
    Ok(json!({"applications": applications, "objects": objects, "events": events}))
}

/// An Application's name, with its namespace unless that is the usual one.
fn qualified(metadata: &Value) -> String {
    let text = |key: &str| metadata[key].as_str().unwrap_or_default();
    match text("namespace") {
        CONTROL => text("name").to_owned(),
        other => format!("{other}/{}", text("name")),
    }
}

fn is_of_kubernetes(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["kind"].as_str().unwrap_or_default() {
        "ConfigMap" => name == "kube-root-ca.crt",
        "ServiceAccount" => name == "default",
        _ => false,
    }
}

/// An object without what only the cluster says of it.
fn clean_object(mut object: Value, words: &Words) -> Value {
    if let Some(map) = object.as_object_mut() {
        // The controller writes what it makes of a project's roles into its status.
        if map.get("kind").is_none_or(|kind| kind != "AppProject") {
            map.remove("status");
        }
        if map.get("kind").is_some_and(|kind| kind == "CustomResourceDefinition") {
            map.remove("spec");
        }
    }
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        for field in ["clusterIP", "clusterIPs"] {
            spec.remove(field);
        }
    }
    clean(object, words)
}

fn clean(mut object: Value, words: &Words) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in
            ["uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp"]
        {
            metadata.remove(field);
        }
        metadata.remove("managedFields");
    }
    texts(&mut object, words);
    object
}

/// What was recorded before something was known to differ from play to play.
pub(crate) fn settle(recorded: &mut Value) {
    texts(recorded, &Words::new());
}

fn texts(value: &mut Value, words: &Words) {
    match value {
        Value::String(text) => *text = replace(text, words),
        Value::Array(items) => items.iter_mut().for_each(|v| texts(v, words)),
        Value::Object(map) => {
            let old = std::mem::take(map);
            for (key, mut value) in old {
                texts(&mut value, words);
                map.insert(replace(&key, words), value);
            }
        }
        _ => {}
    }
}

static UID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern")
});
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)").expect("a pattern")
});
static CLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d{1,2}:\d\d[AP]M\b").expect("a pattern"));
static UNIX: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"-1\d{9}\b").expect("a pattern"));
/// Files and directories that a command of Argo CD gets for itself.
static TEMPORARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"/tmp/\.tmp\w+/tmp/UID|/dev/shm/\d+|<path to cached source>|<temporary directory>|",
        r"<temp file with values from source\.helm\.values/valuesObject>",
    ))
    .expect("a pattern")
});
/// A registry that listens at another port each time.
static PORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b127\.0\.0\.1:\d{5}\b").expect("a pattern"));
/// Whom Go has asked for a name.
static RESOLVER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(lookup \S+) on [\d.]+:53:").expect("a pattern"));

fn replace(text: &str, words: &Words) -> String {
    let mut text = text.to_owned();
    for (from, to) in words.iter().rev() {
        if text.contains(from.as_str()) {
            text = text.replace(from.as_str(), to);
        }
    }
    for (pattern, word) in [
        (&UID, "UID"),
        (&TIME, "TIME"),
        (&CLOCK, "CLOCK"),
        (&UNIX, "-UNIX"),
        (&TEMPORARY, "TEMPORARY"),
        (&PORT, "127.0.0.1:PORT"),
        (&RESOLVER, "$1:"),
    ] {
        if pattern.is_match(&text) {
            text = pattern.replace_all(&text, word).into_owned();
        }
    }
    text
}
