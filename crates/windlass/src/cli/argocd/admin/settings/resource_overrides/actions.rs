//! `argocd admin settings resource-overrides list-actions` and `run-action`.

use jiff::Timestamp;
use windlass_argo::customizations::Customizations;
use windlass_customizations::action::{Operation, Parameter};
use windlass_object::{Object, yaml};

use super::{ACTIONS, Config, kind, object, problem};
use crate::cli::app::show_difference;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show which actions settings offer for an object.
///
/// Examples:
///   windlass admin settings resource-overrides list-actions object.yaml --argocd-cm-path argocd-cm.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {
    /// File with the object.
    pub(super) path: String,
}

/// Show what an action of settings makes of an object.
///
/// Examples:
///   windlass admin settings resource-overrides run-action object.yaml restart --argocd-cm-path argocd-cm.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Run {
    /// File with the object.
    pub(super) path: String,
    /// Name of the action.
    action: String,
    /// A parameter of the action; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
}

/// Runs `list-actions`.
pub(super) fn list(config: &Config, args: &List) -> anyhow::Result<()> {
    let object = object(&args.path)?;
    let customizations = read(config, &object)?;
    if !customizations.has_own_actions(&object) {
        return not_configured(&kind(&object));
    }
    let mut offered = customizations.actions(&object).map_err(Failure::generic)?;
    offered.sort_by(|a, b| a.name.cmp(&b.name));
    let mut lines = vec![line(["NAME", "DISABLED"])];
    lines.extend(offered.into_iter().map(|action| vec![action.name, action.disabled.to_string()]));
    output::print(&align(&lines))
}

/// Runs `run-action`.
pub(super) fn run(config: &Config, args: &Run) -> anyhow::Result<()> {
    let parameters: Vec<Parameter> = args
        .param
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) => Ok(Parameter { name: name.to_owned(), value: value.to_owned() }),
            None => Err(Failure::fatal(format!("Invalid parameter format: {text}"))),
        })
        .collect::<Result<_, _>>()?;
    let object = object(&args.path)?;
    let customizations = read(config, &object)?;
    if !customizations.has_own_actions(&object) {
        return not_configured(&kind(&object));
    }
    let impacts = customizations
        .act(&object, &args.action, &parameters, Timestamp::now())
        .map_err(Failure::generic)?;
    for impact in impacts {
        let text = yaml::to_string(&impact.object.to_value());
        match impact.operation {
            Operation::Patch => {
                output::print_line("Following fields have been changed:\n")?;
                show_difference(object.name(), &yaml::to_string(&object.to_value()), &text)?;
            }
            Operation::Create => {
                output::print_line("Following resource was created:")?;
                output::print_line(&text)?;
            }
        }
    }
    Ok(())
}

/// The settings, if the actions of the object's kind can be read.
fn read(config: &Config, object: &Object) -> anyhow::Result<Customizations> {
    let group = object.group();
    let kind = object.kind();
    let kind = if group.is_empty() { kind.to_owned() } else { format!("{group}_{kind}") };
    match problem(config, |text| text.starts_with(&format!("{ACTIONS}{kind}:"))) {
        Some(problem) => Err(Failure::generic(problem)),
        None => Ok(Customizations::read(config).0),
    }
}

fn not_configured(kind: &str) -> anyhow::Result<()> {
    output::print_line(&format!("Actions are not configured for '{kind}'"))
}
