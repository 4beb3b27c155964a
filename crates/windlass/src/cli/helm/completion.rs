//! `windlass helm completion`.

use crate::cli::completion::{Shell, script};

/// Print a script that completes commands and flags.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// For bash: source <(helm completion bash)
    Bash(Args),
    /// For fish: helm completion fish | source
    Fish(Args),
    /// For PowerShell: helm completion powershell | Out-String | Invoke-Expression
    #[command(name = "powershell")]
    PowerShell(Args),
    /// For zsh: source <(helm completion zsh)
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
