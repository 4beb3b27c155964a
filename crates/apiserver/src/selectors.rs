//! Field selectors: which fields each kind can be selected by.

use std::borrow::Cow;

use serde_json::Value;
use windlass_object::selector::{FieldOperator, FieldSelector};
use windlass_object::{Object, go};

use crate::catalog::ResourceType;
use crate::status::Status;

/// Refuses a selector on a field that the kind cannot be selected by.
pub(crate) fn check(resource: &ResourceType, selector: &FieldSelector) -> Result<(), Status> {
    for requirement in selector.requirements() {
        let field = requirement.field.as_str();
        if let Some(version) = resource.custom() {
            let own = version.selectable_fields.iter().any(|f| f.strip_prefix('.') == Some(field));
            if own || matches!(field, "metadata.name" | "metadata.namespace") {
                continue;
            }
            return Err(Status::bad_request(format!("field label not supported: {field}")));
        }
        let Some(fields) = fields(&resource.group, &resource.plural) else {
            if matches!(field, "metadata.name" | "metadata.namespace") {
                continue;
            }
            return Err(Status::bad_request(format!(
                "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                go::quote(field)
            )));
        };
        if !fields.contains(&field) {
            return Err(Status::bad_request(match resource.plural.as_str() {
                "jobs" => format!("field label {} not supported for Job", go::quote(field)),
                "resourceslices" => {
                    format!("field label not supported for {}: {field}", resource.gvk())
                }
                _ => format!("field label not supported: {field}"),
            }));
        }
    }
    Ok(())
}

/// Whether an object, in any version of its resource, is selected.
pub(crate) fn matches(resource: &ResourceType, selector: &FieldSelector, object: &Object) -> bool {
    selector.requirements().iter().all(|requirement| {
        let equal = text(resource, &requirement.field, object) == requirement.value;
        equal == (requirement.operator == FieldOperator::Equals)
    })
}

/// The fields of the kinds that have more of them than name and namespace, or fewer.
fn fields(group: &str, plural: &str) -> Option<&'static [&'static str]> {
    Some(match (group, plural) {
        ("", "pods") => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.host",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["metadata.name", "spec.unschedulable"],
        ("", "replicationcontrollers") => {
            &["metadata.name", "metadata.namespace", "status.replicas"]
        }
        ("", "events") => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "events") => &[
            "metadata.name",
            "metadata.namespace",
            "reason",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reportingController",
            "type",
        ],
        ("", "namespaces") => &["metadata.name", "status.phase"],
        ("", "secrets") => &["metadata.name", "metadata.namespace", "type"],
        ("", "services") => &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &["metadata.name", "metadata.namespace", "status.successful"],
        ("certificates.k8s.io", "certificatesigningrequests") => {
            &["metadata.name", "spec.signerName"]
        }
        ("resource.k8s.io", "resourceslices") => &["metadata.name", "spec.nodeName", "spec.driver"],
        _ => return None,
    })
}

/// A field's text in an object, empty where it is absent.
fn text<'o>(resource: &ResourceType, field: &str, object: &'o Object) -> Cow<'o, str> {
    let event = resource.plural == "events" && resource.custom().is_none();
    let path: Vec<&str> = match (resource.plural.as_str(), field) {
        ("pods", "spec.host") => vec!["spec", "nodeName"],
        ("pods", "status.podIPs") => {
            let ips = object.get(&["status", "podIPs"]).and_then(Value::as_array);
            let ips = ips.into_iter().flatten().filter_map(|ip| ip["ip"].as_str());
            return Cow::Owned(ips.collect::<Vec<_>>().join(","));
        }
        ("jobs", "status.successful") => vec!["status", "succeeded"],
        // The source of an event is its component, or who reports it.
        (_, "source") if event => {
            let component = object.str_at(&["source", "component"]);
            let reporter = object.str_at(&["reportingComponent"]);
            return Cow::Borrowed(if component.is_empty() { reporter } else { component });
        }
        _ => field.split('.').collect(),
    };
    // Events are selected in the shape they are stored in.
    let stored: Vec<&str> = match path.as_slice() {
        ["regarding", rest] if event => vec!["involvedObject", rest],
        ["reportingController"] if event => vec!["reportingComponent"],
        _ => Vec::new(),
    };
    let found = object.get(&path).or_else(|| object.get(&stored).filter(|_| !stored.is_empty()));
    match found {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other @ (Value::Bool(_) | Value::Number(_))) => Cow::Owned(other.to_string()),
        _ => match field {
            "spec.hostNetwork" | "spec.unschedulable" if resource.custom().is_none() => {
                Cow::Borrowed("false")
            }
            "status.replicas" | "status.successful" if resource.custom().is_none() => {
                Cow::Borrowed("0")
            }
            _ => Cow::Borrowed(""),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn unknown_fields_are_refused_in_the_servers_words() {
        let snapshot = Catalog::new().snapshot();
        let check = |group: &str, plural: &str, field: &str, expected: &str| {
            let resource = snapshot.resource(group, "v1", plural).unwrap();
            let selector = format!("{field}=x").parse().unwrap();
            let said = check(resource, &selector).err().map_or(String::new(), |s| s.message);
            assert_eq!(said, expected);
        };
        check("", "pods", "spec.nodeName", "");
        check("", "pods", "spec.foo", "field label not supported: spec.foo");
        check("batch", "jobs", "spec.foo", "field label \"spec.foo\" not supported for Job");
        let plain = "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
        check("", "configmaps", "spec.foo", plain);
        check("", "configmaps", "metadata.name", "");
        check(
            "resource.k8s.io",
            "resourceslices",
            "spec.foo",
            "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.foo",
        );
    }

    #[test]
    fn fields_of_any_type_are_compared_as_text() {
        let snapshot = Catalog::new().snapshot();
        let check = |plural: &str, object: Value, selector: &str, expected: bool| {
            let resource = snapshot.resource("", "v1", plural).unwrap();
            let object = Object::try_from(object).unwrap();
            let selector = selector.parse().unwrap();
            assert_eq!(matches(resource, &selector, &object), expected, "{selector:?}");
        };
        let pod =
            json!({"spec": {"nodeName": "n"}, "status": {"podIPs": [{"ip": "a"}, {"ip": "b"}]}});
        check("pods", pod.clone(), "spec.nodeName=n,spec.hostNetwork=false", true);
        check("pods", pod.clone(), "spec.host=n,status.podIPs=a\\,b", true);
        check("pods", pod.clone(), "status.phase!=Running", true);
        check("nodes", json!({"spec": {"unschedulable": true}}), "spec.unschedulable=true", true);
        check("events", json!({"involvedObject": {"name": "x"}}), "involvedObject.name=x", true);
        check("events", json!({"reportingComponent": "c"}), "source=c", true);
        check("secrets", json!({"type": "Opaque"}), "type=Opaque", true);
    }
}
