//! `windlass app patch-resource`.

use std::process::ExitCode;

use windlass_object::Value;
use windlass_object::patch::{JsonPatch, create_merge_patch};

use super::chosen::Chosen;
use super::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Patch objects of an application in the cluster.
///
/// Examples:
///   windlass app patch-resource guestbook --kind ConfigMap --resource-name settings \
///       --patch '{"data": {"key": "value"}}' --patch-type application/merge-patch+json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// The patch.
    #[arg(long)]
    patch: String,
    /// Its type.
    #[arg(long, default_value = "application/merge-patch+json")]
    patch_type: String,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let patch: Value = serde_json::from_str(&args.patch)
        .map_err(|e| Failure::generic(format!("error decoding the patch: {e}")))?;
    let (kinds, found) = args.chosen.find(connection).await?;
    for object in &found {
        match args.patch_type.as_str() {
            "application/json-patch+json" => {
                let before = object.to_value();
                let mut after = before.clone();
                JsonPatch::from_value(&patch)
                    .and_then(|patch| patch.apply(&mut after))
                    .map_err(|e| Failure::generic(format!("error applying patch: {e}")))?;
                kinds.patch(object, create_merge_patch(&before, &after)).await?;
            }
            "application/strategic-merge-patch+json" => {
                kinds.patch_strategic(object, &patch).await?;
            }
            "application/merge-patch+json" => kinds.patch(object, patch.clone()).await?,
            other => {
                let types = "application/merge-patch+json, application/json-patch+json or \
                             application/strategic-merge-patch+json";
                return Err(Failure::generic(format!(
                    "error patching resource: 415: Unsupported Media Type: {other:?} is not {types}"
                )));
            }
        }
        output::warn(&format!("info: Resource '{}' patched", object.name()));
    }
    Ok(ExitCode::SUCCESS)
}
