//! `argocd admin settings resource-overrides health`.

use windlass_argo::customizations::Customizations;
use windlass_engine::health;

use super::{Config, kind, object};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show what health an object has.
///
/// Examples:
///   windlass admin settings resource-overrides health object.yaml --argocd-cm-path argocd-cm.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// File with the object.
    pub(super) path: String,
}

/// Runs the command.
pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<()> {
    let object = object(&args.path)?;
    let (customizations, _) = Customizations::read(config);
    let found = health::of(&object, &customizations);
    let named = format!("{}/{}", object.namespace(), object.name());
    let why =
        |error| Failure::generic(format!("failed to get resource health for {named}: {error}"));
    match found.map_err(why)? {
        None => {
            output::print_line(&format!("Health script is not configured for '{}'", kind(&object)))
        }
        Some(health) => {
            output::print_line(&format!("STATUS: {}", health.status.as_str()))?;
            output::print_line(&format!("MESSAGE: {}", health.message))
        }
    }
}
