//! `argocd admin app get-reconcile-results`.

use std::path::PathBuf;
use std::time::Duration;

use windlass_object::{Value, json, yaml};

use crate::cli::app::{Connection, Flags, refresh_and_wait};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Write what is known of all applications' states into a file.
///
/// Examples:
///   windlass admin app get-reconcile-results before.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The file.
    path: PathBuf,
    /// Only those that this label selector selects.
    #[arg(long = "l", id = "selector", default_value = "")]
    selector: String,
    /// Output format: yaml or json.
    #[arg(long = "o", id = "notation", default_value = "yaml")]
    notation: String,
    /// Let all be compared anew first.
    #[arg(long)]
    refresh: bool,
    /// There is no repo server: of no effect.
    #[arg(long, hide = true)]
    repo_server: Option<String>,
    /// The controller decides: of no effect.
    #[arg(long, hide = true)]
    server_side_diff: bool,
    /// The controller decides: of no effect.
    #[arg(long, hide = true)]
    ignore_normalizer_jq_execution_timeout: Option<String>,
}

/// How long an application may take to be compared.
const REFRESH: Duration = Duration::from_secs(120);

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let mut all = connection.list(None, &args.selector).await?;
    if args.refresh {
        for stored in &mut all {
            output::print_line(stored.app.name())?;
            let name = connection.name(stored.app.name(), Some(stored.app.namespace()));
            *stored = refresh_and_wait(&connection, &name, REFRESH).await?;
        }
    }
    let results: Vec<Value> = all
        .iter()
        .map(|stored| {
            let status = &stored.object.to_value()["status"];
            json!({
                "name": stored.app.name(),
                "health": status["health"]["status"].as_str().unwrap_or_default(),
                "sync": status["sync"],
                "conditions": status["conditions"],
            })
        })
        .collect();
    let results = json!({"applications": results});
    let text = match args.notation.as_str() {
        "yaml" => yaml::to_string(&results),
        "json" => results.to_string(),
        other => return Err(Failure::generic(format!("format {other} is not supported"))),
    };
    let path = args.path.display();
    std::fs::write(&args.path, text)
        .map_err(|error| Failure::generic(format!("open {path}: {error}")))
}
