//! What a resource tree shows of an object beside its name.

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::{Object, Value};

use crate::connection::Tracker;
use crate::discovery::ApiKind;

/// A remark on an object, such as how many of its containers are ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoItem {
    /// What it is about.
    pub name: &'static str,
    /// What it says.
    pub value: String,
}

/// How an object is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Labels by which others select it, of Pods.
    pub labels: BTreeMap<String, String>,
    /// Labels by which it selects others, of Services.
    pub target_labels: BTreeMap<String, String>,
    /// Services that it leads to, in its own namespace.
    pub target_services: BTreeSet<String>,
    /// Addresses of its load balancer: host names or IP addresses.
    pub ingress: Vec<String>,
    /// Addresses for people.
    pub external_urls: BTreeSet<String>,
}

/// What is kept for the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) images: Vec<String>,
    pub(crate) network: Option<Box<Network>>,
    pub(crate) info: Vec<InfoItem>,
    /// Names of a StatefulSet's volume claim templates.
    pub(crate) claim_templates: Vec<String>,
}

/// Whether objects of the kind are decoded although nobody manages them: they can be children, and
/// have health or something to show.
pub(crate) fn has_detail(kind: &ApiKind) -> bool {
    matches!(
        (kind.group.as_str(), kind.kind.as_str()),
        ("", "Pod" | "Service" | "PersistentVolumeClaim" | "ReplicationController")
            | ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
            | ("batch", "Job")
            | ("autoscaling", "HorizontalPodAutoscaler")
            | ("networking.k8s.io", "Ingress")
            | ("apiregistration.k8s.io", "APIService")
    )
}

/// What is worth keeping, if anything.
pub(crate) fn detail(object: &Object, tracker: &dyn Tracker) -> Option<Box<Detail>> {
    let mut detail = Detail::default();
    if let Some(revision) = revision(object) {
        detail.info.push(InfoItem { name: "Revision", value: format!("Rev:{revision}") });
    }
    let mut network = Network { external_urls: tracker.links(object), ..Network::default() };
    let kind = object.gvk();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(object, &mut detail, &mut network),
        ("", "Service") => service(object, &mut network),
        ("networking.k8s.io" | "extensions", "Ingress") => ingress(object, tracker, &mut network),
        ("apps", "StatefulSet") => {
            detail.claim_templates = items(object, &["spec", "volumeClaimTemplates"])
                .filter_map(|v| Some(v.get("metadata")?.get("name")?.as_str()?.to_owned()))
                .collect();
        }
        _ => {}
    }
    if network != Network::default() {
        detail.network = Some(Box::new(network));
    }
    (detail != Detail::default()).then(|| Box::new(detail))
}

fn items<'a>(object: &'a Object, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    object.get(path).and_then(Value::as_array).into_iter().flatten()
}

fn strings(object: &Object, path: &[&str]) -> BTreeMap<String, String> {
    let map = object.get(path).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn revision(object: &Object) -> Option<String> {
    if let Some(text) = object.annotation("deployment.kubernetes.io/revision") {
        return text.parse::<i64>().ok().filter(|n| *n > 0).map(|n| n.to_string());
    }
    let gvk = object.gvk();
    (gvk.kind == "ControllerRevision")
        .then(|| object.int_at(&["revision"]))
        .flatten()
        .filter(|n| *n > 0)
        .map(|n| n.to_string())
}

fn pod(object: &Object, detail: &mut Detail, network: &mut Network) {
    network.labels = strings(object, &["metadata", "labels"]);
    let containers = || items(object, &["spec", "containers"]);
    let images: BTreeSet<&str> = items(object, &["spec", "initContainers"])
        .chain(containers())
        .filter_map(|c| c.get("image")?.as_str())
        .collect();
    detail.images = images.into_iter().map(ToOwned::to_owned).collect();
    let mut reason = object.str_at(&["status", "reason"]);
    if reason.is_empty() {
        reason = object.str_at(&["status", "phase"]);
    }
    let (mut ready, mut restarts) = (0, 0);
    for status in items(object, &["status", "containerStatuses"]) {
        restarts += status.get("restartCount").and_then(Value::as_i64).unwrap_or_default();
        let state = |name: &str| status.get("state").and_then(|s| s.get(name));
        let why = |name: &str| state(name)?.get("reason")?.as_str().filter(|r| !r.is_empty());
        if let Some(text) = why("waiting").or_else(|| why("terminated")) {
            reason = text;
        } else if status.get("ready").and_then(Value::as_bool) == Some(true) {
            ready += 1;
        }
    }
    if object.is_terminating()
        && !matches!(object.str_at(&["status", "phase"]), "Succeeded" | "Failed")
    {
        reason = "Terminating";
    }
    if !reason.is_empty() {
        detail.info.push(InfoItem { name: "Status Reason", value: reason.to_owned() });
    }
    let node = object.str_at(&["spec", "nodeName"]).to_owned();
    detail.info.push(InfoItem { name: "Node", value: node });
    let total = containers().count();
    detail.info.push(InfoItem { name: "Containers", value: format!("{ready}/{total}") });
    if restarts > 0 {
        detail.info.push(InfoItem { name: "Restart Count", value: restarts.to_string() });
    }
}

fn balancer(object: &Object) -> Vec<String> {
    items(object, &["status", "loadBalancer", "ingress"])
        .filter_map(|item| item.get("hostname").or_else(|| item.get("ip"))?.as_str())
        .map(ToOwned::to_owned)
        .collect()
}

fn service(object: &Object, network: &mut Network) {
    network.target_labels = strings(object, &["spec", "selector"]);
    if object.str_at(&["spec", "type"]) == "LoadBalancer" {
        network.ingress = balancer(object);
    }
}

fn ingress(object: &Object, tracker: &dyn Tracker, network: &mut Network) {
    network.ingress = balancer(object);
    let target =
        |backend: Option<&Value>| Some(backend?.get("service")?.get("name")?.as_str()?.to_owned());
    let default = object.get(&["spec", "defaultBackend"]);
    network.target_services.extend(target(default));
    let tls: Vec<&Value> = items(object, &["spec", "tls"]).collect();
    let mut urls = BTreeSet::new();
    for rule in items(object, &["spec", "rules"]) {
        let host = rule.get("host").and_then(Value::as_str).filter(|h| !h.is_empty());
        let host = host.or(network.ingress.first().map(String::as_str)).map(ToOwned::to_owned);
        let paths = rule.get("http").and_then(|h| h.get("paths")).and_then(Value::as_array);
        for path in paths.into_iter().flatten() {
            network.target_services.extend(target(path.get("backend")));
            let Some(host) = &host else { continue };
            // Any TLS entry with a secret makes the address https, whatever its hosts: so Argo CD.
            let secure = tls.iter().any(|line| {
                line.get("secretName").is_some_and(|v| !v.is_null())
                    || line.get("host").and_then(Value::as_str) == Some(host)
            });
            let scheme = if secure { "https" } else { "http" };
            let path = path.get("path").and_then(Value::as_str).unwrap_or_default();
            urls.insert(format!("{scheme}://{host}{}", path.strip_suffix('*').unwrap_or(path)));
        }
    }
    if tracker.default_links(object) {
        network.external_urls.extend(urls);
    }
}
