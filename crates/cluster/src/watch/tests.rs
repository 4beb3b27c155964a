//! Watches of a server that is played. A minute has [`MINUTE`] here.

use std::convert::Infallible;
use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use windlass_engine::state::Health;
use windlass_object::Object;

use super::*;
use crate::decode::Identity;
use crate::limits::Limits;

struct Nobody;

impl Tracker for Nobody {
    fn application(&self, _: &Identity<'_>) -> Option<String> {
        None
    }

    fn health(&self, _: &Object) -> Option<Health> {
        None
    }
}

const MINUTE: Duration = Duration::from_millis(200);

fn minutes(number: f32) -> Duration {
    MINUTE.mul_f32(number)
}

type Asked = Arc<parking_lot::Mutex<Vec<(f32, String)>>>;

/// A watch of ConfigMaps; the server answers with `lines` of (minutes to wait, line) and is silent
/// then. What it is asked, and when, is noted.
fn watch(lines: fn(&str) -> Vec<(f32, String)>, respect_rbac: RespectRbac) -> (Watch, Asked) {
    let asked = Asked::default();
    let (noted, began) = (asked.clone(), Instant::now());
    let service = tower::service_fn(move |request: Request<Body>| {
        let uri = request.uri().to_string();
        noted.lock().push((began.elapsed().as_secs_f32() / MINUTE.as_secs_f32(), uri.clone()));
        async move {
            let frames = stream::iter(lines(&uri)).then(|(wait, line)| async move {
                tokio::time::sleep(minutes(wait)).await;
                Ok::<_, Infallible>(Frame::data(Bytes::from(line + "\n")))
            });
            let whole = |value: Value| Full::new(Bytes::from(value.to_string())).boxed();
            let (code, body): (u16, BoxBody<Bytes, Infallible>) = if uri.contains("secrets") {
                (403, whole(json!({"kind": "Status", "code": 403, "message": "no"})))
            } else if uri.contains("selfsubject") {
                (201, whole(json!({"status": {"allowed": false}})))
            } else {
                (200, BoxBody::new(StreamBody::new(frames.chain(stream::pending()))))
            };
            Response::builder().status(code).body(body)
        }
    });
    let shared = Arc::new(Shared {
        transport: Transport::new(kube::Client::new(service, "default"), Limits::new(None)),
        store: Arc::new(Store::default()),
        tracker: Arc::new(Nobody),
        progress: Arc::new(Progress::new()),
        respect_rbac,
        patience: Patience {
            silence: minutes(1.5),
            longest_silence: minutes(10.5),
            forbidden: minutes(1.0),
            restricted: minutes(10.0),
        },
        starts: Semaphore::new(1),
        streams_lists: AtomicBool::new(true),
    });
    let kind = Arc::new(ApiKind {
        group: String::new(),
        version: "v1".into(),
        kind: "ConfigMap".into(),
        resource: "configmaps".into(),
        singular: "configmap".into(),
        namespaced: true,
        verbs: vec!["list".into(), "watch".into()],
    });
    (Watch { shared, kind, namespace: String::new() }, asked)
}

fn mark(version: u64, end: bool) -> String {
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if end {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    json!({"type": "BOOKMARK", "object": object}).to_string()
}

async fn run_for(watch: Watch, time: f32) {
    let stop = CancellationToken::new();
    let running = tokio::spawn(watch.run(stop.clone()));
    tokio::time::sleep(minutes(time)).await;
    stop.cancel();
    running.await.unwrap();
}

/// When a watch was begun, and from which version.
fn begun(asked: &Asked) -> Vec<(f32, Option<String>)> {
    let version = |uri: &String| {
        uri.split('&').find_map(|part| part.strip_prefix("resourceVersion=")).map(str::to_owned)
    };
    asked.lock().iter().map(|(at, uri)| (*at, version(uri))).collect()
}

#[tokio::test]
async fn a_watch_that_goes_silent_is_begun_again_where_it_was() {
    // The first one says two marks and goes silent; the one after it goes on.
    let (silent, asked) = watch(
        |uri| match uri.contains("sendInitialEvents") {
            true => vec![(0.0, mark(5, true)), (1.0, mark(7, false))],
            false => (0..9).map(|n| (1.0, mark(8 + n, false))).collect(),
        },
        RespectRbac::Off,
    );
    run_for(silent, 8.0).await;
    let begun = begun(&asked);
    let versions: Vec<_> = begun.iter().map(|(_, version)| version.as_deref()).collect();
    assert_eq!(versions, [None, Some("7")]);
    // A busy machine may be late, and never early.
    assert!(begun[1].0 >= 2.5, "{begun:?}");
}

#[tokio::test]
async fn a_server_without_marks_is_not_asked_over_and_over() {
    let (markless, asked) = watch(
        |uri| match uri.contains("sendInitialEvents") {
            true => vec![(0.0, mark(5, true))],
            false => Vec::new(),
        },
        RespectRbac::Off,
    );
    run_for(markless, 13.0).await;
    let begun = begun(&asked);
    let times = begun.windows(2).map(|pair| pair[1].0 - pair[0].0);
    for (found, least) in times.zip([1.5, 3.0, 6.0, 10.5]) {
        assert!(found >= least - 0.01, "{begun:?}");
    }
    assert!((3..=5).contains(&begun.len()), "{begun:?}");
}

#[tokio::test]
async fn what_may_not_be_listed_is_asked_as_the_setting_says() {
    for (respect, wanted) in [
        (RespectRbac::Off, ["watch", "watch"].as_slice()),
        (RespectRbac::Normal, &["watch"]),
        (RespectRbac::Strict, &["watch", "review"]),
    ] {
        let (mut forbidden, asked) = watch(|_| Vec::new(), respect);
        Arc::make_mut(&mut forbidden.kind).resource = "secrets".into();
        run_for(forbidden, 1.5).await;
        let asked = asked.lock();
        let words =
            asked.iter().map(|(_, uri)| if uri.contains("review") { "review" } else { "watch" });
        assert_eq!(words.collect::<Vec<_>>(), wanted, "{respect:?}");
    }
}
