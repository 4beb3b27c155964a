//! A mutating admission webhook: what it does is in the path by which it is called, so that a
//! `MutatingWebhookConfiguration` says everything.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::certificates::Authority;
use crate::listener::{Listener, head};
use crate::tls_front::TlsFront;

/// A running server with TLS. Ends when dropped.
#[derive(Debug)]
pub struct AdmissionWebhook {
    front: TlsFront,
    authority: Authority,
    _behind: Listener,
}

impl AdmissionWebhook {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port or key can be had.
    pub fn start() -> Result<Self> {
        let authority = Authority::new()?;
        let behind = Listener::start(|stream| {
            // An API server that has gone away wants no answer.
            let _ = answer(stream);
        })?;
        let front = TlsFront::start(behind.address(), &authority, false)?;
        Ok(Self { front, authority, _behind: behind })
    }

    /// The address that has this done: `merge`, a merge patch; `append`, items to lists by pointer,
    /// unless one of that name is there; `deny`, a refusal with this message.
    pub fn url(&self, what: &Value) -> String {
        format!("{}/{}", self.front.url(), URL_SAFE_NO_PAD.encode(what.to_string()))
    }

    /// For `clientConfig.caBundle`.
    pub fn ca_bundle(&self) -> String {
        STANDARD.encode(self.authority.pem())
    }
}

fn answer(stream: &TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let (first, headers) = head(&mut reader)?;
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(Ok(0), |(_, length)| length.parse())?];
    reader.read_exact(&mut body)?;
    let review: Value = serde_json::from_slice(&body)?;
    let path = first.split(' ').nth(1).context("a path")?.split('?').next().unwrap_or_default();
    let what = URL_SAFE_NO_PAD.decode(path.trim_start_matches('/'))?;
    let response = respond(&review["request"], &serde_json::from_slice(&what)?);
    let body = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
    })
    .to_string();
    let mut out = stream;
    write!(
        out,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}

fn respond(request: &Value, what: &Value) -> Value {
    let uid = &request["uid"];
    if let Some(message) = what.get("deny") {
        return json!({"uid": uid, "allowed": false, "status": {"message": message}});
    }
    let mut object = request["object"].clone();
    merge(&mut object, what.get("merge").unwrap_or(&json!({})));
    for (pointer, item) in what.get("append").and_then(Value::as_object).into_iter().flatten() {
        let list = object.pointer_mut(pointer).and_then(Value::as_array_mut);
        if let Some(list) = list.filter(|list| list.iter().all(|i| i["name"] != item["name"])) {
            list.push(item.clone());
        }
    }
    let empty = Map::new();
    let changed = object.as_object().unwrap_or(&empty).iter();
    let changed = changed.filter(|(key, value)| request["object"].get(*key) != Some(*value));
    let patch: Vec<Value> = changed
        .map(|(key, value)| json!({"op": "add", "path": format!("/{key}"), "value": value}))
        .collect();
    let patch = STANDARD.encode(Value::Array(patch).to_string());
    json!({"uid": uid, "allowed": true, "patchType": "JSONPatch", "patch": patch})
}

/// RFC 7396.
fn merge(base: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *base = patch.clone();
        return;
    };
    if !base.is_object() {
        *base = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            base.as_object_mut().map(|map| map.remove(key));
        } else {
            merge(&mut base[key], value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_path_says_is_done_once() {
        let check = |object: Value, what: Value, wanted: Value| {
            let response = respond(&json!({"uid": "u", "object": object}), &what);
            let patch = STANDARD.decode(response["patch"].as_str().unwrap_or_default()).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&patch).unwrap(), wanted);
        };
        let what = json!({"merge": {"a": {"b": 1, "c": null}}, "append": {"/l": {"name": "x"}}});
        check(
            json!({"a": {"c": 2}, "l": []}),
            what.clone(),
            json!([
                {"op": "add", "path": "/a", "value": {"b": 1}},
                {"op": "add", "path": "/l", "value": [{"name": "x"}]},
            ]),
        );
        check(json!({"a": {"b": 1}, "l": [{"name": "x"}]}), what, json!([]));
        let refused = respond(&json!({"uid": "u"}), &json!({"deny": "no"}));
        assert_eq!(refused["allowed"], false);
    }
}
