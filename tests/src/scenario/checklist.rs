//! The checklist: what of Argo CD each scenario shows, and what none does yet.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use windlass_object::yaml;

/// A line of the checklist.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Scenarios that show it.
    #[serde(default)]
    scenarios: Vec<String>,
    /// Tests elsewhere that show it.
    #[serde(default)]
    tests: Vec<String>,
    /// Why no scenario shows some of it, or all.
    #[serde(default)]
    missing: String,
}

/// Every line names a scenario or a test that is there, or says why it names none; and every
/// scenario is named.
///
/// # Errors
/// Names the lines and scenarios of which that is not so.
pub fn check() -> Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read(directory.join("tables/checklist.yaml"))?;
    let value = yaml::parse_one(&text, &yaml::Options::strict())?;
    let lines: BTreeMap<String, Line> = serde_json::from_value(value).context("checklist.yaml")?;
    let mut wrong = Vec::new();
    let mut named = std::collections::BTreeSet::new();
    for (line, entry) in &lines {
        if entry.scenarios.is_empty() && entry.tests.is_empty() && entry.missing.is_empty() {
            wrong.push(format!("{line}: no scenario, no test, and no reason why"));
        }
        for scenario in &entry.scenarios {
            named.insert(scenario.clone());
            if !directory.join(format!("{scenario}.yaml")).exists() {
                wrong.push(format!("{line}: there is no scenario {scenario}"));
            }
        }
        for test in &entry.tests {
            let root = directory.join("../..");
            if !root.join(test).exists() {
                wrong.push(format!("{line}: there is no {test}"));
            }
        }
    }
    for scenario in super::file::all(&directory, "")? {
        if !named.contains(&scenario.name) {
            wrong.push(format!("{}: no line of the checklist names it", scenario.name));
        }
    }
    ensure!(wrong.is_empty(), "tables/checklist.yaml:\n{}", wrong.join("\n"));
    Ok(())
}
