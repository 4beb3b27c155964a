//! `windlass argocd`: the argocd command line in its core mode. One command, one file.
//!
//! The families that argocd and windlass share (`app`, `proj`, …) are in [`Command`]; what only a
//! binary named `argocd` has is in [`Own`]. As argocd, it ends with 20 where a request fails, with 1
//! where what was asked is wrong, and tells it as one line of JSON on standard error.

mod absent;
mod access;
mod account;
pub(crate) mod admin;
pub(crate) mod cert;
pub(crate) mod cluster;
mod completion;
mod configure;
mod context;
pub(crate) mod editor;
mod format;
mod global;
pub(crate) mod gpg;
mod kube;
mod kubeconfig;
mod local_config;
mod login;
mod logout;
pub(crate) mod proj;
pub(crate) mod prompt;
pub(crate) mod repo;
pub(crate) mod repocreds;
mod secrets;
#[cfg(test)]
mod tests;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::app::{self, Connection, Flags};
use super::failure::{Failure, GENERIC};
use super::persona;
use global::Global;

/// Argo CD's commands, without its API server. A binary named `argocd` does the same.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What `argocd` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Args {
    /// The arguments as they came.
    pub(crate) fn of(arguments: Vec<OsString>) -> Self {
        Self { arguments }
    }
}

/// argocd in core mode: straight to the Kubernetes API, without Argo CD's API server.
#[derive(Debug, Parser)]
#[command(name = "argocd", arg_required_else_help = true, args_override_self = true)]
struct Argocd {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    connection: Flags,
    #[command(subcommand)]
    command: Top,
}

#[derive(Debug, Subcommand)]
enum Top {
    #[command(flatten)]
    Own(Own),
    #[command(flatten)]
    Family(Command),
}

/// Commands about the command line itself.
#[derive(Debug, Subcommand)]
enum Own {
    #[command(subcommand)]
    Account(account::Command),
    /// ApplicationSets: not there yet.
    #[command(hide = true)]
    Appset(absent::Args),
    Completion(completion::Args),
    Configure(Box<configure::Args>),
    #[command(alias = "ctx")]
    Context(context::Args),
    Login(login::Args),
    Logout(logout::Args),
    /// Sign in again: there is no server.
    #[command(hide = true)]
    Relogin(absent::Args),
    Version(Box<version::Args>),
}

/// Commands on a cluster.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Manage applications.
    #[command(subcommand)]
    App(Box<app::Command>),
    /// Manage projects.
    #[command(subcommand)]
    Proj(Box<proj::Command>),
    /// Manage repositories.
    #[command(subcommand)]
    Repo(repo::Command),
    /// Manage credentials of repositories whose addresses begin alike.
    #[command(subcommand)]
    Repocreds(repocreds::Command),
    /// Manage clusters.
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Manage certificates and keys of repositories' hosts.
    #[command(subcommand)]
    Cert(cert::Command),
    Admin(Box<admin::Args>),
    /// Manage the GnuPG keys that commits may be signed with.
    #[command(subcommand)]
    Gpg(gpg::Command),
}

/// Its commands, for tests of their help.
#[cfg(test)]
pub(crate) fn tree() -> clap::Command {
    <Argocd as clap::CommandFactory>::command()
}

/// Why its arguments cannot be read, for tests; none if they can.
#[cfg(test)]
pub(crate) fn read(arguments: &[OsString]) -> Result<(), String> {
    use super::pflag::{self, Ended};
    match pflag::read::<Argocd>("argocd", arguments) {
        Err(Ended::Wrong(words)) => Err(words),
        _ => Ok(()),
    }
}

/// Runs what a binary named `argocd` was asked.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let options = match global::options_of_environment() {
        Ok(options) => options,
        Err(error) => return Ok(persona::fail(&format!("{error:#}"), &[])),
    };
    let arguments: Vec<_> = options.into_iter().chain(args.arguments).collect();
    let argocd: Argocd = match persona::parse("argocd", &arguments) {
        Ok(argocd) => argocd,
        Err(ended) => return Ok(ended),
    };
    let Argocd { global, connection, command } = argocd;
    let done = match command {
        Top::Own(Own::Account(command)) => {
            // What needs no cluster needs no server either.
            let flags = if command.is_offline() { Ok(connection) } else { global.core(connection) };
            flags.and_then(|flags| super::block_on(account::run(&flags, command)))
        }
        Top::Own(Own::Appset(_)) => {
            Err(absent::refusal("appset", "it does not make Applications of ApplicationSets"))
        }
        Top::Own(Own::Completion(args)) => completion::run(&args),
        Top::Own(Own::Relogin(_)) => Err(absent::refusal("relogin", absent::SERVER)),
        Top::Own(Own::Configure(_)) => configure::run(&connection, &global),
        Top::Own(Own::Context(args)) => context::run(&args, &global),
        Top::Own(Own::Login(args)) => login::run(&args, &global),
        Top::Own(Own::Logout(args)) => logout::run(&args, &global),
        Top::Own(Own::Version(args)) => version::run(&args, &global),
        Top::Family(command) => {
            let flags = match &command {
                // What needs no cluster needs no server either.
                Command::Admin(args) if args.is_offline() => Ok(connection),
                _ => global.core(connection),
            };
            flags.and_then(|flags| execute(&flags, command))
        }
    };
    Ok(done.unwrap_or_else(|error| {
        let code = error.downcast_ref::<Failure>().map_or(GENERIC, Failure::code);
        global.tell_fatal(&format!("{error:#}"));
        code.into()
    }))
}

/// Runs a command on the cluster.
pub(crate) fn execute(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    super::block_on(async {
        let open = || Connection::open(flags);
        match command {
            Command::Admin(args) => admin::run(flags, *args).await,
            Command::Cert(command) => cert::run(&open().await?, command).await,
            Command::Cluster(command) => {
                cluster::run(&open().await?, flags.kubeconfig(), command).await
            }
            Command::Gpg(command) => gpg::run(&open().await?, command).await,
            Command::Repo(command) => repo::run(&open().await?, command).await,
            Command::Repocreds(command) => repocreds::run(&open().await?, command).await,
            Command::App(command) => {
                command.check()?;
                app::run(&open().await?, *command).await
            }
            Command::Proj(command) => proj::run(&open().await?, *command).await,
        }
    })
    .map_err(Failure::or_generic)
}
