//! `argocd admin cluster`.

mod generate_spec;
mod kubeconfig;
mod namespaces;
mod stats;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin cluster` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    GenerateSpec(Box<generate_spec::Args>),
    Kubeconfig(kubeconfig::Args),
    Namespaces(namespaces::Args),
    Shards(stats::ShardsArgs),
    Stats(stats::Args),
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
        Command::GenerateSpec(args) => generate_spec::run(flags, &args).await?,
        Command::Kubeconfig(args) => kubeconfig::run(flags, &args).await?,
        Command::Namespaces(args) => namespaces::run(flags, &args).await?,
        Command::Shards(args) => stats::shards(flags, &args).await?,
        Command::Stats(args) => stats::clusters(flags, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
