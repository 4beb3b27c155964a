//! Commands of argocd that are not there yet, and why: they end with an error, whatever follows.

use std::ffi::OsString;

use crate::cli::failure::Failure;

/// Whatever follows the command.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

/// Why a command does nothing.
pub(crate) fn refusal(command: &str, why: &str) -> anyhow::Error {
    Failure::generic(format!(
        "argocd {command} is not there yet in Windlass: {why}: nothing was done"
    ))
}

/// What accounts need.
pub(crate) const SERVER: &str =
    "it speaks to Argo CD's API server with its sign-in, and there is none";
