//! What makes pods: marks that the server itself gives them.

use serde_json::{Value, json};
use windlass_object::Object;

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Labels and selector by which a Job knows its pods.
pub(super) fn admit_job(old: Option<&Object>, new: &mut Object) {
    if let Some(old) = old {
        // A client that leaves out what was generated means to keep it.
        if new.get(&["spec", "selector"]).is_none()
            && let Some(selector) = old.get(&["spec", "selector"]).cloned()
        {
            new.set(&["spec", "selector"], selector);
        }
        return;
    }
    let manual = new.get(&["spec", "manualSelector"]) == Some(&Value::Bool(true));
    if !manual {
        let (uid, name) = (new.uid().to_owned(), new.name().to_owned());
        let labels = [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ];
        for (key, value) in labels {
            let path = ["spec", "template", "metadata", "labels", key];
            if new.get(&path).is_none() {
                new.set(&path, value.clone());
            }
        }
        let path = ["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"];
        new.set(&path, uid);
        new.set(&["spec", "manualSelector"], false);
    }
    // A job without labels has those of its pods.
    let labelled = new.get(&["metadata", "labels"]).and_then(Value::as_object);
    if labelled.is_none_or(serde_json::Map::is_empty)
        && let Some(labels) = new.get(&["spec", "template", "metadata", "labels"]).cloned()
    {
        new.set(&["metadata", "labels"], labels);
    }
}

/// The count of a DaemonSet's templates.
pub(super) fn admit_daemon_set(old: Option<&Object>, new: &mut Object) {
    let count = match old {
        None => 1,
        Some(old) => {
            let count = old.annotation(TEMPLATE_GENERATION).and_then(|n| n.parse::<i64>().ok());
            let changed = old.get(&["spec", "template"]) != new.get(&["spec", "template"]);
            count.unwrap_or(1) + i64::from(changed)
        }
    };
    new.set_annotation(TEMPLATE_GENERATION, &count.to_string());
}

/// A claim or a volume is kept while it is used.
pub(super) fn protect(new: &mut Object, finalizer: &str) {
    if new.is_terminating() || new.finalizers().any(|found| found == finalizer) {
        return;
    }
    let mut finalizers: Vec<Value> = new.finalizers().map(Value::from).collect();
    finalizers.push(finalizer.into());
    new.set(&["metadata", "finalizers"], Value::Array(finalizers));
}

/// A namespace goes when its content is gone.
pub(super) fn admit_namespace(new: &mut Object) {
    let finalizers = new.get(&["spec", "finalizers"]).and_then(Value::as_array);
    let mut finalizers = finalizers.cloned().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == "kubernetes") {
        finalizers.push(json!("kubernetes"));
        new.set(&["spec", "finalizers"], Value::Array(finalizers));
    }
    new.set(&["status"], json!({"phase": "Active"}));
}
