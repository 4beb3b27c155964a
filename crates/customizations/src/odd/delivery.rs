//! Flux and Flagger.

use windlass_object::Object;

use super::{conditions, degraded, healthy, progressing, text, verdict};
use crate::{Status, Verdict};

/// How conditions count for a kind of Flux.
struct Counting {
    /// Conditions that must be true beside `Ready`; one of them is enough.
    beside: &'static [&'static str],
    /// What `Ready` says of an object on its way.
    waiting: &'static str,
    /// Reasons for which reconciling is being on its way; any if there are none.
    reasons: &'static [&'static str],
}

impl Counting {
    fn of(kind: &str) -> Self {
        const ALONE: Counting = Counting { beside: &[], waiting: "Unknown", reasons: &[] };
        match kind {
            "HelmRelease" => Self { beside: &["Released", "TestSuccess"], ..ALONE },
            "ImagePolicy" => Self {
                waiting: "False",
                reasons: &["NewGeneration", "AccessingRepository", "ApplyingPolicy"],
                ..ALONE
            },
            "ImageRepository" => {
                Self { waiting: "False", reasons: &["NewGeneration", "Scanning"], ..ALONE }
            }
            "ImageUpdateAutomation" | "Kustomization" => ALONE,
            "Receiver" => Self { waiting: "False", ..ALONE },
            _ => Self { beside: &["ArtifactInStorage"], ..ALONE },
        }
    }
}

/// A kind of Flux is healthy when it is ready, and what stands beside that holds; on its way when it
/// reconciles and does not know yet. A receiver only works or fails.
pub(super) fn flux(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "conditions"]).is_none_or(serde_json::Value::is_null) {
        return progressing("Status unknown");
    }
    let kind = object.kind();
    let counting = Counting::of(kind);
    let (mut waiting, mut working, mut message) = (0, 0, String::new());
    for condition in conditions(object) {
        let (status, reason) = (text(condition, "status"), text(condition, "reason"));
        let holds = status == "True";
        match text(condition, "type") {
            "Ready" => {
                working += usize::from(holds);
                waiting += usize::from(status == counting.waiting);
                reason.clone_into(&mut message);
            }
            "Reconciling" => {
                let told = counting.reasons.is_empty() || counting.reasons.contains(&reason);
                waiting += usize::from(holds && told);
            }
            "ArtifactOutdated" if holds && counting.beside.contains(&"ArtifactInStorage") => {
                message.push(' ');
                message.push_str(reason);
            }
            other => working += usize::from(holds && counting.beside.contains(&other)),
        }
    }
    let wanted = 1 + usize::from(!counting.beside.is_empty());
    match (waiting, kind) {
        (2, "Receiver") => degraded(message),
        (2, _) => progressing(message),
        _ if working == wanted => healthy(message),
        _ => degraded(message),
    }
}

/// A canary tells its phase, its weight if it has some, and what all its conditions say.
pub(super) fn canary(object: &Object) -> Option<Verdict> {
    let phase = object.str_at(&["status", "phase"]);
    let status = match phase {
        "Failed" => Status::Degraded,
        "Progressing" | "Finalising" | "Promoting" => Status::Progressing,
        "Succeeded" | "Initialized" => Status::Healthy,
        _ => Status::Unknown,
    };
    let weight = super::number(object, &["status", "canaryWeight"]).filter(|weight| *weight > 0.0);
    let weight = weight.map(|weight| format!("Canary Weight: {weight} %"));
    let told = conditions(object).iter().map(|condition| text(condition, "message").to_owned());
    let mut message = String::new();
    for piece in weight.into_iter().chain(told) {
        if !message.is_empty() {
            message.push_str(" --- ");
        }
        message.push_str(&piece);
    }
    verdict(status, format!("{phase} --- {message}"))
}
