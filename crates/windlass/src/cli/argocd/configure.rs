//! `argocd configure`.

use std::process::ExitCode;

use super::global::Global;
use super::kubeconfig::Overrides;
use crate::cli::app::Flags;
use crate::cli::output;

/// Change argocd's own configuration: `--prompts-enabled` says whether commands that delete ask.
///
/// Examples:
///   argocd configure --prompts-enabled=true
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// No cluster is asked.
    #[command(flatten)]
    overrides: Overrides,
}

/// Runs the command.
pub(super) fn run(flags: &Flags, global: &Global) -> anyhow::Result<ExitCode> {
    let Some(mut config) = global.local_config()? else {
        output::print_line("No local configuration found")?;
        return Ok(ExitCode::FAILURE);
    };
    config.set_prompts_enabled(flags.prompts_enabled.unwrap_or_else(|| config.prompts_enabled()));
    config.write(&global.config_path()?)?;
    output::print_line("Successfully updated the following configuration settings:")?;
    output::print_line(&format!("prompts-enabled: {}", config.prompts_enabled()))?;
    Ok(ExitCode::SUCCESS)
}
