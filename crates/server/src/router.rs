//! The routes: `POST /api/webhook`, `GET /metrics`, `GET /healthz`, `GET /readyz`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::{HeaderName, Method, StatusCode, header};
use tokio::sync::{mpsc, watch};

use crate::webhook::{self, Event, Secrets, WebhookError};

/// Time for a payload to come in.
const PAYLOAD: Duration = Duration::from_secs(30);

/// What may change while the server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What payloads are signed with.
    pub secrets: Secrets,
    /// Bytes of a payload (`webhook.maxPayloadSizeMB` of argocd-cm, 50 MB if not set).
    pub max_payload: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { secrets: Secrets::default(), max_payload: 50 << 20 }
    }
}

/// Whether something is well; if not, why.
pub type Probe = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the routes need. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    /// Secrets and bounds, as they are now.
    pub settings: watch::Receiver<Settings>,
    /// Where events go; its capacity is the bound: an event that finds it full is refused with 503,
    /// and the host delivers it again or a poll finds the change.
    pub events: mpsc::Sender<Event>,
    /// What `/metrics` shows, in Prometheus' text form.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// What `/healthz` asks: a process that is not well is started anew.
    pub healthy: Probe,
    /// What `/readyz` asks.
    pub ready: Probe,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("queued", &self.queued()).finish_non_exhaustive()
    }
}

impl Server {
    /// Events that wait.
    pub fn queued(&self) -> usize {
        self.events.max_capacity() - self.events.capacity()
    }

    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/api/webhook", any(receive))
            .route("/metrics", get(metrics))
            .route("/healthz", get(async |State(s): State<Self>| probe(&s.healthy)))
            .route("/readyz", get(async |State(s): State<Self>| probe(&s.ready)))
            .with_state(self)
    }
}

async fn receive(State(server): State<Server>, request: Request) -> Response {
    let settings = server.settings.borrow().clone();
    let (head, body) = request.into_parts();
    let megabytes = settings.max_payload >> 20;
    let unreadable = || {
        let text =
            format!("Webhook processing failed: payload must be valid JSON under {megabytes} MB\n");
        (StatusCode::BAD_REQUEST, text).into_response()
    };
    // Who it is from is told by the headers: nothing else is read of a request that is for nobody.
    let Some(provider) = webhook::provider(&head.headers) else {
        return (StatusCode::BAD_REQUEST, "Unknown webhook event\n").into_response();
    };
    if head.method != Method::POST {
        let text = "Webhook processing failed\n";
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], text).into_response();
    }
    let body = match tokio::time::timeout(PAYLOAD, bytes(body, settings.max_payload)).await {
        Ok(Some(body)) => body,
        Ok(None) => return unreadable(),
        Err(_) => {
            return (StatusCode::REQUEST_TIMEOUT, "The payload took too long\n").into_response();
        }
    };
    match webhook::parse(provider, &head.headers, &body, &settings.secrets) {
        // A ping, or an event about nothing that is watched.
        Ok(None) => StatusCode::OK.into_response(),
        Ok(Some(event)) => {
            tracing::info!(urls = ?event.urls, revision = event.revision, "received a push event");
            match server.events.try_send(event) {
                Ok(()) => StatusCode::OK.into_response(),
                Err(_) => {
                    let text = "Queue is full, discarding webhook payload\n";
                    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
                }
            }
        }
        Err(error) => {
            tracing::warn!(provider = provider.name(), %error, "a webhook was refused");
            match error {
                WebhookError::Payload { .. } => unreadable(),
                WebhookError::Unsigned { .. } | WebhookError::Event { .. } => {
                    (StatusCode::BAD_REQUEST, "Webhook processing failed\n").into_response()
                }
            }
        }
    }
}

async fn bytes(body: Body, limit: usize) -> Option<bytes::Bytes> {
    axum::body::to_bytes(body, limit).await.ok()
}

async fn metrics(State(server): State<Server>) -> Response {
    const KIND: (HeaderName, &str) =
        (header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([KIND], (server.metrics)()).into_response()
}

fn probe(probe: &Probe) -> Response {
    match probe() {
        Ok(()) => "ok".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower::ServiceExt as _;

    fn server(capacity: usize) -> (Server, mpsc::Receiver<Event>) {
        let (events, queue) = mpsc::channel(capacity);
        let settings = Settings { max_payload: 1 << 20, ..Settings::default() };
        let server = Server {
            // The sender is gone, the value stays.
            settings: watch::channel(settings).1,
            events,
            metrics: Arc::new(|| "# EOF".to_owned()),
            healthy: Arc::new(|| Ok(())),
            ready: Arc::new(|| Err("not yet".to_owned())),
        };
        (server, queue)
    }

    async fn ask(server: &Server, request: http::request::Builder, body: String) -> (u16, String) {
        let request = request.body(Body::from(body)).unwrap();
        let response = server.clone().router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).trim().to_owned())
    }

    const PUSH: &str = r#"{"ref":"refs/heads/main","repository":{"html_url":"https://h/a/b"}}"#;

    #[tokio::test]
    async fn answers_as_argo_cd_does() {
        let (server, mut queue) = server(1);
        let hook = || Request::post("/api/webhook");
        let github = || hook().header("X-GitHub-Event", "push");
        let check = async |request, body: &str, status, text: &str| {
            let got = ask(&server, request, body.to_owned()).await;
            assert_eq!(got, (status, text.to_owned()));
        };
        check(hook(), PUSH, 400, "Unknown webhook event").await;
        check(github(), PUSH, 200, "").await;
        check(github(), PUSH, 503, "Queue is full, discarding webhook payload").await;
        assert_eq!(server.queued(), 1);
        assert_eq!(queue.recv().await.unwrap().urls, ["https://h/a/b"]);
        check(hook().header("X-GitHub-Event", "ping"), "{}", 200, "").await;
        let broken = "Webhook processing failed: payload must be valid JSON under 1 MB";
        check(github(), "{", 400, broken).await;
        check(github(), &" ".repeat(2 << 20), 400, broken).await;
        check(hook().header("X-GitHub-Event", "issues"), "{}", 400, "Webhook processing failed")
            .await;
        let get = Request::get("/api/webhook").header("X-GitHub-Event", "push");
        check(get, "", 405, "Webhook processing failed").await;
        check(Request::get("/healthz"), "", 200, "ok").await;
        check(Request::get("/readyz"), "", 503, "not yet").await;
        check(Request::get("/metrics"), "", 200, "# EOF").await;
        check(Request::get("/nothing"), "", 404, "").await;
    }
}
