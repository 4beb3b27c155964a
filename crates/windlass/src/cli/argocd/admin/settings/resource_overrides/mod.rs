//! `argocd admin settings resource-overrides`.

mod actions;
mod health;
mod ignored;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;
use windlass_object::Object;

use super::source::read_yaml;
use crate::cli::failure::Failure;

/// What `admin settings resource-overrides` can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Health(health::Args),
    IgnoreDifferences(ignored::Differences),
    IgnoreResourceUpdates(ignored::Updates),
    ListActions(actions::List),
    #[command(alias = "action")]
    RunAction(actions::Run),
}

/// The data of `argocd-cm`.
type Config = BTreeMap<String, String>;

/// Runs the command.
pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Health(args) => health::run(config, args)?,
        Command::IgnoreDifferences(args) => ignored::differences(config, args)?,
        Command::IgnoreResourceUpdates(args) => ignored::updates(config, args)?,
        Command::ListActions(args) => actions::list(config, args)?,
        Command::RunAction(args) => actions::run(config, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The object of a file.
fn object(path: &str) -> anyhow::Result<Object> {
    let value = read_yaml(path)?;
    Object::try_from(value).map_err(|error| Failure::generic(format!("{path}: {error}")))
}

/// `GROUP/KIND`, as these commands tell it.
fn kind(object: &Object) -> String {
    format!("{}/{}", object.group(), object.kind())
}
