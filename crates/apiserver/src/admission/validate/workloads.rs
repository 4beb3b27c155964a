//! What makes pods.

use serde_json::Value;
use windlass_object::Object;

use super::pods;
use crate::field::{forbidden, immutable, invalid, not_supported, required, text};
use crate::names;
use crate::status::FieldError;

fn spec(object: &Object) -> &Value {
    object.get(&["spec"]).unwrap_or(&Value::Null)
}

/// A number that may not be negative.
pub(super) fn not_negative(value: Option<&Value>, path: &str, out: &mut Vec<FieldError>) {
    if let Some(number) = value.and_then(Value::as_i64).filter(|number| *number < 0) {
        out.push(invalid(path, number, "must be greater than or equal to 0"));
    }
}

pub(super) fn deployment(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec = spec(new);
    not_negative(spec.get("replicas"), "spec.replicas", out);
    selector(spec, "deployment", out);
    template(spec, &["Always"], out);
    strategy(spec, out);
    not_negative(spec.get("minReadySeconds"), "spec.minReadySeconds", out);
    not_negative(spec.get("revisionHistoryLimit"), "spec.revisionHistoryLimit", out);
    if let Some(deadline) = spec.get("progressDeadlineSeconds").and_then(Value::as_i64) {
        let path = "spec.progressDeadlineSeconds";
        not_negative(spec.get("progressDeadlineSeconds"), path, out);
        if deadline <= spec["minReadySeconds"].as_i64().unwrap_or_default() {
            out.push(invalid(path, deadline, "must be greater than minReadySeconds"));
        }
    }
    selector_stays(old, new, out);
}

fn strategy(spec: &Value, out: &mut Vec<FieldError>) {
    let strategy = &spec["strategy"];
    let rolling = strategy.get("rollingUpdate").filter(|value| value.is_object());
    match text(strategy, "/type") {
        "Recreate" => {
            if rolling.is_some() {
                out.push(forbidden(
                    "spec.strategy.rollingUpdate",
                    "may not be specified when strategy `type` is 'Recreate'",
                ));
            }
        }
        "RollingUpdate" => {
            let zero = |field: &str| match rolling.and_then(|rolling| rolling.get(field)) {
                Some(Value::Number(number)) => number.as_i64() == Some(0),
                Some(Value::String(text)) => text.trim_end_matches('%').parse() == Ok(0),
                _ => false,
            };
            if zero("maxUnavailable") && zero("maxSurge") {
                let value = rolling.and_then(|rolling| rolling.get("maxUnavailable")).cloned();
                out.push(invalid(
                    "spec.strategy.rollingUpdate.maxUnavailable",
                    value.unwrap_or_default(),
                    "may not be 0 when `maxSurge` is 0",
                ));
            }
        }
        "" => {}
        other => out.push(not_supported("spec.strategy", other, &["Recreate", "RollingUpdate"])),
    }
}

pub(super) fn replica_set(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec = spec(new);
    not_negative(spec.get("replicas"), "spec.replicas", out);
    not_negative(spec.get("minReadySeconds"), "spec.minReadySeconds", out);
    selector(spec, "deployment", out);
    template(spec, &["Always"], out);
    selector_stays(old, new, out);
}

pub(super) fn daemon_set(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    selector_stays(old, new, out);
    let spec = spec(new);
    selector(spec, "daemonset", out);
    template(spec, &["Always"], out);
    not_negative(spec.get("minReadySeconds"), "spec.minReadySeconds", out);
}

pub(super) fn stateful_set(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec_of = spec(new);
    match text(spec_of, "/podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        "" => out.push(required("spec.podManagementPolicy", "")),
        other => {
            let detail = "must be 'OrderedReady' or 'Parallel'";
            out.push(invalid("spec.podManagementPolicy", other, detail));
        }
    }
    not_negative(spec_of.get("replicas"), "spec.replicas", out);
    selector(spec_of, "statefulset", out);
    template(spec_of, &["Always"], out);
    if let Some(old) = old {
        const MAY_CHANGE: [&str; 7] = [
            "replicas",
            "template",
            "updateStrategy",
            "persistentVolumeClaimRetentionPolicy",
            "ordinals",
            "minReadySeconds",
            "revisionHistoryLimit",
        ];
        let fixed = |object: &Object| {
            let mut spec = spec(object).clone();
            if let Some(spec) = spec.as_object_mut() {
                MAY_CHANGE.iter().for_each(|field| {
                    spec.remove(*field);
                });
            }
            spec
        };
        if fixed(old) != fixed(new) {
            out.push(forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            ));
        }
    }
}

pub(super) fn job(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec_of = spec(new);
    if old.is_none() && spec_of["manualSelector"] != true {
        const UID: &str = "batch.kubernetes.io/controller-uid";
        let labels = spec_of.pointer("/selector/matchLabels").and_then(Value::as_object);
        let generated = labels.is_some_and(|labels| labels.len() == 1)
            && spec_of.pointer("/selector/matchExpressions").is_none()
            && labels.and_then(|labels| labels.get(UID)?.as_str()) == Some(new.uid());
        if !generated {
            let selector = spec_of.get("selector").cloned().unwrap_or_default();
            out.push(invalid("spec.selector", selector, "`selector` not auto-generated"));
        }
    }
    job_spec(spec_of, "spec", out);
    if spec_of.get("selector").is_none_or(Value::is_null) {
        out.push(required("spec.selector", ""));
    } else if !pods::selects(&spec_of["selector"], spec_of.pointer("/template/metadata/labels")) {
        let labels = spec_of.pointer("/template/metadata/labels").cloned().unwrap_or_default();
        let detail = "`selector` does not match template `labels`";
        out.push(invalid("spec.template.metadata.labels", labels, detail));
    }
    let Some(old) = old else { return };
    let old_spec = spec(old);
    let mut fixed = |field: &str| {
        immutable(&format!("spec.{field}"), spec_of.get(field), old_spec.get(field), out);
    };
    // An indexed job may grow together with its parallelism.
    let indexed = text(spec_of, "/completionMode") == "Indexed"
        && spec_of.get("completions") == spec_of.get("parallelism");
    if !indexed {
        fixed("completions");
    }
    fixed("selector");
    // The scheduling of a suspended job that never ran may still be decided.
    let suspended = old_spec["suspend"] == true;
    let open = suspended && old.get(&["status", "startTime"]).is_none();
    let pinned = |spec: &Value| {
        let mut template = spec["template"].clone();
        if open {
            let clear = |value: Option<&mut Value>, fields: &[&str]| {
                if let Some(map) = value.and_then(Value::as_object_mut) {
                    fields.iter().for_each(|field| {
                        map.remove(*field);
                    });
                }
            };
            clear(template.pointer_mut("/metadata"), &["annotations", "labels"]);
            let fields = ["nodeSelector", "tolerations", "schedulingGates", "affinity"];
            clear(template.pointer_mut("/spec"), &fields);
        }
        if suspended {
            for kind in ["containers", "initContainers"] {
                for container in template["spec"][kind].as_array_mut().into_iter().flatten() {
                    container["resources"] = Value::Null;
                }
            }
        }
        template
    };
    if pinned(spec_of) != pinned(old_spec) {
        let (path, value) = if suspended {
            ("spec.template.spec", &spec_of["template"]["spec"])
        } else {
            ("spec.template", &spec_of["template"])
        };
        out.push(invalid(path, value.clone(), "field is immutable"));
    }
    let mut fixed = |field: &str| {
        immutable(&format!("spec.{field}"), spec_of.get(field), old_spec.get(field), out);
    };
    fixed("completionMode");
    fixed("podFailurePolicy");
    fixed("backoffLimitPerIndex");
}

fn job_spec(spec: &Value, path: &str, out: &mut Vec<FieldError>) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        not_negative(spec.get(field), &format!("{path}.{field}"), out);
    }
    let template = &spec["template"];
    pods::template(template, &format!("{path}.template"), out);
    let policy = text(template, "/spec/restartPolicy");
    let at = format!("{path}.template.spec.restartPolicy");
    match policy {
        "Never" | "OnFailure" => {}
        "" | "Always" => {
            out.push(required(&at, "valid values: \"OnFailure\", \"Never\""));
        }
        other => out.push(not_supported(&at, other, &["OnFailure", "Never"])),
    }
}

pub(super) fn cron_job(new: &Object, out: &mut Vec<FieldError>) {
    let spec = spec(new);
    let schedule = text(spec, "/schedule");
    if schedule.is_empty() {
        out.push(required("spec.schedule", ""));
    } else if let Some(fault) = schedule_fault(schedule) {
        out.push(invalid("spec.schedule", schedule, &fault));
    }
    let zone = text(spec, "/timeZone");
    if spec.get("timeZone").is_some_and(|zone| !zone.is_null())
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        out.push(invalid("spec.timeZone", zone, &format!("unknown time zone {zone}")));
    }
    not_negative(spec.get("startingDeadlineSeconds"), "spec.startingDeadlineSeconds", out);
    match text(spec, "/concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => out.push(required("spec.concurrencyPolicy", "")),
        other => {
            let known = ["Allow", "Forbid", "Replace"];
            out.push(not_supported("spec.concurrencyPolicy", other, &known));
        }
    }
    for field in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        not_negative(spec.get(field), &format!("spec.{field}"), out);
    }
    job_spec(&spec["jobTemplate"]["spec"], "spec.jobTemplate.spec", out);
    let longest = 52;
    if new.name().len() > longest {
        let detail = format!("must be no more than {longest} characters");
        out.push(invalid("metadata.name", new.name(), &detail));
    }
}

/// What is wrong with the shape of a cron schedule.
fn schedule_fault(schedule: &str) -> Option<String> {
    if let Some(word) = schedule.strip_prefix('@') {
        let known = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        let good = known.contains(&word) || word.starts_with("every ");
        return (!good).then(|| format!("unrecognized descriptor: @{word}"));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    (fields.len() != 5).then(|| {
        format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" "))
    })
}

/// The selector of a workload of apps/v1.
fn selector(spec: &Value, kind: &str, out: &mut Vec<FieldError>) {
    let Some(selector) = spec.get("selector").filter(|selector| selector.is_object()) else {
        out.push(required("spec.selector", ""));
        return;
    };
    let before = out.len();
    label_selector(selector, "spec.selector", out);
    let empty = |field: &str| match selector.get(field) {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        _ => true,
    };
    if empty("matchLabels") && empty("matchExpressions") {
        let detail = format!("empty selector is invalid for {kind}");
        out.push(invalid("spec.selector", selector.clone(), &detail));
    } else if out.len() > before {
        out.push(invalid("spec.selector", selector.clone(), "invalid label selector"));
    }
}

/// Labels and expressions of a label selector.
pub(super) fn label_selector(selector: &Value, path: &str, out: &mut Vec<FieldError>) {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let path = format!("{path}.matchLabels");
        crate::field::faulty(&path, key, names::label_key(key), out);
        let value = value.as_str().unwrap_or_default();
        crate::field::faulty(&path, value, names::label_value(value), out);
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for (at, expression) in expressions.into_iter().flatten().enumerate() {
        let path = format!("{path}.matchExpressions[{at}]");
        let values = expression["values"].as_array().map_or(0, Vec::len);
        match text(expression, "/operator") {
            "In" | "NotIn" if values == 0 => out.push(required(
                &format!("{path}.values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            )),
            "Exists" | "DoesNotExist" if values > 0 => out.push(forbidden(
                &format!("{path}.values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                out.push(invalid(
                    &format!("{path}.operator"),
                    other,
                    "not a valid selector operator",
                ));
            }
        }
        let key = text(expression, "/key");
        crate::field::faulty(&format!("{path}.key"), key, names::label_key(key), out);
    }
}

/// The pods' template, which the selector must select.
fn template(spec: &Value, policies: &[&str], out: &mut Vec<FieldError>) {
    let template = &spec["template"];
    let labels = template.pointer("/metadata/labels");
    let selector = spec.get("selector").filter(|selector| selector.is_object());
    let selected = selector.is_some_and(|selector| pods::selects(selector, labels));
    let nothing = spec
        .pointer("/selector")
        .is_some_and(|selector| selector.as_object().is_some_and(serde_json::Map::is_empty));
    // With a selector that cannot be read the template is not looked at.
    if out.iter().any(|error| error.detail == "invalid label selector") {
        return;
    }
    if !selected && !nothing {
        out.push(invalid(
            "spec.template.metadata.labels",
            labels.cloned().unwrap_or_default(),
            "`selector` does not match template `labels`",
        ));
    }
    pods::template(template, "spec.template", out);
    let policy = text(template, "/spec/restartPolicy");
    if !policy.is_empty() && !policies.contains(&policy) {
        out.push(not_supported("spec.template.spec.restartPolicy", policy, policies));
    }
}

fn selector_stays(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    if let Some(old) = old {
        let path = ["spec", "selector"];
        immutable("spec.selector", new.get(&path), old.get(&path), out);
    }
}
