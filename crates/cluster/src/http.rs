//! Requests to a cluster's API: bounded, paced, tried again when they fail in passing.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use serde::Deserialize;
use windlass_object::Object;

use crate::Error;
use crate::limits::{ANSWER, ANSWER_BYTES, Limits, TRIES};

/// The way to one API.
#[derive(Clone)]
pub(crate) struct Transport {
    client: kube::Client,
    limits: std::sync::Arc<Limits>,
    /// As whom requests are made, if not as who the client is.
    user: Option<HeaderValue>,
}

/// One request, to be sent as often as it takes.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) accept: &'static str,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            content_type: None,
            accept: "application/json",
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type);
        self.body = body.into();
        self
    }

    fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn request(&self) -> Result<Request<Body>, Error> {
        let mut uri = self.path.clone();
        for (i, (name, value)) in self.query.iter().enumerate() {
            uri.push(if i == 0 { '?' } else { '&' });
            uri.push_str(name);
            uri.push('=');
            encode(value, &mut uri);
        }
        let mut builder = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(header::ACCEPT, self.accept)
            .header(header::ACCEPT_ENCODING, "identity");
        if let Some(content_type) = self.content_type {
            builder = builder.header(header::CONTENT_TYPE, content_type);
        }
        builder
            .body(Body::from(self.body.to_vec()))
            .map_err(|error| Error::Config { message: format!("{}: {error}", self.what()) })
    }
}

/// Percent-encodes what is not unreserved.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[derive(Deserialize)]
struct StatusBody {
    #[serde(default)]
    message: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    code: u16,
    #[serde(default)]
    details: StatusDetails,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusDetails {
    retry_after_seconds: u64,
}

/// The error that a `Status` body, or whatever came in its place, says.
pub(crate) fn api_error(code: u16, body: &[u8]) -> (Error, Option<Duration>) {
    match serde_json::from_slice::<StatusBody>(body) {
        Ok(status) if !status.message.is_empty() || status.code != 0 => {
            let after = Some(status.details.retry_after_seconds)
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs);
            let code = if status.code == 0 { code } else { status.code };
            (Error::Api { code, reason: status.reason, message: status.message }, after)
        }
        _ => {
            let text = String::from_utf8_lossy(&body[..body.len().min(512)]).trim().to_owned();
            let message = if text.is_empty() {
                format!("the server answered with status {code}")
            } else {
                text
            };
            (Error::Api { code, reason: String::new(), message }, None)
        }
    }
}

impl Transport {
    pub(crate) fn new(client: kube::Client, limits: Limits) -> Self {
        Self { client, limits: std::sync::Arc::new(limits), user: None }
    }

    /// The same way, taken as somebody else.
    pub(crate) fn acting_as(&self, user: &str) -> Result<Self, Error> {
        let user = HeaderValue::from_str(user).map_err(|error| Error::Config {
            message: format!("the user {user:?} cannot be impersonated: {error}"),
        })?;
        Ok(Self { user: Some(user), ..self.clone() })
    }

    pub(crate) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// Sends, and answers with the body of a success.
    pub(crate) async fn send(&self, call: &Call) -> Result<Bytes, Error> {
        let mut pause = Duration::from_millis(100);
        for attempt in 1.. {
            let (error, after) = match self.once(call).await {
                Ok(bytes) => return Ok(bytes),
                Err(failed) => failed,
            };
            if attempt >= TRIES || !error.is_transient() || !self.repeatable(call, &error) {
                return Err(error);
            }
            tokio::time::sleep(after.unwrap_or(pause).min(Duration::from_secs(10))).await;
            pause *= 2;
        }
        unreachable!("the loop returns")
    }

    /// A request that may have been carried out is not sent twice unless that is harmless. A
    /// create that was carried out fails with AlreadyExists the second time, which would be a lie.
    fn repeatable(&self, call: &Call, error: &Error) -> bool {
        let refused = matches!(error, Error::Api { code: 429 | 503, .. });
        refused || call.method != Method::POST
    }

    async fn once(&self, call: &Call) -> Result<Bytes, (Error, Option<Duration>)> {
        self.limits.pace().await;
        let _slot = self.limits.requests.acquire().await;
        let what = || call.what();
        let answer = async {
            let mut request = call.request().map_err(|e| (e, None))?;
            if let Some(user) = &self.user {
                request.headers_mut().insert("Impersonate-User", user.clone());
            }
            let response = self.client.send(request).await;
            let response = response.map_err(|error| (transport_error(&error), None))?;
            let status = response.status();
            let body = read(response).await.map_err(|message| {
                let lost = message.is_empty();
                let error = if lost {
                    Error::Answer { what: what(), message: "it is too large".into() }
                } else {
                    Error::Unreachable { message }
                };
                (error, None)
            })?;
            if status.is_success() { Ok(body) } else { Err(api_error(status.as_u16(), &body)) }
        };
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(result) => result,
            Err(_) => Err((Error::Timeout { what: what(), seconds: ANSWER.as_secs() }, None)),
        }
    }

    /// Sends, and decodes the answer.
    pub(crate) async fn json<T: serde::de::DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<T, Error> {
        let body = self.send(call).await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::Answer { what: call.what(), message: error.to_string() })
    }

    /// Sends, and answers with the object.
    pub(crate) async fn object(&self, call: &Call) -> Result<Object, Error> {
        self.json(call).await
    }

    /// Opens a stream: the answer's head has come, its body follows.
    pub(crate) async fn stream(&self, call: &Call) -> Result<Response<Body>, Error> {
        self.limits.pace().await;
        let request = call.request()?;
        let response = tokio::time::timeout(ANSWER, self.client.send(request))
            .await
            .map_err(|_| Error::Timeout { what: call.what(), seconds: ANSWER.as_secs() })?
            .map_err(|error| transport_error(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let code = response.status().as_u16();
        let body = read(response).await.unwrap_or_default();
        Err(api_error(code, &body).0)
    }
}

/// The whole body; the error is empty when it is too large.
async fn read(response: Response<Body>) -> Result<Bytes, String> {
    match Limited::new(response.into_body(), ANSWER_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(String::new()),
        Err(error) => Err(chain(error.as_ref())),
    }
}

fn transport_error(error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => Error::Api {
            code: status.code,
            reason: status.reason.clone(),
            message: status.message.clone(),
        },
        kube::Error::Service(source) => Error::Unreachable { message: chain(source.as_ref()) },
        other => Error::Unreachable { message: chain(other) },
    }
}

/// An error and its causes, each said once.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    for _ in 0..8 {
        let Some(cause) = next else { break };
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        let call = Call::get("/api/v1/pods").query("labelSelector", "a=b,c in (d)");
        let uri = call.request().unwrap().uri().to_string();
        assert_eq!(uri, "/api/v1/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29");
    }

    #[test]
    fn refusals_keep_the_servers_words() {
        let body = br#"{"kind":"Status","message":"no","reason":"Conflict","code":409}"#;
        let (error, after) = api_error(409, body);
        assert!(error.is_conflict());
        assert_eq!(error.to_string(), "no");
        assert_eq!(after, None);
        let (error, _) = api_error(502, b"bad gateway\n");
        assert_eq!(error.to_string(), "bad gateway");
        assert!(error.is_transient());
    }
}
