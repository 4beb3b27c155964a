//! The notes on where resources came from and what changed them, and what else marks the output.

use windlass_object::Value;
use windlass_object::yaml;

use crate::remote::RepoSpec;
use crate::resource::{Origin, Resource};

/// Where a resource came from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// What changed it.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The path of a repository's own root.
const NOT_CLONED: &str = "notCloned";

/// Annotations that are of use only during a build.
const INTERNAL: [&str; 19] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

impl Origin {
    /// The origin of what `path` names in the kustomization at this one.
    #[must_use]
    pub fn append(&self, path: &str) -> Self {
        let mut out = self.clone();
        if let Ok(spec) = RepoSpec::parse(path) {
            out.repo = spec.repository;
            out.reference = spec.reference;
            // kustomize takes the name of the place of what is not cloned yet for a path there.
            out.path = match spec.path.trim_matches('/') {
                "" | "." => NOT_CLONED.to_owned(),
                _ => clean(&spec.path),
            };
        } else {
            out.path = clean(&format!("{}/{path}", self.path));
        }
        out
    }

    /// A built-in generator or transformer of the kustomization `file` at this origin.
    #[must_use]
    pub fn configured(&self, file: &str, kind: &str) -> Self {
        Self {
            path: String::new(),
            configured_in: clean(&format!("{}/{file}", self.path)),
            configured_by: ["builtin", kind, "", ""].map(str::to_owned),
            ..self.clone()
        }
    }

    /// As an annotation holds it.
    pub(crate) fn text(&self) -> String {
        self.print("", "")
    }

    /// As YAML, each line behind `indent`.
    fn print(&self, first: &str, indent: &str) -> String {
        let mut lines = Vec::new();
        let mut line = |depth: &str, name: &str, value: &str| {
            if !value.is_empty() {
                let value = yaml::to_string(&Value::String(value.to_owned()));
                lines.push(format!("{depth}{name}: {}", value.trim_end()));
            }
        };
        line("", "path", &self.path);
        line("", "repo", &self.repo);
        line("", "ref", &self.reference);
        line("", "configuredIn", &self.configured_in);
        if self.configured_by.iter().any(|text| !text.is_empty()) {
            let mut by = Vec::new();
            for (name, value) in
                ["apiVersion", "kind", "name", "namespace"].iter().zip(&self.configured_by)
            {
                if !value.is_empty() {
                    let value = yaml::to_string(&Value::String(value.clone()));
                    by.push(format!("  {name}: {}", value.trim_end()));
                }
            }
            lines.push("configuredBy:".to_owned());
            lines.extend(by);
        }
        let mut out = String::new();
        for (number, line) in lines.iter().enumerate() {
            out.push_str(if number == 0 { first } else { indent });
            out.push_str(line);
            out.push('\n');
        }
        if lines.is_empty() {
            out.push_str(first);
            out.push_str("{}\n");
        }
        out
    }
}

impl Resource {
    /// What changed it, as an annotation holds it.
    pub(crate) fn transformations_text(&self) -> Option<String> {
        let list = &self.transformations;
        (!list.is_empty()).then(|| list.iter().map(|by| by.print("- ", "  ")).collect())
    }
}

/// Go's `filepath.Clean` for relative paths that may begin with `..`.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Writes the notes that are wanted as annotations and takes away what only the build needed.
pub(crate) fn finish(resource: &mut Resource, origins: bool, transformations: bool) {
    let mut annotations = resource.annotations();
    // A value that is not there is no word.
    if let Some(fields) = resource.value.pointer("/metadata/annotations").and_then(Value::as_object)
    {
        for (key, _) in fields.iter().filter(|(_, v)| v.is_null()) {
            annotations.insert(key.clone(), String::new());
        }
    }
    for name in INTERNAL {
        annotations.remove(name);
    }
    if !origins {
        annotations.remove(ORIGIN);
    } else if let Some(origin) = &resource.origin {
        annotations.insert(ORIGIN.to_owned(), origin.text());
    }
    if !transformations {
        annotations.remove(TRANSFORMATIONS);
    } else if let Some(list) = resource.transformations_text() {
        annotations.insert(TRANSFORMATIONS.to_owned(), list);
    }
    if annotations.is_empty() && resource.value.get("metadata").is_none() {
        return;
    }
    resource.set_annotations(annotations);
}
