//! `argocd admin proj`.

mod generate_allow_list;
mod generate_spec;
mod update_role_policy;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin proj` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    GenerateAllowList(generate_allow_list::Args),
    GenerateSpec(generate_spec::Args),
    UpdateRolePolicy(update_role_policy::Args),
}

impl Command {
    /// Whether it can do without a cluster.
    pub(super) fn is_offline(&self) -> bool {
        matches!(self, Self::GenerateSpec(_))
    }
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::GenerateAllowList(args) => generate_allow_list::run(flags, &args).await?,
        Command::GenerateSpec(args) => generate_spec::run(&args).await?,
        Command::UpdateRolePolicy(args) => update_role_policy::run(flags, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
