//! `argocd admin settings resource-overrides`.

mod actions;
mod health;
mod ignored;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;
use windlass_argo::Settings;
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

impl Command {
    /// The file with the object.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Health(args) => &args.path,
            Self::IgnoreDifferences(args) => &args.path,
            Self::IgnoreResourceUpdates(args) => &args.path,
            Self::ListActions(args) => &args.path,
            Self::RunAction(args) => &args.path,
        }
    }
}

const OVERRIDES: &str = "resource.customizations";
const ACTIONS: &str = "resource.customizations.actions.";
/// What settings may say of a kind.
const PURPOSES: [&str; 6] = [
    "actions",
    "health",
    "ignoreDifferences",
    "ignoreResourceUpdates",
    "knownTypeFields",
    "useOpenLibs",
];

/// What cannot be read of settings about kinds, in keys that are wanted.
pub(super) fn problem(config: &Config, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let settings = Settings::read(config, &BTreeMap::new());
    let is_wanted = |text: &&String| text.starts_with(OVERRIDES) && wanted(text);
    let unread = settings.problems().iter().find(is_wanted).cloned();
    let rests = config.keys().filter_map(|key| key.strip_prefix(OVERRIDES)?.strip_prefix('.'));
    let mut purposes = rests.filter_map(|rest| rest.split_once('.').map(|(purpose, _)| purpose));
    let unknown = purposes.find(|purpose| !PURPOSES.contains(purpose));
    unread.or_else(|| Some(format!("resource customization type {} not supported", unknown?)))
}

/// The data of `argocd-cm`.
type Config = BTreeMap<String, String>;

/// Runs the command.
pub(super) fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    // Actions are read of the kind that is asked about.
    if let Some(problem) = problem(config, |key| !key.starts_with(ACTIONS)) {
        return Err(Failure::generic(problem));
    }
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
