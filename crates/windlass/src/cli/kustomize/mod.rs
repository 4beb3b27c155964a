//! `windlass kustomize`: Kustomize's command line. One command, one file.
//!
//! As Kustomize's, it ends with 1 whatever goes wrong, and tells it on standard error behind
//! `Error: `.

mod build;
mod disk;
mod edit;
mod fetch;
mod version;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Kustomize's commands, without Kustomize: overlays are built by Windlass. A binary named
/// `kustomize` does the same.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What `kustomize` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
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

#[derive(Debug, Subcommand)]
enum Command {
    Build(Box<build::Args>),
    Edit(Box<edit::Args>),
    Version(version::Args),
}

/// Runs the command that the arguments name.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let arguments = std::iter::once(OsString::from("kustomize")).chain(args.arguments);
    let kustomize = match Kustomize::try_parse_from(arguments) {
        Ok(kustomize) => kustomize,
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            return Ok(fail(text.strip_prefix("error: ").unwrap_or(&text).trim_end(), None));
        }
        Err(error) => {
            let _ = error.print();
            return Ok(ExitCode::SUCCESS);
        }
    };
    let done = match kustomize.command {
        Command::Build(args) => build::run(&args),
        Command::Edit(args) => edit::run(*args),
        Command::Version(args) => version::run(&args),
    };
    Ok(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let own = error.downcast_ref::<windlass_kustomize::Error>();
            let place = own.and_then(windlass_kustomize::Error::place).map(|p| format!("/{p}"));
            fail(&format!("{error:#}"), place.as_deref())
        }
    })
}

/// Tells an error as Kustomize does, and the place that it does not tell.
fn fail(text: &str, place: Option<&str>) -> ExitCode {
    let mut out = std::io::stderr().lock();
    // Standard error that is gone leaves nobody to tell.
    let _ = writeln!(out, "Error: {text}");
    if let Some(place) = place {
        let _ = writeln!(out, "  at {place}");
    }
    ExitCode::FAILURE
}

/// Writes to standard output, every byte as it is. A reader that has gone away ends the output.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Tells what is legal and probably not meant.
fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
