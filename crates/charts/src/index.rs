//! `index.yaml`: what a repository has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use windlass_object::yaml;
use windlass_semver::{Constraint, Version};

use crate::Error;

/// How deep an index may nest.
const MAX_DEPTH: usize = 64;

/// A repository's index. Versions are sorted, the greatest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// Charts by name.
    pub entries: BTreeMap<String, Vec<ChartVersion>>,
    /// When it was made, RFC 3339.
    pub generated: String,
    /// Fields that nothing here reads.
    pub rest: Map<String, Value>,
}

/// One version of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartVersion {
    /// The version, as it is written.
    pub version: String,
    /// Where to get it, from the repository's own address if that is no whole one.
    pub urls: Vec<String>,
    /// SHA-256 in hexadecimal, if it is known.
    pub digest: String,
    /// `Chart.yaml` and the rest, as it is written.
    pub metadata: Map<String, Value>,
}

impl Index {
    /// Reads an index. Entries that are none are passed over, as Helm does.
    ///
    /// # Errors
    /// When it is no index.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Index("empty index.yaml file".to_owned()));
        }
        let document = match serde_json::from_slice(text) {
            Ok(document) => document,
            Err(_) => {
                let options = yaml::Options {
                    max_bytes: usize::MAX,
                    max_depth: MAX_DEPTH,
                    ..yaml::Options::texts()
                };
                yaml::parse_one(text, &options).map_err(|error| {
                    Error::Index(format!(
                        "error converting YAML to JSON: yaml: line {}: {}",
                        error.at.line, error.problem
                    ))
                })?
            }
        };
        let Value::Object(mut root) = document else {
            return Err(Error::Index("index.yaml is no mapping".to_owned()));
        };
        let mut index = Self::default();
        if let Some(Value::Object(entries)) = root.remove("entries") {
            for (name, versions) in entries {
                let Value::Array(versions) = versions else { continue };
                let mut versions: Vec<ChartVersion> =
                    versions.into_iter().filter_map(ChartVersion::read).collect();
                sort(&mut versions);
                index.entries.insert(name, versions);
            }
        }
        if let Some(Value::String(generated)) = root.remove("generated") {
            index.generated = generated;
        }
        let version = root.remove("apiVersion");
        if version.is_none_or(|version| version.as_str().is_none_or(str::is_empty)) {
            return Err(Error::Index("no API version specified".to_owned()));
        }
        index.rest = root;
        Ok(index)
    }

    /// Drops all but what is needed to find a chart.
    pub(crate) fn slim(&mut self) {
        self.rest = Map::new();
        for version in self.entries.values_mut().flatten() {
            version.metadata = Map::new();
        }
    }

    /// The version that Helm takes: the exact one, else the first that `wanted` allows; empty is the
    /// greatest that is no prerelease.
    ///
    /// # Errors
    /// When there is none, or `wanted` is no range.
    pub fn get(&self, name: &str, wanted: &str) -> Result<&ChartVersion, Error> {
        let none = || Error::Index(format!("no chart version found for {name}-{wanted}"));
        let versions =
            self.entries.get(name).ok_or_else(|| Error::Index("no chart name found".to_owned()))?;
        if versions.is_empty() {
            return Err(Error::Index("no chart version found".to_owned()));
        }
        let constraint = constraint(wanted)?;
        if let Some(exact) = versions.iter().find(|v| !wanted.is_empty() && v.version == wanted) {
            return Ok(exact);
        }
        versions
            .iter()
            .find(|v| Version::parse(&v.version).is_ok_and(|v| constraint.matches(&v)))
            .ok_or_else(none)
    }

    /// Whether it has exactly this.
    pub fn has(&self, name: &str, version: &str) -> bool {
        self.get(name, version).is_ok()
    }

    /// Takes in what another index has and this one has not.
    pub fn merge(&mut self, other: Self) {
        for (name, versions) in other.entries {
            for version in versions {
                if !self.has(&name, &version.version) {
                    self.entries.entry(name.clone()).or_default().push(version);
                }
            }
        }
    }

    /// Sorts versions, the greatest first.
    pub fn sort(&mut self) {
        self.entries.values_mut().for_each(|versions| sort(versions));
    }

    /// As a document, in Helm's form.
    pub fn to_value(&self) -> Value {
        let mut root = self.rest.clone();
        root.insert("apiVersion".to_owned(), Value::from("v1"));
        root.insert("generated".to_owned(), Value::from(self.generated.clone()));
        let entries = self.entries.iter().map(|(name, versions)| {
            let versions = versions.iter().map(ChartVersion::to_value).collect();
            (name.clone(), Value::Array(versions))
        });
        root.insert("entries".to_owned(), Value::Object(entries.collect()));
        Value::Object(root)
    }
}

impl ChartVersion {
    fn read(document: Value) -> Option<Self> {
        let Value::Object(mut metadata) = document else { return None };
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let version = metadata.get("version").and_then(text)?;
        // Helm refuses what is no version, but takes what other tools write of the rest.
        Version::parse(&version).ok()?;
        metadata.get("name").and_then(text).filter(|name| !name.is_empty())?;
        let urls = match metadata.remove("urls") {
            Some(Value::Array(urls)) => urls.iter().filter_map(text).collect(),
            _ => Vec::new(),
        };
        let digest = metadata.remove("digest").as_ref().and_then(text).unwrap_or_default();
        Some(Self { version, urls, digest, metadata })
    }

    fn to_value(&self) -> Value {
        let mut map = self.metadata.clone();
        map.insert("urls".to_owned(), self.urls.clone().into());
        if !self.digest.is_empty() {
            map.insert("digest".to_owned(), self.digest.clone().into());
        }
        Value::Object(map)
    }
}

fn sort(versions: &mut [ChartVersion]) {
    versions.sort_by_cached_key(|v| std::cmp::Reverse(Version::parse(&v.version).ok()));
}

/// A range; empty is any but prereleases.
pub(crate) fn constraint(text: &str) -> Result<Constraint, Error> {
    let text = if text.is_empty() { "*" } else { text };
    Constraint::parse(text)
        .map_err(|error| Error::Version { text: text.to_owned(), why: error.to_string() })
}

/// The greatest of `versions` that `wanted` allows, as Argo CD chooses: an exact version is taken as
/// it is, there or not.
///
/// # Errors
/// When none fits.
pub fn choose<'a>(
    wanted: &str,
    versions: impl IntoIterator<Item = &'a str>,
) -> Result<String, Error> {
    if Version::parse(wanted).is_ok() {
        return Ok(wanted.to_owned());
    }
    let versions: Vec<&str> = versions.into_iter().collect();
    let constraint = match constraint(wanted) {
        Ok(constraint) => constraint,
        Err(_) if versions.contains(&wanted) => return Ok(wanted.to_owned()),
        Err(_) => {
            return Err(Error::Version {
                text: wanted.to_owned(),
                why: format!(
                    "failed to determine semver constraint: improper constraint: {wanted}"
                ),
            });
        }
    };
    windlass_semver::greatest(&constraint, versions.iter().copied())
        .map(|(i, _)| versions[i].to_owned())
        .ok_or_else(|| Error::Version {
            text: wanted.to_owned(),
            why: format!("version matching constraint not found in {} tags", versions.len()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "apiVersion: v1\ngenerated: '2024-01-01T00:00:00Z'\nentries:\n  web:\n\
        \x20 - {name: web, version: 1.2.0, urls: [web-1.2.0.tgz], digest: aa}\n\
        \x20 - {name: web, version: 2.0.0-rc.1, urls: [https://x/web.tgz]}\n\
        \x20 - {name: web, version: 1.10.0, urls: [web-1.10.0.tgz], home: h}\n\
        \x20 - {name: web, version: no}\n\
        \x20 - null\n\
        \x20 odd: []\n";

    #[test]
    fn versions_are_found_as_helm_finds_them() {
        let index = Index::parse(INDEX.as_bytes()).unwrap();
        assert_eq!(index.entries["web"].len(), 3);
        let check = |name: &str, wanted: &str, found: Option<&str>| {
            let got = index.get(name, wanted).map(|v| v.version.as_str());
            assert_eq!(got.ok(), found, "{name} {wanted}");
        };
        check("web", "", Some("1.10.0"));
        check("web", "1.2.0", Some("1.2.0"));
        check("web", "~1.2", Some("1.2.0"));
        check("web", "^1", Some("1.10.0"));
        check("web", ">=2.0.0-0", Some("2.0.0-rc.1"));
        check("web", "3", None);
        check("web", "!?", None);
        check("odd", "", None);
        check("none", "", None);
    }

    #[test]
    fn what_is_read_is_written() {
        let mut index = Index::parse(INDEX.as_bytes()).unwrap();
        let again = Index::parse(yaml::to_string(&index.to_value()).as_bytes()).unwrap();
        assert_eq!(again, index);
        let other = Index::parse(
            b"apiVersion: v1\nentries: {web: [{name: web, version: 1.2.0, home: other},
              {name: web, version: 3.0.0}]}",
        );
        index.merge(other.unwrap());
        index.sort();
        let all: Vec<&str> = index.entries["web"].iter().map(|v| v.version.as_str()).collect();
        assert_eq!(all, ["3.0.0", "2.0.0-rc.1", "1.10.0", "1.2.0"]);
        assert!(index.entries["web"][3].metadata.get("home").is_none());
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, words) in [
            ("", "empty index.yaml"),
            ("entries: {}", "no API version"),
            ("[1]", "no mapping"),
            ("a: [", "line 1"),
        ] {
            let error = Index::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn argo_cd_chooses_the_greatest() {
        let all = ["1.0.0", "v1.3.0", "2.0.0-beta", "latest"];
        let check = |wanted: &str, found: Option<&str>| {
            assert_eq!(choose(wanted, all).ok().as_deref(), found, "{wanted}");
        };
        check("^1", Some("v1.3.0"));
        check("*", Some("v1.3.0"));
        check("7.7.7", Some("7.7.7"));
        check("1.0", Some("1.0"));
        check("latest", Some("latest"));
        check("^4", None);
    }
}
