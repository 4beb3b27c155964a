//! `windlass argocd`: the argocd command line in its core mode. One command, one file.
//!
//! The families that argocd and windlass share (`app`, `proj`, …) are in [`Command`]; what only a
//! binary named `argocd` has is in [`Own`]. As argocd, it ends with 20 where a request fails, with 1
//! where what was asked is wrong, and tells it as one line of JSON on standard error.

mod configure;
mod context;
mod editor;
mod format;
mod global;
mod kube;
mod local_config;
mod login;
mod logout;
pub(crate) mod proj;
mod prompt;
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
    Configure(configure::Args),
    #[command(alias = "ctx")]
    Context(context::Args),
    Login(login::Args),
    Logout(logout::Args),
    Version(version::Args),
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
}

/// Runs what a binary named `argocd` was asked.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let options = match global::options_of_environment() {
        Ok(options) => options,
        Err(error) => return Ok(persona::fail(&format!("{error:#}"), &[])),
    };
    let arguments = options.into_iter().chain(args.arguments).collect();
    let argocd: Argocd = match persona::parse("argocd", arguments) {
        Ok(argocd) => argocd,
        Err(ended) => return Ok(ended),
    };
    let Argocd { global, connection, command } = argocd;
    let done = match command {
        Top::Own(Own::Configure(_)) => configure::run(&connection, &global),
        Top::Own(Own::Context(args)) => context::run(&args, &global),
        Top::Own(Own::Login(args)) => login::run(&args, &global),
        Top::Own(Own::Logout(args)) => logout::run(&args, &global),
        Top::Own(Own::Version(args)) => version::run(&args, &global),
        Top::Family(command) => {
            global.core(connection).and_then(|connection| execute(&connection, command))
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
        let connection = Connection::open(flags).await?;
        match command {
            Command::App(command) => app::run(&connection, *command).await,
            Command::Proj(command) => proj::run(&connection, *command).await,
        }
    })
    .map_err(Failure::or_generic)
}
