//! The command line: one command, one file.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong arguments; a command that has others of its own (such as
//! `app diff`) says so in its help.

mod app;
mod argocd;
mod columns;
mod completion;
mod failure;
mod helm;
mod install;
mod kustomize;
mod output;
mod persona;
mod pflag;
mod plan;
mod private_file;
mod render;
mod secret_input;
#[cfg(test)]
mod tests;
mod up;

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};

const LOG_VARIABLE: &str = "WINDLASS_LOG";
/// What the client of Kubernetes logs of a request that failed, whoever asked tells in his words.
const QUIET: &str = "kube_client::client=off";
const DEFAULT_LOG: &str = "warn,kube_client::client=off";

/// Windlass delivers what is in Git to Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log on standard error, such as `info` or `windlass_argo=debug`.
    #[arg(
        long,
        global = true,
        env = LOG_VARIABLE,
        default_value = DEFAULT_LOG,
        value_name = "FILTER"
    )]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Args),
    /// Manage Applications, in the habits of the argocd command line.
    ///
    /// Works on the Kubernetes API directly, as `argocd --core` does: no server, no login.
    /// Exit codes are argocd's: 0 done, 1 not achieved, 2 wrong arguments, 20 a request failed.
    ///
    /// Examples:
    ///   windlass app create guestbook --repo https://example.com/apps.git --path guestbook \
    ///       --dest-server https://kubernetes.default.svc --dest-namespace default
    ///   windlass app sync guestbook
    ///   windlass app wait guestbook --health --timeout 60
    #[command(verbatim_doc_comment)]
    App(Box<Family<app::Command>>),
    /// Manage projects, as `argocd proj`.
    Proj(Box<Family<argocd::proj::Command>>),
    /// Manage repositories, as `argocd repo`.
    Repo(Box<Family<argocd::repo::Command>>),
    /// Manage credentials of repositories, as `argocd repocreds`.
    Repocreds(Box<Family<argocd::repocreds::Command>>),
    /// Manage clusters, as `argocd cluster`.
    Cluster(Box<Family<argocd::cluster::Command>>),
    /// Manage certificates and keys of hosts, as `argocd cert`.
    Cert(Box<Family<argocd::cert::Command>>),
    /// Manage GnuPG keys, as `argocd gpg`.
    Gpg(Box<Family<argocd::gpg::Command>>),
    /// For administrators, as `argocd admin`.
    Admin(Box<Family<argocd::admin::Command>>),
    Argocd(argocd::Args),
    Render(render::Args),
    Plan(plan::Args),
    Install(install::Args),
    Helm(helm::Args),
    Kustomize(kustomize::Args),
}

/// A family of argocd's commands, and the cluster they work on.
#[derive(Debug, clap::Args)]
struct Family<C: Subcommand> {
    #[command(flatten)]
    connection: app::Flags,
    #[command(subcommand)]
    command: C,
}

impl<C: Subcommand> Family<C> {
    fn run(self, command: fn(C) -> argocd::Command) -> anyhow::Result<ExitCode> {
        argocd::execute(&self.connection, command(self.command))
    }
}

impl Cli {
    /// Reads the arguments. Those of a tool that the binary stands in for are handed on unread:
    /// building our own command line for that takes longer than rendering many a chart.
    fn read(arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        if let [_, tool, first, ..] = &*arguments
            && !first.as_encoded_bytes().starts_with(b"-")
        {
            let rest = || arguments[2..].to_vec();
            let command = match tool.to_str() {
                Some("argocd") => Some(Command::Argocd(argocd::Args::of(rest()))),
                Some("helm") => Some(Command::Helm(helm::Args::of(rest()))),
                Some("kustomize") => Some(Command::Kustomize(kustomize::Args::of(rest()))),
                _ => None,
            };
            if let Some(command) = command {
                let log = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| DEFAULT_LOG.to_owned());
                return Ok(Self { command, log });
            }
        }
        Self::try_parse_from(arguments)
    }
}

/// How the command that the arguments lead to is used; the parser leaves that out where a value is
/// wrong.
fn usage(arguments: impl Iterator<Item = OsString>) -> String {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for argument in arguments.skip(1) {
        let Some(next) = command.find_subcommand(&argument) else { break };
        command = next;
    }
    command.clone().render_usage().to_string()
}

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::read(persona::arguments(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers and go to standard output with 0; the rest is usage, 2.
            let _ = error.print();
            if error.use_stderr() && !error.to_string().contains("Usage:") {
                output::warn(&usage(std::env::args_os()));
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    start_logging(&cli.log);
    let result = match cli.command {
        Command::Up(args) => up::run(args),
        Command::App(family) => family.run(|c| argocd::Command::App(Box::new(c))),
        Command::Proj(family) => family.run(|c| argocd::Command::Proj(Box::new(c))),
        Command::Repo(family) => family.run(argocd::Command::Repo),
        Command::Repocreds(family) => family.run(argocd::Command::Repocreds),
        Command::Cluster(family) => family.run(argocd::Command::Cluster),
        Command::Gpg(family) => family.run(argocd::Command::Gpg),
        Command::Cert(family) => family.run(argocd::Command::Cert),
        Command::Admin(family) => {
            family.run(|c| argocd::Command::Admin(Box::new(argocd::admin::Args::of(c))))
        }
        Command::Argocd(args) => argocd::run(args),
        Command::Render(args) => render::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Install(args) => install::run(&args),
        Command::Helm(args) => helm::run(&args),
        Command::Kustomize(args) => kustomize::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::from(SIGPIPE),
        Err(error) => {
            report(&error);
            match error.downcast_ref::<failure::Failure>() {
                Some(failure) if failure.is_usage() => {
                    output::warn("\nFor more information, try '--help'.");
                    ExitCode::from(2)
                }
                Some(failure) => failure.code().into(),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// Runs a command that talks to others, on this thread.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

/// Random bytes of the system. Not from the TLS library: collecting its own entropy takes longer
/// than rendering a chart.
fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

/// Where the draws of charts come from that nothing is delivered of, as with Helm.
fn draws() -> anyhow::Result<windlass_helm::Draws> {
    Ok(windlass_helm::Draws::fresh(random()?))
}

/// What a shell shows for a program that SIGPIPE ended: nobody reads on, as behind `| head`.
const SIGPIPE: u8 = 128 + 13;

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Prints an error with its causes, the way every command does.
fn report(error: &anyhow::Error) {
    use std::io::Write;
    let mut out = anstream::stderr().lock();
    // Standard error that is gone leaves nobody to tell.
    let _ = writeln!(out, "error: {error:#}");
}

/// The filter, without what only those who look for faults of the client want to see.
fn filter_of(filter: &str) -> String {
    let is_deep = ["kube", "debug", "trace"].iter().any(|word| filter.contains(word));
    if is_deep || filter.is_empty() { filter.to_owned() } else { format!("{filter},{QUIET}") }
}

fn start_logging(filter: &str) {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_new(filter_of(filter)).unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ =
        fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
}
