//! `argocd admin settings resource-overrides ignore-differences` and `ignore-resource-updates`.

use std::collections::BTreeMap;

use windlass_argo::Settings;
use windlass_argo::types::IgnoreDifference;
use windlass_engine::normalize::{IgnoreDifferences as _, IgnoreStatus};
use windlass_object::{Object, Value, yaml};

use super::{Config, kind, object};
use crate::cli::app::{JqBound, ignored, show_difference};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show which fields of an object settings leave out of comparisons.
///
/// Examples:
///   windlass admin settings resource-overrides ignore-differences object.yaml --argocd-cm-path argocd-cm.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Differences {
    /// File with the object.
    pub(super) path: String,
}

/// Show which fields of an object may change without its application being looked at.
///
/// Examples:
///   windlass admin settings resource-overrides ignore-resource-updates object.yaml --argocd-cm-path argocd-cm.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Updates {
    /// File with the object.
    pub(super) path: String,
    #[command(flatten)]
    jq: JqBound,
}

const KEY: &str = "resource.customizations";

/// The rules of a purpose, in the words of the other one.
fn rules(config: &Config, purpose: &str) -> Vec<IgnoreDifference> {
    let mut renamed = BTreeMap::new();
    for (key, text) in config {
        if let Some(kind) = key.strip_prefix(&format!("{KEY}.{purpose}.")) {
            renamed.insert(format!("{KEY}.ignoreDifferences.{kind}"), text.clone());
        } else if key == KEY {
            let map = yaml::parse_one(text.as_bytes(), &yaml::Options::default());
            let Ok(Value::Object(mut map)) = map else { continue };
            for fields in map.values_mut().filter_map(Value::as_object_mut) {
                let wanted = fields.remove(purpose);
                fields.clear();
                fields.extend(wanted.map(|rules| ("ignoreDifferences".to_owned(), rules)));
            }
            renamed.insert(key.clone(), yaml::to_string(&Value::Object(map)));
        }
    }
    Settings::read(&renamed, &BTreeMap::new()).ignore_differences
}

/// The rule that is written for just the object's kind.
fn own<'a>(rules: &'a [IgnoreDifference], object: &Object) -> Option<&'a IgnoreDifference> {
    rules.iter().find(|rule| rule.group == object.group() && rule.kind == object.kind())
}

/// Runs `ignore-differences`.
pub(super) fn differences(config: &Config, args: &Differences) -> anyhow::Result<()> {
    let object = object(&args.path)?;
    let rules = rules(config, "ignoreDifferences");
    match own(&rules, &object).filter(|rule| says_something(rule)) {
        Some(rule) => {
            let status = Settings::read(config, &BTreeMap::new()).ignore_status;
            let ignores_status = match status {
                IgnoreStatus::All => true,
                IgnoreStatus::Crd => object.kind() == "CustomResourceDefinition",
                IgnoreStatus::Never => false,
            };
            show(&object, &rules, rule, "ignoreDifferences", ignores_status, &JqBound::default())
        }
        None => output::print_line(&format!(
            "Ignore differences are not configured for '{}'",
            kind(&object)
        )),
    }
}

/// Runs `ignore-resource-updates`.
pub(super) fn updates(config: &Config, args: &Updates) -> anyhow::Result<()> {
    let object = object(&args.path)?;
    let rules = rules(config, "ignoreResourceUpdates");
    match own(&rules, &object) {
        None => output::print_line(&format!("No overrides configured for '{}'", kind(&object))),
        Some(rule) if says_something(rule) => {
            show(&object, &rules, rule, "ignoreResourceUpdates", false, &args.jq)
        }
        Some(_) => output::print_line(&format!(
            "Ignore resource updates are not configured for '{}'",
            kind(&object)
        )),
    }
}

/// Field managers need the live object.
fn says_something(rule: &IgnoreDifference) -> bool {
    !rule.json_pointers.is_empty() || !rule.jq_path_expressions.is_empty()
}

fn show(
    object: &Object,
    rules: &[IgnoreDifference],
    rule: &IgnoreDifference,
    name: &str,
    ignores_status: bool,
    bound: &JqBound,
) -> anyhow::Result<()> {
    let rules = ignored(rules, &[], bound);
    if let Some(problem) = &rules.problem {
        return Err(Failure::generic(problem.clone()));
    }
    let mut left = object.clone();
    rules.strip(&mut left);
    if ignores_status {
        left.remove(&["status"]);
    }
    if left == *object {
        output::print_line(&format!("No fields are ignored by {name} settings: "))?;
        let fields = windlass_object::json!({
            "jsonPointers": rule.json_pointers,
            "jqPathExpressions": rule.jq_path_expressions,
            "managedFieldsManagers": rule.managed_fields_managers,
        });
        return output::print_line(&fields.to_string());
    }
    output::print_line("Following fields are ignored:\n")?;
    let text = |object: &Object| yaml::to_string(&object.to_value());
    show_difference(object.name(), &text(object), &text(&left))
}
