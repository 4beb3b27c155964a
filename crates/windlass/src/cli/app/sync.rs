//! `windlass app sync`.

use std::process::ExitCode;

use windlass_argo::types::{
    Application, Backoff, Info, Operation, OperationInitiator, OperationPhase, OperationState,
    ResultCode, RetryStrategy, SyncOperation, SyncStatusCode, SyncStrategy, SyncStrategyApply,
};
use windlass_object::json;

use super::connection::{AppName, Connection, qualified};
use super::revisions::Revisions;
use super::selection::Pattern;
use super::status;
use super::wait::{Goal, Report, watch};
use crate::cli::failure::Failure;

/// Sync applications: make the cluster what Git says.
///
/// Examples:
///   windlass app sync guestbook
///   windlass app sync guestbook --prune --revision v2
///   windlass app sync guestbook --resource apps:Deployment:web
///   windlass app sync -l team=web --async
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names of the applications.
    #[arg(required_unless_present_any = ["selector", "project"])]
    names: Vec<String>,
    /// Sync the applications that match this label selector.
    #[arg(long, short = 'l', value_name = "SELECTOR", conflicts_with = "names")]
    selector: Option<String>,
    /// Sync the applications of this project.
    #[arg(long, value_name = "NAME")]
    project: Vec<String>,
    /// Try it out without changing anything.
    #[arg(long)]
    dry_run: bool,
    /// Delete what is no longer in Git.
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    revisions: Revisions,
    /// Sync these objects only: GROUP:KIND:NAME, `*` is any, a leading `!` leaves out.
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<Pattern>,
    /// `apply` runs no hooks, `hook` does.
    #[arg(long, value_parser = ["apply", "hook", ""], default_value = "")]
    strategy: String,
    /// Delete and create what cannot be updated.
    #[arg(long)]
    force: bool,
    /// Replace objects instead of applying them.
    #[arg(long)]
    replace: bool,
    /// Apply on the server.
    #[arg(long)]
    server_side: bool,
    /// Apply only what is out of sync.
    #[arg(long)]
    apply_out_of_sync_only: bool,
    /// Do not wait for the end.
    #[arg(long = "async")]
    no_wait: bool,
    /// Give up waiting after so many seconds; 0 is never.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
    /// How often a failed sync is tried again.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    retry_limit: i64,
    /// A retry takes the newest revision.
    #[arg(long)]
    retry_refresh: bool,
    /// The first wait before a retry.
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    retry_backoff_duration: String,
    /// The longest wait before a retry.
    #[arg(long, value_name = "DURATION", default_value = "3m0s")]
    retry_backoff_max_duration: String,
    /// What each next wait is multiplied by.
    #[arg(long, value_name = "N", default_value_t = 2)]
    retry_backoff_factor: i64,
    /// A note for people, kept with the operation.
    #[arg(long, value_name = "KEY=VALUE")]
    info: Vec<String>,
    /// Output format.
    #[arg(long, short, value_parser = ["wide", "json", "yaml", "tree", "tree=detailed", ""], default_value = "wide")]
    output: String,
    /// Namespace of the applications.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let mut names = args.names.clone();
    if args.selector.is_some() || !args.project.is_empty() {
        let selector = args.selector.as_deref().unwrap_or_default();
        let mut found = connection.list(args.app_namespace.as_deref(), selector).await?;
        found.retain(|s| {
            args.project.is_empty() || args.project.iter().any(|p| p == s.app.project())
        });
        if found.is_empty() {
            return Err(Failure::generic(format!("no apps match selector {selector}")));
        }
        names.extend(found.iter().map(|s| qualified(&s.app)));
    }
    for text in &names {
        sync(connection, &connection.name(text, args.app_namespace.as_deref()), &args).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn sync(connection: &Connection, name: &AppName, args: &Args) -> anyhow::Result<()> {
    let stored = connection.get(name).await?;
    let app = &stored.app;
    if app.is_terminating() {
        return Err(Failure::generic("application is deleting"));
    }
    if app.operation.is_some() || running(app) {
        return Err(Failure::generic("another operation is already in progress"));
    }
    let operation = args.operation(app)?;
    let patch = json!({
        "metadata": {"resourceVersion": app.resource_version()},
        "operation": operation,
    });
    connection.patch(name, &patch).await?;
    if args.no_wait {
        return Ok(());
    }
    let goal = Goal { operation: true, resources: args.resource.clone(), ..Goal::default() };
    let report = Report { output: &args.output, operation: true, refresh: !args.dry_run };
    let Some(done) = watch(connection, name, &goal, args.timeout, &report).await? else {
        return Ok(());
    };
    if args.dry_run {
        return Ok(());
    }
    judge(&done.app, args.resource.is_empty())
}

/// The operation's end as the exit code tells it.
fn judge(app: &Application, whole: bool) -> anyhow::Result<()> {
    let Some(state) = &app.status.operation_state else { return Ok(()) };
    if state.phase != OperationPhase::Succeeded {
        let phase = state.phase.as_str();
        return Err(Failure::fatal(format!("Operation has completed with phase: {phase}")));
    }
    let unpruned = pruning_required(state);
    if whole && app.status.sync.status != SyncStatusCode::Synced && unpruned > 0 {
        return Err(Failure::fatal(format!("{unpruned} resources require pruning")));
    }
    Ok(())
}

fn running(app: &Application) -> bool {
    app.status.operation_state.as_ref().is_some_and(|s| !s.phase.is_completed())
}

fn pruning_required(state: &OperationState) -> usize {
    let resources = state.sync_result.iter().flat_map(|r| &r.resources);
    resources.filter(|r| r.status == Some(ResultCode::PruneSkipped)).count()
}

impl Args {
    fn operation(&self, app: &Application) -> anyhow::Result<Operation> {
        let resources = status::selected_resources(app, &self.resource);
        let resources = match (self.resource.is_empty(), resources) {
            (true, _) => Vec::new(),
            (false, found) if found.is_empty() => {
                let filter: Vec<String> = self.resource.iter().map(Pattern::to_string).collect();
                return Err(Failure::fatal(format!(
                    "No matching app resources found for resource filter: {}",
                    filter.join(", ")
                )));
            }
            (false, found) => found,
        };
        let how = Some(SyncStrategyApply { force: self.force });
        let strategy = match self.strategy.as_str() {
            "apply" => SyncStrategy { apply: how, hook: None },
            _ => SyncStrategy { apply: None, hook: how },
        };
        // Options given here take the place of the application's own, as in Argo CD.
        let mut sync_options: Vec<String> = [
            (self.replace, "Replace=true"),
            (self.server_side, "ServerSideApply=true"),
            (self.apply_out_of_sync_only, "ApplyOutOfSyncOnly=true"),
        ]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, option)| option.to_owned())
        .collect();
        if sync_options.is_empty() {
            sync_options =
                app.spec.sync_policy.as_ref().map(|p| p.sync_options.clone()).unwrap_or_default();
        }
        let info = self
            .info
            .iter()
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Info { name: name.to_owned(), value: value.to_owned() }
            })
            .collect();
        let retry = if self.retry_limit == 0 {
            app.spec.sync_policy.as_ref().and_then(|p| p.retry.clone()).unwrap_or_default()
        } else {
            RetryStrategy {
                limit: self.retry_limit,
                refresh: self.retry_refresh,
                backoff: Some(Backoff {
                    duration: self.retry_backoff_duration.clone(),
                    factor: Some(self.retry_backoff_factor),
                    max_duration: self.retry_backoff_max_duration.clone(),
                }),
            }
        };
        let mut revisions = self.revisions.of(app)?;
        let revision = if app.spec.has_multiple_sources() {
            String::new()
        } else {
            revisions.pop().unwrap_or_default()
        };
        if !self.revisions.given() {
            revisions.clear();
        }
        Ok(Operation {
            sync: Some(SyncOperation {
                revision,
                revisions,
                sources: app.spec.sources.clone(),
                prune: self.prune,
                dry_run: self.dry_run,
                sync_strategy: Some(strategy),
                resources,
                sync_options,
                ..SyncOperation::default()
            }),
            initiated_by: OperationInitiator { username: "admin".to_owned(), automated: false },
            info,
            retry,
        })
    }
}
