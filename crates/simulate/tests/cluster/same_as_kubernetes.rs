//! The simulation brings a bare API server to the same state as Kubernetes' own controllers.

use std::path::Path;
use std::time::Duration;

use crate::simulated::{Api, Simulated, kubectl};
use anyhow::Result;
use serde_json::{Map, Value};
use windlass_testkit::{available, kubernetes, wait_for};

const KINDS: &str = "deployments,replicasets,statefulsets,daemonsets,jobs,pods,endpoints,\
                     endpointslices,poddisruptionbudgets,controllerrevisions";

const DEADLINE: Duration = Duration::from_secs(120);

/// The state of a namespace, by kind and name, with all that is free to differ made equal.
fn state(kubeconfig: &Path, namespace: &str) -> Result<Map<String, Value>> {
    let text = kubectl(kubeconfig, &["-n", namespace, "get", KINDS, "-o", "json"], "")?;
    let list: Value = serde_json::from_str(&text)?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let mut out = Map::new();
    for item in items {
        let object = normal(item, namespace);
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let mut name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let mut number = 0;
        while out.contains_key(&format!("{kind}/{name}#{number}")) {
            number += 1;
        }
        name = format!("{kind}/{name}#{number}");
        out.insert(name, object);
    }
    Ok(out)
}

/// Generated parts of names, identities, times, addresses, and what each side labels as its own.
fn normal(mut object: Value, namespace: &str) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let metadata = &mut object["metadata"];
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "namespace",
        "generateName",
        "managedFields",
        "finalizers",
    ] {
        metadata.as_object_mut().expect("metadata").remove(field);
    }
    for part in ["labels", "annotations"] {
        let Some(map) = metadata[part].as_object_mut() else { continue };
        map.retain(|key, _| {
            !matches!(
                key.as_str(),
                "windlass.dev/simulated"
                    | "kubectl.kubernetes.io/last-applied-configuration"
                    | "endpoints.kubernetes.io/last-change-trigger-time"
            )
        });
        if map.is_empty() {
            metadata.as_object_mut().expect("metadata").remove(part);
        }
    }
    if matches!(kind.as_str(), "Pod" | "ControllerRevision") {
        object.as_object_mut().expect("an object").remove("data");
        // Admission adds tokens, and each side has its own node.
        if let Some(spec) = object["spec"].as_object_mut() {
            for field in [
                "nodeName",
                "tolerations",
                "affinity",
                "serviceAccount",
                "serviceAccountName",
                "volumes",
            ] {
                spec.remove(field);
            }
        }
    }
    if kind == "Pod" {
        like_kwok(&mut object);
    }
    if kind == "EndpointSlice" {
        // How many steps it took.
        object["metadata"].as_object_mut().expect("metadata").remove("generation");
    }
    walk(&mut object, namespace);
    object
}

/// A kubelet says more than kwok does in its place: what pods have ended, and which have started.
fn like_kwok(pod: &mut Value) {
    let ended = pod["status"]["phase"] == "Succeeded";
    if let Some(Value::Array(conditions)) = pod["status"].get_mut("conditions") {
        conditions.retain(|condition| {
            condition["type"] != "PodReadyToStartContainers"
                && (!ended || condition["type"] == "PodScheduled")
        });
    }
    for list in ["containerStatuses", "initContainerStatuses"] {
        for status in pod["status"][list].as_array_mut().into_iter().flatten() {
            status.as_object_mut().expect("a status").remove("started");
        }
    }
}

fn walk(value: &mut Value, namespace: &str) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| {
                !key.ends_with("Time")
                    && !key.ends_with("At")
                    && !key.ends_with("IP")
                    && !matches!(
                        key.as_str(),
                        "uid"
                            | "nodeName"
                            | "imageID"
                            | "podIPs"
                            | "hostIPs"
                            | "resourceVersion"
                            | "controller-uid"
                            | "batch.kubernetes.io/controller-uid"
                            | "ip"
                            | "addresses"
                            | "pod-template-generation"
                    )
            });
            if let Some(Value::Array(conditions)) = map.get_mut("conditions") {
                conditions.sort_by_key(|condition| condition["type"].to_string());
            }
            map.values_mut().for_each(|value| walk(value, namespace));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| walk(value, namespace)),
        Value::String(text) if text.parse::<std::net::IpAddr>().is_ok() => *text = "IP".to_owned(),
        Value::String(text) => *text = plain(&text.replace(namespace, "NAMESPACE")),
        _ => {}
    }
}

/// Hashes and random parts as `*`: words of five or more of the letters that they are made of.
fn plain(text: &str) -> String {
    let generated = |part: &str| {
        part.len() >= 5
            && part.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
            && part != "http"
    };
    let mut out = Vec::new();
    for word in text.split(' ') {
        let parts: Vec<&str> = word
            .split('-')
            .map(|part| {
                let bare = part.trim_matches(['"', '.']);
                if generated(bare) { "*" } else { part }
            })
            .collect();
        out.push(parts.join("-"));
    }
    out.join(" ")
}

fn settled(kubeconfig: &Path, namespace: &str) -> Result<bool> {
    for (what, path, wanted) in [
        ("deployment/web", "{.status.availableReplicas}", "3"),
        ("deployment/recreate", "{.status.availableReplicas}", "1"),
        ("deployment/zero", "{.status.observedGeneration}", "1"),
        ("statefulset/db", "{.status.availableReplicas}", "2"),
        ("daemonset/agent", "{.status.numberAvailable}", "1"),
        ("job/migrate", "{.status.succeeded}", "1"),
        ("job/indexed", "{.status.conditions[?(@.type==\"Complete\")].status}", "True"),
        ("poddisruptionbudget/web", "{.status.currentHealthy}", "3"),
        ("pod/bare", "{.status.phase}", "Running"),
    ] {
        let path = format!("jsonpath={path}");
        let value = kubectl(kubeconfig, &["-n", namespace, "get", what, "-o", &path], "")?;
        if value != wanted {
            anyhow::bail!("{what} {path} is {value:?}, not {wanted:?}");
        }
    }
    Ok(true)
}

#[test]
fn workloads_end_in_the_same_state_on_a_bare_kubernetes() -> Result<()> {
    check(Api::Kubernetes)
}

#[test]
fn workloads_end_in_the_same_state_on_the_embedded_api() -> Result<()> {
    check(Api::Embedded)
}

fn check(api: Api) -> Result<()> {
    if !available(&["kube"]) {
        return Ok(());
    }
    let simulated = Simulated::start(api)?;
    simulated.kubectl(&["create", "namespace", "same"])?;
    let real = kubernetes()?;
    let namespace = real.namespace("same")?;
    let sides = [(simulated.kubeconfig.as_path(), "same"), (real.kubeconfig(), namespace.name())];
    for (kubeconfig, name) in sides {
        let text = include_str!("workloads.yaml");
        kubectl(kubeconfig, &["-n", name, "apply", "--server-side", "-f", "-"], text)?;
    }
    for (kubeconfig, name) in sides {
        wait_for(
            "the workloads settle",
            DEADLINE,
            || Ok(settled(kubeconfig, name)?.then_some(())),
        )?;
    }
    // What has no status, such as endpoints, may come last on either side.
    wait_for("both sides are in the same state", DEADLINE, || {
        let [ours, theirs] = sides.map(|(kubeconfig, name)| state(kubeconfig, name));
        let (ours, theirs) = (Value::Object(ours?), Value::Object(theirs?));
        let mut differences = Vec::new();
        compare("", &theirs, &ours, &mut differences);
        let count = differences.len();
        anyhow::ensure!(differences.is_empty(), "{count} differences:\n{}", differences.join("\n"));
        Ok(Some(()))
    })
}

fn compare(path: &str, real: &Value, ours: &Value, out: &mut Vec<String>) {
    match (real, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let none = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
                compare(&format!("{path}.{key}"), a, b, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{index}]"), a, b, out);
            }
        }
        _ if real == ours => {}
        _ => out.push(format!("{path}\n    real {real}\n    ours {ours}")),
    }
}
