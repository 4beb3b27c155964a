//! The checklist: what of Argo CD each scenario shows, and what none does yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use windlass_object::yaml;

/// A line of the checklist.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Scenarios that show it, also those in `missing/` that Windlass does not satisfy yet.
    #[serde(default)]
    scenarios: Vec<String>,
    /// Tests elsewhere that show it: files from the repository's root.
    #[serde(default)]
    tests: Vec<String>,
    /// What of the line nothing shows, or why nothing can.
    #[serde(default)]
    missing: String,
}

/// Every line names a scenario or a test that is there, or says why it names none; and every
/// scenario is named.
///
/// # Errors
/// Names the lines and scenarios of which that is not so.
pub fn check() -> Result<()> {
    let lines = read("checklist.yaml")?;
    let there = scenarios()?;
    let mut wrong = problems(&lines, &there);
    let named: BTreeSet<&String> = lines.values().flat_map(|line| &line.scenarios).collect();
    let unnamed = there.iter().filter(|name| !named.contains(name));
    wrong.extend(unnamed.map(|name| format!("{name}: no line of the checklist names it")));
    ensure!(wrong.is_empty(), "tables/checklist.yaml:\n{}", wrong.join("\n"));
    Ok(())
}

/// Every manifest of the guide names a scenario or a test, or whose issue it is; and the copies that
/// scenarios use are those of the guide, where it is at hand.
///
/// # Errors
/// Names the manifests of which that is not so.
pub fn check_guide() -> Result<()> {
    let lines = read("guide.yaml")?;
    let mut wrong = problems(&lines, &scenarios()?);
    let files = |directory: &Path| -> Result<BTreeSet<String>> {
        let entries = std::fs::read_dir(directory)?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.ends_with(".yaml")).collect())
    };
    let copies = super::guide::directory();
    for name in files(&copies)? {
        if lines.get(&name).is_none_or(|line| line.scenarios.is_empty() && line.tests.is_empty()) {
            wrong.push(format!("{name}: nothing shows it"));
        }
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let guide = above.map(|above| above.join("shared/guide")).find(|path| path.is_dir());
    if let Some(guide) = guide {
        for name in files(&guide)? {
            match lines.get(&name) {
                None => wrong.push(format!("{name}: no line names it")),
                Some(line) if line.missing.is_empty() => {
                    if std::fs::read(guide.join(&name))? != std::fs::read(copies.join(&name))? {
                        wrong.push(format!("{name}: the copy is another text"));
                    }
                }
                Some(_) => {}
            }
        }
    }
    ensure!(wrong.is_empty(), "tables/guide.yaml:\n{}", wrong.join("\n"));
    Ok(())
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn read(table: &str) -> Result<BTreeMap<String, Line>> {
    let text = std::fs::read(directory().join("tables").join(table))?;
    let value = yaml::parse_one(&text, &yaml::Options::strict())?;
    serde_json::from_value(value).with_context(|| format!("tables/{table}"))
}

/// The names of all scenarios, also of those that wait.
fn scenarios() -> Result<BTreeSet<String>> {
    let directory = directory();
    let mut there = BTreeSet::new();
    // Git keeps no directory of scenarios that wait when none does.
    let waiting = Some(directory.join("missing")).filter(|place| place.is_dir());
    for place in [directory].into_iter().chain(waiting) {
        there.extend(super::file::all(&place, "")?.into_iter().map(|scenario| scenario.name));
    }
    Ok(there)
}

/// Lines that say nothing, or name what is not there.
fn problems(lines: &BTreeMap<String, Line>, there: &BTreeSet<String>) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut wrong = Vec::new();
    for (line, entry) in lines {
        if entry.scenarios.is_empty() && entry.tests.is_empty() && entry.missing.is_empty() {
            wrong.push(format!("{line}: no scenario, no test, and no reason why"));
        }
        let absent = entry.scenarios.iter().filter(|scenario| !there.contains(*scenario));
        wrong.extend(absent.map(|scenario| format!("{line}: there is no scenario {scenario}")));
        let absent = entry.tests.iter().filter(|test| !root.join(test).exists());
        wrong.extend(absent.map(|test| format!("{line}: there is no {test}")));
    }
    wrong
}
