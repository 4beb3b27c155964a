//! `windlass app sync`.

use std::process::ExitCode;

use jiff::Timestamp;
use windlass_argo::permits;
use windlass_argo::types::{
    Application, Backoff, Info, Operation, OperationInitiator, OperationPhase, OperationState,
    ResultCode, RetryStrategy, SyncOperation, SyncStatusCode, SyncStrategy, SyncStrategyApply,
};
use windlass_object::json;

use super::comparison::{JqBound, Local, Wanted, manifests, marked};
use super::connection::{AppName, Connection, Stored, qualified};
use super::diff::print_differences;
use super::options::pairs;
use super::repositories::{self, Mirrors};
use super::revisions::{Asked, Revisions};
use super::selection::{Pattern, patterns};
use super::status;
use super::wait::{Goal, Report, watch};
use crate::cli::argocd::prompt;
use crate::cli::failure::Failure;
use crate::cli::output;

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
    #[arg(long, short = 'l', value_name = "SELECTOR")]
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
    resource: Vec<String>,
    /// Sync only the objects with one of these labels.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    #[command(flatten)]
    local: Local,
    /// Show what would be changed, and ask.
    #[arg(long)]
    preview_changes: bool,
    /// Do not ask.
    #[arg(long = "assumeYes", id = "assume_yes")]
    assume_yes: bool,
    #[command(flatten)]
    jq: JqBound,
    /// `apply` runs no hooks, `hook` does.
    #[arg(long, default_value = "")]
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
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = super::options::duration)]
    retry_backoff_duration: String,
    /// The longest wait before a retry.
    #[arg(long, value_name = "DURATION", default_value = "3m0s", value_parser = super::options::duration)]
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
    args.check_names()?;
    args.revisions.check(Asked::Sync)?;
    let mut names = args.names.clone();
    if args.selector.is_some() || !args.project.is_empty() {
        let selector = args.selector.as_deref().unwrap_or_default();
        let mut found = connection.list(args.app_namespace.as_deref(), selector).await?;
        found.retain(|s| {
            args.project.is_empty() || args.project.iter().any(|p| p == s.app.project())
        });
        if found.is_empty() {
            let mut text = "No matching apps found for filter:".to_owned();
            if !selector.is_empty() {
                text.push_str(&format!(" selector {selector}"));
            }
            if !args.project.is_empty() {
                text.push_str(&format!(" projects [{}]", args.project.join(" ")));
            }
            return Err(Failure::fatal(text));
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
    let chosen = args.chosen(connection, app).await?;
    args.check(app)?;
    args.permit(connection, app).await?;
    let mut operation = args.operation(app, &chosen)?;
    if let Some(local) = args.local.wanted()
        && let Some(sync) = &mut operation.sync
    {
        let (objects, incomplete) = marked(connection, app, &local).await?;
        if incomplete {
            return Err(Failure::generic("some manifests could not be rendered: nothing was done"));
        }
        sync.manifests = objects.into_iter().map(|o| o.into_value().to_string()).collect();
        // What is on disk is of no revision.
        sync.revision.clear();
        sync.revisions.clear();
    } else {
        args.resolve(connection, app).await?;
    }
    if args.preview_changes && !args.previewed(connection, &stored, name).await? {
        return Ok(());
    }
    if app.is_terminating() {
        return Err(Failure::generic("application is deleting"));
    }
    connection.begin(name, &json!(operation)).await?;
    if args.no_wait {
        return Ok(());
    }
    let goal = Goal { operation: true, resources: chosen.clone(), ..Goal::default() };
    let report = Report { output: &args.output, operation: true, refresh: !args.dry_run };
    let Some(done) = watch(connection, name, &goal, args.timeout, &report).await? else {
        return Ok(());
    };
    if args.dry_run {
        return Ok(());
    }
    judge(&done.app, chosen.is_empty())
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

/// The name as it was asked for.
fn qualified_name(connection: &Connection, name: &AppName) -> String {
    if name.namespace == connection.namespace {
        return name.name.clone();
    }
    format!("{}/{}", name.namespace, name.name)
}

fn pruning_required(state: &OperationState) -> usize {
    let resources = state.sync_result.iter().flat_map(|r| &r.resources);
    resources.filter(|r| r.status == Some(ResultCode::PruneSkipped)).count()
}

impl Args {
    /// The objects that are meant: those that are named, and those with the labels.
    async fn chosen(
        &self,
        connection: &Connection,
        app: &Application,
    ) -> anyhow::Result<Vec<Pattern>> {
        let mut chosen = patterns(&self.resource)?;
        if self.label.is_empty() {
            return Ok(chosen);
        }
        let labels = pairs(&self.label)?;
        let wanted = Wanted::Revisions(self.revisions.of(app, Asked::Sync)?);
        let (objects, ..) = manifests(connection, app, &wanted).await?;
        output::print_line(&format!("The name of the app is  {}", app.name()))?;
        for object in objects {
            let has = |(key, value): (&String, &String)| object.label(key) == Some(value.as_str());
            if labels.iter().any(has) {
                let text = format!("{}:{}:{}", object.group(), object.kind(), object.name());
                chosen.push(text.parse().map_err(Failure::generic)?);
            }
        }
        if chosen.is_empty() {
            let labels = self.label.join(" ");
            let text = format!("No matching resources found for labels: [{labels}]");
            return Err(Failure::fatal(text));
        }
        Ok(chosen)
    }

    /// Asks the repository for a revision that was named, so that one that is not there begins no
    /// operation.
    async fn resolve(&self, connection: &Connection, app: &Application) -> anyhow::Result<()> {
        let wanted = self.revisions.revision.as_deref().filter(|revision| !revision.is_empty());
        let [source] = app.spec.effective_sources() else { return Ok(()) };
        let of_git = source.chart.is_empty() && !source.is_oci();
        let Some(wanted) = wanted.filter(|_| of_git && self.local.local.is_none()) else {
            return Ok(());
        };
        let settings = repositories::settings(connection).await?;
        let repository = settings.repository(&source.repo_url, app.project())?;
        let resolved = Mirrors::open()?.sources.resolve(&repository, wanted).await;
        resolved
            .map(|_| ())
            .map_err(|error| Failure::generic(format!("error resolving repo revision: {error}")))
    }

    /// What cannot go together, whatever the applications are.
    fn check_names(&self) -> anyhow::Result<()> {
        let why = if self.names.len() > 1 && self.selector.is_some() {
            "Cannot use selector option when application name(s) passed as argument(s)"
        } else if self.names.len() != 1 && self.revisions.by_position() {
            "Cannot use --revisions and --source-positions options when 0 or more than 1 \
             application names are passed as argument(s)"
        } else if self.names.len() != 1 && self.revisions.by_name() {
            "Cannot use --revisions and --source-names options when 0 or more than 1 application \
             names are passed as argument(s)"
        } else {
            return Ok(());
        };
        Err(Failure::fatal(why))
    }

    /// What Argo CD's server refuses: a window of the project that is closed, another revision than the
    /// one that automated sync would deliver at once, files of nobody where commits must be signed.
    async fn permit(&self, connection: &Connection, app: &Application) -> anyhow::Result<()> {
        let project = connection.find_project(app.project()).await?.unwrap_or_default();
        match permits::permits_manual_sync(&project, app, Timestamp::now()) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::generic("cannot sync: blocked by sync window")),
            Err(error) => {
                return Err(Failure::generic(format!("cannot sync: invalid sync window: {error}")));
            }
        }
        if self.local.local.is_some() && !project.spec.signature_keys.is_empty() {
            let text = "Cannot use local sync when signature keys are required.";
            return Err(Failure::generic(text));
        }
        if !app.spec.is_automated() || self.dry_run || self.local.local.is_some() {
            return Ok(());
        }
        let head = |revision: &str| {
            if revision.is_empty() { "HEAD".to_owned() } else { revision.to_owned() }
        };
        let wanted = self.revisions.of(app, Asked::Sync)?;
        for (source, wanted) in app.spec.effective_sources().iter().zip(wanted) {
            let known = &source.target_revision;
            if wanted.is_empty() || head(&wanted) == head(known) {
                continue;
            }
            let of = if app.spec.has_multiple_sources() {
                format!(" source {}", source.repo_url)
            } else {
                String::new()
            };
            return Err(Failure::generic(format!(
                "Cannot sync{of} to {wanted}: auto-sync currently set to {known}"
            )));
        }
        Ok(())
    }

    /// What cannot go together.
    fn check(&self, app: &Application) -> anyhow::Result<()> {
        let several = app.spec.has_multiple_sources();
        let local = self.local.local.is_some();
        let why = if several && self.revisions.revision.as_deref().is_some_and(|r| !r.is_empty()) {
            "argocd cli does not work on multi-source app with --revision flag. Use --revisions and \
             --source-position instead."
        } else if several && local {
            "argocd cli does not work on multi-source app with --local flag"
        } else if local && app.spec.is_automated() && !self.dry_run {
            "Cannot use local sync when Automatic Sync Policy is enabled except with --dry-run"
        } else {
            return Ok(());
        };
        Err(Failure::fatal(why))
    }

    /// Shows what would be changed; whether to go on.
    async fn previewed(
        &self,
        connection: &Connection,
        stored: &Stored,
        name: &AppName,
    ) -> anyhow::Result<bool> {
        let shown = qualified_name(connection, name);
        output::print_line(&format!(
            "====== Previewing differences between live and desired state of application {shown} \
             ======"
        ))?;
        let wanted = match self.local.wanted() {
            Some(local) => local,
            None => Wanted::Revisions(self.revisions.of(&stored.app, Asked::Sync)?),
        };
        if !print_differences(connection, stored, &wanted, &self.jq).await? {
            output::print_line("====== No Differences found ======")?;
            return Ok(false);
        }
        let question = format!(
            "Please review changes to application {shown} shown above. Do you want to continue the \
             sync process? (y/n): "
        );
        Ok(self.assume_yes || prompt::confirm(true, &question)?)
    }

    fn operation(&self, app: &Application, chosen: &[Pattern]) -> anyhow::Result<Operation> {
        let resources = status::selected_resources(app, chosen);
        let resources = match (chosen.is_empty(), resources) {
            (true, _) => Vec::new(),
            (false, found) if found.is_empty() => {
                let filter: Vec<String> = chosen.iter().map(Pattern::to_string).collect();
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
            "" | "hook" => SyncStrategy { apply: None, hook: how },
            other => return Err(Failure::fatal(format!("Unknown sync strategy: '{other}'"))),
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
        let info = pairs(&self.info)?.into_iter().map(|(name, value)| Info { name, value });
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
        let mut revisions = self.revisions.of(app, Asked::Sync)?;
        let mut sources = app.spec.sources.clone();
        for (source, wanted) in sources.iter_mut().zip(&revisions) {
            if !wanted.is_empty() {
                source.target_revision.clone_from(wanted);
            }
        }
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
                sources,
                prune: self.prune,
                dry_run: self.dry_run,
                sync_strategy: Some(strategy),
                resources,
                sync_options,
                ..SyncOperation::default()
            }),
            // Nobody is signed in.
            initiated_by: OperationInitiator::default(),
            info: info.collect(),
            retry,
        })
    }
}
