//! Numaflow's pipelines and Numaplane's rollouts of them.

use windlass_object::Object;

use super::Action;

const UPGRADE_STATE: &str = "numaplane.numaproj.io/upgrade-state";
const FORCE_PROMOTE: &str = "numaplane.numaproj.io/force-promote";
const STRATEGIES: &str = "numaflow.numaproj.io/allowed-resume-strategies";
const ALLOW_DATA_LOSS: &str = "numaplane.numaproj.io/allow-data-loss";

/// Where the phase is that a kind should be in.
fn desired_phase(kind: &str) -> &'static [&'static str] {
    match kind {
        "MonoVertexRollout" => &["spec", "monoVertex", "spec", "lifecycle", "desiredPhase"],
        "PipelineRollout" => &["spec", "pipeline", "spec", "lifecycle", "desiredPhase"],
        _ => &["spec", "lifecycle", "desiredPhase"],
    }
}

/// Whether it may resume slowly, and fast: what it is made of says so, by an annotation.
fn resumes(object: &Object) -> (bool, bool) {
    let path: &[&str] = match object.kind() {
        "MonoVertexRollout" => &["spec", "monoVertex", "metadata", "annotations", STRATEGIES],
        "PipelineRollout" => &["spec", "pipeline", "metadata", "annotations", STRATEGIES],
        _ => &["spec", "metadata", "annotations", STRATEGIES],
    };
    match object.str_at(path) {
        "fast" => (false, true),
        "slow, fast" => (true, true),
        _ => (true, false),
    }
}

/// Whether a rollout of the matching kind owns it.
fn is_owned(object: &Object) -> bool {
    let kind = format!("{}Rollout", object.kind());
    object.owner_references().iter().any(|owner| owner.kind == kind)
}

pub(super) fn actions(object: &Object) -> Vec<Action> {
    let offer = |name: &str, icon: &str, enabled: bool| Action {
        name: name.to_owned(),
        icon_class: format!("fa-solid fa-fw {icon}"),
        disabled: !enabled,
        ..Action::default()
    };
    let paused = object.str_at(desired_phase(object.kind())) == "Paused";
    let (slow, fast) = resumes(object);
    let unpause = |allowed: bool| {
        [
            offer("unpause-gradual", "fa-play", allowed && slow).called("Unpause (gradual)"),
            offer("unpause-fast", "fa-play", allowed && fast).called("Unpause (fast)"),
        ]
    };
    let state = object.label(UPGRADE_STATE).unwrap_or_default();
    let forced = object.label(FORCE_PROMOTE) == Some("true");
    let promotable = matches!(state, "in-progress" | "trial") && !forced;
    let promote = offer("force-promote", "fa-forward", promotable);
    match object.kind() {
        "InterStepBufferService" => vec![promote],
        "MonoVertex" | "Pipeline" => {
            // A rollout holds what it owns in its phase; a pipeline until it is given up.
            let given_up = object.kind() == "Pipeline" && state == "recyclable-expired";
            let held = is_owned(object) && !given_up;
            let mut actions = vec![offer("pause", "fa-pause", !paused && !held)];
            actions.extend(unpause(paused && !held));
            actions.push(promote.called("Force Promote"));
            if object.kind() == "Pipeline" {
                let spent = matches!(state, "recyclable" | "recyclable-expired");
                actions.push(offer("delete", "fa-trash", spent).called("Delete"));
            }
            actions
        }
        "MonoVertexRollout" | "PipelineRollout" => {
            let mut actions = vec![offer("pause", "fa-pause", !paused)];
            actions.extend(unpause(paused));
            if object.kind() == "PipelineRollout" {
                let draining =
                    object.str_at(&["status", "upgradeInProgress"]) == "PipelinePauseAndDrain";
                let allowed = object.annotation(ALLOW_DATA_LOSS) == Some("true");
                actions.push(
                    offer("allow-data-loss", "fa-unlock", draining)
                        .called("Allow (Possible) Data Loss"),
                );
                actions.push(
                    offer("disallow-data-loss", "fa-lock", allowed).called("Disallow Data Loss"),
                );
            }
            actions
        }
        _ => Vec::new(),
    }
}

pub(super) fn act(object: &Object, name: &str) -> Option<Object> {
    let kind = object.kind();
    let mut new = object.clone();
    match (kind, name) {
        ("InterStepBufferService" | "MonoVertex" | "Pipeline", "force-promote") => {
            new.set_label("numaplane.numaproj.io/force-promote", "true");
        }
        ("MonoVertex" | "Pipeline" | "MonoVertexRollout" | "PipelineRollout", "pause") => {
            new.set(desired_phase(kind), "Paused");
        }
        ("MonoVertex", "unpause-gradual" | "unpause-fast") => {
            new.set(desired_phase(kind), "Running");
            if name == "unpause-gradual" {
                new.remove(&["spec", "replicas"]);
            }
        }
        ("Pipeline", "unpause-gradual" | "unpause-fast") => {
            let strategy = if name == "unpause-fast" { "fast" } else { "slow" };
            new.set_annotation("numaflow.numaproj.io/resume-strategy", strategy);
            new.set(desired_phase(kind), "Running");
        }
        ("MonoVertexRollout" | "PipelineRollout", "unpause-gradual" | "unpause-fast") => {
            new.set(desired_phase(kind), "Running");
            let fast = name == "unpause-fast";
            new.set(&["spec", "strategy", "pauseResume", "fastResume"], fast);
        }
        ("Pipeline", "delete") => {
            new.set_annotation("numaplane.numaproj.io/marked-for-deletion", "true");
        }
        ("PipelineRollout", "allow-data-loss") => new.set_annotation(ALLOW_DATA_LOSS, "true"),
        ("PipelineRollout", "disallow-data-loss") => new.set_annotation(ALLOW_DATA_LOSS, "false"),
        _ => return None,
    }
    Some(new)
}
