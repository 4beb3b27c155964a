//! Raw requests, answered by the embedded server and by a real kube-apiserver: the answers are the
//! same. The requests are in `requests/`; what has to differ is blanked in [`normalise`].

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use regex::Regex;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use windlass_apiserver::{ApiServer, Options};
use windlass_object::yaml;
use windlass_testkit::{Kubernetes, Parts};

const FILES: [(&str, &str); 2] = [
    ("crud.yaml", include_str!("requests/crud.yaml")),
    ("workloads.yaml", include_str!("requests/workloads.yaml")),
];

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(90);

async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    Client::try_from(config).unwrap()
}

/// Replaces `{name}` by what is known under the name.
fn fill(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let place = Regex::new(r"\{([a-z][a-z0-9]*(?:\.[a-z]+)?)\}").unwrap();
            let filled = place.replace_all(text, |found: &regex::Captures<'_>| {
                names.get(&found[1]).cloned().unwrap_or_else(|| found[0].to_owned())
            });
            Value::String(filled.into_owned())
        }
        Value::Array(items) => items.iter().map(|item| fill(item, names)).collect(),
        Value::Object(map) => {
            let filled: Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), fill(value, names))).collect();
            Value::Object(filled)
        }
        other => other.clone(),
    }
}

/// Blanks what two servers cannot have in common.
fn normalise(value: &Value, key: &str) -> Value {
    match value {
        Value::String(_) if matches!(key, "resourceVersion" | "continue") => json!("REVISION"),
        Value::String(_) if key == "serverAddress" => json!("ADDRESS"),
        Value::String(text) => {
            let rules = [
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
                (r"(record|precondition) \(\d+\)", "$1 (N)"),
                (r"current: \d+", "current: N"),
                (r#"(?s)patch: Invalid value: "\{.*\}":"#, r#"patch: Invalid value: "{}":"#),
                (r#"(?s)^Invalid value: "\{.*\}":"#, r#"Invalid value: "{}":"#),
            ];
            let blanked = rules.iter().fold(text.clone(), |text, (pattern, blank)| {
                Regex::new(pattern).unwrap().replace_all(&text, *blank).into_owned()
            });
            Value::String(blanked)
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| normalise(item, "")).collect();
            // Their order is that of the seconds in which they came, which two servers may not
            // count alike.
            if key == "managedFields" {
                let of = |item: &Value, key: &str| item[key].as_str().map(str::to_owned);
                items.sort_by_key(|i| (of(i, "manager"), of(i, "operation"), of(i, "subresource")));
            }
            Value::Array(items)
        }
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), normalise(value, key)))
            .collect::<Map<String, Value>>()
            .into(),
        other => other.clone(),
    }
}

async fn send(client: &Client, request: &Value) -> (Value, Value) {
    let text = |key: &str| request[key].as_str();
    let (method, path) = text("do").unwrap().split_once(' ').unwrap();
    let body = match (text("raw"), request.get("body")) {
        (Some(raw), _) => Some(raw.to_owned()),
        (None, Some(body)) => Some(body.to_string()),
        (None, None) => None,
    };
    let mut builder = Request::builder()
        .method(method.parse::<Method>().unwrap())
        .uri(path)
        .header("user-agent", "differ/1")
        .header("accept", text("accept").unwrap_or("application/json"));
    if body.is_some() {
        builder = builder.header("content-type", text("type").unwrap_or("application/json"));
    }
    let request = builder.body(Body::from(body.unwrap_or_default().into_bytes())).unwrap();
    let response = tokio::time::timeout(PATIENCE, client.send(request)).await;
    let (parts, body) = response.expect(path).unwrap().into_parts();
    let headers = |name: &str| -> Vec<String> {
        let values = parts.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let bytes = tokio::time::timeout(PATIENCE, body.collect()).await;
    let bytes: Bytes = bytes.expect(path).unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    let answer = json!({
        "code": parts.status.as_u16(), "type": headers("content-type"),
        "warnings": headers("warning"), "body": normalise(&body, ""),
    });
    (answer, body)
}

async fn play(client: &Client, requests: &[Value], namespace: &str) -> Vec<Value> {
    let mut names = BTreeMap::from([("ns".to_owned(), namespace.to_owned())]);
    let setup = [
        json!({"do": "POST /api/v1/namespaces", "body": {"metadata": {"name": "{ns}"}}}),
        json!({"do": "POST /api/v1/namespaces/{ns}/serviceaccounts", "body": {"metadata": {"name": "default"}}}),
    ];
    for request in &setup {
        let (answer, _) = send(client, &fill(request, &names)).await;
        assert_eq!(answer["code"], 201, "{answer}");
    }
    let mut answers = Vec::new();
    for request in requests {
        let (answer, body) = send(client, &fill(request, &names)).await;
        if let Some(name) = request["save"].as_str() {
            for (part, field) in [("rv", "resourceVersion"), ("uid", "uid")] {
                let value = body["metadata"][field].as_str().unwrap_or_default();
                names.insert(format!("{name}.{part}"), value.to_owned());
            }
        }
        answers.push(answer);
    }
    answers
}

/// Where two values differ, a line each.
fn differences(path: &str, ours: &Value, theirs: &Value, out: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (a, b) =
                    (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                differences(&format!("{path}/{key}"), a, b, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}/{at}"), a, b, out);
            }
        }
        _ if ours == theirs => {}
        _ => out.push(format!("    {path}\n      ours   {ours}\n      theirs {theirs}")),
    }
}

#[tokio::test]
async fn answers_are_those_of_the_real_server() {
    if !windlass_testkit::available(&["kubectl", "etcd", "kube-apiserver"]) {
        return;
    }
    // Another test of this process may have chosen it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let real =
        tokio::task::spawn_blocking(|| Kubernetes::start(Parts::Api)).await.unwrap().unwrap();
    let theirs = client(&std::fs::read_to_string(real.kubeconfig()).unwrap()).await;

    let server = ApiServer::open(Options::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    server.listens_at(listener.local_addr().unwrap());
    let ours = client(&server.kubeconfig()).await;
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let stop = stop.clone();
        async move { server.serve(listener, stop).await }
    });

    let mut report = Vec::new();
    for (file, text) in FILES {
        let requests = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap();
        let requests = requests.as_array().unwrap();
        let namespace = format!("differ-{}", file.trim_end_matches(".yaml"));
        let a = play(&ours, requests, &namespace).await;
        let b = play(&theirs, requests, &namespace).await;
        for ((request, a), b) in requests.iter().zip(&a).zip(&b) {
            let mut found = Vec::new();
            differences("", a, b, &mut found);
            if !found.is_empty() {
                let what = request["do"].as_str().unwrap();
                let body = &request["body"];
                report.push(format!("  {what} {body}\n{}", found.join("\n")));
            }
        }
    }
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert!(report.is_empty(), "{} answers differ:\n{}", report.len(), report.join("\n"));
}
