//! A chart's dependencies that do not lie in it: `helm dependency build`, without a disk.

use windlass_helm::{Chart, Dependency, File};
use windlass_semver::{Constraint, Version};
use windlass_tree::{Need, TreePath};

use super::{Input, Stop, helm};
use crate::Reason;

impl Input<'_> {
    /// The chart with all that it lists. Where something is missing, all of it is fetched anew, as
    /// Argo CD does: by the lock file, if there is one.
    pub(crate) fn with_dependencies(&self, chart: Chart) -> Result<Chart, Stop> {
        if chart.missing_dependencies().is_empty() {
            return Ok(chart);
        }
        let locked = chart.lock.as_ref().map(|lock| &lock.dependencies);
        let listed = &chart.metadata.dependencies;
        if let Some(locked) = locked
            && !listed.iter().all(|wanted| locked.iter().any(|l| l.name == wanted.name))
        {
            return Err(building(
                "the lock file (Chart.lock) is out of sync with the dependencies file \
                 (Chart.yaml). Please update the dependencies",
            ));
        }
        let mut files: Vec<File> = chart
            .raw
            .iter()
            .filter(|f| !(f.name.starts_with("charts/") && f.name.ends_with(".tgz")))
            .cloned()
            .collect();
        let mut needs = Vec::new();
        for dependency in locked.unwrap_or(listed) {
            match self.fetch(&chart, dependency) {
                Ok(more) => {
                    // An old copy goes.
                    let place = format!("charts/{}/", dependency.name);
                    if !more.is_empty() {
                        files.retain(|f| !f.name.starts_with(&place));
                    }
                    files.extend(more);
                }
                Err(Stop::Lacks(lacks)) => needs.extend(lacks),
                Err(stop) => return Err(stop),
            }
        }
        if !needs.is_empty() {
            return Err(Stop::Lacks(needs));
        }
        Chart::from_files(files).map_err(|e| helm(&e))
    }

    /// The files of a dependency, as they lie in `charts/`; none if they are there already.
    fn fetch(&self, chart: &Chart, dependency: &Dependency) -> Result<Vec<File>, Stop> {
        let Dependency { name, version, repository, .. } = dependency;
        if repository.is_empty() {
            if chart.dependencies.iter().any(|c| c.name() == name) {
                return Ok(Vec::new());
            }
            return Err(building(&format!(
                "dependency at 'charts/{name}' not found: put it there, or name its repository"
            )));
        }
        if let Some(path) = repository.strip_prefix("file://") {
            return self.local(dependency, path);
        }
        match self.given.chart(repository, name, version) {
            None => Err(Stop::Lacks(vec![Need::Chart {
                repository: repository.clone(),
                name: name.clone(),
                version: version.clone(),
            }])),
            Some(Err(why)) => Err(building(&format!(
                "could not download {name} {version} of {repository}: {why}"
            ))),
            Some(Ok(given)) => {
                let place = format!("charts/{name}-{}.tgz", given.version);
                Ok(vec![File::new(place, given.archive.clone())])
            }
        }
    }

    /// A chart of the same tree.
    fn local(&self, dependency: &Dependency, path: &str) -> Result<Vec<File>, Stop> {
        let Dependency { name, version, repository, .. } = dependency;
        let bad = || building(&format!("directory {path} not found in the repository"));
        let at = if path.starts_with('/') {
            // An absolute path of some machine.
            return Err(bad());
        } else {
            let mut parts: Vec<&str> = self.root.components().collect();
            for part in path.split('/') {
                match part {
                    "" | "." => {}
                    ".." => {
                        parts.pop().ok_or_else(bad)?;
                    }
                    part => parts.push(part),
                }
            }
            TreePath::new(&parts.join("/")).map_err(|_| bad())?
        };
        let chart = Chart::load(self.tree, &at).map_err(|error| {
            building(&format!("chart {name} at {path} cannot be loaded: {error}"))
        })?;
        let found = Version::parse(&chart.metadata.version);
        if let (Ok(wanted), Ok(found)) = (Constraint::parse(version), found)
            && !wanted.matches(&found)
        {
            return Err(building(&format!(
                "can't get a valid version for 1 subchart(s): {name:?} (repository {repository:?}, \
                 version {version:?}). Make sure a matching chart version exists in the repo, or \
                 change the version constraint in Chart.yaml"
            )));
        }
        let place = |file: &File| File {
            name: format!("charts/{name}/{}", file.name),
            data: file.data.clone(),
        };
        Ok(chart.raw.iter().map(place).collect())
    }
}

fn building(why: &str) -> Stop {
    Stop::Because(Reason::Dependencies(why.to_owned()))
}
