//! An API whose answers come in an order that the test decides: what is told late, or twice, must
//! not leave anybody with old news.

#![allow(clippy::unwrap_used)] // As in all tests; helpers are not told apart.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use windlass_cluster::{Cluster, ConnectOptions, Identity, KindFilter, Seen, Tracker};
use windlass_engine::state::Health;
use windlass_object::{GroupVersionKind, Object, ResourceKey, Value, json};
use windlass_testkit::eventually;

const PATIENCE: Duration = Duration::from_secs(60);

struct Nobodys;

impl Tracker for Nobodys {
    fn application(&self, _: &Identity<'_>) -> Option<String> {
        None
    }

    fn health(&self, _: &Object) -> Option<Health> {
        None
    }
}

/// Serves ConfigMaps and definitions, and Things once it is told to.
struct Api {
    things: AtomicBool,
    /// Whether Things are served from the first watch of definitions on.
    defines: bool,
    /// Whether answers to what is served wait for a permit.
    hangs: AtomicBool,
    answers: Semaphore,
    asked: AtomicUsize,
    /// The watch of ConfigMaps.
    config_maps: Mutex<Option<UnboundedReceiver<Value>>>,
}

fn group(name: &str, kind: &str, resource: &str) -> Value {
    json!({"metadata": {"name": name}, "versions": [{"version": "v1", "resources": [{
        "resource": resource, "responseKind": {"group": name, "version": "v1", "kind": kind},
        "scope": "Namespaced", "verbs": ["list", "watch"],
    }]}]})
}

fn bookmark() -> Value {
    json!({"type": "BOOKMARK", "object": {"metadata": {
        "resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"},
    }}})
}

type Answer = BoxBody<Bytes, Infallible>;

impl Api {
    fn start(defines: bool) -> (Arc<Self>, UnboundedSender<Value>, Cluster) {
        let (sender, receiver) = unbounded();
        let api = Arc::new(Self {
            things: AtomicBool::new(false),
            defines,
            hangs: AtomicBool::new(false),
            answers: Semaphore::new(0),
            asked: AtomicUsize::new(0),
            config_maps: Mutex::new(Some(receiver)),
        });
        let serving = api.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (serving, path) = (serving.clone(), request.uri().path().to_owned());
            async move { Ok::<_, Infallible>(Response::new(serving.answer(&path).await)) }
        });
        let options = ConnectOptions {
            server: "https://late.test".into(),
            namespaces: Vec::new(),
            cluster_resources: true,
            filter: KindFilter::default(),
            respect_rbac: windlass_cluster::RespectRbac::Off,
            queries_per_second: None,
            tracker: Arc::new(Nobodys),
        };
        (api, sender, Cluster::connect(kube::Client::new(service, "default"), options))
    }

    async fn answer(&self, path: &str) -> Answer {
        let list = |items: Value| json!({"kind": "APIGroupDiscoveryList", "items": items});
        let value = match path {
            "/version" => json!({"gitVersion": "v1.36.3"}),
            "/api" => list(json!([group("", "ConfigMap", "configmaps")])),
            "/apis" => {
                let definitions = "customresourcedefinitions";
                let mut groups =
                    vec![group("apiextensions.k8s.io", "CustomResourceDefinition", definitions)];
                // What is true when it is asked, however late it is told.
                if self.things.load(Ordering::SeqCst) {
                    groups.push(group("late.test", "Thing", "things"));
                }
                self.asked.fetch_add(1, Ordering::SeqCst);
                if self.hangs.load(Ordering::SeqCst) {
                    self.answers.acquire().await.unwrap().forget();
                }
                list(json!(groups))
            }
            "/api/v1/configmaps" => {
                let events = self.config_maps.lock().take();
                return stream(events.unwrap_or_else(|| unbounded().1));
            }
            path => {
                if path.ends_with("/customresourcedefinitions") && self.defines {
                    self.things.store(true, Ordering::SeqCst);
                }
                let (sender, receiver) = unbounded();
                sender.unbounded_send(bookmark()).unwrap();
                std::mem::forget(sender); // The watch goes on, and says nothing more.
                return stream(receiver);
            }
        };
        Full::new(Bytes::from(value.to_string())).boxed()
    }
}

fn stream(events: UnboundedReceiver<Value>) -> Answer {
    let lines = events.map(|event| Ok(hyper::body::Frame::data(Bytes::from(format!("{event}\n")))));
    BodyExt::boxed(StreamBody::new(lines))
}

fn thing() -> GroupVersionKind {
    GroupVersionKind::new("late.test", "v1", "Thing")
}

/// Its definition is no news when definitions are first looked at, and was none when the API was
/// asked what it serves.
#[tokio::test]
async fn a_kind_that_is_defined_meanwhile_is_found() {
    let (_api, events, cluster) = Api::start(true);
    events.unbounded_send(bookmark()).unwrap();
    eventually("the kind is known", PATIENCE, || async {
        Ok(cluster.kinds().get(&thing()).map(|_| ()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_earlier_answer_that_comes_late_takes_no_kind_away() {
    let (api, events, cluster) = Api::start(false);
    events.unbounded_send(bookmark()).unwrap();
    cluster.synced().await.unwrap();
    // The API is asked anew, and its answer hangs.
    api.hangs.store(true, Ordering::SeqCst);
    let before = api.asked.load(Ordering::SeqCst);
    eventually("it is asked anew", PATIENCE, || async {
        Ok((api.asked.load(Ordering::SeqCst) > before).then_some(()))
    })
    .await
    .unwrap();
    // Somebody asks for a kind that has come since.
    api.things.store(true, Ordering::SeqCst);
    let (asks, wanted) = (cluster.clone(), thing());
    let asking = tokio::spawn(async move { asks.kind(&wanted).await });
    // Where two are asked at once, the later answer comes first.
    let second = async {
        while api.asked.load(Ordering::SeqCst) < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(300), second).await;
    api.answers.add_permits(1000);
    asking.await.unwrap().unwrap();
    for _ in 0..20 {
        assert!(cluster.kinds().get(&thing()).is_some(), "the kind is gone again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_looked_at_objects_is_told_when_all_are_known() {
    let (_api, events, cluster) = Api::start(false);
    let key = ResourceKey::new("", "ConfigMap", "a", "");
    let interest = cluster.interest("app");
    interest.add(&key);
    let one = json!({"type": "ADDED", "object": {
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "a", "uid": "1", "resourceVersion": "5"},
    }});
    events.unbounded_send(one).unwrap();
    let told = cluster.changes().next();
    let told = tokio::time::timeout(PATIENCE, told).await.expect("the object is told");
    assert_eq!(told[0].key.name, "x");
    // Nothing is known yet of what else is there, so nobody looks again.
    let seen = Seen::default();
    assert!(cluster.shows(&key, &seen));
    events.unbounded_send(bookmark()).unwrap();
    let told = cluster.changes().next();
    let told = tokio::time::timeout(PATIENCE, told).await.expect("that all are known is told");
    assert_eq!(told[0].interested, ["app".into()] as [Arc<str>; 1]);
    assert!(!cluster.shows(&key, &seen));
}
