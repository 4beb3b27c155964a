//! Lists and watches, as a client sees them.

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_apiserver::{ApiServer, ApiService, Options};

struct Client {
    service: ApiService,
    token: String,
    stop: CancellationToken,
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

impl Client {
    async fn new() -> Self {
        Self::of(&ApiServer::open(Options::default()).await.unwrap())
    }

    fn of(server: &ApiServer) -> Self {
        let kubeconfig = server.kubeconfig();
        let token = kubeconfig.split("token: ").nth(1).unwrap().trim().to_owned();
        let stop = CancellationToken::new();
        Self { service: server.service(stop.clone()), token, stop }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let patch = method == Method::PATCH;
        let kind = if patch { "application/merge-patch+json" } else { "application/json" };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = self.service.answer(request).await;
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&body).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.1
    }

    /// Makes a ConfigMap and tells its revision.
    async fn make(&self, name: &str, label: &str) -> u64 {
        let body = json!({"metadata": {"name": name, "labels": {"l": label}}});
        let (code, made) = self.send(Method::POST, MAPS, Some(body)).await;
        assert_eq!(code, 201, "{made}");
        revision(&made)
    }

    async fn label(&self, name: &str, label: &str) -> u64 {
        let body = json!({"metadata": {"labels": {"l": label}}});
        let path = format!("{MAPS}/{name}");
        revision(&self.send(Method::PATCH, &path, Some(body)).await.1)
    }

    async fn delete(&self, name: &str) {
        let (code, _) = self.send(Method::DELETE, &format!("{MAPS}/{name}"), None).await;
        assert_eq!(code, 200);
    }

    async fn watch(&self, query: &str) -> impl Stream<Item = Value> + use<> {
        let request = Request::builder()
            .uri(format!("{MAPS}?watch=1&{query}"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::new()))
            .unwrap();
        let response = self.service.answer(request).await;
        assert_eq!(response.status(), 200);
        response.into_body().into_data_stream().flat_map(|chunk| {
            let chunk = chunk.unwrap();
            let lines = chunk.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            let events: Vec<Value> =
                lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
            futures::stream::iter(events)
        })
    }
}

fn revision(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

/// `TYPE name`, or `BOOKMARK` with `end` where initial events end.
fn show(event: &Value) -> String {
    let object = &event["object"];
    let end = &object["metadata"]["annotations"]["k8s.io/initial-events-end"];
    let what = object["metadata"]["name"].as_str().or(object["reason"].as_str());
    let what = if end == "true" { "end" } else { what.unwrap_or_default() };
    format!("{} {what}", event["type"].as_str().unwrap())
}

async fn expect(stream: &mut (impl Stream<Item = Value> + Unpin), expected: &[&str]) {
    for wanted in expected {
        let next = tokio::time::timeout(Duration::from_secs(60), stream.next()).await;
        assert_eq!(show(&next.expect(wanted).expect(wanted)), *wanted);
    }
}

#[tokio::test]
async fn a_watch_tells_what_changes() {
    let client = Client::new().await;
    client.make("a", "x").await;
    let since = client.make("b", "y").await;
    let mut all = pin!(client.watch("fieldSelector=metadata.name!%3Dkube-root-ca.crt").await);
    expect(&mut all, &["ADDED a", "ADDED b"]).await;
    let mut later = pin!(client.watch(&format!("resourceVersion={since}")).await);
    let mut selected = pin!(client.watch("labelSelector=l%3Dx").await);
    expect(&mut selected, &["ADDED a"]).await;
    let mut named = pin!(client.watch("fieldSelector=metadata.name%3Db").await);
    expect(&mut named, &["ADDED b"]).await;

    client.label("b", "x").await;
    client.label("a", "z").await;
    client.delete("b").await;
    expect(&mut all, &["MODIFIED b", "MODIFIED a", "DELETED b"]).await;
    expect(&mut later, &["MODIFIED b", "MODIFIED a", "DELETED b"]).await;
    expect(&mut selected, &["ADDED b", "DELETED a", "DELETED b"]).await;
    expect(&mut named, &["MODIFIED b", "DELETED b"]).await;
    client.stop.cancel();
    assert!(all.next().await.is_none(), "stopping the server ends its watches");
}

#[tokio::test]
async fn a_deletion_has_its_own_revision() {
    let client = Client::new().await;
    let made = client.make("a", "x").await;
    let mut watch = pin!(client.watch(&format!("resourceVersion={made}")).await);
    client.delete("a").await;
    let event = watch.next().await.unwrap();
    assert_eq!(show(&event), "DELETED a");
    assert!(revision(&event["object"]) > made);
}

#[tokio::test]
async fn initial_events_end_with_a_mark() {
    let client = Client::new().await;
    client.make("a", "x").await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=l";
    let mut watch = pin!(client.watch(query).await);
    expect(&mut watch, &["ADDED a", "BOOKMARK end"]).await;
    client.make("b", "x").await;
    expect(&mut watch, &["ADDED b"]).await;
}

#[tokio::test]
async fn a_watch_ends_in_time_and_marks_where() {
    let client = Client::new().await;
    let query = "timeoutSeconds=1&allowWatchBookmarks=true&labelSelector=l&resourceVersion=0";
    let watch = client.watch(query).await;
    let events: Vec<String> =
        tokio::time::timeout(Duration::from_secs(60), watch.map(|e| show(&e)).collect())
            .await
            .unwrap();
    assert_eq!(events, ["BOOKMARK "]);
}

#[tokio::test]
async fn pages_show_the_revision_of_the_first() {
    let client = Client::new().await;
    for name in ["a", "b", "c", "d"] {
        client.make(name, "x").await;
    }
    let first = client.get(&format!("{MAPS}?limit=2")).await;
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    let token = first["metadata"]["continue"].as_str().unwrap();
    client.delete("c").await;
    client.make("e", "x").await;
    let second = client.get(&format!("{MAPS}?limit=10&continue={token}")).await;
    let names: Vec<&str> = second["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["c", "d", "kube-root-ca.crt"]);
    assert_eq!(revision(&first), revision(&second));
    assert!(second["metadata"]["continue"].is_null());
    let exact = format!("{MAPS}?resourceVersionMatch=Exact&resourceVersion={}", revision(&first));
    assert_eq!(client.get(&exact).await["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_the_server_no_longer_knows_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { data_dir: Some(dir.path().to_owned()), ..Options::default() };
    drop(ApiServer::open(options()).await.unwrap());
    // Events before a restart are not kept.
    let client = Client::of(&ApiServer::open(options()).await.unwrap());
    let mut watch = pin!(client.watch("resourceVersion=1").await);
    let event = watch.next().await.unwrap();
    assert_eq!((show(&event).as_str(), &event["object"]["code"]), ("ERROR Expired", &json!(410)));
    assert!(watch.next().await.is_none());
}
