//! Which changes of live objects concern nobody: `ignoreResourceUpdates` of `argocd-cm`.
//!
//! An object that an application manages, that is itself an Application, or that asks for it by an
//! annotation is looked at without the fields that rules name. A change that leaves the rest and
//! the health as they were wakes no application.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use windlass_cluster::Identity;
use windlass_engine::ignore::{Jq, Rules};
use windlass_engine::normalize::{IgnoreDifferences as _, IgnoreStatus};
use windlass_object::{Object, Value, yaml};

use super::ignored;
use crate::customizations::truth;
use crate::types::{GROUP, IgnoreDifference};

const ENABLED: &str = "resource.ignoreResourceUpdatesEnabled";
const ANNOTATION: &str = "argocd.argoproj.io/ignore-resource-updates";
/// What every write changes.
const ALWAYS: [&str; 3] =
    ["/metadata/resourceVersion", "/metadata/generation", "/metadata/managedFields"];

/// The rules of the settings, unless they are switched off.
pub(crate) fn read(
    config: &BTreeMap<String, String>,
    problems: &mut Vec<String>,
) -> Option<Vec<IgnoreDifference>> {
    match config.get(ENABLED).map_or("", |text| text.trim()) {
        "" => {}
        text => match truth(text) {
            Some(true) => {}
            Some(false) => return None,
            None => problems.push(format!("{ENABLED}: {text:?} is neither true nor false")),
        },
    }
    let mut rules = ignored::read("ignoreResourceUpdates", config, problems);
    for rule in &rules {
        for path in &rule.jq_path_expressions {
            if let Err(error) = Jq::compile(path, Jq::BOUND) {
                problems.push(format!("ignoreResourceUpdates of {}: {error}", rule.kind));
            }
        }
    }
    let options = config.get("resource.compareoptions").map_or("", String::as_str);
    let options = yaml::parse_one(options.as_bytes(), &yaml::Options::default());
    let options = options.unwrap_or_default();
    let mut pointers = ALWAYS.map(str::to_owned).to_vec();
    // What is not compared concerns nobody, unless it is said otherwise.
    if options.get("ignoreDifferencesOnResourceUpdates").and_then(Value::as_bool) != Some(false) {
        // Told already where differences are read.
        rules.extend(ignored::read("ignoreDifferences", config, &mut Vec::new()));
        let status = options.get("ignoreResourceStatusField").and_then(Value::as_str);
        match IgnoreStatus::parse(status.unwrap_or_default()) {
            IgnoreStatus::All => pointers.push("/status".to_owned()),
            IgnoreStatus::Crd => rules.push(IgnoreDifference {
                group: "apiextensions.k8s.io".to_owned(),
                kind: "CustomResourceDefinition".to_owned(),
                json_pointers: vec!["/status".to_owned()],
                ..IgnoreDifference::default()
            }),
            IgnoreStatus::Never => {}
        }
    }
    rules.push(IgnoreDifference {
        group: "*".to_owned(),
        kind: "*".to_owned(),
        json_pointers: pointers,
        ..IgnoreDifference::default()
    });
    Some(rules)
}

/// Tells by digests whether a change concerns anybody.
pub(crate) struct Updates(Option<Rules>);

impl Updates {
    /// By the rules of the settings, with this bound of paths; paths that cannot be read are left out.
    pub(crate) fn new(rules: Option<&[IgnoreDifference]>, bound: Duration) -> Self {
        let jq = |path: &str| Jq::compile(path, bound).ok().map(Arc::new);
        Self(rules.map(|rules| Rules {
            rules: rules.iter().map(|rule| rule.rule(&jq)).collect(),
            problem: None,
        }))
    }

    /// Whether rules apply to an object, which some application marks as its own or none does.
    pub(crate) fn concern(&self, identity: &Identity<'_>, marked: bool) -> bool {
        let is_application = || identity.kind.group == GROUP && identity.kind.kind == "Application";
        let asks = || {
            let word = identity.annotations.get(ANNOTATION);
            word.and_then(|word| truth(word)) == Some(true)
        };
        self.0.is_some() && (marked || is_application() || asks())
    }

    /// The digest of what is left of an object without the ignored fields.
    pub(crate) fn digest(&self, mut object: Object) -> Option<u64> {
        let rules = self.0.as_ref()?;
        rules.strip(&mut object);
        let mut hasher = DefaultHasher::new();
        hasher.write(&serde_json::to_vec(&object).ok()?);
        Some(hasher.finish())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap();
        Object::try_from(value).unwrap()
    }

    fn updates(pairs: &[(&str, &str)]) -> Updates {
        let config = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut problems = Vec::new();
        let rules = read(&config, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        Updates::new(rules.as_deref(), Jq::BOUND)
    }

    /// Whether the change from one Deployment to the other concerns anybody.
    #[track_caller]
    fn check(config: &[(&str, &str)], before: &str, after: &str, concerns: bool) {
        let updates = updates(config);
        let digest = |fields: &str| {
            let head = "apiVersion: apps/v1\nkind: Deployment\n";
            updates.digest(object(&format!("{head}{fields}")))
        };
        let (before, after) = (digest(before), digest(after));
        assert_eq!(before.is_none() || before != after, concerns, "{config:?}");
    }

    const META: &str = "metadata: {name: a, resourceVersion: '1', generation: 1}\n";
    const LATER: &str = "metadata: {name: a, resourceVersion: '2', generation: 2, \
                         managedFields: [{manager: x}]}\n";

    #[test]
    fn what_every_write_changes_concerns_nobody() {
        check(&[], META, LATER, false);
        check(&[("resource.ignoreResourceUpdatesEnabled", "false")], META, META, true);
        check(&[], META, &format!("{META}spec: {{replicas: 2}}\n"), true);
    }

    #[test]
    fn what_is_not_compared_concerns_nobody_unless_said_otherwise() {
        let [one, two] = ["1", "2"].map(|n| format!("{META}status: {{replicas: {n}}}\n"));
        let (one, two) = (one.as_str(), two.as_str());
        check(&[], one, two, false);
        let key = "resource.compareoptions";
        check(&[(key, "ignoreResourceStatusField: none")], one, two, true);
        check(&[(key, "ignoreResourceStatusField: crd")], one, two, true);
        let apart = (key, "ignoreDifferencesOnResourceUpdates: false");
        check(&[apart], one, two, true);
        let all = ("resource.customizations.ignoreResourceUpdates.all", "jsonPointers: [/status]");
        check(&[apart, all], one, two, false);

        let [one, two] = ["1", "2"].map(|n| format!("{META}spec: {{replicas: {n}}}\n"));
        let (one, two) = (one.as_str(), two.as_str());
        let differences = (
            "resource.customizations.ignoreDifferences.apps_Deployment",
            "jsonPointers: [/spec/replicas]",
        );
        check(&[differences], one, two, false);
        check(&[differences, apart], one, two, true);
    }

    #[test]
    fn rules_are_by_kind_and_in_all_forms() {
        let [one, two] = ["1", "2"].map(|n| format!("{META}spec: {{replicas: {n}}}\n"));
        let (one, two) = (one.as_str(), two.as_str());
        let prefix = "resource.customizations.ignoreResourceUpdates";
        let rule = "jqPathExpressions: [.spec.replicas]";
        for (kind, concerns) in [
            ("apps_Deployment", false),
            ("all", false),
            ("apps_*", false),
            ("*_Deployment", false),
            ("apps_StatefulSet", true),
            ("Deployment", true),
        ] {
            check(&[(&format!("{prefix}.{kind}"), rule)], one, two, concerns);
        }
        let map = "apps/Deployment:\n  ignoreResourceUpdates: |\n    jsonPointers: [/spec]\n";
        check(&[("resource.customizations", map)], one, two, false);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let key = |kind: &str| format!("resource.customizations.ignoreResourceUpdates.{kind}");
        let config = BTreeMap::from([
            (ENABLED.to_owned(), "perhaps".to_owned()),
            (key("Pod"), "jqPathExpressions: ['.a[']".to_owned()),
            (key("Secret"), "7".to_owned()),
        ]);
        let mut problems = Vec::new();
        assert!(read(&config, &mut problems).is_some(), "they stay switched on");
        assert_eq!(problems.len(), 3, "{problems:#?}");
    }
}
