//! `windlass app wait`, and the waiting that other commands do.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use jiff::{Timestamp, Zoned};
use kube::core::DynamicObject;
use kube::runtime::watcher::{self, Event};
use windlass_argo::types::{Application, HealthStatusCode, SyncStatusCode};
use windlass_object::Value;

use super::connection::{AppName, Connection, Stored, qualified, stored};
use super::selection::{Pattern, patterns};
use super::status::{self, ResourceState};
use super::{health, repositories, tree};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// Wait until applications are synced, healthy and at rest, or what is asked for.
///
/// Examples:
///   windlass app wait guestbook
///   windlass app wait guestbook --health --timeout 60
///   windlass app wait -l team=web --sync
///   windlass app wait guestbook --resource apps:Deployment:web --health
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names of the applications.
    #[arg(required_unless_present = "selector")]
    names: Vec<String>,
    /// Wait for sync.
    #[arg(long)]
    sync: bool,
    /// Wait for health.
    #[arg(long)]
    health: bool,
    /// Wait for suspension.
    #[arg(long)]
    suspended: bool,
    /// Wait for degradation.
    #[arg(long)]
    degraded: bool,
    /// Wait for deletion.
    #[arg(long)]
    delete: bool,
    /// Wait for the source hydrator, which is not there: of no effect.
    #[arg(long, hide = true)]
    hydrated: bool,
    /// Wait for the end of the operation.
    #[arg(long)]
    operation: bool,
    /// Wait for the applications that match this label selector.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    /// Look at these objects only: GROUP:KIND:NAME, `*` is any, a leading `!` leaves out.
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<String>,
    /// Give up after so many seconds; 0 is never.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
    /// Output format.
    #[arg(long, short, value_parser = ["wide", "json", "yaml", "tree", "tree=detailed", ""], default_value = "wide")]
    output: String,
    /// Namespace of the applications.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// The application after it was compared anew; as it is if that takes longer than `timeout`.
pub(crate) async fn refresh_and_wait(
    connection: &Connection,
    name: &AppName,
    timeout: Duration,
) -> anyhow::Result<Stored> {
    connection.refresh(name, "normal").await?;
    let goal = Goal { refreshed: true, ..Goal::default() };
    match wait_until(connection, name, &goal, timeout, &mut |_| Ok(())).await?.into_stored() {
        Some(stored) => Ok(stored),
        None => connection.get(name).await,
    }
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let mut names = args.names.clone();
    if let Some(selector) = &args.selector {
        let found = connection.list(args.app_namespace.as_deref(), selector).await?;
        names.extend(found.iter().map(|s| qualified(&s.app)));
    }
    let goal = args.goal()?;
    let report = Report { output: &args.output, operation: goal.operation, refresh: false };
    for text in &names {
        let name = connection.name(text, args.app_namespace.as_deref());
        watch(connection, &name, &goal, args.timeout, &report).await?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn goal(&self) -> anyhow::Result<Goal> {
        let goal = Goal {
            sync: self.sync,
            health: self.health,
            suspended: self.suspended,
            degraded: self.degraded,
            deleted: self.delete,
            operation: self.operation,
            refreshed: false,
            hydrated: self.hydrated,
            resources: patterns(&self.resource)?,
        };
        let given = [
            self.sync,
            self.health,
            self.suspended,
            self.degraded,
            self.delete,
            self.operation,
            self.hydrated,
        ];
        if given.contains(&true) {
            return Ok(goal);
        }
        Ok(Goal { sync: true, health: true, operation: true, ..goal })
    }
}

/// How long the comparison after a sync is waited for.
const REFRESH: Duration = Duration::from_secs(60);

/// What is waited for: everything that is set, together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Goal {
    pub(crate) sync: bool,
    pub(crate) health: bool,
    pub(crate) suspended: bool,
    pub(crate) degraded: bool,
    pub(crate) deleted: bool,
    pub(crate) operation: bool,
    /// The controller has answered a request to refresh.
    pub(crate) refreshed: bool,
    /// Its manifests are hydrated.
    pub(crate) hydrated: bool,
    /// Which objects must reach it; none is the application as a whole.
    pub(crate) resources: Vec<Pattern>,
}

impl Goal {
    /// Whether an application that is there has reached it.
    fn is_reached(&self, app: &Application) -> bool {
        if self.deleted {
            return false;
        }
        if self.refreshed && app.annotation(windlass_argo::types::ANNOTATION_REFRESH).is_some() {
            return false;
        }
        let hydration = &app.status.source_hydrator;
        let hydrated =
            hydration.get("currentOperation").and_then(|operation| operation.get("phase"));
        if self.hydrated && hydrated.and_then(Value::as_str) != Some("Hydrated") {
            return false;
        }
        if self.operation && (app.operation.is_some() || is_busy(app)) {
            return false;
        }
        if self.resources.is_empty() {
            let health = app.status.health.status;
            return self.holds(app.status.sync.status == SyncStatusCode::Synced, health);
        }
        status::resource_states(app, &self.resources).iter().all(|state| {
            let health = HEALTHS.iter().find(|h| h.to_string() == state.health).copied();
            self.holds(state.status == "Synced", health)
        })
    }

    fn holds(&self, synced: bool, health: Option<HealthStatusCode>) -> bool {
        let healths: Vec<HealthStatusCode> = [
            (self.health, HealthStatusCode::Healthy),
            (self.suspended, HealthStatusCode::Suspended),
            (self.degraded, HealthStatusCode::Degraded),
        ]
        .into_iter()
        .filter_map(|(wanted, code)| wanted.then_some(code))
        .collect();
        (synced || !self.sync)
            && (healths.is_empty() || health.is_some_and(|h| healths.contains(&h)))
    }
}

const HEALTHS: [HealthStatusCode; 6] = [
    HealthStatusCode::Healthy,
    HealthStatusCode::Suspended,
    HealthStatusCode::Progressing,
    HealthStatusCode::Missing,
    HealthStatusCode::Degraded,
    HealthStatusCode::Unknown,
];

/// Whether an operation runs, or has ended and the comparison after it is still to come.
fn is_busy(app: &Application) -> bool {
    let Some(state) = &app.status.operation_state else { return false };
    let Some(finished) = state.finished_at else { return true };
    if !state.phase.is_completed() {
        return true;
    }
    let dry_run = state.operation.sync.as_ref().is_some_and(|s| s.dry_run);
    !dry_run && app.status.reconciled_at.is_none_or(|at| at < finished)
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Waited {
    /// The goal is reached.
    Reached(Box<Stored>),
    /// The application is gone.
    Gone,
    /// Time is up; the application as it was last seen.
    TimedOut(Option<Box<Stored>>),
}

impl Waited {
    pub(crate) fn into_stored(self) -> Option<Stored> {
        match self {
            Self::Reached(stored) | Self::TimedOut(Some(stored)) => Some(*stored),
            Self::Gone | Self::TimedOut(None) => None,
        }
    }
}

/// Watches an application until it has reached a goal, is gone, or time is up. `each` sees every
/// state on the way and may end it with an error.
pub(crate) async fn wait_until(
    connection: &Connection,
    name: &AppName,
    goal: &Goal,
    timeout: Duration,
    each: &mut dyn FnMut(&Application) -> anyhow::Result<()>,
) -> anyhow::Result<Waited> {
    let config = watcher::Config::default().fields(&format!("metadata.name={}", name.name));
    let events = watcher::watcher(connection.api(&name.namespace), config);
    pin_mut!(events);
    let mut last: Option<Stored> = None;
    let deadline = tokio::time::sleep(timeout);
    pin_mut!(deadline);
    let mut refusals = 0;
    loop {
        let event = tokio::select! {
            () = &mut deadline => return Ok(Waited::TimedOut(last.map(Box::new))),
            event = events.next() => event,
        };
        let seen: Option<DynamicObject> = match event {
            Some(Ok(Event::Apply(object) | Event::InitApply(object))) => Some(object),
            Some(Ok(Event::Delete(_))) => return Ok(Waited::Gone),
            Some(Ok(Event::InitDone)) if last.is_none() => {
                if goal.deleted {
                    return Ok(Waited::Gone);
                }
                let what = format!("applications.argoproj.io \"{}\" not found", name.name);
                return Err(Failure::generic(what));
            }
            Some(Ok(Event::Init | Event::InitDone)) => None,
            // The watch begins again by itself; what does not mend is told.
            Some(Err(error)) => {
                refusals += 1;
                if refusals > 10 {
                    return Err(Failure::generic(format!("cannot watch the application: {error}")));
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
                None
            }
            None => return Ok(Waited::TimedOut(last.map(Box::new))),
        };
        let Some(object) = seen else { continue };
        refusals = 0;
        let mut seen = stored(object)?;
        if !goal.deleted && !goal.refreshed {
            seen = health::complete(connection, seen).await?;
        }
        if goal.is_reached(&seen.app) {
            return Ok(Waited::Reached(Box::new(seen)));
        }
        each(&seen.app)?;
        last = Some(seen);
    }
}

/// How a wait is told.
pub(crate) struct Report<'a> {
    pub(crate) output: &'a str,
    /// Whether the operation is part of it.
    pub(crate) operation: bool,
    /// Whether the comparison after it is asked for before the end is told.
    pub(crate) refresh: bool,
}

impl Report<'_> {
    fn is_for_programs(&self) -> bool {
        matches!(self.output, "json" | "yaml")
    }

    /// The state at the end.
    async fn finish(&self, connection: &Connection, stored: &Stored) -> anyhow::Result<()> {
        let app = &stored.app;
        match self.output {
            "json" => return output::print_value(&stored.object, Notation::Json),
            "yaml" => return output::print_value(&stored.object, Notation::Yaml),
            _ => {}
        }
        let url = repositories::page(connection, app).await;
        let mut out = format!("\n{}\n", status::summary(app, url.as_deref()));
        if self.operation
            && let Some(state) = &app.status.operation_state
        {
            out.push_str(&status::operation(state, Timestamp::now()));
        }
        if !app.status.resources.is_empty() {
            out.push('\n');
            out.push_str(&match self.output {
                "tree" => tree::show(connection, app, tree::Detail::Plain).await?,
                "tree=detailed" => tree::show(connection, app, tree::Detail::Detailed).await?,
                _ => status::resources(app),
            });
        }
        output::print(&out)
    }
}

/// Waits as argocd does: a line for each object that changes, the whole state at the end. Gives
/// back the application at the end, none if it was waited for its deletion.
pub(crate) async fn watch(
    connection: &Connection,
    name: &AppName,
    goal: &Goal,
    seconds: u64,
    report: &Report<'_>,
) -> anyhow::Result<Option<Stored>> {
    let timeout = match seconds {
        0 => Duration::MAX,
        seconds => Duration::from_secs(seconds),
    };
    // One that is not there is waited for by nobody, not even its deletion.
    connection.get(name).await?;
    let mut seen: BTreeMap<String, ResourceState> = BTreeMap::new();
    let mut headed = false;
    let mut each = |app: &Application| -> anyhow::Result<()> {
        for state in status::resource_states(app, &goal.resources) {
            let changed = match seen.get_mut(&state.key.to_string()) {
                None => true,
                Some(old) => {
                    let fell = goal.health
                        && !matches!(old.health.as_str(), "Unknown" | "Degraded")
                        && state.health == "Degraded";
                    if fell {
                        return Err(Failure::generic(format!(
                            "application '{}' health state has transitioned from {} to {}",
                            app.name(),
                            old.health,
                            state.health
                        )));
                    }
                    old.merge(&state)
                }
            };
            if changed && !report.is_for_programs() {
                if !headed {
                    output::print_line(&status::progress_header())?;
                    headed = true;
                }
                let now = Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
                output::print_line(&status::progress_line(&now, &state))?;
            }
            seen.entry(state.key.to_string()).or_insert(state);
        }
        Ok(())
    };
    let result = wait_until(connection, name, goal, timeout, &mut each).await;
    match result {
        Ok(Waited::Reached(stored)) => {
            let mut stored = *stored;
            if report.refresh {
                let goal = Goal { refreshed: true, ..Goal::default() };
                connection.refresh(name, "normal").await?;
                let refreshed =
                    wait_until(connection, name, &goal, REFRESH, &mut |_| Ok(())).await?;
                let refreshed = refreshed.into_stored().unwrap_or(stored);
                stored = health::complete(connection, refreshed).await?;
            }
            report.finish(connection, &stored).await?;
            Ok(Some(stored))
        }
        Ok(Waited::Gone) if goal.deleted => {
            output::print_line(&format!("Application '{}' deleted", name.name))?;
            Ok(None)
        }
        Ok(Waited::Gone) => {
            Err(Failure::generic(format!("application '{}' was deleted meanwhile", name.name)))
        }
        Ok(Waited::TimedOut(last)) => {
            if !report.is_for_programs() {
                output::print(
                    "\nThis is the state of the app after wait timed out:\n\n\
                     The command timed out waiting for the conditions to be met.\n",
                )?;
            }
            if let Some(last) = last {
                report.finish(connection, &last).await?;
            }
            Err(Failure::generic(format!(
                "timed out ({seconds}s) waiting for app \"{}\" match desired state",
                name.name
            )))
        }
        Err(error) => {
            if let Some(stored) = connection.find(name).await? {
                let stored = health::complete(connection, stored).await?;
                report.finish(connection, &stored).await?;
            }
            Err(error)
        }
    }
}
