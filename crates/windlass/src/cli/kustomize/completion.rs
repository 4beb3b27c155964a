//! `kustomize completion`.

use clap::ValueEnum;

use crate::cli::completion::{Shell, script};

/// Prints a script that completes commands and flags in a shell
///
/// Examples:
///   kustomize completion fish | source
///   kustomize completion zsh > ~/.zsh/completions/_kustomize
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// bash, zsh, fish or powershell
    #[arg(value_name = "SHELL")]
    shells: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, kustomize: &clap::Command) -> anyhow::Result<()> {
    let count = args.shells.len();
    anyhow::ensure!(count == 1, "accepts 1 arg(s), received {count}");
    for name in &args.shells {
        let Ok(shell) = Shell::from_str(name, false) else {
            anyhow::bail!("invalid argument {name:?} for \"kustomize completion\"");
        };
        super::print(&script(shell, "kustomize", kustomize.clone()))?;
    }
    Ok(())
}
