//! Whether what an Application asks for can be done, and may be.

use crate::types::{AppProject, Application, Condition as Shown, ConditionType as Kind, Source};

use super::project::{Place, permits_destination, permits_source};

/// Why the application cannot be delivered as it is written; empty if it can.
pub(crate) fn problems(
    app: &Application,
    project: Option<&AppProject>,
    place: &Result<(String, String), String>,
    owner: &str,
) -> Vec<String> {
    let Some(project) = project else {
        return vec![format!(
            "Application referencing project {} which does not exist",
            app.project()
        )];
    };
    let several = app.spec.has_multiple_sources();
    let sources = app.spec.effective_sources();
    let mut problems = Vec::new();
    if sources.is_empty() {
        problems.push(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
                .to_owned(),
        );
        return problems;
    }
    for source in sources {
        if let Some(problem) = incomplete(source, several) {
            return vec![problem];
        }
        if !permits_source(project, &source.repo_url) {
            problems.push(format!(
                "application repo {} is not permitted in project '{}'",
                source.repo_url,
                app.project()
            ));
        }
    }
    match place {
        Err(error) => problems.push(error.clone()),
        Ok((server, name)) => {
            let namespace = &app.spec.destination.namespace;
            if !permits_destination(project, &Place { server, cluster: name, owner, namespace }) {
                let shown = if app.spec.destination.name.is_empty() { server } else { name };
                problems.push(format!(
                    "application destination server '{shown}' and namespace '{namespace}' do not \
                     match any of the allowed destinations in project '{}'",
                    app.project()
                ));
            }
        }
    }
    problems
}

fn incomplete(source: &Source, several: bool) -> Option<String> {
    let nowhere = source.path.is_empty() && source.chart.is_empty();
    if several && (source.repo_url.is_empty() || (nowhere && source.reference.is_empty())) {
        return Some(format!(
            "spec.source.repoURL and either source.path, source.chart, or source.ref are required \
             for source {}",
            printed(source)
        ));
    }
    if !several && (source.repo_url.is_empty() || nowhere) {
        return Some(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
                .into(),
        );
    }
    (!source.chart.is_empty() && source.target_revision.is_empty()).then(|| {
        "spec.source.targetRevision is required if the manifest source is a helm chart".into()
    })
}

/// A source as Argo CD's message prints it; of options only whether there are any.
fn printed(source: &Source) -> String {
    let set = |is_set: bool| if is_set { "set" } else { "nil" };
    format!(
        "{{{} {} {} {} {} {} {} {} {} {}}}",
        source.repo_url,
        source.path,
        source.target_revision,
        set(source.helm.is_some()),
        set(source.kustomize.is_some()),
        set(source.directory.is_some()),
        set(source.plugin.is_some()),
        source.chart,
        source.reference,
        source.name
    )
}

/// Fields that are set and do nothing yet, one warning for all.
pub(crate) fn unsupported(app: &Application, options: &[&str]) -> Option<Shown> {
    let mut fields = Vec::new();
    for (i, source) in app.spec.effective_sources().iter().enumerate() {
        let place = if app.spec.has_multiple_sources() {
            format!("spec.sources[{i}]")
        } else {
            "spec.source".to_owned()
        };
        fields.extend(source.unsupported().into_iter().map(|field| format!("{place}.{field}")));
    }
    fields.extend(app.spec.rest.keys().map(|field| format!("spec.{field}")));
    if let Some(policy) = &app.spec.sync_policy {
        fields.extend(policy.rest.keys().map(|field| format!("spec.syncPolicy.{field}")));
    }
    fields.extend(options.iter().map(|option| format!("sync option {option}")));
    fields.sort();
    fields.dedup();
    (!fields.is_empty()).then(|| Shown {
        kind: Kind::NotSupportedWarning,
        message: format!(
            "not supported by Windlass yet, and without effect: {}",
            fields.join(", ")
        ),
        last_transition_time: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(spec: &serde_json::Value, expected: &[&str]) {
        let app: Application =
            serde_json::from_value(json!({"metadata": {"name": "a"}, "spec": spec})).unwrap();
        let place = Ok(("https://kubernetes.default.svc".into(), "in-cluster".into()));
        let found = problems(&app, Some(&AppProject::default_project()), &place, "");
        assert_eq!(found, expected);
    }

    #[test]
    fn incomplete_specs_are_refused_in_argo_cds_words() {
        let source = json!({"repoURL": "https://host/a", "path": "."});
        check(&json!({"source": source, "destination": {"namespace": "n"}}), &[]);
        let required =
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required";
        check(&json!({}), &[required]);
        check(&json!({"source": {"repoURL": "https://host/a"}}), &[required]);
    }
}
