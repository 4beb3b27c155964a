//! `windlass app actions`: what can be done to an application's objects, and doing it.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use windlass_argo::customizations::Customizations;
use windlass_argo::permits::permits_object;
use windlass_argo::types::{AppProject, Application};
use windlass_customizations::action::{Impact, Operation, Parameter};
use windlass_engine::state::ApiKinds as _;
use windlass_object::patch::create_merge_patch;
use windlass_object::{GroupKind, Object};

use super::connection::Connection;
use super::kinds::Kinds;
use super::repositories::config_map;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// Manage resource actions.
///
/// Examples:
///   windlass app actions list guestbook --kind Deployment
///   windlass app actions run guestbook restart --kind Deployment --resource-name web
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Run(Run),
}

/// Lists available actions on a resource.
///
/// Examples:
///   windlass app actions list guestbook --kind Deployment
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// Name of the application.
    name: String,
    #[command(flatten)]
    filter: Filter,
    /// Kind of the object.
    #[arg(long)]
    kind: Option<String>,
    /// Output format.
    #[arg(long = "out", short, value_parser = ["", "json", "yaml"], default_value = "")]
    output: String,
}

/// Runs an available action on resource(s) matching the specified filters.
///
/// All filters except --kind are optional. Use --all to run the action on all matching resources if
/// more than one resource matches the filters. Actions may only be run on resources that are
/// represented in git and cannot be run on child resources.
///
/// Examples:
///   windlass app actions run guestbook restart --kind Deployment --resource-name web
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Run {
    /// Name of the application.
    name: String,
    /// Name of the action.
    action: String,
    #[command(flatten)]
    filter: Filter,
    /// Kind of the object.
    #[arg(long)]
    kind: String,
    /// Run it on all objects that match, if there are several.
    #[arg(long)]
    all: bool,
    /// A parameter of the action; may be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<Parameter>,
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Group of the object; empty for kinds without a group.
    #[arg(long)]
    group: Option<String>,
    /// Namespace of the object.
    #[arg(long)]
    namespace: Option<String>,
    /// Name of the object.
    #[arg(long)]
    resource_name: Option<String>,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// A line of the list, with argocd's names.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Offered {
    group: String,
    kind: String,
    name: String,
    action: String,
    disabled: bool,
}

fn parameter(text: &str) -> Result<Parameter, String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok(Parameter { name: name.to_owned(), value: value.to_owned() })
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::List(args) => list(connection, args).await,
        Command::Run(args) => act(connection, args).await,
    }
}

async fn list(connection: &Connection, args: List) -> anyhow::Result<ExitCode> {
    let kinds = Kinds::discover(&connection.client).await?;
    let found = objects(connection, &kinds, &args.name, &args.filter, args.kind.as_deref()).await?;
    let customizations = customizations(connection).await?;
    let mut offered = Vec::new();
    for object in found {
        for action in customizations.actions(&object).map_err(Failure::generic)? {
            offered.push(Offered {
                group: object.group().to_owned(),
                kind: object.kind().to_owned(),
                name: object.name().to_owned(),
                action: action.name,
                disabled: action.disabled,
            });
        }
    }
    match args.output.as_str() {
        "json" => output::print_value(&offered, Notation::Json)?,
        "yaml" => output::print_value(&offered, Notation::Yaml)?,
        _ => {
            let mut lines = vec![line(["GROUP", "KIND", "NAME", "ACTION", "DISABLED"])];
            lines.extend(offered.into_iter().map(|offered| {
                let disabled = offered.disabled.to_string();
                vec![offered.group, offered.kind, offered.name, offered.action, disabled]
            }));
            output::print(&align(&lines))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn act(connection: &Connection, args: Run) -> anyhow::Result<ExitCode> {
    let kinds = Kinds::discover(&connection.client).await?;
    let found = objects(connection, &kinds, &args.name, &args.filter, Some(&args.kind)).await?;
    if found.len() > 1 && !args.all {
        return Err(Failure::generic(
            "multiple resources match inputs, use the --all flag to patch multiple resources",
        ));
    }
    if found.iter().any(|object| object.group() != found[0].group()) {
        return Err(Failure::fatal(
            "Ambiguous resource group. Use flag --group to specify resource group explicitly.",
        ));
    }
    let customizations = customizations(connection).await?;
    let name = connection.name(&args.name, args.filter.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    let project = match connection.find_project(app.project()).await? {
        Some(project) => project,
        None if app.project() == "default" => AppProject::default_project(),
        None => {
            return Err(Failure::generic(format!(
                "application references project {}, which does not exist",
                app.project()
            )));
        }
    };
    for object in &found {
        let impacts = customizations
            .act(object, &args.action, &args.parameters, Timestamp::now())
            .map_err(Failure::generic)?;
        for impact in &impacts {
            check(object, impact)?;
            permit(&project, &app, &kinds, &impact.object)?;
            if impact.operation == Operation::Create {
                kinds.create(&impact.object, true).await?;
            }
        }
        for impact in &impacts {
            match impact.operation {
                Operation::Create => kinds.create(&impact.object, false).await?,
                Operation::Patch => {
                    let change = create_merge_patch(&object.to_value(), &impact.object.to_value());
                    kinds.patch(object, change).await?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An action may change the object that it was called on, and no other.
fn check(object: &Object, impact: &Impact) -> anyhow::Result<()> {
    if impact.operation == Operation::Patch && impact.object.key() != object.key() {
        return Err(Failure::generic(format!(
            "the action changes {} {}, which it was not called on",
            impact.object.kind(),
            impact.object.name()
        )));
    }
    Ok(())
}

/// What an action makes or changes must be the application's to manage.
fn permit(
    project: &AppProject,
    app: &Application,
    kinds: &Kinds,
    object: &Object,
) -> anyhow::Result<()> {
    let namespaced = kinds.namespaced(&object.group_kind()).unwrap_or(true);
    if permits_object(project, app, object, namespaced) {
        return Ok(());
    }
    Err(Failure::generic(format!(
        "application is not permitted to manage {}/{}/{} in {}",
        object.group(),
        object.kind(),
        object.name(),
        object.namespace()
    )))
}

async fn customizations(connection: &Connection) -> anyhow::Result<Customizations> {
    let (customizations, problems) =
        Customizations::read(&config_map(connection, "argocd-cm").await?);
    for problem in problems {
        output::warn(&format!("warning: setting ignored: {problem}"));
    }
    Ok(customizations)
}

/// The application's objects that match, and the application itself if it does.
async fn objects(
    connection: &Connection,
    kinds: &Kinds,
    name: &str,
    filter: &Filter,
    kind: Option<&str>,
) -> anyhow::Result<Vec<Object>> {
    let name = connection.name(name, filter.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let keys = stored.app.status.resources.iter().map(|r| (r.key(), r.version.clone()));
    let is = |wanted: Option<&str>, given: &str| wanted.is_none_or(|w| w.is_empty() || w == given);
    let fits = |key: &GroupKind, namespace: &str, name: &str| {
        filter.group.as_ref().is_none_or(|group| *group == key.group)
            && is(kind, &key.kind)
            && is(filter.namespace.as_deref(), namespace)
            && is(filter.resource_name.as_deref(), name)
    };
    let keys = keys.filter(|(key, _)| fits(&key.group_kind(), &key.namespace, &key.name));
    let mut found = kinds.fetch_all(keys).await?;
    let app = stored.object;
    if fits(&app.group_kind(), app.namespace(), app.name()) {
        found.push(app);
    }
    if found.is_empty() {
        return Err(Failure::generic("no matching resource found"));
    }
    Ok(found)
}
