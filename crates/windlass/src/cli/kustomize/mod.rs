//! `windlass kustomize`: Kustomize's command line. One command, one file.
//!
//! As Kustomize's, it ends with 1 whatever goes wrong, and tells it on standard error behind
//! `Error: `.

mod build;
mod cfg;
mod completion;
mod create;
mod disk;
mod edit;
mod fetch;
mod function;
mod localize;
mod version;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::persona::{self, fail, print};

/// Kustomize's commands, without Kustomize: overlays are built by Windlass. A binary named
/// `kustomize` does the same.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What `kustomize` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Args {
    /// The arguments as they came.
    pub(crate) fn of(arguments: Vec<OsString>) -> Self {
        Self { arguments }
    }
}

/// Manages declarative configuration of Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "kustomize", arg_required_else_help = true)]
struct Kustomize {
    #[command(subcommand)]
    command: Command,
    /// Of no effect here: errors say where they come from.
    #[arg(long, global = true)]
    stack_trace: bool,
}

/// The command that is run most, alone.
#[derive(Debug, Parser)]
#[command(name = "kustomize")]
struct KustomizeBuild {
    #[command(subcommand)]
    command: Build,
    /// Of no effect here: errors say where they come from.
    #[arg(long, global = true)]
    stack_trace: bool,
}

#[derive(Debug, Subcommand)]
enum Build {
    Build(Box<build::Args>),
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(Box<build::Args>),
    Cfg(cfg::Args),
    Completion(completion::Args),
    #[command(alias = "init")]
    Create(Box<create::Args>),
    Edit(Box<edit::Args>),
    Fn(function::Args),
    Localize(localize::Args),
    Version(version::Args),
}

/// Reads the arguments. The flags of all commands take longer to set up than many an overlay to
/// build, so that `build` is read without the others.
fn parse(arguments: &[OsString]) -> Result<Kustomize, ExitCode> {
    if arguments.first().is_some_and(|first| first == "build") {
        let KustomizeBuild { command: Build::Build(args), stack_trace } =
            persona::parse("kustomize", arguments)?;
        return Ok(Kustomize { command: Command::Build(args), stack_trace });
    }
    persona::parse("kustomize", arguments)
}

/// The whole command line.
#[cfg(test)]
pub(super) fn tree() -> clap::Command {
    Kustomize::command()
}

/// Runs the command that the arguments name.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let kustomize = match parse(&args.arguments) {
        Ok(kustomize) => kustomize,
        Err(ended) => return Ok(ended),
    };
    let done = match kustomize.command {
        Command::Build(args) => build::run(&args),
        Command::Cfg(args) => cfg::run(&args),
        Command::Completion(args) => completion::run(&args, &Kustomize::command()),
        Command::Create(args) => create::run(*args),
        Command::Edit(args) => edit::run(*args),
        Command::Fn(args) => function::run(&args),
        Command::Localize(args) => localize::run(&args),
        Command::Version(args) => version::run(&args),
    };
    Ok(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let own = error.downcast_ref::<windlass_kustomize::Error>();
            let place = own.and_then(windlass_kustomize::Error::place).map(|p| format!("at /{p}"));
            fail(&format!("{error:#}"), place.as_slice())
        }
    })
}

/// Tells what is legal and probably not meant.
fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
