//! The checklist: what of Argo CD each scenario shows, and what none does yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read(directory.join("tables/checklist.yaml"))?;
    let value = yaml::parse_one(&text, &yaml::Options::strict())?;
    let lines: BTreeMap<String, Line> =
        serde_json::from_value(value).context("tables/checklist.yaml")?;
    let mut there = BTreeSet::new();
    // Git keeps no directory of scenarios that wait when none does.
    let waiting = Some(directory.join("missing")).filter(|place| place.is_dir());
    for place in [directory.clone()].into_iter().chain(waiting) {
        there.extend(super::file::all(&place, "")?.into_iter().map(|scenario| scenario.name));
    }
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    for (line, entry) in &lines {
        if entry.scenarios.is_empty() && entry.tests.is_empty() && entry.missing.is_empty() {
            wrong.push(format!("{line}: no scenario, no test, and no reason why"));
        }
        for scenario in &entry.scenarios {
            named.insert(scenario.clone());
            if !there.contains(scenario) {
                wrong.push(format!("{line}: there is no scenario {scenario}"));
            }
        }
        let root = directory.join("../..");
        let absent = entry.tests.iter().filter(|test| !root.join(test).exists());
        wrong.extend(absent.map(|test| format!("{line}: there is no {test}")));
    }
    let unnamed = there.difference(&named);
    wrong.extend(unnamed.map(|name| format!("{name}: no line of the checklist names it")));
    ensure!(wrong.is_empty(), "tables/checklist.yaml:\n{}", wrong.join("\n"));
    Ok(())
}
