//! What can be done to an object: which actions it offers now, and what one makes of it.
//!
//! An action takes the object and gives objects: the same one changed, or new ones. Names, words
//! and results are those of the actions that Argo CD bundles.

mod change;
mod create;
mod numa;
mod rollout;

use jiff::Timestamp;
use windlass_object::{Object, Value};

/// An action that an object offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Whether it makes no sense now.
    pub disabled: bool,
    /// A class of an icon, for a page; may be empty.
    pub icon_class: String,
    /// A name for people; may be empty.
    pub display_name: String,
    /// What it takes.
    pub parameters: Vec<Parameter>,
}

/// A parameter: its name, and the value given, or its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value; may be empty.
    pub value: String,
}

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It is there.
    Patch,
}

/// One object that an action gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// What is to be done with it.
    pub operation: Operation,
    /// As it should be.
    pub object: Object,
}

/// An action that cannot be carried out as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What an action gives.
pub type Impacts = Result<Vec<Impact>, Refused>;

/// The actions that an object offers, by name. Empty if its kind has none here.
pub fn actions(object: &Object) -> Vec<Action> {
    let offer = |name: &str, icon: &str| Action {
        name: name.to_owned(),
        icon_class: icon.to_owned(),
        ..Action::default()
    };
    let paused = |path: &[&str]| holds(object, path);
    let mut actions = match (object.group(), object.kind()) {
        ("apps", "Deployment") => {
            let paused = paused(&["spec", "paused"]);
            vec![
                offer("restart", "fa fa-fw fa-redo"),
                offer("pause", "fa fa-fw fa-pause-circle").disabled(paused),
                offer("resume", "fa fa-fw fa-play-circle").disabled(!paused),
                offer("scale", "fa fa-fw fa-plus-circle").takes("replicas", ""),
            ]
        }
        ("apps", "StatefulSet") => vec![
            offer("restart", "fa fa-fw fa-redo"),
            offer("scale", "fa fa-fw fa-plus-circle").takes("replicas", ""),
        ],
        ("apps", "DaemonSet") => vec![offer("restart", "fa fa-fw fa-redo")],
        ("argoproj.io", "AnalysisRun") => {
            let phase = object.str_at(&["status", "phase"]);
            let over = matches!(phase, "Successful" | "Failed" | "Error" | "Inconclusive");
            let told = holds(object, &["spec", "terminate"]);
            vec![offer("terminate", "").disabled(over || told)]
        }
        ("argoproj.io", "Application") => {
            let verb = if change::syncs_itself(object) { "Disable" } else { "Enable" };
            vec![offer("toggle-auto-sync", "").called(&format!("{verb} Auto-Sync"))]
        }
        ("argoproj.io", "CronWorkflow" | "WorkflowTemplate") => {
            vec![offer("create-workflow", "fa fa-fw fa-plus").called("Create Workflow")]
        }
        ("argoproj.io", "Rollout") => rollout::actions(object),
        ("batch", "CronJob") => vec![
            offer("create-job", "fa fa-fw fa-plus").called("Create Job"),
            if paused(&["spec", "suspend"]) {
                offer("resume", "fa fa-fw fa-play")
            } else {
                offer("suspend", "fa fa-fw fa-pause")
            },
        ],
        ("batch", "Job") if change::job_has_ended(object) => Vec::new(),
        ("batch", "Job") => {
            let hold = match paused(&["spec", "suspend"]) {
                true => offer("resume", "fa fa-fw fa-play"),
                false => offer("suspend", "fa fa-fw fa-pause"),
            };
            // What has no status yet has not begun.
            let begun = object.get(&["status"]).is_some_and(|status| !status.is_null());
            let end = begun.then(|| offer("terminate", "fa fa-fw fa-stop"));
            [hold].into_iter().chain(end).collect()
        }
        ("core.strimzi.io", "StrimziPodSet") => {
            let rolling = object.annotation(change::ROLLING_UPDATE) == Some("true");
            vec![offer("rolling-update", "").disabled(rolling)]
        }
        ("external-secrets.io", "ExternalSecret") => {
            let on_change = object.str_at(&["spec", "refreshPolicy"]) == "OnChange";
            vec![offer("refresh", "").disabled(change::never_refreshes(object) && !on_change)]
        }
        ("external-secrets.io", "PushSecret") => {
            vec![offer("push", "").disabled(change::never_refreshes(object))]
        }
        ("k8s.mariadb.com", "MariaDB") => vec![if paused(&["spec", "suspend"]) {
            offer("resume", "fa fa-fw fa-play").called("Resume")
        } else {
            offer("suspend", "fa fa-fw fa-pause").called("Suspend")
        }],
        ("keda.sh", kind @ ("ScaledJob" | "ScaledObject")) => scaling(object, kind),
        ("notification.toolkit.fluxcd.io", "Alert" | "Provider") => {
            let suspended = paused(&["spec", "suspend"]);
            vec![offer("suspend", "").disabled(suspended), offer("resume", "").disabled(!suspended)]
        }
        (group, kind) if change::is_flux(group, kind) => {
            let suspended = paused(&["spec", "suspend"]);
            vec![
                offer("reconcile", "").disabled(suspended),
                offer("suspend", "").disabled(suspended),
                offer("resume", "").disabled(!suspended),
            ]
        }
        ("numaflow.numaproj.io" | "numaplane.numaproj.io", _) => numa::actions(object),
        ("postgresql.cnpg.io", "Cluster") => {
            let suspended = object.annotation(change::RECONCILIATION_LOOP) == Some("disabled");
            let alone = crate::odd::list_at(object, &change::HEALTHY_INSTANCES).len() < 2;
            vec![
                offer("promote", "fa fa-fw fa-angles-up")
                    .called("Promote Replica to Primary")
                    .disabled(alone)
                    .takes("instance", ""),
                offer("reload", "fa fa-fw fa-rotate-right").called("Reload all Configuration"),
                offer("restart", "fa fa-fw fa-recycle").called("Rollout restart Cluster"),
                if suspended {
                    offer("resume", "fa fa-fw fa-play").called("Resume Reconciliation")
                } else {
                    offer("suspend", "fa fa-fw fa-pause").called("Suspend Reconciliation")
                },
            ]
        }
        ("promoter.argoproj.io", "PullRequest") => {
            let open = object.str_at(&["spec", "state"]) == "open";
            vec![offer("merge", "fa fa-fw fa-code-merge").called("Merge PR").disabled(!open)]
        }
        ("psmdb.percona.com", "PerconaServerMongoDB") => {
            let paused = paused(&["spec", "pause"]);
            vec![
                offer("pause", "fa fa-fw fa-pause-circle").disabled(paused),
                offer("unpause", "fa fa-fw fa-play-circle").disabled(!paused),
            ]
        }
        _ => Vec::new(),
    };
    actions.sort_by(|a, b| a.name.cmp(&b.name));
    actions
}

fn scaling(object: &Object, kind: &str) -> Vec<Action> {
    let offer = |name: &str, icon: &str| Action {
        name: name.to_owned(),
        icon_class: format!("fa fa-fw {icon}"),
        ..Action::default()
    };
    let paused = object.annotation(change::PAUSED) == Some("true");
    let replicas = object.annotation(change::PAUSED_REPLICAS).filter(|_| kind == "ScaledObject");
    let held = replicas.is_some();
    let mut actions = vec![
        offer("pause", "fa-pause-circle").disabled(paused || held),
        offer("resume", "fa-play-circle").disabled(!(paused || held)),
    ];
    if kind == "ScaledObject" {
        let pinned = offer("paused-replicas", "fa-pause-circle").takes("replicas", "0");
        actions.push(pinned.disabled(paused));
    }
    actions
}

/// Carries an action out; none if the object's kind has no action of that name here. The names of
/// new objects have the time in them.
pub fn act(
    object: &Object,
    name: &str,
    parameters: &[Parameter],
    now: Timestamp,
) -> Option<Impacts> {
    let patch = |changed: Result<Object, Refused>| {
        changed.map(|object| vec![Impact { operation: Operation::Patch, object }])
    };
    let (group, kind) = (object.group(), object.kind());
    let create = match (group, kind, name) {
        ("batch", "CronJob", "create-job") => Some(create::job(object, now)),
        ("argoproj.io", "CronWorkflow", "create-workflow") => {
            Some(create::scheduled_workflow(object, now))
        }
        ("argoproj.io", "WorkflowTemplate", "create-workflow") => {
            Some(create::templated_workflow(object, now))
        }
        _ => None,
    };
    if let Some(object) = create {
        return Some(Ok(vec![Impact { operation: Operation::Create, object }]));
    }
    let changed = match (group, kind) {
        ("argoproj.io", "Rollout") => rollout::act(object, name, now).map(Ok),
        ("numaflow.numaproj.io" | "numaplane.numaproj.io", _) => numa::act(object, name).map(Ok),
        _ => change::act(object, name, parameters, now),
    };
    changed.map(patch)
}

impl Action {
    fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.display_name);
        self
    }

    fn takes(mut self, name: &str, default: &str) -> Self {
        self.parameters.push(Parameter { name: name.to_owned(), value: default.to_owned() });
        self
    }
}

/// Whether a field says yes: scripts take whatever is there for that, but `false`.
fn holds(object: &Object, path: &[&str]) -> bool {
    object.get(path).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
}

/// A text as Lua's `tonumber` of Argo CD reads it: whole numbers, also in base 16, and numbers with a
/// point; those without one have no exponent. What is whole is written so.
fn to_number(text: &str) -> Option<Value> {
    let text = text.trim_matches([' ', '\n', '\t']);
    if text.contains('.') {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
        let whole = number.to_string().parse::<i64>().map(Value::from);
        return Some(whole.unwrap_or_else(|_| Value::from(number)));
    }
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.ok().map(Value::from)
}

fn rfc3339(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
