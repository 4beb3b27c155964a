//! Actions that create an object from the one they are called on.

use jiff::Timestamp;
use windlass_object::{Map, Object, Value, json};

use super::rfc3339;

/// A job as the cron job's schedule would create it.
pub(super) fn job(cron_job: &Object, now: Timestamp) -> Object {
    let template = |field: &str| cron_job.get(&["spec", "jobTemplate", "metadata", field]);
    let mut job = Object::from(Map::new());
    job.set(&["apiVersion"], "batch/v1");
    job.set(&["kind"], "Job");
    job.set(&["metadata", "name"], format!("{}-{}", cron_job.name(), now.strftime("%y%m%d%H%M")));
    job.set(&["metadata", "namespace"], cron_job.namespace());
    for field in ["labels", "annotations"] {
        if let Some(value) = template(field) {
            job.set(&["metadata", field], value.clone());
        }
    }
    job.set_annotation("cronjob.kubernetes.io/instantiate", "manual");
    let owner = json!([{
        "apiVersion": cron_job.api_version(), "kind": cron_job.kind(), "name": cron_job.name(),
        "uid": cron_job.uid(), "blockOwnerDeletion": true, "controller": true,
    }]);
    job.set(&["metadata", "ownerReferences"], owner);
    let spec = cron_job.get(&["spec", "jobTemplate", "spec"]).cloned();
    job.set(&["spec"], spec.unwrap_or_else(|| json!({})));
    job
}

/// A workflow as the cron workflow's schedule would create it.
pub(super) fn scheduled_workflow(cron: &Object, now: Timestamp) -> Object {
    const INSTANCE: &str = "workflows.argoproj.io/controller-instanceid";
    let mut workflow = workflow(cron, now);
    for field in ["labels", "annotations"] {
        if let Some(value) = cron.get(&["spec", "workflowMetadata", field]) {
            workflow.set(&["metadata", field], value.clone());
        }
    }
    workflow.set_annotation("workflows.argoproj.io/scheduled-time", &rfc3339(now));
    workflow.set_label("workflows.argoproj.io/cron-workflow", cron.name());
    if let Some(instance) = cron.label(INSTANCE) {
        workflow.set_label(INSTANCE, instance);
    }
    if let Some(finalizers) = cron.get(&["spec", "workflowMetadata", "finalizers"]) {
        workflow.set(&["finalizers"], finalizers.clone());
    }
    let spec = cron.get(&["spec", "workflowSpec"]).cloned();
    workflow.set(&["spec"], spec.unwrap_or_else(|| json!({})));
    workflow
}

/// A workflow that is one of a template.
pub(super) fn templated_workflow(template: &Object, now: Timestamp) -> Object {
    let mut workflow = workflow(template, now);
    workflow.set_label("workflows.argoproj.io/workflow-template", template.name());
    workflow.set(&["spec", "workflowTemplateRef", "name"], template.name());
    workflow
}

fn workflow(owner: &Object, now: Timestamp) -> Object {
    let name = format!("{}-{}", owner.name(), now.strftime("%Y%m%d%H%M"));
    let mut workflow = Object::from(Map::new());
    workflow.set(&["apiVersion"], "argoproj.io/v1alpha1");
    workflow.set(&["kind"], "Workflow");
    workflow.set(&["metadata", "name"], name);
    workflow.set(&["metadata", "namespace"], owner.namespace());
    let mut reference = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": owner.kind(), "name": owner.name(),
    });
    if !owner.uid().is_empty() {
        reference["uid"] = Value::from(owner.uid());
    }
    workflow.set(&["metadata", "ownerReferences"], vec![reference]);
    workflow
}
