//! The recorded answers are still those of a real kube-apiserver: every recorded write is made there again.

#![allow(clippy::unwrap_used)] // Helpers of tests.

use std::path::Path;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use regex::Regex;
use serde_json::{Value, json};
use windlass_apiserver::catalog::Catalog;
use windlass_object::Object;
use windlass_testkit::{available, kubernetes};

struct Server {
    client: kube::Client,
    catalog: Catalog,
    namespace: String,
}

impl Server {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.into_bytes()))
            .unwrap();
        let response = self.client.send(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The path of an object's resource.
    fn path(&self, object: &Object) -> String {
        let snapshot = self.catalog.snapshot();
        let resource = snapshot.kind(&object.gvk()).unwrap();
        let root = match resource.group.as_str() {
            "" => format!("/api/{}", resource.version),
            group => format!("/apis/{group}/{}", resource.version),
        };
        let scope = if resource.namespaced {
            format!("/namespaces/{}", self.namespace)
        } else {
            String::new()
        };
        format!("{root}{scope}/{}", resource.plural)
    }
}

fn recorded(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube-1.36.3").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn merge(target: &mut Value, patch: &Value) {
    match patch {
        Value::Object(patch) => {
            for (key, value) in patch {
                merge(&mut target[key], value);
            }
        }
        patch => target.clone_from(patch),
    }
}

/// What an answer says, without what differs from run to run.
fn said(code: u16, answer: &Value, namespace: &str) -> Value {
    let part = if code < 300 {
        json!([
            answer["spec"],
            answer["data"],
            answer["metadata"]["labels"],
            answer["metadata"]["finalizers"]
        ])
    } else {
        let causes = answer.pointer("/details/causes").and_then(Value::as_array);
        let mut causes: Vec<String> = causes.into_iter().flatten().map(Value::to_string).collect();
        causes.sort_unstable();
        let message = if causes.len() > 1 { Value::Null } else { answer["message"].clone() };
        json!([answer["reason"], message, causes])
    };
    let mut text =
        part.to_string().replace(namespace, "NAMESPACE").replace("api2-adm", "NAMESPACE");
    for (pattern, word) in [
        ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID"),
        (r"10\.96\.\d+\.\d+", "ADDRESS"),
        (r#""nodePort":3\d{4}"#, "NODEPORT"),
        (r#"\\"lastTransitionTime\\":\\"[^"]*\\""#, "TIME"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
    }
    json!([code, text])
}

/// The real server, with a namespace of its own; none where there is no peer.
async fn server(namespace: &str) -> Option<Server> {
    if !available(&["kubectl", "kube"]) {
        return None;
    }
    let text = std::fs::read_to_string(kubernetes().unwrap().kubeconfig()).unwrap();
    let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    Some(Server {
        client: kube::Client::try_from(config).unwrap(),
        catalog: Catalog::new(),
        namespace: namespace.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery() {
    let Some(server) = server("").await else { return };
    let directory =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube-1.36.3/discovery");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        // Other tests' CRDs are among the groups, and addresses differ.
        if name.starts_with("aggregated") || matches!(name, "api" | "apis") {
            continue;
        }
        let then: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (_, now) =
            server.call(Method::GET, &format!("/{}", name.replace("__", "/")), None).await;
        assert_eq!(now, then, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions() {
    const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let Some(server) = server("").await else { return };
    let cases = recorded("crds.json");
    let names: Vec<&str> =
        cases.iter().filter_map(|case| case["request"]["metadata"]["name"].as_str()).collect();
    let remove = async || {
        for name in &names {
            server.call(Method::DELETE, &format!("{PATH}/{name}"), None).await;
        }
    };
    remove().await;
    let mut wrong = Vec::new();
    for (case, name) in cases.iter().zip(&names) {
        let (code, mut now) = server.call(Method::POST, PATH, Some(&case["request"])).await;
        if code == StatusCode::CREATED {
            let path = format!("{PATH}/{name}");
            now = windlass_testkit::eventually(
                "names decided",
                Duration::from_secs(90),
                async || {
                    let (_, now) = server.call(Method::GET, &path, None).await;
                    let conditions = now.pointer("/status/conditions").and_then(Value::as_array);
                    let has = |kind: &str, status: &str| {
                        conditions
                            .into_iter()
                            .flatten()
                            .any(|c| c["type"] == kind && c["status"] == status)
                    };
                    let decided = has("Established", "True") || has("NamesAccepted", "False");
                    Ok(decided.then_some(now))
                },
            )
            .await
            .unwrap();
        }
        let settled = |code: u64, answer: &Value| {
            let mut answer = answer.clone();
            let conditions = answer.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            for condition in conditions.into_iter().flatten() {
                condition["lastTransitionTime"] = Value::Null;
            }
            if code == 201 {
                return json!([answer["spec"], answer["status"]]);
            }
            let causes = answer.pointer("/details/causes").and_then(Value::as_array);
            let mut causes: Vec<String> =
                causes.into_iter().flatten().map(Value::to_string).collect();
            causes.sort_unstable();
            json!(causes)
        };
        let now = settled(u64::from(code.as_u16()), &now);
        let then = settled(case["code"].as_u64().unwrap(), &case["answer"]);
        if now != then {
            wrong.push(format!("{name}\n  now  {now}\n  then {then}"));
        }
    }
    remove().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admission() {
    let Some(mut server) = server("").await else { return };
    let namespace = kubernetes().unwrap().namespace("recordings").unwrap();
    namespace.name().clone_into(&mut server.namespace);
    let mut made = Vec::new();
    let mut wrong = Vec::new();
    for case in recorded("admission.json") {
        let update = case.get("merge").is_some();
        let given = if update { &case["merge"] } else { &case["create"] };
        let object = Object::try_from(given.clone()).unwrap();
        let collection = server.path(&object);
        let path = format!("{collection}/{}", object.name());
        let (code, answer) = if update {
            let mut attempts = 0;
            loop {
                let (_, mut current) = server.call(Method::GET, &path, None).await;
                merge(&mut current, given);
                let answer = server.call(Method::PUT, &path, Some(&current)).await;
                attempts += 1;
                // A controller may have written in between.
                if answer.0 != StatusCode::CONFLICT || attempts == 10 {
                    break answer;
                }
            }
        } else {
            let mut answer = server.call(Method::POST, &collection, Some(given)).await;
            if answer.0 == StatusCode::CONFLICT {
                // Left by a run that did not end.
                server.call(Method::DELETE, &path, None).await;
                answer = server.call(Method::POST, &collection, Some(given)).await;
            }
            answer
        };
        if code == StatusCode::CREATED {
            made.push(path);
        }
        let now = said(code.as_u16(), &answer, namespace.name());
        let then = u16::try_from(case["code"].as_u64().unwrap()).unwrap();
        let then = said(then, &case["answer"], namespace.name());
        if now != then {
            wrong.push(format!("{} {}\n  now  {now}\n  then {then}", object.kind(), object.name()));
        }
    }
    for path in made.iter().rev() {
        server.call(Method::DELETE, path, Some(&json!({"gracePeriodSeconds": 0}))).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
