//! `argocd admin`: what an administrator needs, most of it without a cluster.

mod app;
mod backup;
mod cluster;
mod export;
mod import;
mod initial_password;
mod print;
mod proj;
mod repo;
mod settings;

use std::process::ExitCode;

use clap::Subcommand;

use super::absent;
use super::kubeconfig::Overrides;
use crate::cli::app::Flags;

/// For administrators: settings, backups.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Command,
}

/// What `admin` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Applications as files.
    #[command(subcommand)]
    App(app::Command),
    /// Clusters as files, and what is delivered to them.
    #[command(subcommand)]
    Cluster(Box<cluster::Command>),
    /// The pages: not there yet.
    #[command(hide = true)]
    Dashboard(absent::Args),
    Export(export::Args),
    Import(import::Args),
    InitialPassword(initial_password::Args),
    /// Notifications: not there yet.
    #[command(hide = true)]
    Notifications(absent::Args),
    /// Projects as files.
    #[command(subcommand)]
    Proj(proj::Command),
    /// There is no redis.
    #[command(hide = true)]
    RedisInitialPassword(absent::Args),
    /// Repositories as files.
    #[command(subcommand)]
    Repo(repo::Command),
    Settings(settings::Args),
}

impl Args {
    /// The command on the cluster of the kubeconfig, as it is.
    pub(crate) fn of(command: Command) -> Self {
        Self { overrides: Overrides::default(), command }
    }

    /// Whether it can do without a cluster.
    pub(super) fn is_offline(&self) -> bool {
        match &self.command {
            Command::App(command) => command.is_offline(),
            Command::Cluster(command) => command.is_offline(),
            Command::Proj(command) => command.is_offline(),
            Command::Export(_) | Command::Import(_) | Command::InitialPassword(_) => false,
            _ => true,
        }
    }
}

/// Runs the command.
pub(crate) async fn run(flags: &Flags, args: Args) -> anyhow::Result<ExitCode> {
    // Flags of these are of what they describe, not of the connection.
    let describes = match &args.command {
        Command::Repo(_) => true,
        Command::Cluster(command) => command.is_offline(),
        _ => false,
    };
    let flags = &if describes { flags.clone() } else { args.overrides.over(flags)? };
    let refused = |command: &str, why: &str| Err(absent::refusal(command, why));
    match args.command {
        Command::App(command) => app::run(flags, command).await,
        Command::Cluster(command) => cluster::run(flags, *command).await,
        Command::Dashboard(_) => refused("admin dashboard", "it has no pages"),
        Command::Export(args) => export::run(flags, &args).await,
        Command::Import(args) => import::run(flags, &args).await,
        Command::InitialPassword(args) => initial_password::run(flags, &args).await,
        Command::Notifications(_) => refused("admin notifications", "it sends none"),
        Command::Proj(command) => proj::run(flags, command).await,
        Command::RedisInitialPassword(_) => {
            refused("admin redis-initial-password", "it has and needs no redis")
        }
        Command::Repo(command) => repo::run(command),
        Command::Settings(args) => settings::run(flags, args).await,
    }
}
