//! `windlass helm completion`.

use crate::cli::completion::{Shell, script};

/// Print a script that completes commands and flags.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print a script for bash.
    ///
    /// Examples:
    ///   source <(helm completion bash)
    ///   helm completion bash > /etc/bash_completion.d/helm
    #[command(verbatim_doc_comment)]
    Bash(Args),
    /// Print a script for fish.
    ///
    /// Examples:
    ///   helm completion fish | source
    #[command(verbatim_doc_comment)]
    Fish(Args),
    /// Print a script for PowerShell.
    ///
    /// Examples:
    ///   helm completion powershell | Out-String | Invoke-Expression
    #[command(verbatim_doc_comment)]
    #[command(name = "powershell")]
    PowerShell(Args),
    /// Print a script for zsh.
    ///
    /// Examples:
    ///   helm completion zsh > "${fpath[1]}/_helm"
    #[command(verbatim_doc_comment)]
    Zsh(Args),
}

/// What all of them take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Taken as Helm takes it; there are no descriptions here.
    #[arg(long)]
    no_descriptions: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command, helm: clap::Command) -> anyhow::Result<()> {
    let shell = match command {
        Command::Bash(_) => Shell::Bash,
        Command::Fish(_) => Shell::Fish,
        Command::PowerShell(_) => Shell::Pwsh,
        Command::Zsh(_) => Shell::Zsh,
    };
    super::print(&script(shell, "helm", helm))
}
