//! Charts: their values files, and the directories that hold them.

use windlass_object::go;
use windlass_tree::{EntryKind, Tree, TreePath};

use super::Localizer;
use crate::error::{During, Error, Result};
use crate::kustomization::Kustomization;

/// Where charts are if nothing is said.
const HOME: &str = "charts";
/// The longest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// How deep directories are copied.
const MAX_DEPTH: usize = 100;

impl Localizer<'_, '_> {
    pub(super) fn helm(&self, k: &mut Kustomization) -> Result<()> {
        for (at, old) in k.helm_chart_inflation_generator.iter_mut().enumerate() {
            old.values = self.file(&old.values).during(|| {
                format!("unable to localize helmChartInflationGenerator entry {at} values")
            })?;
            old.chart_home = self
                .chart_home(&old.chart_home)
                .during(|| format!("unable to copy helmChartInflationGenerator entry {at}"))?;
        }
        for (at, chart) in k.helm_charts.iter_mut().enumerate() {
            chart.values_file = self
                .file(&chart.values_file)
                .during(|| format!("unable to localize helmCharts entry {at} valuesFile"))?;
            for file in &mut chart.additional_values_files {
                *file = self.file(file).during(|| {
                    format!("unable to localize helmCharts entry {at} additionalValuesFiles")
                })?;
            }
        }
        if let Some(globals) = &mut k.helm_globals {
            globals.chart_home = self
                .chart_home(&globals.chart_home)
                .during(|| "unable to copy helmGlobals".to_owned())?;
        } else if !k.helm_charts.is_empty() {
            self.chart_home("").during(|| "unable to copy default chart home".to_owned())?;
        }
        Ok(())
    }

    /// Copies the directory of charts, if there is one; its path in the copy comes back.
    pub(super) fn chart_home(&self, entry: &str) -> Result<String> {
        let path = if entry.is_empty() { HOME } else { entry };
        if path.starts_with('/') {
            return Err(Error::told(format!(
                "absolute path {} not handled in alpha",
                go::quote(path)
            )));
        }
        let copied = self
            .copy_charts(path)
            .during(|| format!("unable to copy home {}", go::quote(entry)))?;
        Ok(if entry.is_empty() { String::new() } else { copied })
    }

    fn copy_charts(&self, path: &str) -> Result<String> {
        let clean = crate::origin::clean(path);
        let Some((tree, from)) = self.loader.tree_directory(path) else { return Ok(clean) };
        if self.local && !from.is_within(self.scope) {
            return Err(Error::told(format!(
                "root {} outside localize scope {}",
                go::quote(&self.loader.name(&from)),
                go::quote(&self.loader.name(self.scope))
            ))
            .during("invalid chart home"));
        }
        // The default home keeps its name where it is a link.
        let to = if clean == HOME { clean } else { self.loader.relative(&from) };
        let at = self.to.join(&to).map_err(|e| Error::told(e.to_string()))?;
        if !self.out.borrow().directories.contains(&at) {
            self.copy_directory(tree, &from, &at, 0)
                .during(|| format!("unable to copy chart home {}", go::quote(path)))?;
        }
        Ok(to)
    }

    fn copy_directory(
        &self,
        tree: &dyn Tree,
        from: &TreePath,
        to: &TreePath,
        depth: usize,
    ) -> Result<()> {
        let told = |e: windlass_tree::TreeError| Error::told(e.to_string());
        if depth > MAX_DEPTH {
            return Err(Error::told(format!("{from} lies more than {MAX_DEPTH} directories deep")));
        }
        self.out.borrow_mut().directories.insert(to.clone());
        for (name, entry) in tree.list(from).map_err(told)? {
            let (from, to) = (from.join(&name).map_err(told)?, to.join(&name).map_err(told)?);
            match entry.kind {
                EntryKind::Directory => self.copy_directory(tree, &from, &to, depth + 1)?,
                EntryKind::Symlink => {}
                _ => {
                    let content = tree.read(&from, MAX_FILE_BYTES).map_err(told)?;
                    self.out.borrow_mut().files.insert(to, content.to_vec());
                }
            }
        }
        Ok(())
    }
}
