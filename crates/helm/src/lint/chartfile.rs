//! `Chart.yaml`.

use serde_json::Value as Json;
use windlass_object::yaml;
use windlass_semver::Version;
use windlass_tree::EntryKind;

use super::{Findings, Lint, Severity};
use crate::metadata::Metadata;
use crate::values::yaml_error;

const FILE: &str = "Chart.yaml";

pub(super) fn lint(lint: &Lint<'_>, findings: &mut Findings) {
    let is_dir = lint.entry(FILE).is_some_and(|(_, entry)| entry.kind == EntryKind::Directory);
    let words = "should be a file, not a directory".to_owned();
    findings.rule(Severity::Error, FILE, if is_dir { Err(words) } else { Ok(()) });
    let mut metadata = Metadata::default();
    let mut read = || -> Result<Json, String> {
        let document =
            yaml::first(&lint.read(FILE)?, &yaml::Options::texts()).map_err(|e| yaml_error(&e))?;
        metadata.read(&document).map_err(|e| e.to_string())?;
        Ok(document)
    };
    let document = match read() {
        Ok(document) => document,
        Err(error) => {
            findings.rule(Severity::Error, FILE, Err(format!("unable to parse YAML\n\t{error}")));
            return;
        }
    };
    let strict = "failed to strictly parse chart metadata file\n\terror";
    let twice = twice(lint);
    findings.rule(
        Severity::Warning,
        FILE,
        match Metadata::unknown(&document) {
            _ if !twice.is_empty() => Err(format!(
                "{strict} converting YAML to JSON: yaml: unmarshal errors:\n{}",
                twice.join("\n")
            )),
            Some(name) => Err(format!(
                "{strict} unmarshaling JSON: while decoding JSON: json: unknown field {name:?}"
            )),
            None => Ok(()),
        },
    );
    for (severity, result) in rules(&metadata, &document) {
        findings.rule(severity, FILE, result);
    }
}

/// The keys that stand more than once.
fn twice(lint: &Lint<'_>) -> Vec<String> {
    let text = lint.read(FILE).unwrap_or_default();
    let warnings = yaml::parse(&text, &yaml::Options::texts()).warnings.into_iter();
    let line = |warning: yaml::Warning| match warning.problem {
        yaml::Problem::DuplicateKey { key, .. } => {
            Some(format!("  line {}: key {key:?} already set in map", warning.at.line))
        }
        _ => None,
    };
    warnings.filter_map(line).collect()
}

fn rules(chart: &Metadata, document: &Json) -> Vec<(Severity, Result<(), String>)> {
    let check = |holds: bool, words: String| if holds { Ok(()) } else { Err(words) };
    let text = |name: &str| match document.get(name) {
        None | Some(Json::String(_)) => Ok(()),
        Some(other) => {
            let kind = match other {
                Json::Null => "<nil>",
                Json::Bool(_) => "bool",
                Json::Number(_) => "float64",
                Json::Array(_) => "[]interface {}",
                _ => "map[string]interface {}",
            };
            Err(format!("{name} should be of type string but it's of type {kind}"))
        }
    };
    let version = chart.api_version.as_str();
    let number = Version::parse(&chart.version);
    vec![
        (
            Severity::Error,
            match chart.name.as_str() {
                "" => Err("name is required".to_owned()),
                name if name.contains('/') => Err(format!("chart name {name:?} is invalid")),
                _ => Ok(()),
            },
        ),
        (
            Severity::Error,
            match version {
                "" => {
                    Err("apiVersion is required. The value must be either \"v1\" or \"v2\"".into())
                }
                "v1" | "v2" => Ok(()),
                other => Err(format!(
                    "apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\""
                )),
            },
        ),
        (Severity::Error, text("version")),
        (
            Severity::Error,
            match &number {
                _ if chart.version.is_empty() => Err("version is required".to_owned()),
                Err(_) => Err(format!("version '{}' is not a valid SemVer", chart.version)),
                Ok(version) => check(
                    Version::parse("0.0.0-0").is_ok_and(|least| *version > least),
                    format!("version {} is less than or equal to 0.0.0-0", chart.version),
                ),
            },
        ),
        (Severity::Error, text("appVersion")),
        (Severity::Error, maintainers(chart)),
        (
            Severity::Error,
            match chart.sources.iter().find(|source| !is_url(source)) {
                Some(source) => Err(format!("invalid source URL '{source}'")),
                None => Ok(()),
            },
        ),
        (Severity::Info, check(!chart.icon.is_empty(), "icon is recommended".to_owned())),
        (
            Severity::Error,
            check(
                chart.icon.is_empty() || is_url(&chart.icon),
                format!("invalid icon URL '{}'", chart.icon),
            ),
        ),
        (
            Severity::Error,
            check(
                chart.kind.is_empty() || version == "v2",
                format!(
                    "chart type is not valid in apiVersion '{version}'. It is valid in apiVersion 'v2'"
                ),
            ),
        ),
        (
            Severity::Error,
            check(
                chart.dependencies.is_empty() || version == "v2",
                format!(
                    "dependencies are not valid in the Chart file with apiVersion '{version}'. They \
                 are valid in apiVersion 'v2'"
                ),
            ),
        ),
        (
            Severity::Warning,
            check(
                Version::parse_strict(&chart.version).is_ok(),
                format!("version '{}' is not a valid SemVerV2", chart.version),
            ),
        ),
    ]
}

fn maintainers(chart: &Metadata) -> Result<(), String> {
    for (at, m) in chart.maintainers.iter().enumerate() {
        if chart.no_maintainer == Some(at) {
            return Err("a maintainer entry is empty".to_owned());
        }
        if m.name.is_empty() {
            return Err("each maintainer requires a name".to_owned());
        }
        if !m.email.is_empty() && !is_email(&m.email) {
            return Err(format!("invalid email '{}' for maintainer '{}'", m.email, m.name));
        }
        if !m.url.is_empty() && !is_loose_url(&m.url) {
            return Err(format!("invalid url '{}' for maintainer '{}'", m.url, m.name));
        }
    }
    Ok(())
}

/// An address with a scheme.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && !text.contains(' ')
}

/// An address, perhaps without a scheme.
fn is_loose_url(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    !text.contains(' ') && (host.contains('.') || host == "localhost") && !host.starts_with('.')
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && !local.contains([' ', '@'])
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}
