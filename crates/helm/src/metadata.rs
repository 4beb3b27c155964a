//! `Chart.yaml` and what is like it: read as Go decodes it, checked as Helm does.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_semver::Version;

use crate::decode::{DecodeError, Decoder};

/// `Chart.yaml`. Absent texts are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The chart's name.
    pub name: String,
    /// Home page.
    pub home: String,
    /// Where its source is.
    pub sources: Vec<String>,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Who maintains it.
    pub maintainers: Vec<Maintainer>,
    /// URL of an image.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// Path in values that enables it.
    pub condition: String,
    /// Its tags.
    pub tags: String,
    /// Version of what it installs.
    pub app_version: String,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Free annotations.
    pub annotations: BTreeMap<String, String>,
    /// Constraint on Kubernetes' version.
    pub kube_version: String,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// `type`: `application`, `library` or empty.
    pub kind: String,
    /// Where a null stands for a maintainer.
    pub no_maintainer: Option<usize>,
    /// Whether `dependencies` is a list, be it an empty one.
    pub lists_dependencies: bool,
    /// Whether `annotations` is a mapping, be it an empty one.
    pub has_annotations: bool,
    /// Where a null stands for a dependency.
    pub no_dependency: Option<usize>,
}

/// A maintainer of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Page.
    pub url: String,
}

/// What a chart depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependency {
    /// Name of the chart.
    pub name: String,
    /// Constraint on its version.
    pub version: String,
    /// Where to get it: `https://`, `oci://`, `file://`, `@name` or `alias:name`.
    pub repository: String,
    /// Paths in values, separated by commas; the first that is a boolean decides.
    pub condition: String,
    /// Tags that switch it on or off.
    pub tags: Vec<String>,
    /// Whether it is enabled; only what is rendered has it.
    pub enabled: bool,
    /// `import-values`: keys below `exports`, or mappings of `child` to `parent`.
    pub import_values: Vec<Value>,
    /// Name to use in its place.
    pub alias: String,
}

/// `Chart.lock`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// When it was written, RFC 3339.
    pub generated: String,
    /// Digest of the dependencies that it was made of.
    pub digest: String,
    /// The versions that were chosen.
    pub dependencies: Vec<Dependency>,
}

impl Metadata {
    /// The fields of `Chart.yaml`, in the order of Helm's struct.
    pub const FIELDS: [&'static str; 17] = [
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];

    /// The fields of a maintainer.
    const MAINTAINER: [&'static str; 3] = ["name", "email", "url"];
    /// The fields of a dependency.
    const DEPENDENCY: [&'static str; 8] =
        ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

    /// The first key of a `Chart.yaml` that is no field, as Go finds it: keys are taken in order, and
    /// without regard to case.
    pub(crate) fn unknown(document: &Value) -> Option<&str> {
        let below = |name: &str| match name {
            "maintainers" => &Self::MAINTAINER[..],
            "dependencies" => &Self::DEPENDENCY[..],
            _ => &[],
        };
        let knows = |fields: &[&str], key: &str| fields.iter().any(|f| f.eq_ignore_ascii_case(key));
        let mut sorted: Vec<_> = document.as_object()?.iter().collect();
        sorted.sort_by_key(|(key, _)| *key);
        sorted.into_iter().find_map(|(key, value)| {
            if !knows(&Self::FIELDS, key) {
                return Some(key.as_str());
            }
            let fields = below(&key.to_lowercase());
            let items = value.as_array().filter(|_| !fields.is_empty()).into_iter().flatten();
            items.filter_map(Value::as_object).find_map(|item| {
                let mut keys: Vec<_> = item.keys().map(String::as_str).collect();
                keys.sort_unstable();
                keys.into_iter().find(|key| !knows(fields, key))
            })
        })
    }

    /// Reads into `self`, as Go decodes: what the document does not name stays.
    pub(crate) fn read(&mut self, document: &Value) -> Result<(), DecodeError> {
        let mut d = Decoder::new("Metadata");
        d.object("v2.Metadata", document, |d, key, value| match key {
            "name" => d.string(&mut self.name, value),
            "home" => d.string(&mut self.home, value),
            "sources" => d.strings(&mut self.sources, value),
            "version" => d.string(&mut self.version, value),
            "description" => d.string(&mut self.description, value),
            "keywords" => d.strings(&mut self.keywords, value),
            "maintainers" => {
                self.no_maintainer = first_null(value);
                d.list("[]*v2.Maintainer", &mut self.maintainers, value, maintainer);
            }
            "icon" => d.string(&mut self.icon, value),
            "apiversion" => d.string(&mut self.api_version, value),
            "condition" => d.string(&mut self.condition, value),
            "tags" => d.string(&mut self.tags, value),
            "appversion" => d.string(&mut self.app_version, value),
            "deprecated" => d.bool(&mut self.deprecated, value),
            "annotations" => {
                self.has_annotations |= value.is_object();
                d.string_map(&mut self.annotations, value);
            }
            "kubeversion" => d.string(&mut self.kube_version, value),
            "dependencies" => {
                self.no_dependency = first_null(value);
                self.lists_dependencies |= value.is_array();
                d.list("[]*v2.Dependency", &mut self.dependencies, value, dependency);
            }
            "type" => d.string(&mut self.kind, value),
            _ => {}
        });
        d.finish()
    }

    /// What Helm checks before it takes a chart, texts made printable on the way.
    pub(crate) fn validate(&mut self) -> Result<(), String> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(sanitize);
        let quoted = windlass_gotemplate::fmt::quote;
        let fail = |what: &str| Err(format!("validation: {what}"));
        if self.api_version.is_empty() {
            return fail("chart.metadata.apiVersion is required");
        }
        if self.name.is_empty() {
            return fail("chart.metadata.name is required");
        }
        if self.name == "." || self.name == ".." {
            return fail(&format!("chart.metadata.name {} is not allowed", quoted(&self.name)));
        }
        if self.name.contains('/') {
            return fail(&format!("chart.metadata.name {} is invalid", quoted(&self.name)));
        }
        if self.version.is_empty() {
            return fail("chart.metadata.version is required");
        }
        if Version::parse(&self.version).is_err() {
            return fail(&format!("chart.metadata.version {} is invalid", quoted(&self.version)));
        }
        if !matches!(&*self.kind, "" | "application" | "library") {
            return fail("chart.metadata.type must be application or library");
        }
        if self.no_maintainer.is_some() {
            return fail("maintainers must not contain empty or null nodes");
        }
        for m in &mut self.maintainers {
            [&mut m.name, &mut m.email, &mut m.url].into_iter().for_each(sanitize);
        }
        let mut seen = std::collections::BTreeSet::new();
        for (at, d) in self.dependencies.iter_mut().enumerate() {
            if self.no_dependency == Some(at) {
                return fail("dependencies must not contain empty or null nodes");
            }
            [&mut d.name, &mut d.version, &mut d.repository, &mut d.condition]
                .into_iter()
                .for_each(sanitize);
            d.tags.iter_mut().for_each(sanitize);
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !d.alias.chars().all(plain) {
                let name = quoted(&d.name);
                return fail(&format!("dependency {name} has disallowed characters in the alias"));
            }
            let key = if d.alias.is_empty() { &d.name } else { &d.alias };
            if !seen.insert(key.clone()) {
                let key = quoted(key);
                return fail(&format!("more than one dependency with name or alias {key}"));
            }
        }
        Ok(())
    }
}

impl Lock {
    pub(crate) fn read(document: &Value) -> Result<Self, DecodeError> {
        let mut lock = Self::default();
        let mut d = Decoder::new("Lock");
        d.object("v2.Lock", document, |d, key, value| match key {
            "generated" => d.string(&mut lock.generated, value),
            "digest" => d.string(&mut lock.digest, value),
            "dependencies" => {
                d.list("[]*v2.Dependency", &mut lock.dependencies, value, dependency);
            }
            _ => {}
        });
        d.finish().map(|()| lock)
    }
}

/// Where in a list a null stands for an entry.
fn first_null(list: &Value) -> Option<usize> {
    list.as_array()?.iter().position(Value::is_null)
}

fn maintainer(d: &mut Decoder, document: &Value) -> Maintainer {
    let mut out = Maintainer::default();
    d.object("v2.Maintainer", document, |d, key, value| match key {
        "name" => d.string(&mut out.name, value),
        "email" => d.string(&mut out.email, value),
        "url" => d.string(&mut out.url, value),
        _ => {}
    });
    out
}

fn dependency(d: &mut Decoder, document: &Value) -> Dependency {
    let mut out = Dependency::default();
    d.object("v2.Dependency", document, |d, key, value| match key {
        "name" => d.string(&mut out.name, value),
        "version" => d.string(&mut out.version, value),
        "repository" => d.string(&mut out.repository, value),
        "condition" => d.string(&mut out.condition, value),
        "tags" => d.strings(&mut out.tags, value),
        "enabled" => d.bool(&mut out.enabled, value),
        "import-values" => {
            d.list("[]interface {}", &mut out.import_values, value, |_, v| v.clone());
        }
        "alias" => d.string(&mut out.alias, value),
        _ => {}
    });
    out
}

/// Every kind of blank becomes a space, what cannot be printed goes.
fn sanitize(text: &mut String) {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
    };
    if text.chars().any(|c| c != ' ' && (c.is_whitespace() || hidden(c))) {
        let kept = text.chars().filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if hidden(c) => None,
            c => Some(c),
        });
        *text = kept.collect();
    }
}
