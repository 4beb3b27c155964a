//! The one node on which everything runs, and the storage class that it offers.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::conditions::written;
use crate::plan::{Action, Plan};
use crate::pods::{NODE, SIMULATED};
use crate::resource::Kind;
use crate::world::World;

/// The provisioner of the default storage class.
const PROVISIONER: &str = "windlass.dev/simulated";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// How often the node says that it is there. Nothing judges it by this, so seldom is enough.
const HEARTBEAT: Duration = Duration::from_secs(300);

pub(crate) fn reconcile(world: &World, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    match world.get(Kind::Node, "", NODE) {
        None => create(Kind::Node, node(), &mut plan),
        Some(node) => {
            let beat = node
                .get(&["status", "conditions"])
                .and_then(Value::as_array)
                .and_then(|conditions| conditions.iter().find(|c| c["type"] == "Ready"));
            let age = beat
                .and_then(|ready| crate::conditions::age(ready["lastHeartbeatTime"].as_str(), now));
            if age.is_none_or(|age| age >= HEARTBEAT) {
                plan.status(Kind::Node, node, &status(node, now));
            }
        }
    }
    plan.look_again(HEARTBEAT);
    let has_default = world
        .list_all(Kind::StorageClass)
        .any(|class| class.annotation(DEFAULT_CLASS) == Some("true"));
    if !has_default && world.get(Kind::StorageClass, "", "standard").is_none() {
        create(
            Kind::StorageClass,
            json!({
                "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "metadata": {
                    "name": "standard", "annotations": {DEFAULT_CLASS: "true"},
                    "labels": {SIMULATED: "true"},
                },
                "provisioner": PROVISIONER, "reclaimPolicy": "Delete",
                "volumeBindingMode": "Immediate",
            }),
            &mut plan,
        );
    }
    plan
}

fn create(kind: Kind, value: Value, plan: &mut Plan) {
    if let Ok(object) = Object::try_from(value) {
        plan.actions.push(Action::Create { kind, object });
    }
}

fn node() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": NODE, "labels": {
            SIMULATED: "true", "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }},
    })
}

fn status(node: &Object, now: Timestamp) -> Value {
    let since = node
        .get(&["status", "conditions"])
        .and_then(Value::as_array)
        .and_then(|conditions| conditions.first())
        .and_then(|ready| ready["lastTransitionTime"].as_str())
        .map_or_else(|| written(now), str::to_owned);
    let room = json!({"cpu": "1k", "memory": "1Ti", "pods": "100k", "ephemeral-storage": "1Ti"});
    let mut status = node.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
    for (field, value) in [
        ("capacity", room.clone()),
        ("allocatable", room),
        (
            "addresses",
            json!([
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "Hostname", "address": NODE},
            ]),
        ),
        (
            "conditions",
            json!([{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "the node is simulated", "lastHeartbeatTime": written(now),
                "lastTransitionTime": since,
            }]),
        ),
        (
            "nodeInfo",
            json!({
                "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "simulated://0",
                "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.36.3",
                "machineID": "", "operatingSystem": "linux", "osImage": "simulated",
                "systemUUID": "",
            }),
        ),
    ] {
        status[field] = value;
    }
    status
}
