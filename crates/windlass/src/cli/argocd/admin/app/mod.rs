//! `argocd admin app`.

mod diff_reconcile_results;
mod generate_spec;
mod get_reconcile_results;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin app` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    DiffReconcileResults(diff_reconcile_results::Args),
    GenerateSpec(Box<generate_spec::Args>),
    GetReconcileResults(get_reconcile_results::Args),
}

impl Command {
    /// Whether it can do without a cluster.
    pub(super) fn is_offline(&self) -> bool {
        !matches!(self, Self::GetReconcileResults(_))
    }
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::DiffReconcileResults(args) => diff_reconcile_results::run(&args)?,
        Command::GenerateSpec(args) => generate_spec::run(&args)?,
        Command::GetReconcileResults(args) => get_reconcile_results::run(flags, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
