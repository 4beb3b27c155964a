//! `argocd logout`.

use std::process::ExitCode;

use super::global::Global;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Forget the tokens of a context.
///
/// Examples:
///   argocd logout kubernetes
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Name of the context.
    context: String,
}

/// Runs the command.
pub(super) fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let name = &args.context;
    let Some(mut config) = global.local_config()? else {
        return Err(Failure::fatal("Nothing to logout from"));
    };
    let question = format!("Are you sure you want to log out from '{name}'?");
    if super::prompt::confirm(config.prompts_enabled(), &question)? {
        if !config.remove_token(name) {
            return Err(Failure::fatal(format!("Context {name} does not exist")));
        }
        config.write(&global.config_path()?)?;
        output::print_line(&format!("Logged out from '{name}'"))?;
    }
    Ok(ExitCode::SUCCESS)
}
