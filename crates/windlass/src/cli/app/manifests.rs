//! `windlass app manifests`.

use std::process::ExitCode;
use std::sync::Arc;

use windlass_argo::types::Application;
use windlass_engine::{hook, mask};
use windlass_object::{Object, yaml};

use super::comparison::{Local, Wanted, marked, prepare, settings};
use super::connection::Connection;
use super::revisions::{Asked, Revisions};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Print an application's manifests.
///
/// Examples:
///   windlass app manifests guestbook
///   windlass app manifests guestbook --revision v2
///   windlass app manifests guestbook --revisions v2 --source-positions 1
///   windlass app manifests guestbook --source live
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// `git` is what is wanted, `live` what is there.
    #[arg(long, value_name = "git|live", default_value = "git")]
    source: String,
    #[command(flatten)]
    revisions: Revisions,
    #[command(flatten)]
    local: Local,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    args.revisions.check(Asked::Manifests)?;
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    let (mut objects, incomplete) = match (args.source.as_str(), args.local.wanted()) {
        ("live", _) => (live(connection, &app).await?, false),
        (other, _) if other != "git" => {
            return Err(Failure::fatal(format!("Unknown source type '{other}'")));
        }
        (_, Some(local)) => {
            let (objects, incomplete) = marked(connection, &app, &local).await?;
            // The person's own files: nothing in them is masked.
            output::print(&documents(objects))?;
            return whole(incomplete);
        }
        (_, None) if args.revisions.given() => {
            rendered(connection, &app, args.revisions.of(&app, Asked::Manifests)?).await?
        }
        (_, None) => targets(connection, &app).await?,
    };
    let masked = settings(connection).await?.masked_annotations;
    for object in &mut objects {
        mask::mask(&mut [object], &masked);
    }
    output::print(&documents(objects))?;
    whole(incomplete)
}

fn whole(incomplete: bool) -> anyhow::Result<ExitCode> {
    if incomplete {
        return Err(Failure::generic("some manifests could not be rendered"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The application's objects as the cluster has them.
async fn live(connection: &Connection, app: &Application) -> anyhow::Result<Vec<Object>> {
    let own = app.status.resources.iter().filter(|r| !r.hook);
    connection.kinds().await?.fetch_all(own.map(|r| (r.key(), r.version.clone()))).await
}

/// What the cluster is to have, hooks aside, by group, kind, namespace and name.
async fn targets(
    connection: &Connection,
    app: &Application,
) -> anyhow::Result<(Vec<Object>, bool)> {
    let prepared = prepare(connection, app, &Wanted::Revisions(Vec::new())).await?;
    let objects = prepared.targets.objects.into_iter().filter(|object| !hook::is_hook(object));
    let mut objects: Vec<Object> = objects.map(Arc::unwrap_or_clone).collect();
    objects.sort_by_cached_key(|object| object.key().to_string());
    Ok((objects, prepared.incomplete))
}

/// What revisions say, with the application's mark, in the order of its files.
async fn rendered(
    connection: &Connection,
    app: &Application,
    revisions: Vec<String>,
) -> anyhow::Result<(Vec<Object>, bool)> {
    marked(connection, app, &Wanted::Revisions(revisions)).await
}

/// Objects as a stream of documents, each behind a `---` and with an empty line at its end.
fn documents(objects: impl IntoIterator<Item = Object>) -> String {
    objects.into_iter().map(|o| format!("---\n{}\n", yaml::to_string(&o.into_value()))).collect()
}
