//! `windlass app why`.

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

use jiff::Timestamp;
use windlass_argo::customizations::Customizations;
use windlass_argo::dependencies::{self, Name};
use windlass_argo::types::{AppProject, Application};
use windlass_argo::why::{Facts, Reason, why};
use windlass_engine::health;

use super::comparison::check_destination;
use super::connection::{AppName, Connection};
use super::repositories::config_map;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// Applications that are looked up at most in search of what an application waits for.
const LOOKED_UP: usize = 1000;

/// Explain what keeps an application from being Synced and Healthy, and what to do about it.
///
/// The reasons come in the order in which they have to be dealt with. Nothing is changed.
///
/// Exit codes: 0 it is Synced and Healthy, 1 it is not, 20 a request failed.
///
/// Examples:
///   windlass app why guestbook
///   windlass app why team-a/guestbook -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Output format.
    #[arg(long, short, value_parser = ["", "json", "yaml"], default_value = "")]
    output: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    let project = project(connection, app.project()).await?;
    let others = reachable(connection, &app).await?;
    let holds =
        dependencies::holds(&app, &app.status.sync.revision, &|name: &Name| others.get(name));
    let health = live_health(connection, &app).await?;
    let reasons = why(&Facts {
        app: &app,
        project: project.as_ref(),
        holds: &holds,
        health: &health,
        now: Timestamp::now(),
    });
    match args.output.as_str() {
        "json" => output::print_value(&reasons, Notation::Json)?,
        "yaml" => output::print_value(&reasons, Notation::Yaml)?,
        _ => output::print(&text(&app, &reasons))?,
    }
    Ok(if reasons.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(app: &Application, reasons: &[Reason]) -> String {
    let health = app.status.health.status.map_or("of unknown health".to_owned(), |h| h.to_string());
    let sync = match app.status.sync.status.known() {
        None => "not compared yet".to_owned(),
        Some(status) => status.to_string(),
    };
    let mut out = format!("{} is {sync} and {health}.\n", app.name());
    for (number, reason) in reasons.iter().enumerate() {
        let (what, next) = (reason.what.trim(), &reason.next);
        out += &format!("\n{}. {what}\n   next: {next}\n", number + 1);
    }
    out
}

async fn project(connection: &Connection, name: &str) -> anyhow::Result<Option<AppProject>> {
    let found = connection.find_project(name).await?;
    Ok(found.or_else(|| (name == "default").then(AppProject::default_project)))
}

/// The applications that one waits for, directly or through others.
async fn reachable(
    connection: &Connection,
    app: &Application,
) -> anyhow::Result<HashMap<Name, Application>> {
    let mut found = HashMap::new();
    let mut wanted = dependencies::names(app);
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) || name == Name::of(app) {
            continue;
        }
        if found.len() >= LOOKED_UP {
            let message = format!("it waits for more than {LOOKED_UP} applications");
            return Err(Failure::generic(message));
        }
        let at = AppName { namespace: name.namespace.clone(), name: name.name.clone() };
        if let Some(stored) = connection.find(&at).await? {
            wanted.extend(dependencies::names(&stored.app));
            found.insert(name, stored.app);
        }
    }
    Ok(found)
}

/// The health of its objects, where this command can see them.
async fn live_health(
    connection: &Connection,
    app: &Application,
) -> anyhow::Result<BTreeMap<windlass_object::ResourceKey, windlass_engine::state::Health>> {
    let mut found = BTreeMap::new();
    if check_destination(app).is_err() || app.status.resources.is_empty() {
        return Ok(found);
    }
    let lines = &app.status.resources;
    let keys: Vec<_> = lines.iter().map(|r| (r.key(), r.version.clone())).collect();
    let live = connection.kinds().await?.fetch_each(keys).await?;
    let (custom, _) = Customizations::read(&config_map(connection, "argocd-cm").await?);
    for (line, live) in lines.iter().zip(live) {
        let health = live.as_ref().and_then(|live| health::of(live, &custom).ok().flatten());
        found.extend(health.map(|health| (line.key(), health)));
    }
    Ok(found)
}
