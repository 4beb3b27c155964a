//! The command that Argo CD would run for a chart, as its messages tell it.

use windlass_helm::KubeVersion;

use super::Input;
use super::values::{Found, clean};
use crate::diagnostic::INLINE_VALUES;

impl Input<'_> {
    /// In backquotes. As Argo CD does it, what the cluster serves is cut out, with the last backquote
    /// where nothing follows.
    pub(crate) fn command(&self) -> String {
        let (options, installation) = (self.options, &self.spec.installation);
        let either = |one: &str, other: &str| if one.is_empty() { other } else { one }.to_owned();
        let mut words: Vec<String> =
            ["helm", "template", ".", "--name-template"].map(Into::into).into();
        words.push(either(&options.release_name, &installation.name));
        let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
        let namespace = either(&options.namespace, &installation.namespace);
        if !namespace.is_empty() {
            flag("--namespace", namespace);
        }
        if let Some(version) = self.kubernetes() {
            flag("--kube-version", version);
        }
        for (name, is_text) in [("--set", false), ("--set-string", true)] {
            for parameter in options.parameters.iter().filter(|p| p.force_string == is_text) {
                let value = clean(&self.environment.substitute(&parameter.value));
                flag(name, format!("{}={value}", parameter.name));
            }
        }
        for parameter in &options.file_parameters {
            for file in self.named(&parameter.path, false) {
                flag("--set-file", format!("{}={file}", parameter.name));
            }
        }
        for path in &options.value_files {
            for file in self.named(path, options.ignore_missing_value_files) {
                flag("--values", file);
            }
        }
        if options.has_values() {
            flag("--values", INLINE_VALUES.to_owned());
        }
        let more: Vec<&str> = [
            (!options.skip_crds, "--include-crds"),
            (options.skip_schema_validation, "--skip-schema-validation"),
            (options.skip_tests, "--skip-tests"),
        ]
        .into_iter()
        .filter_map(|(is_given, flag)| is_given.then_some(flag))
        .collect();
        let end = match (self.serves_something(), more.is_empty()) {
            (true, true) => " <api versions removed>".to_owned(),
            (true, false) => format!(" <api versions removed> {}`", more.join(" ")),
            (false, true) => "`".to_owned(),
            (false, false) => format!(" {}`", more.join(" ")),
        };
        format!("`{}{end}", words.join(" "))
    }

    /// The version of Kubernetes: of a cluster without the patch.
    fn kubernetes(&self) -> Option<String> {
        let given = &self.options.kube_version;
        if !given.is_empty() {
            let parsed = KubeVersion::parse(given).ok()?;
            return Some(parsed.text().trim_start_matches('v').to_owned());
        }
        let version = &self.given.cluster()?.ok()?.kubernetes;
        Some(version.split('.').take(2).collect::<Vec<_>>().join("."))
    }

    fn serves_something(&self) -> bool {
        let of_cluster = || self.given.cluster().and_then(Result::ok);
        !self.options.api_versions.is_empty() || of_cluster().is_some_and(|c| !c.apis.is_empty())
    }

    /// A file by its place, unless it is not there and need not be.
    fn named(&self, raw: &str, may_lack: bool) -> Vec<String> {
        let found = self.files(raw, false).unwrap_or_default();
        let name = |found: Found| match found {
            Found::File(name, _) => Some(name),
            Found::Missing(name) => Some(name).filter(|_| !may_lack),
        };
        found.into_iter().filter_map(name).collect()
    }
}
