//! Fields that `argocd-cm` ignores in all applications.

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_engine::compare::Comparison;
use windlass_engine::ignore::Rule;
use windlass_object::{Object, Value, yaml};

use crate::types::IgnoreDifference;

/// Reads `resource.customizations.<purpose>.<group>_<Kind>` (or `.all`), and the map
/// `resource.customizations` with keys `<group>/<Kind>`; the purpose is `ignoreDifferences` or
/// `ignoreResourceUpdates`. What cannot be read is a problem.
pub(crate) fn read(
    purpose: &str,
    config: &BTreeMap<String, String>,
    problems: &mut Vec<String>,
) -> Vec<IgnoreDifference> {
    let mut rules = Vec::new();
    let prefix = format!("resource.customizations.{purpose}.");
    for (key, text) in config {
        let Some(kind) = key.strip_prefix(&prefix) else { continue };
        let (group, kind) = match kind {
            "all" => ("*", "*"),
            _ => kind.rsplit_once('_').unwrap_or(("", kind)),
        };
        add(key, group, kind, text, &mut rules, problems);
    }
    let Some(text) = config.get("resource.customizations") else { return rules };
    // That the map cannot be read is told where its health checks are read.
    let map = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap_or_default();
    for (key, value) in map.as_object().into_iter().flatten() {
        let Some(text) = value.get(purpose).and_then(Value::as_str) else { continue };
        let (group, kind) = match key.as_str() {
            "*/*" | "all" => ("*", "*"),
            _ => key.rsplit_once('/').unwrap_or(("", key)),
        };
        add(key, group, kind, text, &mut rules, problems);
    }
    rules
}

/// What of the application's rules matches nothing, so that they do not do what somebody meant. Told
/// only where all objects of the application are there: a field may come with an object.
pub(crate) fn idle(rules: &[(usize, Rule)], comparison: &Comparison) -> Option<String> {
    let wanted = comparison.resources.iter().filter(|resource| resource.target.is_some());
    let complete = comparison.resources.iter().any(|resource| resource.target.is_some())
        && wanted.clone().all(|resource| resource.live.is_some());
    if rules.is_empty() || !complete {
        return None;
    }
    let objects: Vec<&Object> = wanted
        .flat_map(|resource| resource.target.iter().chain(&resource.live))
        .map(AsRef::as_ref)
        .collect();
    let mut idle = Vec::new();
    for (i, rule) in rules {
        idle.extend(
            rule.idle(&objects)
                .into_iter()
                .map(|what| format!("spec.ignoreDifferences[{i}]: {what}")),
        );
    }
    (!idle.is_empty())
        .then(|| format!("rules of ignoreDifferences that match nothing: {}", idle.join("; ")))
}

fn add(
    key: &str,
    group: &str,
    kind: &str,
    text: &str,
    rules: &mut Vec<IgnoreDifference>,
    problems: &mut Vec<String>,
) {
    let read = yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| error.to_string())
        .and_then(|value| Fields::deserialize(value).map_err(|error| error.to_string()));
    match read {
        Ok(fields) => rules.push(IgnoreDifference {
            group: group.to_owned(),
            kind: kind.to_owned(),
            json_pointers: fields.json_pointers,
            jq_path_expressions: fields.jq_path_expressions,
            managed_fields_managers: fields.managed_fields_managers,
            ..IgnoreDifference::default()
        }),
        Err(error) => problems.push(format!("{key}: {error}")),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    json_pointers: Vec<String>,
    jq_path_expressions: Vec<String>,
    managed_fields_managers: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_keys() {
        let prefix = "resource.customizations.ignoreDifferences.";
        let config = BTreeMap::from([
            (format!("{prefix}apps_Deployment"), "jsonPointers: [/spec/replicas]".to_owned()),
            (format!("{prefix}all"), "managedFieldsManagers: [hpa]".to_owned()),
            (format!("{prefix}ConfigMap"), "jqPathExpressions: 3".to_owned()),
            (
                "resource.customizations".to_owned(),
                "batch/Job:\n  ignoreDifferences: |\n    jqPathExpressions: [.spec]\n".to_owned(),
            ),
        ]);
        let mut problems = Vec::new();
        let rules = read("ignoreDifferences", &config, &mut problems);
        let kinds: Vec<_> = rules.iter().map(|r| format!("{}/{}", r.group, r.kind)).collect();
        assert_eq!(kinds, ["*/*", "apps/Deployment", "batch/Job"]);
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}
