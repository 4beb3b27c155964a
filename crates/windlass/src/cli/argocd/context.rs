//! `argocd context`.

use std::fs;
use std::process::ExitCode;

use anyhow::Context as _;

use super::global::Global;
use super::local_config::{self, LocalConfig};
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// List contexts, or make one the current.
///
/// Examples:
///   argocd context
///   argocd context kubernetes
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Name of the context; `-` is the one before.
    context: Option<String>,
    /// Delete it instead.
    #[arg(long)]
    delete: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let config = global.local_config()?;
    match (&args.context, args.delete) {
        (None, true) => return Err(Failure::fatal("name the context to delete")),
        (Some(name), true) => delete(config, name, global)?,
        (None, false) => list(config.as_ref(), global)?,
        (Some(name), false) => switch(config, name, global)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn none(global: &Global) -> anyhow::Result<anyhow::Error> {
    let path = global.config_path()?;
    Ok(Failure::fatal(format!("No contexts defined in {}", path.display())))
}

fn list(config: Option<&LocalConfig>, global: &Global) -> anyhow::Result<()> {
    let Some(config) = config else { return Err(none(global)?) };
    let mut lines = vec![line(["CURRENT", "NAME", "SERVER"])];
    for (name, server) in config.contexts() {
        let current = if name == config.current_context() { "*" } else { " " };
        lines.push(line([current, &name, &server]));
    }
    output::print(&align(&lines))
}

fn switch(config: Option<LocalConfig>, name: &str, global: &Global) -> anyhow::Result<()> {
    let Some(mut config) = config else { return Err(none(global)?) };
    let before = local_config::default_dir()?.join(".prev-ctx");
    let name = if name == "-" {
        fs::read_to_string(&before).with_context(|| before.display().to_string())?
    } else {
        name.to_owned()
    };
    if config.current_context() == name {
        return output::print_line(&format!("Already at context '{name}'"));
    }
    config.resolve(&name)?;
    let left = config.current_context().to_owned();
    config.set_current_context(&name);
    config.write(&global.config_path()?)?;
    fs::write(&before, left).with_context(|| before.display().to_string())?;
    output::print_line(&format!("Switched to context '{name}'"))
}

fn delete(config: Option<LocalConfig>, name: &str, global: &Global) -> anyhow::Result<()> {
    let Some(mut config) = config else { return Err(Failure::generic("nothing to logout from")) };
    if !config.remove(name) {
        return Err(Failure::generic(format!("context {name} does not exist")));
    }
    let path = global.config_path()?;
    if config.is_empty() {
        fs::remove_file(&path).with_context(|| path.display().to_string())?;
    } else if config.is_valid() {
        config.write(&path)?;
    } else {
        return Err(Failure::generic("error in logging out"));
    }
    output::print_line(&format!("Context '{name}' deleted"))
}
