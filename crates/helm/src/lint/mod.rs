//! `helm lint`: what is wrong with a chart, and what breaks with convention. Rules, their order and
//! their words are Helm 4.3.1's.

mod chartfile;
mod deprecation;
mod names;
mod object;
mod templates;

use std::fmt;

use serde_json::Value as Json;
use windlass_gotemplate::Value;
use windlass_object::yaml;
use windlass_sprig::Environment;
use windlass_tree::{Entry, EntryKind, Tree, TreePath, resolve};

use self::object::Object;
use crate::capabilities::KubeVersion;
use crate::chart::Chart;
use crate::decode::DecodeError;
use crate::log::Log;
use crate::schema::{self, Schemas};
use crate::scope;
use crate::values::{Values, yaml_error};

/// The longest file that is looked at.
const MAX_FILE: u64 = 20 << 20;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Against convention.
    Warning,
    /// It will not work.
    Error,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The file, or what else it is about.
    pub path: String,
    /// What.
    pub text: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.text)
    }
}

/// A chart to look at.
#[derive(Clone, Debug)]
pub struct Lint<'a> {
    /// The tree that it is in.
    pub tree: &'a dyn Tree,
    /// Its directory there.
    pub at: &'a TreePath,
    /// What to call the directory.
    pub shown: &'a str,
    /// Values beside the chart's own.
    pub values: &'a Values,
    /// The release's namespace.
    pub namespace: &'a str,
    /// Kubernetes' version; none is Helm's own.
    pub kube_version: Option<KubeVersion>,
    /// Whether values are not checked against schemas.
    pub skip_schema_validation: bool,
    /// Schemas that others refer to by URL.
    pub schemas: Schemas,
    /// Where what is legal and probably not meant is told, and what `required` and `fail` let pass.
    pub log: Log,
    /// The time and the seed of random draws.
    pub environment: Environment,
}

/// Messages as they come.
#[derive(Default)]
struct Findings(Vec<Message>);

impl Findings {
    /// Takes a rule's answer; whether the rule holds.
    fn rule(&mut self, severity: Severity, path: &str, result: Result<(), String>) -> bool {
        let Err(text) = result else { return true };
        self.0.push(Message { severity, path: path.to_owned(), text });
        false
    }
}

impl Lint<'_> {
    /// Looks at the chart.
    pub fn run(&self) -> Vec<Message> {
        let mut findings = Findings::default();
        chartfile::lint(self, &mut findings);
        let given = scope::to_value(self.values);
        self.values(&given, &mut findings);
        templates::lint(self, &given, &mut findings);
        self.dependencies(&mut findings);
        self.crds(&mut findings);
        findings.0
    }

    fn entry(&self, name: &str) -> Option<(TreePath, Entry)> {
        resolve(self.tree, &self.at.join(name).ok()?).ok()
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let missing = || format!("open {}/{name}: no such file or directory", self.shown);
        let (path, entry) = self.entry(name).ok_or_else(missing)?;
        if entry.kind == EntryKind::Directory {
            return Err(format!("read {}/{name}: is a directory", self.shown));
        }
        let bytes = self.tree.read(&path, MAX_FILE).map_err(|e| e.to_string())?;
        Ok(bytes.to_vec())
    }

    fn load(&self) -> Result<Chart, String> {
        let mut warnings = Vec::new();
        let chart = Chart::load_any(self.tree, self.at, &mut warnings);
        warnings.into_iter().for_each(|warning| self.log.info(warning));
        chart.map_err(|error| error.to_string())
    }

    fn values(&self, given: &Value, findings: &mut Findings) {
        let file = "values.yaml";
        let there = self.entry(file).map(|_| ()).ok_or_else(|| "file does not exist".to_owned());
        if findings.rule(Severity::Info, file, there) {
            findings.rule(Severity::Error, file, self.values_file(given));
        }
    }

    /// The top chart's own values with those given, against its own schema. As in Helm, tables of
    /// those given take what the chart's have, and what is null there is gone for good.
    fn values_file(&self, given: &Value) -> Result<(), String> {
        let text = self.read("values.yaml")?;
        let document = yaml::first(&text, &yaml::Options::values());
        let document = document.map_err(|e| format!("unable to parse YAML: {}", yaml_error(&e)))?;
        let own = match document {
            Json::Object(_) | Json::Null => Values::from_document(document),
            other => Err(DecodeError::no("common.Values", &other)),
        };
        let own = own.map_err(|e| format!("unable to parse YAML: {e}"))?;
        let all = scope::over(given, &own, &self.log);
        let Ok(schema) = self.read("values.schema.json") else { return Ok(()) };
        if schema.is_empty() || self.skip_schema_validation {
            return Ok(());
        }
        schema::against(&schema, &all, &self.schemas)
    }

    fn dependencies(&self, findings: &mut Findings) {
        let chart = match self.load() {
            Ok(chart) => chart,
            Err(error) => {
                let text = format!("unable to load chart\n\t{error}");
                findings.rule(Severity::Error, "", Err(text));
                return;
            }
        };
        let listed = &chart.metadata.dependencies;
        let told = |what: &str, names: Vec<&str>| match names.as_slice() {
            [] => Ok(()),
            names => Err(format!("{what}: {}", names.join(","))),
        };
        let unlisted = chart.dependencies.iter().map(Chart::name);
        let unlisted = unlisted.filter(|name| !listed.iter().any(|d| d.name == *name)).collect();
        let what = "chart metadata is missing these dependencies";
        findings.rule(Severity::Error, self.shown, told(what, unlisted));
        let mut seen = std::collections::BTreeSet::new();
        let keys = listed.iter().map(|d| if d.alias.is_empty() { &*d.name } else { &*d.alias });
        let twice = keys.filter(|key| !seen.insert(*key)).collect();
        let what = "multiple dependencies with name or alias";
        findings.rule(Severity::Error, self.shown, told(what, twice));
        let what = "chart directory is missing these dependencies";
        let missing = chart.missing_dependencies();
        findings.rule(Severity::Warning, self.shown, told(what, missing));
    }

    fn crds(&self, findings: &mut Findings) {
        let Some((_, entry)) = self.entry("crds") else { return };
        let is_dir = entry.kind == EntryKind::Directory;
        let checked = is_dir.then_some(()).ok_or_else(|| "not a directory".to_owned());
        if !findings.rule(Severity::Error, "crds/", checked) {
            return;
        }
        let chart = match self.load() {
            Ok(chart) => chart,
            Err(error) => {
                findings.rule(Severity::Error, "crds/", Err(error));
                return;
            }
        };
        for crd in chart.crds() {
            let parsed = yaml::parse(&crd.data, &yaml::Options::texts());
            for document in parsed.documents.iter().filter(|d| !d.value.is_null()) {
                let object = match Object::read(&document.value) {
                    Ok(object) => object,
                    Err(error) => {
                        findings.rule(Severity::Error, &crd.name, Err(error));
                        return;
                    }
                };
                let group = object.api_version.starts_with("apiextensions.k8s.io");
                let words = "apiVersion is not in 'apiextensions.k8s.io'".to_owned();
                findings.rule(Severity::Error, &crd.name, group.then_some(()).ok_or(words));
                let kind = object.kind == "CustomResourceDefinition";
                let words = "object kind is not 'CustomResourceDefinition'".to_owned();
                findings.rule(Severity::Error, &crd.name, kind.then_some(()).ok_or(words));
            }
            if let Some(error) = parsed.errors.first() {
                findings.rule(Severity::Error, &crd.name, Err(templates::unparsable(error)));
                return;
            }
        }
    }
}
