//! Helm repositories of scenarios.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use windlass_object::{Value, yaml};

use super::file::Files;
use crate::World;

/// Packs the charts of `files` (`CHART/PATH`; a chart of several versions is in several directories)
/// into `repository` and writes its index.
pub(crate) fn publish(repository: &Path, files: &Files) -> Result<()> {
    std::fs::create_dir_all(repository)?;
    let sources = tempfile::tempdir()?;
    let mut charts = BTreeSet::new();
    for (path, content) in files {
        let text = match content {
            Value::String(text) => text.clone(),
            object => yaml::to_string(object),
        };
        let file = sources.path().join(path);
        std::fs::create_dir_all(file.parent().context("a file is in a chart")?)?;
        std::fs::write(file, text)?;
        charts.insert(path.split('/').next().unwrap_or_default());
    }
    let target = repository.display().to_string();
    for chart in charts {
        helm(&["package", &sources.path().join(chart).display().to_string(), "-d", &target])?;
    }
    helm(&["repo", "index", &target])
}

fn helm(arguments: &[&str]) -> Result<()> {
    let out = Command::new(World::binary()?).arg("helm").args(arguments).output()?;
    ensure!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    Ok(())
}
