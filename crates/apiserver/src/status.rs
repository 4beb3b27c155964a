//! The API's error answer: a `Status` object.
//!
//! Texts are API: clients match on them, so every constructor here gives the reason, code, details
//! and message of `k8s.io/apimachinery/pkg/api/errors`.

use std::fmt;
use windlass_object::go;

use http::StatusCode;
use serde_json::{Map, Value, json};

pub use crate::field_error::{FieldError, FieldErrorKind};

/// A `Failure` status, and the error type of everything that answers a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// HTTP status code.
    pub code: StatusCode,
    /// Machine-readable reason, such as `NotFound`; empty for none.
    pub reason: &'static str,
    /// What a person reads.
    pub message: String,
    /// What it is about; boxed to keep results small.
    pub details: Option<Box<Details>>,
    /// Where a list may go on although its revision has expired (`metadata.continue`).
    pub continue_token: Option<Box<str>>,
}

/// `details` of a [`Status`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Its group.
    pub group: String,
    /// The resource (`deployments`), or for reason `Invalid` the kind (`Deployment`).
    pub kind: String,
    /// The object's uid.
    pub uid: String,
    /// Causes.
    pub causes: Vec<Cause>,
    /// Seconds to wait before trying again; 0 for no advice.
    pub retry_after_seconds: u32,
}

/// One cause in [`Details`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// Reason, such as `FieldValueRequired`; empty for none.
    pub reason: String,
    /// Text.
    pub message: String,
    /// Field path, such as `spec.ports[0].name`; empty for none.
    pub field: String,
}

/// `deployments.apps`, or `pods` for the core group.
pub fn qualified(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl Status {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None }
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            ..Details::default()
        }));
        self
    }

    /// Adds a cause.
    pub fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Self {
        self.details.get_or_insert_default().causes.push(Cause {
            reason: reason.to_owned(),
            message: message.to_owned(),
            field: field.to_owned(),
        });
        self
    }

    /// Sets the advice to wait.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// 404: the object does not exist.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", qualified(group, resource), go::quote(name));
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(group, resource, name)
    }

    /// 404: the path names nothing that this server has.
    pub fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        let mut status = Self::new(StatusCode::NOT_FOUND, "NotFound", message);
        status.details = Some(Box::default());
        status
    }

    /// 409: an object of this name exists.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} already exists", qualified(group, resource), go::quote(name));
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(group, resource, name)
    }

    /// 409: the object has changed, or a precondition does not hold.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {}: {why}",
            qualified(group, resource),
            go::quote(name)
        );
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(group, resource, name)
    }

    /// 409: the write names an old resourceVersion.
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(
            group,
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 409: server-side apply met fields of other managers.
    pub fn apply_conflict(message: impl Into<String>, causes: Vec<Cause>) -> Self {
        let mut status = Self::new(StatusCode::CONFLICT, "Conflict", message);
        status.details = Some(Box::new(Details { causes, ..Details::default() }));
        status
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// 403 about a resource.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(group, resource);
        let message = if resource.is_empty() && group.is_empty() {
            format!("forbidden: {why}")
        } else if name.is_empty() {
            format!("{what} is forbidden: {why}")
        } else {
            format!("{what} {} is forbidden: {why}", go::quote(name))
        };
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(group, resource, name)
    }

    /// 422 about an object; `kind` is the kind, not the resource.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let what = format!("{} {} is invalid", qualified(group, kind), go::quote(name));
        // An aggregate prints each text once.
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let message = match texts.as_slice() {
            [] => what,
            [one] => format!("{what}: {one}"),
            many => format!("{what}: [{}]", many.join(", ")),
        };
        let mut status = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
            .about(group, kind, name);
        for error in errors {
            status = status.with_cause(error.kind.reason(), &error.body(), &error.field);
        }
        status
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 400 that says what an error says.
    pub fn bad_request_from(error: impl fmt::Display) -> Self {
        Self::bad_request(error.to_string())
    }

    /// 405.
    pub fn method_not_supported(group: &str, resource: &str, action: &str) -> Self {
        let message = format!(
            "{action} is not supported on resources of kind {}",
            go::quote(&qualified(group, resource))
        );
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
            .about(group, resource, "")
    }

    /// 405 as the server answers when a path has no handler for the method at all.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut status = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        status.details = Some(Box::default());
        status
    }

    /// 406: none of the accepted types can be answered.
    pub fn not_acceptable(types: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", types.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    /// 406 of a built-in kind.
    pub fn no_such_representation() -> Self {
        let mut status = Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        );
        status.details = Some(Box::default());
        status
    }

    /// 413.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// 413 that says why.
    pub fn entity_too_large(why: impl fmt::Display) -> Self {
        let message = format!("Request entity too large: {why}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// 422 without an object, which a patch that cannot be applied gets.
    pub fn rejected() -> Self {
        let mut status = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            "the server rejected our request due to an error in our request",
        );
        status.details = Some(Box::default());
        status
    }

    /// 415: the body's type.
    pub fn unsupported_media_type(types: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            types.join(", ")
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// 415 of a patch to a built-in kind.
    pub fn unsupported_patch() -> Self {
        let mut status = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "415: Unsupported Media Type",
        );
        status.details = Some(Box::default());
        status
    }

    /// 410: the revision has left the window.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// 504.
    pub fn timeout(message: &str, retry_after: u32) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", format!("Timeout: {message}"))
            .retry_after(retry_after)
    }

    /// 429.
    pub fn too_many_requests(message: impl Into<String>, retry_after: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
            .retry_after(retry_after)
    }

    /// 500 that says why.
    pub fn internal(why: impl fmt::Display) -> Self {
        let why = why.to_string();
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("Internal error occurred: {why}"),
        )
        .with_cause("", &why, "")
    }

    /// 500 without a reason, which is how the server reports errors of its storage.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    /// 501: part of the API that this server does not have.
    pub fn not_implemented(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("{what} is not supported by the embedded API server"),
        )
    }

    /// 503.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// The body.
    pub fn to_value(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if !self.reason.is_empty() {
            body["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            body["details"] = details.to_value();
        }
        if let Some(token) = &self.continue_token {
            body["metadata"]["continue"] = json!(token);
        }
        body
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let strings = [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ];
        for (key, value) in strings {
            if !value.is_empty() {
                map.insert(key.to_owned(), json!(value));
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(Cause::to_value).collect();
            map.insert("causes".to_owned(), Value::Array(causes));
        }
        if self.retry_after_seconds > 0 {
            map.insert("retryAfterSeconds".to_owned(), json!(self.retry_after_seconds));
        }
        Value::Object(map)
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let strings =
            [("reason", &self.reason), ("message", &self.message), ("field", &self.field)];
        for (key, value) in strings {
            if !value.is_empty() {
                map.insert(key.to_owned(), json!(value));
            }
        }
        Value::Object(map)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_of_the_server() {
        let check = |status: Status, expected: Value| assert_eq!(status.to_value(), expected);
        check(
            Status::not_found("apps", "deployments", "x"),
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "deployments.apps \"x\" not found", "reason": "NotFound", "code": 404,
                "details": {"name": "x", "group": "apps", "kind": "deployments"}}),
        );
        check(
            Status::invalid(
                "apps",
                "Deployment",
                "x",
                &[
                    FieldError::new(FieldErrorKind::Required, "spec.a", ""),
                    FieldError::with_value(FieldErrorKind::Invalid, "spec.b", "q\"", "must be"),
                ],
            ),
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Deployment.apps \"x\" is invalid: [spec.a: Required value, spec.b: Invalid value: \"q\\\"\": must be]",
            "reason": "Invalid", "code": 422,
            "details": {"name": "x", "group": "apps", "kind": "Deployment", "causes": [
                {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.a"},
                {"reason": "FieldValueInvalid", "message": "Invalid value: \"q\\\"\": must be", "field": "spec.b"},
            ]}}),
        );
    }
}
