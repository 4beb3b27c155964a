//! `windlass app manifests`.

use std::path::PathBuf;
use std::process::ExitCode;

use windlass_object::{Object, yaml};

use super::comparison::{Wanted, manifests};
use super::connection::Connection;
use super::kinds::Kinds;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Print an application's manifests.
///
/// Examples:
///   windlass app manifests guestbook
///   windlass app manifests guestbook --revision v2
///   windlass app manifests guestbook --source live
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// `git` is what is wanted, `live` what is there.
    #[arg(long, value_parser = ["git", "live"], default_value = "git")]
    source: String,
    /// Those of this revision.
    #[arg(long, value_name = "REVISION", conflicts_with = "local")]
    revision: Option<String>,
    /// Those of this directory.
    #[arg(long, value_name = "DIR")]
    local: Option<PathBuf>,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    if args.source == "live" {
        let kinds = Kinds::discover(&connection.client).await?;
        let keys = app.status.resources.iter().map(|r| (r.key(), r.version.clone()));
        let mut objects = kinds.fetch_all(keys).await?;
        for object in &mut objects {
            object.remove(&["metadata", "managedFields"]);
            windlass_engine::mask::mask(&mut [object], &[]);
        }
        output::print(&documents(objects))?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = args.local.map_or(Wanted::Revision(args.revision), Wanted::Local);
    let (objects, _, incomplete) = manifests(connection, &app, &wanted).await?;
    output::print(&documents(objects))?;
    if incomplete {
        return Err(Failure::generic("some manifests could not be rendered"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Objects as a stream of documents, each behind a `---`.
pub(crate) fn documents(objects: impl IntoIterator<Item = Object>) -> String {
    objects.into_iter().map(|o| format!("---\n{}", yaml::to_string(&o.into_value()))).collect()
}
