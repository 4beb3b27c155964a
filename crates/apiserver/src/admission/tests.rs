//! Writes of built-in kinds, and what the real server answered to them.

use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_object::{Object, yaml};

use crate::auth::{MASTERS, UserInfo};
use crate::http::query::WriteOptions;
use crate::registry::{Call, Registry, Warnings};
use crate::status::Status;
use crate::store::Store;

const RECORDED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-1.36.3/admission.json");

/// What the server's controllers and bootstrap had made.
const THERE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: api2-adm}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: system-node-critical}
value: 2000001000
";

async fn write(
    registry: &Arc<Registry>,
    object: &Object,
    update: bool,
) -> Result<(u16, Object), Status> {
    let snapshot = registry.catalog.snapshot();
    let resource = snapshot.kind(&object.gvk()).unwrap();
    let user = UserInfo::authenticated("admin", &[MASTERS]);
    let warnings = Warnings::default();
    let name = if update { object.name() } else { "" };
    let call = Call {
        registry,
        resource: Arc::clone(resource),
        subresource: "",
        namespace: if resource.namespaced { "api2-adm" } else { "" },
        name,
        user: &user,
        user_agent: "test",
        warnings: &warnings,
        now: jiff::Timestamp::now(),
    };
    let options = WriteOptions::default();
    if update {
        let written = call.update(object.clone(), &options, &|| Ok(())).await?;
        return Ok((200, written.object));
    }
    let written = call.create(object.clone(), &options).await?;
    Ok((201, written.object))
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            if let Some(target) = target.as_object_mut() {
                target.remove(key);
            }
        } else {
            merge(&mut target[key], value);
        }
    }
}

/// An answer without what differs from run to run.
fn settled(mut answer: Value, code: u64) -> Value {
    if code < 300 {
        for field in ["uid", "creationTimestamp", "resourceVersion", "managedFields"] {
            answer["metadata"].as_object_mut().unwrap().remove(field);
        }
        // Controllers of the recorded cluster had been at work.
        if matches!(answer["kind"].as_str(), Some("StatefulSet" | "DaemonSet" | "Deployment")) {
            answer["status"] = Value::Null;
        }
        if answer["kind"] == "PersistentVolume" {
            answer["status"]["lastPhaseTransitionTime"] = Value::Null;
        }
    }
    let text = random(&answer.to_string());
    // The structs of Go keep their own order, and patches have a context.
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    if code >= 300 {
        for at in ["/message", "/details/causes/0/message"] {
            if let Some(message) = answer.pointer_mut(at) {
                let text = message.as_str().unwrap();
                let text = text.split("\n@@").next().unwrap();
                *message = json!(text.replace(char::is_whitespace, " "));
            }
        }
        if let Some(causes) = answer.pointer_mut("/details/causes").and_then(Value::as_array_mut) {
            for cause in causes {
                if let Some((head, rest)) =
                    cause["message"].as_str().and_then(|message| message.split_once(": {\""))
                    && let Some(end) = rest.rfind('}')
                {
                    cause["message"] = json!(format!("{head}: {{…}}{}", &rest[end + 1..]));
                    answer["message"] = Value::Null;
                    break;
                }
            }
        }
    }
    answer
}

/// Random parts replaced: addresses, node ports, uids.
fn random(text: &str) -> String {
    let uid = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let address = regex::Regex::new(r"10\.96\.\d+\.\d+").unwrap();
    let port = regex::Regex::new(r#""nodePort":3\d{4}"#).unwrap();
    let text = uid.replace_all(text, "UID");
    let text = address.replace_all(&text, "ADDRESS");
    port.replace_all(&text, "\"nodePort\":30000").into_owned()
}

#[tokio::test]
async fn answers_are_the_real_ones() {
    let registry = Arc::new(Registry::new(Store::open(None).unwrap()));
    let there = yaml::parse(THERE.as_bytes(), &yaml::Options::default()).documents;
    for object in there {
        write(&registry, &Object::try_from(object.value).unwrap(), false).await.unwrap();
    }
    let recorded: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(RECORDED).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in &recorded {
        let update = case.get("merge").is_some();
        let given = Object::try_from(case["merge"].clone())
            .or_else(|_| Object::try_from(case["create"].clone()))
            .unwrap();
        let mut object = given.clone();
        if update {
            let snapshot = registry.catalog.snapshot();
            let resource = snapshot.kind(&given.gvk()).unwrap();
            let namespace = if resource.namespaced { "api2-adm" } else { "" };
            let current =
                registry.find(&resource.group, &resource.plural, namespace, given.name()).unwrap();
            let mut value = current.into_value();
            merge(&mut value, &given.to_value());
            object = Object::try_from(value).unwrap();
        }
        let (code, answer) = match write(&registry, &object, update).await {
            Ok((code, object)) => (u64::from(code), object.into_value()),
            Err(status) => (u64::from(status.code.as_u16()), status.to_value()),
        };
        let expected_code = case["code"].as_u64().unwrap();
        let (ours, real) = (settled(answer, code), settled(case["answer"].clone(), expected_code));
        if code != expected_code || ours != real {
            wrong.push(format!(
                "{} {} {}\n  ours {code} {ours}\n  real {expected_code} {real}",
                if update { "update" } else { "create" },
                given.kind(),
                given.name(),
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), recorded.len(), wrong.join("\n"));
}

/// Waits until something holds, or fails.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_definition_goes_with_its_last_object() {
    let registry = Arc::new(Registry::new(Store::open(None).unwrap()));
    let make = async |object: Value| {
        write(&registry, &Object::try_from(object).unwrap(), false).await.map(|(_, object)| object)
    };
    make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "api2-adm"}}))
        .await
        .unwrap();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["w"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    });
    make(definition.clone()).await.unwrap();
    // A second one that wants the same short name has to wait.
    let mut second = definition;
    second["metadata"]["name"] = json!("wheels.example.com");
    second["spec"]["names"] = json!({"plural": "wheels", "kind": "Wheel", "shortNames": ["w"]});
    make(second).await.unwrap();
    let served =
        |plural: &str| registry.catalog.snapshot().resource("example.com", "v1", plural).is_some();
    assert!(served("widgets") && !served("wheels"));

    let widget = |name: &str, finalizers: Value| {
        json!({"apiVersion": "example.com/v1", "kind": "Widget",
            "metadata": {"name": name, "finalizers": finalizers}})
    };
    make(widget("a", json!(["example.com/held"]))).await.unwrap();
    make(widget("b", json!([]))).await.unwrap();
    let find = |plural: &str, namespace: &str, name: &str| {
        let group = if plural == "widgets" { "example.com" } else { "apiextensions.k8s.io" };
        registry.find(group, plural, namespace, name)
    };
    let definition = || find("customresourcedefinitions", "", "widgets.example.com");
    registry.remove(&definition().unwrap()).await.unwrap();
    assert!(definition().unwrap().is_terminating());
    until("b goes at once", || find("widgets", "api2-adm", "b").is_none()).await;
    until("a begins to go", || find("widgets", "api2-adm", "a").unwrap().is_terminating()).await;
    let refused = make(widget("c", json!([]))).await.unwrap_err();
    assert_eq!(refused.code, http::StatusCode::METHOD_NOT_ALLOWED);

    let mut held = find("widgets", "api2-adm", "a").unwrap();
    held.remove(&["metadata", "finalizers"]);
    write(&registry, &held, true).await.unwrap();
    until("the definition goes", || definition().is_none()).await;
    assert!(!served("widgets"));
    until("its names are free", || served("wheels")).await;
}
