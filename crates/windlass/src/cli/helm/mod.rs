//! `windlass helm`: Helm's command line. One command, one file.
//!
//! As Helm's, it ends with 1 whatever goes wrong, and tells it on standard error behind `Error: `.

mod cluster;
mod completion;
mod create;
mod dependency;
mod env;
mod environment;
mod lint;
mod locate;
mod package;
mod plugin;
mod provenance;
mod pull;
mod push;
mod registry;
pub(crate) mod remote;
mod repo;
mod schemas;
mod search;
mod show;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod verify;
mod version;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use windlass_helm::{Level, Log, Notice};

use super::persona::{self, fail, print};

/// Helm's commands, without Helm: charts are rendered by Windlass. A binary named `helm` does the
/// same.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What `helm` takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Args {
    /// The arguments as they came.
    pub(crate) fn of(arguments: Vec<OsString>) -> Self {
        Self { arguments }
    }
}

#[derive(Debug, Parser)]
/// The package manager of Kubernetes, as Helm 4 is used: charts are rendered by Windlass.
#[command(name = "helm", arg_required_else_help = true)]
struct Helm {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// What all of Helm's commands take.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Namespace of the release.
    #[arg(short, long, global = true, env = "HELM_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Path of the kubeconfig file.
    #[arg(long, global = true, env = "KUBECONFIG", hide_env = true)]
    kubeconfig: Option<OsString>,
    /// Context of the kubeconfig file.
    #[arg(long, global = true, env = "HELM_KUBECONTEXT")]
    kube_context: Option<String>,
    /// Show what could not be read.
    #[arg(long, global = true)]
    debug: bool,
    /// Taken as Helm takes it: never, auto or always; changes nothing here.
    #[arg(
        long,
        alias = "colour",
        global = true,
        default_value = "auto",
        hide_default_value = true
    )]
    color: String,
    #[command(flatten)]
    files: environment::Files,
    #[command(flatten)]
    cluster: Cluster,
}

/// How the cluster is spoken to, where a command speaks to one.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Cluster {
    /// Address of the Kubernetes API.
    #[arg(long, global = true, env = "HELM_KUBEAPISERVER", hide_env = true)]
    pub(crate) kube_apiserver: Option<String>,
    /// User to impersonate.
    #[arg(long, global = true, env = "HELM_KUBEASUSER", hide_env = true)]
    pub(crate) kube_as_user: Option<String>,
    /// Groups to impersonate.
    #[arg(long, global = true)]
    pub(crate) kube_as_group: Vec<String>,
    /// Certificates to trust.
    #[arg(long, global = true, env = "HELM_KUBECAFILE", hide_env = true)]
    pub(crate) kube_ca_file: Option<std::path::PathBuf>,
    /// Trust any certificate.
    #[arg(long, global = true)]
    pub(crate) kube_insecure_skip_tls_verify: bool,
    /// Name that the certificate must have.
    #[arg(long, global = true, env = "HELM_KUBETLS_SERVER_NAME", hide_env = true)]
    pub(crate) kube_tls_server_name: Option<String>,
    /// Bearer token.
    #[arg(long, global = true, env = "HELM_KUBETOKEN", hide_env = true, hide_env_values = true)]
    pub(crate) kube_token: Option<String>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, global = true)]
    burst_limit: Option<i64>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, global = true)]
    qps: Option<f32>,
}

impl Global {
    /// Whether more is told: by the flag, or by `HELM_DEBUG`.
    pub(crate) fn debug(&self) -> bool {
        let set = std::env::var("HELM_DEBUG").unwrap_or_default();
        self.debug || matches!(&*set, "1" | "t" | "T" | "true" | "TRUE" | "True")
    }

    /// The namespace: the flag's, the kubeconfig's, or `default`.
    pub(crate) fn namespace(&self) -> String {
        if let Some(namespace) = self.namespace.as_ref().filter(|n| !n.is_empty()) {
            return namespace.clone();
        }
        self.of_kubeconfig().unwrap_or_else(|| "default".to_owned())
    }

    fn of_kubeconfig(&self) -> Option<String> {
        use kube::config::Kubeconfig;
        let config = match &self.kubeconfig {
            Some(paths) => std::env::split_paths(paths)
                .filter_map(|path| Kubeconfig::read_from(path).ok())
                .reduce(|all, next| all.clone().merge(next).unwrap_or(all))?,
            None => Kubeconfig::read().ok()?,
        };
        let name = self.kube_context.clone().or(config.current_context)?;
        let context = config.contexts.into_iter().find(|c| c.name == name)?.context?;
        context.namespace.filter(|n| !n.is_empty())
    }
}

/// The command that is run most, alone.
#[derive(Debug, Parser)]
#[command(name = "helm")]
struct HelmTemplate {
    #[command(subcommand)]
    command: Template,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Template {
    Template(Box<template::Args>),
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(subcommand)]
    Completion(completion::Command),
    Create(create::Args),
    #[command(subcommand, aliases = ["dep", "dependencies"])]
    Dependency(dependency::Command),
    Env(env::Args),
    Lint(Box<lint::Args>),
    Package(Box<package::Args>),
    #[command(subcommand)]
    Plugin(plugin::Command),
    #[command(alias = "fetch")]
    Pull(Box<pull::Args>),
    Push(push::Args),
    #[command(subcommand)]
    Registry(registry::Command),
    #[command(subcommand)]
    Repo(repo::Command),
    #[command(subcommand)]
    Search(search::Command),
    #[command(subcommand, alias = "inspect")]
    Show(show::Command),
    Template(Box<template::Args>),
    Verify(verify::Args),
    Version(version::Args),
}

/// Reads the arguments. The flags of all commands take longer to set up than many a chart to
/// render, so that `template` is read without the others.
fn parse(arguments: &[OsString]) -> Result<Helm, ExitCode> {
    if arguments.first().is_some_and(|first| first == "template") {
        let HelmTemplate { command: Template::Template(args), global } =
            persona::parse("helm", arguments)?;
        return Ok(Helm { command: Command::Template(args), global });
    }
    persona::parse("helm", arguments)
}

/// The whole command line.
#[cfg(test)]
pub(super) fn tree() -> clap::Command {
    Helm::command()
}

/// Runs the command that the arguments name.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let helm = match parse(&args.arguments) {
        Ok(helm) => helm,
        Err(ended) => return Ok(ended),
    };
    if !matches!(&*helm.global.color, "never" | "auto" | "always") {
        let color = &helm.global.color;
        let error = format!("invalid color mode {color:?}: must be one of: never, auto, always");
        tell(&format!("level=WARN msg=\"command failed\" error={error:?}\n"))?;
        return Ok(ExitCode::FAILURE);
    }
    environment::set(helm.global.files.clone());
    let done = match helm.command {
        Command::Completion(command) => completion::run(&command, Helm::command()),
        Command::Create(args) => create::run(&args),
        Command::Dependency(command) => dependency::run(&command),
        Command::Env(args) => env::run(&args, &helm.global),
        Command::Lint(args) => lint::run(&args, &helm.global),
        Command::Package(args) => package::run(&args),
        Command::Plugin(command) => plugin::run(&command),
        Command::Pull(args) => pull::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Registry(command) => registry::run(&command),
        Command::Repo(command) => repo::run(&command),
        Command::Search(command) => search::run(&command),
        Command::Show(command) => show::run(&command),
        Command::Template(args) => template::run(&args, &helm.global),
        Command::Verify(args) => verify::run(&args),
        Command::Version(args) => version::run(&args),
    };
    Ok(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let own = error.downcast_ref::<windlass_helm::Error>();
            let own = own.map(|error| [error.advice(), error.excerpt().to_vec()].concat());
            let advice = own.unwrap_or_else(|| template::advice(&error));
            fail(&format!("{error:#}"), &advice)
        }
    })
}

/// Writes to standard error, every byte as it is.
pub(crate) fn tell(text: &str) -> anyhow::Result<()> {
    // Standard error that is gone leaves nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    Ok(())
}

/// Tells what happens, where --debug asks for it. `fields` are names with values as logs have them.
pub(crate) fn debug(global: &Global, text: &str, fields: &[(&'static str, &str)]) {
    if global.debug() {
        let line = Notice::new(Level::Debug, text);
        notice(&fields.iter().fold(line, |line, (name, value)| line.with(name, *value)));
    }
}

/// Tells what is legal and probably not meant.
pub(crate) fn warn(text: &str) {
    notice(&Notice::new(Level::Warning, text));
}

/// Tells one line of the log.
fn notice(notice: &Notice) {
    let _ = tell(&format!("{notice}\n"));
}

/// Tells what a render wrote to its log.
fn log(log: &Log) {
    log.take().iter().for_each(notice);
}
