//! Templates, and what they write.

use serde_json::Value as Json;
use windlass_gotemplate::Value;
use windlass_object::yaml;
use windlass_tree::EntryKind;

use super::object::{Object, resource_policy};
use super::{Findings, Lint, Severity, deprecation, names};
use crate::capabilities::Capabilities;
use crate::chart::Chart;
use crate::engine;
use crate::render::{Options, Release};
use crate::schema;
use crate::scope::{self, Scope};

const DIR: &str = "templates/";

/// `given` are the values beside the chart's own.
pub(super) fn lint(lint: &Lint<'_>, given: &Value, findings: &mut Findings) {
    let Some((_, entry)) = lint.entry("templates") else {
        findings.rule(Severity::Warning, DIR, Err("directory does not exist".to_owned()));
        return;
    };
    if entry.kind != EntryKind::Directory {
        findings.rule(Severity::Error, DIR, Err("not a directory".to_owned()));
        return;
    }
    let chart = match lint.load() {
        Ok(chart) => chart,
        Err(error) => {
            findings.rule(Severity::Error, DIR, Err(error));
            return;
        }
    };
    let mut capabilities = Capabilities::default();
    if let Some(version) = &lint.kube_version {
        capabilities.kube_version = version.clone();
    }
    let mut options = Options::new(lint.environment.clone());
    options.schemas = lint.schemas.clone();
    options.lint = true;
    options.log = lint.log.clone();
    let rendered = match render(lint, &chart, given, &capabilities, &options) {
        Ok(Some(rendered)) => rendered,
        Ok(None) => return,
        Err(error) => {
            findings.rule(Severity::Error, DIR, Err(error));
            return;
        }
    };
    for template in &chart.templates {
        let extension = template.name.rsplit_once('.').map_or("", |(_, e)| e);
        let valid = ["yaml", "yml", "tpl", "txt"].contains(&extension);
        let dotted =
            if template.name.contains('.') { format!(".{extension}") } else { String::new() };
        let words = format!(
            "file extension '{dotted}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
        );
        findings.rule(Severity::Error, &template.name, valid.then_some(()).ok_or(words));
        if !matches!(extension.to_lowercase().as_str(), "yaml" | "yml") {
            continue;
        }
        let name = format!("{}/{}", chart.name(), template.name);
        let Some(text) = rendered.get(&name).filter(|text| !text.trim().is_empty()) else {
            continue;
        };
        let file = &template.name;
        findings.rule(Severity::Warning, file, top_indent(text));
        if !objects(text, file, &capabilities, findings) {
            return;
        }
    }
}

/// The texts of templates; none where Helm's linter gives up without a word.
fn render(
    lint: &Lint<'_>,
    chart: &Chart,
    given: &Value,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<Option<std::collections::BTreeMap<String, String>>, String> {
    let Ok(scope) = Scope::new(chart, given, &options.log) else { return Ok(None) };
    let Ok(values) = scope::coalesce_values(&scope, given, &options.log) else { return Ok(None) };
    // Helm does it twice here, and tells all of it twice.
    let values =
        scope::coalesce_values(&scope, &values, &options.log).map_err(|e| e.to_string())?;
    if !lint.skip_schema_validation {
        schema::validate(&scope, &values, &options.schemas).map_err(|e| e.to_string())?;
    }
    let release = Release::new("test-release", lint.namespace);
    let rendered = engine::run(&scope, &values, &release, capabilities, options);
    rendered.map(Some).map_err(|error| error.to_string())
}

/// Checks each object of a text; whether all of it is YAML.
fn objects(text: &str, file: &str, capabilities: &Capabilities, findings: &mut Findings) -> bool {
    let parsed = yaml::parse(text.as_bytes(), &yaml::Options::texts());
    let first_bad = parsed.errors.first().map(|error| error.at);
    for document in parsed.documents.iter().filter(|d| first_bad.is_none_or(|at| d.at < at)) {
        if document.value.is_null() {
            continue;
        }
        let object = match Object::read(&document.value) {
            Ok(object) => object,
            Err(error) => return findings.rule(Severity::Error, file, Err(error)),
        };
        let (version, kind, name) = (&*object.api_version, &*object.kind, &*object.name);
        findings.rule(Severity::Warning, file, names::check(kind, name));
        let (major, minor) = (&capabilities.kube_version.major, &capabilities.kube_version.minor);
        let (major, minor) = (major.parse().unwrap_or(1), minor.parse().unwrap_or(0));
        let deprecated = deprecation::warning(version, kind, major, minor);
        findings.rule(Severity::Warning, file, deprecated.map_or(Ok(()), Err));
        findings.rule(Severity::Error, file, selector(kind, name, text));
        findings.rule(Severity::Error, file, list(kind, &document.value));
    }
    match parsed.errors.first() {
        Some(error) => findings.rule(Severity::Error, file, Err(unparsable(error))),
        None => true,
    }
}

pub(super) fn unparsable(error: &yaml::Error) -> String {
    format!("unable to parse YAML: {}", crate::values::yaml_error(error))
}

fn top_indent(text: &str) -> Result<(), String> {
    let first = text.lines().find(|line| !line.trim().is_empty());
    match first.filter(|line| line.starts_with([' ', '\t'])) {
        Some(line) => Err(format!(
            "document starts with an illegal indent: {line:?}, which may cause parsing problems"
        )),
        None => Ok(()),
    }
}

fn selector(kind: &str, name: &str, text: &str) -> Result<(), String> {
    let needs = matches!(kind, "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet");
    if needs && !text.contains("matchLabels") && !text.contains("matchExpressions") {
        return Err(format!(
            "a {kind} must contain matchLabels or matchExpressions, and {name:?} does not"
        ));
    }
    Ok(())
}

fn list(kind: &str, document: &Json) -> Result<(), String> {
    if kind == "List" && resource_policy(document)? {
        return Err(
            "annotation 'helm.sh/resource-policy' within List objects are ignored".to_owned()
        );
    }
    Ok(())
}
