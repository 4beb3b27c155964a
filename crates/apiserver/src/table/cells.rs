//! Which function fills the cells of which kind.

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::{Row, cluster, network, pods, storage, text, workloads};
use crate::catalog::ResourceType;

/// Turns what cell functions have at hand into cells.
macro_rules! cells {
    ($($cell:expr),* $(,)?) => { vec![$(serde_json::Value::from($cell)),*] };
}
pub(super) use cells;

/// The cells of one object.
pub(super) fn row(resource: &ResourceType, object: &Object, now: Timestamp) -> Row {
    let fill: fn(&Object, Timestamp) -> Vec<Value> = match (&*resource.group, &*resource.plural) {
        ("", "pods") => return pods::row(object, now),
        ("", "podtemplates") => workloads::pod_template,
        ("", "replicationcontrollers") => workloads::replication_controller,
        ("", "services") => network::service,
        ("", "endpoints") => network::endpoints,
        ("", "nodes") => cluster::node,
        ("", "namespaces") => cluster::namespace,
        ("", "configmaps") => cluster::config_map,
        ("", "secrets") => cluster::secret,
        ("", "serviceaccounts") => cluster::named,
        ("" | "events.k8s.io", "events") => cluster::event,
        ("", "persistentvolumes") => storage::persistent_volume,
        ("", "persistentvolumeclaims") => storage::persistent_volume_claim,
        ("", "resourcequotas") => cluster::resource_quota,
        ("", "componentstatuses") => cluster::component_status,
        ("apps", "deployments") => workloads::deployment,
        ("apps", "replicasets") => workloads::replica_set,
        ("apps", "statefulsets") => workloads::stateful_set,
        ("apps", "daemonsets") => workloads::daemon_set,
        ("apps", "controllerrevisions") => workloads::controller_revision,
        ("batch", "jobs") => workloads::job,
        ("batch", "cronjobs") => workloads::cron_job,
        ("autoscaling", "horizontalpodautoscalers") => workloads::autoscaler,
        ("policy", "poddisruptionbudgets") => workloads::disruption_budget,
        ("networking.k8s.io", "ingresses") => network::ingress,
        ("networking.k8s.io", "ingressclasses") => network::ingress_class,
        ("networking.k8s.io", "networkpolicies") => network::network_policy,
        ("networking.k8s.io", "servicecidrs") => network::service_cidr,
        ("networking.k8s.io", "ipaddresses") => network::ip_address,
        ("discovery.k8s.io", "endpointslices") => network::endpoint_slice,
        ("storage.k8s.io", "storageclasses") => storage::storage_class,
        ("storage.k8s.io", "volumeattachments") => storage::volume_attachment,
        ("storage.k8s.io", "volumeattributesclasses") => storage::attributes_class,
        ("storage.k8s.io", "csidrivers") => storage::csi_driver,
        ("storage.k8s.io", "csinodes") => storage::csi_node,
        ("storage.k8s.io", "csistoragecapacities") => storage::csi_capacity,
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            cluster::role_binding
        }
        ("coordination.k8s.io", "leases") => cluster::lease,
        ("scheduling.k8s.io", "priorityclasses") => cluster::priority_class,
        ("node.k8s.io", "runtimeclasses") => cluster::runtime_class,
        ("apiregistration.k8s.io", "apiservices") => cluster::api_service,
        ("certificates.k8s.io", "certificatesigningrequests") => cluster::signing_request,
        ("admissionregistration.k8s.io", plural) => {
            return Row { cells: cluster::admission(object, plural, now), conditions: None };
        }
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => cluster::flow_schema,
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => cluster::priority_level,
        ("resource.k8s.io", "deviceclasses" | "resourceclaimtemplates") => cluster::named,
        ("resource.k8s.io", "resourceclaims") => cluster::resource_claim,
        ("resource.k8s.io", "resourceslices") => cluster::resource_slice,
        _ => generic,
    };
    Row { cells: fill(object, now), conditions: None }
}

/// Kinds without columns of their own: the name, and when it was made.
fn generic(object: &Object, _now: Timestamp) -> Vec<Value> {
    cells![object.name(), text::at(object, &["metadata", "creationTimestamp"])]
}
