//! `argocd admin cluster`.

mod generate_spec;
mod kubeconfig;
mod namespaces;

use std::process::ExitCode;

use clap::Subcommand;

use super::absent;
use crate::cli::app::Flags;

/// What `admin cluster` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    GenerateSpec(Box<generate_spec::Args>),
    Kubeconfig(kubeconfig::Args),
    Namespaces(namespaces::Args),
    /// There are no shards.
    #[command(hide = true)]
    Shards(absent::Args),
    /// There is no redis to read them from.
    #[command(hide = true)]
    Stats(absent::Args),
}

impl Command {
    /// Whether it can do without a cluster.
    pub(super) fn is_offline(&self) -> bool {
        !matches!(self, Self::Kubeconfig(_) | Self::Namespaces(_))
    }
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::GenerateSpec(args) => generate_spec::run(flags, &args).await?,
        Command::Kubeconfig(args) => kubeconfig::run(flags, &args).await?,
        Command::Namespaces(args) => namespaces::run(flags, &args).await?,
        Command::Shards(_) => {
            let why = "one controller serves all clusters, none is in a shard";
            return Err(absent::refusal("admin cluster shards", why));
        }
        Command::Stats(_) => {
            let why = "its figures are metrics of the controller (argocd_cluster_info, \
                       argocd_cluster_api_resource_objects), no redis keeps them";
            return Err(absent::refusal("admin cluster stats", why));
        }
    }
    Ok(ExitCode::SUCCESS)
}
