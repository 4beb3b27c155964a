//! Actions that create an object from the one they are called on.

use jiff::Timestamp;
use windlass_object::{Map, Object, Value, json};

use super::rfc3339;

/// A job as the cron job's schedule would create it.
pub(super) fn job(cron_job: &Object, now: Timestamp) -> Object {
    let template = |field: &str| cron_job.get(&["spec", "jobTemplate", field]).and_then(filled);
    let mut job = Object::from(Map::new());
    job.set(&["apiVersion"], "batch/v1");
    job.set(&["kind"], "Job");
    job.set(&["metadata"], template("metadata").unwrap_or_else(|| json!({})));
    job.set(&["metadata", "name"], format!("{}-{}", cron_job.name(), now.strftime("%y%m%d%H%M")));
    take(&mut job, &["metadata", "namespace"], cron_job);
    job.set_annotation("cronjob.kubernetes.io/instantiate", "manual");
    let mut owner = owner(cron_job);
    owner["blockOwnerDeletion"] = true.into();
    owner["controller"] = true.into();
    job.set(&["metadata", "ownerReferences"], vec![owner]);
    if let Some(spec) = template("spec") {
        job.set(&["spec"], spec);
    }
    job
}

/// A workflow as the cron workflow's schedule would create it.
pub(super) fn scheduled_workflow(cron: &Object, now: Timestamp) -> Object {
    const INSTANCE: &str = "workflows.argoproj.io/controller-instanceid";
    let mut workflow = workflow(cron, now);
    let metadata = |field: &str| cron.get(&["spec", "workflowMetadata", field]);
    for field in ["labels", "annotations"] {
        if let Some(value) = metadata(field).and_then(filled) {
            workflow.set(&["metadata", field], value);
        }
    }
    workflow.set_annotation("workflows.argoproj.io/scheduled-time", &rfc3339(now));
    workflow.set_label("workflows.argoproj.io/cron-workflow", cron.name());
    if let Some(instance) = cron.label(INSTANCE) {
        workflow.set_label(INSTANCE, instance);
    }
    let finalizers = metadata("finalizers").and_then(filled);
    workflow.set(&["finalizers"], finalizers.unwrap_or_else(|| json!([])));
    if let Some(spec) = cron.get(&["spec", "workflowSpec"]).and_then(filled) {
        workflow.set(&["spec"], spec);
    }
    workflow
}

/// A workflow that is one of a template.
pub(super) fn templated_workflow(template: &Object, now: Timestamp) -> Object {
    let mut workflow = workflow(template, now);
    workflow.set_label("workflows.argoproj.io/workflow-template", template.name());
    workflow.set(&["spec", "workflowTemplateRef", "name"], template.name());
    workflow
}

fn workflow(owned_by: &Object, now: Timestamp) -> Object {
    let name = format!("{}-{}", owned_by.name(), now.strftime("%Y%m%d%H%M"));
    let mut workflow = Object::from(Map::new());
    workflow.set(&["apiVersion"], "argoproj.io/v1alpha1");
    workflow.set(&["kind"], "Workflow");
    workflow.set(&["metadata", "name"], name);
    take(&mut workflow, &["metadata", "namespace"], owned_by);
    workflow.set(&["metadata", "ownerReferences"], vec![owner(owned_by)]);
    workflow
}

/// A reference to an owner.
fn owner(owner: &Object) -> Value {
    let mut reference = json!({
        "apiVersion": owner.api_version(), "kind": owner.kind(), "name": owner.name(),
    });
    if !owner.uid().is_empty() {
        reference["uid"] = Value::from(owner.uid());
    }
    reference
}

/// Sets a field as it is in another object, if it is there.
fn take(object: &mut Object, path: &[&str], from: &Object) {
    if let Some(value) = from.get(path).filter(|value| !value.is_null()) {
        object.set(path, value.clone());
    }
}

/// A value without what is empty in it, as Argo CD creates objects; none if nothing is left.
fn filled(value: &Value) -> Option<Value> {
    let is_filled = |value: &Value| match value {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    if !is_filled(value) {
        return None;
    }
    Some(match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.filter_map(|(key, value)| Some((key.clone(), filled(value)?))).collect()
        }
        Value::Array(items) => items.iter().filter_map(filled).collect(),
        other => other.clone(),
    })
}
