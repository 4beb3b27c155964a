//! Jobs: group `batch`.

use windlass_object::Value;

use super::{Fields, absent, inner};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "batch.v1.Job" => job(map),
        "batch.v1.JobTemplateSpec" => {}
        "batch.v1.CronJobSpec" => {
            absent(map, "concurrencyPolicy", "Allow");
            absent(map, "suspend", false);
            absent(map, "successfulJobsHistoryLimit", 3);
            absent(map, "failedJobsHistoryLimit", 1);
        }
        "batch.v1.PodFailurePolicyOnPodConditionsPattern" => absent(map, "status", "True"),
        _ => {}
    }
}

/// Only jobs themselves get these, not the templates of them.
fn job(map: &mut Fields) {
    let Some(spec) = inner(map, "spec") else { return };
    if !spec.contains_key("parallelism") {
        absent(spec, "completions", 1);
    }
    absent(spec, "parallelism", 1);
    let indexed = spec.contains_key("backoffLimitPerIndex");
    absent(spec, "backoffLimit", if indexed { i32::MAX } else { 6 });
    absent(spec, "completionMode", "NonIndexed");
    absent(spec, "suspend", false);
    let failed = spec.contains_key("podFailurePolicy");
    absent(spec, "podReplacementPolicy", if failed { "Failed" } else { "TerminatingOrFailed" });
    absent(spec, "manualSelector", false);
    let labels = spec.get("template").and_then(|t| t.pointer("/metadata/labels")).cloned();
    if let (Some(labels @ Value::Object(_)), Some(metadata)) = (labels, inner(map, "metadata")) {
        absent(metadata, "labels", labels);
    }
}
