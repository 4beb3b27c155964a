//! The projects as they hold: each with what global projects add to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::core::{Expression, Selector, SelectorExt as _};
use serde::Deserialize;
use windlass_object::{Value, yaml};

use crate::types::AppProject;

/// A project whose lists are added to those of every project that a selector takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GlobalProject {
    project: String,
    selector: Selector,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    project_name: String,
    label_selector: Labels,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Labels {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Requirement {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl Requirement {
    fn expression(self) -> Result<Expression, String> {
        let Self { key, operator, values } = self;
        let some = !values.is_empty();
        let values = values.into_iter().collect();
        match (operator.as_str(), some) {
            ("In", true) => Ok(Expression::In(key, values)),
            ("NotIn", true) => Ok(Expression::NotIn(key, values)),
            ("Exists", false) => Ok(Expression::Exists(key)),
            ("DoesNotExist", false) => Ok(Expression::DoesNotExist(key)),
            _ => Err(format!(
                "the operator of {key:?} is {operator:?}: it must be In or NotIn with values, or \
                 Exists or DoesNotExist without"
            )),
        }
    }
}

/// The setting `globalProjects` of `argocd-cm`. What follows an entry that cannot be read does not
/// count, as in Argo CD.
pub(crate) fn globals(text: &str, problems: &mut Vec<String>) -> Vec<GlobalProject> {
    let mut found = Vec::new();
    let mut problem = |error: String| problems.push(format!("globalProjects: {error}"));
    if text.trim().is_empty() {
        return found;
    }
    let entries = yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| error.to_string())
        .and_then(|v| Option::<Vec<Entry>>::deserialize(v).map_err(|error| error.to_string()));
    let entries = entries.unwrap_or_else(|error| {
        problem(error);
        None
    });
    for entry in entries.unwrap_or_default() {
        let Labels { match_labels, match_expressions } = entry.label_selector;
        let equal = match_labels.into_iter().map(|(key, value)| Ok(Expression::Equal(key, value)));
        let others = match_expressions.into_iter().map(Requirement::expression);
        match equal.chain(others).collect::<Result<Vec<_>, _>>() {
            Ok(expressions) => found.push(GlobalProject {
                project: entry.project_name,
                selector: expressions.into_iter().collect(),
            }),
            Err(error) => {
                problem(format!("{}: {error}", entry.project_name));
                break;
            }
        }
    }
    found
}

/// Every project with what global projects add.
pub(crate) fn effective(
    written: &BTreeMap<String, Arc<AppProject>>,
    globals: &[GlobalProject],
) -> BTreeMap<String, Arc<AppProject>> {
    let with = |project: &Arc<AppProject>| {
        let labels = labels(project);
        let mut merged = project.clone();
        let others = globals.iter().filter(|global| global.project != project.name());
        for global in others.filter(|global| global.selector.matches(&labels)) {
            // As in Argo CD: where one is not there, those after it do not count.
            let Some(global) = written.get(&global.project) else { break };
            add(Arc::make_mut(&mut merged), global);
        }
        merged
    };
    written.iter().map(|(name, project)| (name.clone(), with(project))).collect()
}

fn labels(project: &AppProject) -> BTreeMap<String, String> {
    let labels = project.metadata.get("labels").and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn add(project: &mut AppProject, global: &AppProject) {
    let (spec, more) = (&mut project.spec, &global.spec);
    spec.cluster_resource_whitelist.extend_from_slice(&more.cluster_resource_whitelist);
    spec.cluster_resource_blacklist.extend_from_slice(&more.cluster_resource_blacklist);
    if let Some(list) = more.namespace_resource_whitelist.as_ref().filter(|l| !l.is_empty()) {
        spec.namespace_resource_whitelist.get_or_insert_default().extend_from_slice(list);
    }
    spec.namespace_resource_blacklist.extend_from_slice(&more.namespace_resource_blacklist);
    spec.sync_windows.extend_from_slice(&more.sync_windows);
    spec.source_repos.extend_from_slice(&more.source_repos);
    spec.destinations.extend_from_slice(&more.destinations);
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    fn projects(list: &[Value]) -> BTreeMap<String, Arc<AppProject>> {
        let read = |value: &Value| serde_json::from_value::<AppProject>(value.clone()).unwrap();
        list.iter().map(read).map(|p| (p.name().to_owned(), Arc::new(p))).collect()
    }

    #[track_caller]
    fn check(setting: &str, project: &str, expected: &[&str]) {
        let mut problems = Vec::new();
        let globals = globals(setting, &mut problems);
        let all = projects(&[
            json!({"metadata": {"name": "a", "labels": {"opt": "x"}}, "spec": {"sourceRepos": ["a"]}}),
            json!({"metadata": {"name": "b"}, "spec": {"sourceRepos": ["b"]}}),
            json!({"metadata": {"name": "g", "labels": {"opt": "x"}}, "spec": {"sourceRepos": ["g"]}}),
            json!({"metadata": {"name": "h"}, "spec": {"sourceRepos": ["h"]}}),
        ]);
        assert_eq!(effective(&all, &globals)[project].spec.source_repos, expected, "{problems:?}");
    }

    #[test]
    fn lists_are_added_in_order() {
        let both = "- {projectName: h, labelSelector: {matchLabels: {opt: x}}}\n\
                    - {projectName: g, labelSelector: {matchExpressions: [{key: opt, operator: Exists}]}}";
        check(both, "a", &["a", "h", "g"]);
        check(both, "b", &["b"]);
        // A global project is not its own, and may have another.
        check(both, "g", &["g", "h"]);
        check("", "a", &["a"]);
        check("- {projectName: g}", "b", &["b", "g"]);
        check(
            "- {projectName: g, labelSelector: {matchExpressions: [{key: opt, operator: NotIn, values: [x]}]}}",
            "b",
            &["b", "g"],
        );
    }

    #[test]
    fn what_follows_an_entry_that_is_wrong_does_not_count() {
        let absent = "- {projectName: nobody}\n- {projectName: g}";
        check(absent, "a", &["a"]);
        let bad = "- {projectName: h}\n- {projectName: g, labelSelector: {matchExpressions: [{key: k, operator: Is}]}}\n- {projectName: g}";
        check(bad, "a", &["a", "h"]);
        check("{", "a", &["a"]);
    }

    #[test]
    fn allowed_kinds_of_a_global_project_end_that_all_are() {
        let all = projects(&[
            json!({"metadata": {"name": "a"}, "spec": {}}),
            json!({"metadata": {"name": "g"}, "spec": {"namespaceResourceWhitelist": [{"group": "", "kind": "ConfigMap"}]}}),
        ]);
        let globals = globals("- {projectName: g}", &mut Vec::new());
        let list = effective(&all, &globals)["a"].spec.namespace_resource_whitelist.clone();
        assert_eq!(list.map(|list| list.len()), Some(1));
    }
}
