//! Health of objects and of applications.
//!
//! An object that is being deleted is on its way; else a custom check decides, if there is one for
//! its kind, else the rule for its kind of `windlass_customizations`, else the built-in one here.
//! Most kinds have none, and no health.

mod application;
mod autoscaler;
mod pod;
mod simple;
mod workload;

use windlass_object::{Object, Value};

pub use application::{Judged, application};

use crate::annotation::HOOK_FINALIZER;
use crate::state::{Health, HealthCode};

/// Health checks beside the built-in ones, such as Lua scripts from settings. They win.
pub trait CustomHealth {
    /// Health of an object; none if there is no check for its kind, and within that none if the
    /// check does not tell.
    fn check(&self, object: &Object) -> Option<Result<Option<Health>, String>>;
}

/// No custom checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltInOnly;

impl CustomHealth for BuiltInOnly {
    fn check(&self, _: &Object) -> Option<Result<Option<Health>, String>> {
        None
    }
}

/// Health could not be told. It counts as `Unknown`, with this as its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HealthError(pub String);

type Verdict = Result<Health, HealthError>;

/// Health of an object; none if its kind has no rule.
pub fn of(object: &Object, custom: &dyn CustomHealth) -> Result<Option<Health>, HealthError> {
    if object.is_terminating() && !object.finalizers().any(|f| f == HOOK_FINALIZER) {
        return Ok(Some(Health::new(HealthCode::Progressing, "Pending deletion")));
    }
    if let Some(verdict) = custom.check(object) {
        return verdict.map_err(HealthError);
    }
    if let Some(verdict) = windlass_customizations::health(object) {
        return Ok(Some(Health::new(code(verdict.status), verdict.message)));
    }
    let rule: fn(&Object) -> Verdict = match (object.group(), object.kind()) {
        ("apps", "Deployment") => workload::deployment,
        ("apps", "StatefulSet") => workload::stateful_set,
        ("apps", "ReplicaSet") => workload::replica_set,
        ("apps", "DaemonSet") => workload::daemon_set,
        ("extensions" | "networking.k8s.io", "Ingress") => simple::ingress,
        ("argoproj.io", "Workflow") => simple::workflow,
        ("apiregistration.k8s.io", "APIService") => simple::api_service,
        ("", "Service") => simple::service,
        ("", "PersistentVolumeClaim") => simple::volume_claim,
        ("", "Pod") => pod::pod,
        ("batch", "Job") => simple::job,
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler::autoscaler,
        _ => return Ok(None),
    };
    rule(object).map(Some)
}

/// Health of an object that something waits for: one whose check does not tell is on its way.
pub fn awaited(object: &Object, custom: &dyn CustomHealth) -> Result<Option<Health>, HealthError> {
    match of(object, custom)? {
        None if custom.check(object).is_some() => {
            Ok(Some(Health::new(HealthCode::Progressing, "")))
        }
        told => Ok(told),
    }
}

fn code(status: windlass_customizations::Status) -> HealthCode {
    use windlass_customizations::Status;
    match status {
        Status::Healthy => HealthCode::Healthy,
        Status::Suspended => HealthCode::Suspended,
        Status::Progressing => HealthCode::Progressing,
        Status::Degraded => HealthCode::Degraded,
        Status::Missing => HealthCode::Missing,
        Status::Unknown => HealthCode::Unknown,
    }
}

fn healthy(message: impl Into<String>) -> Verdict {
    Ok(Health::new(HealthCode::Healthy, message))
}

fn progressing(message: impl Into<String>) -> Verdict {
    Ok(Health::new(HealthCode::Progressing, message))
}

fn degraded(message: impl Into<String>) -> Verdict {
    Ok(Health::new(HealthCode::Degraded, message))
}

/// A rule is written for some versions of a kind.
fn versions(object: &Object, name: &str, known: &[&str]) -> Result<(), HealthError> {
    if known.contains(&object.api_version()) {
        return Ok(());
    }
    Err(HealthError(format!("unsupported {name} GVK: {}", object.gvk())))
}

/// `status.conditions`.
fn conditions(object: &Object) -> impl Iterator<Item = Condition<'_>> {
    let list = object.get(&["status", "conditions"]).and_then(Value::as_array);
    list.into_iter().flatten().map(|value| Condition { value })
}

struct Condition<'a> {
    value: &'a Value,
}

impl<'a> Condition<'a> {
    fn field(&self, name: &str) -> &'a str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn kind(&self) -> &'a str {
        self.field("type")
    }

    fn is_true(&self) -> bool {
        self.field("status") == "True"
    }

    fn reason(&self) -> &'a str {
        self.field("reason")
    }

    fn message(&self) -> &'a str {
        self.field("message")
    }
}
