//! `argocd completion`.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::Argocd;
use crate::cli::completion::{Shell, script};
use crate::cli::persona;

/// Print a script that completes commands and flags in a shell.
///
/// Examples:
///   source <(argocd completion bash)
///   argocd completion zsh > "${fpath[1]}/_argocd"
///   argocd completion fish > ~/.config/fish/completions/argocd.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// bash, zsh or fish.
    #[arg(value_name = "SHELL")]
    shell: String,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shell = match args.shell.as_str() {
        "bash" => Shell::Bash,
        "fish" => Shell::Fish,
        "zsh" => Shell::Zsh,
        other => {
            persona::print(&format!(
                "Invalid shell '{other}'. The supported shells are bash, zsh and fish.\n"
            ))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    persona::print(&script(shell, "argocd", Argocd::command()))?;
    Ok(ExitCode::SUCCESS)
}
