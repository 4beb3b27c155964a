//! Rules that compute something: counts, lists in a message, texts taken apart.

mod cloud;
mod delivery;
mod network;
mod platform;
mod promoter;
mod rollout;
mod workload;

use serde_json::Value;
use windlass_object::Object;

use crate::{Status, Verdict};

/// A rule as a function; none if it does not tell.
pub(crate) type Function = fn(&Object) -> Option<Verdict>;

/// The function that a rule names.
pub(crate) fn function(name: &str) -> Option<Function> {
    Some(match name {
        "backend_tls_policy" => network::backend_tls_policy,
        "canary" => delivery::canary,
        "ceph_cluster" => platform::ceph_cluster,
        "configuration_policy" => cloud::configuration_policy,
        "crossplane_managed" => cloud::crossplane_managed,
        "crossplane_package" => cloud::crossplane_package,
        "deployment_config" => workload::deployment_config,
        "elasticsearch" => platform::elasticsearch,
        "external_secret_error" => platform::external_secret_error,
        "flux" => delivery::flux,
        "game_server_set" => workload::game_server_set,
        "gateway" => network::gateway,
        "gateway_class" => network::gateway_class,
        "governance_policy" => cloud::governance_policy,
        "grafana_synchronized" => platform::grafana_synchronized,
        "inference_service" => workload::inference_service,
        "keda" => workload::keda,
        "keycloak" => platform::keycloak,
        "knative_operator" => workload::knative_operator,
        "knative_service" => workload::knative_service,
        "kruise_partition" => workload::kruise_partition,
        "machine_pool" => cloud::machine_pool,
        "managed_control_plane" => cloud::managed_control_plane,
        "microgateway" => network::microgateway,
        "openshift_route" => network::openshift_route,
        "operator_subscription" => platform::operator_subscription,
        "promoter" => promoter::promoter,
        "rabbitmq_cluster" => platform::rabbitmq_cluster,
        "rabbitmq_topology" => platform::rabbitmq_topology,
        "resource_binding" => cloud::resource_binding,
        "rollout" => rollout::rollout,
        "route" => network::route,
        "service_instance" => network::service_instance,
        "spark_application" => workload::spark_application,
        "spin_app" => workload::spin_app,
        "telemetry_collector" => workload::telemetry_collector,
        "virtual_machine" => workload::virtual_machine,
        _ => return None,
    })
}

fn verdict(status: Status, message: impl Into<String>) -> Option<Verdict> {
    Some(Verdict { status, message: message.into() })
}

fn healthy(message: impl Into<String>) -> Option<Verdict> {
    verdict(Status::Healthy, message)
}

fn progressing(message: impl Into<String>) -> Option<Verdict> {
    verdict(Status::Progressing, message)
}

fn degraded(message: impl Into<String>) -> Option<Verdict> {
    verdict(Status::Degraded, message)
}

fn suspended(message: impl Into<String>) -> Option<Verdict> {
    verdict(Status::Suspended, message)
}

/// A list below a value; empty if there is none.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list at a path of an object; empty if there is none.
pub(crate) fn list_at<'a>(object: &'a Object, path: &[&str]) -> &'a [Value] {
    object.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn conditions(object: &Object) -> &[Value] {
    list_at(object, &["status", "conditions"])
}

/// A text below a value; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A number at a path.
fn number(object: &Object, path: &[&str]) -> Option<f64> {
    object.get(path).and_then(Value::as_f64)
}

/// The last condition of a type.
fn last_condition<'a>(object: &'a Object, kind: &str) -> Option<&'a Value> {
    conditions(object).iter().rev().find(|condition| text(condition, "type") == kind)
}
