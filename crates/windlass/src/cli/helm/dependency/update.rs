//! Dependencies fetched into `charts/`: `helm dependency update` and `build`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use windlass_charts::{Index, metadata, registry};
use windlass_helm::{Chart, Dependency, Lock};
use windlass_object::yaml;
use windlass_semver::{Constraint, Version};

use crate::cli::helm::environment::{Entry, Repositories};
use crate::cli::helm::provenance::verify;
use crate::cli::helm::remote::{Access, Downloaded, Flags};
use crate::cli::helm::{locate, package, remote, repo};

type Tell<'a> = &'a mut dyn FnMut(&str) -> anyhow::Result<()>;

/// How dependencies are brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct How<'a> {
    /// By the lock file, rather than by `Chart.yaml`.
    pub(crate) build: bool,
    /// Whether indexes are taken as they are.
    pub(crate) skip_refresh: bool,
    pub(crate) verify: Verify,
    /// Keys to verify with; GnuPG's own keyring if it is empty.
    pub(crate) keyring: &'a str,
}

/// Which charts must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verify {
    /// None is looked at.
    #[default]
    Never,
    /// Those that are signed must be signed well.
    IfSigned,
    /// All.
    Always,
}

/// Brings a chart's `charts/` to what its lock file says (`build`), or to what `Chart.yaml` asks
/// for now, and writes the lock file then.
pub(crate) fn update(
    path: &Path,
    access: &Access,
    how: &How<'_>,
    tell: Tell<'_>,
) -> anyhow::Result<()> {
    let shown = path.display();
    let Ok(meta) = std::fs::metadata(path) else {
        bail!("could not find {shown}: stat {shown}: no such file or directory");
    };
    if !meta.is_dir() {
        bail!("only unpacked charts can be updated");
    }
    let chart = locate::local(path.to_str().context("the path is not UTF-8")?)?;
    let mut wanted = chart.metadata.dependencies.clone();
    let known = Repositories::load()?;
    let work = Work {
        path: path.components().collect(),
        access,
        known: known.map(|known| known.repositories).unwrap_or_default(),
        how: *how,
    };
    let old = chart.lock.clone();
    if let (true, Some(lock)) = (how.build, &old) {
        work.names(&mut wanted)?;
        if metadata::lock_digest(&wanted, &lock.dependencies) != lock.digest {
            if chart.metadata.api_version == "v1" {
                bail!(
                    "the lock file (requirements.lock) is out of sync with the dependencies file \
                     (requirements.yaml). Please update the dependencies"
                );
            }
            bail!(
                "the lock file (Chart.lock) is out of sync with the dependencies file \
                 (Chart.yaml). Please update the dependencies with 'helm dependency update'"
            );
        }
        work.all_known(&lock.dependencies)?;
        work.refresh(&[], tell)?;
        return work.download(lock.dependencies.clone(), tell).map(|_| ());
    }
    if wanted.is_empty() {
        return Ok(());
    }
    work.names(&mut wanted)?;
    let unmanaged = work.unmanaged(&wanted);
    work.refresh(&unmanaged, tell)?;
    let chosen = work.resolve(&wanted)?;
    let chosen = work.download(chosen, tell)?;
    let digest = metadata::lock_digest(&wanted, &chosen);
    if old.is_some_and(|old| old.digest == digest) {
        return Ok(());
    }
    let generated = jiff::Timestamp::now().to_string();
    let lock = Lock { generated, digest, dependencies: chosen };
    let name = if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
    let file = path.join(name);
    if std::fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_symlink()) {
        bail!("the {name} file is a symlink");
    }
    std::fs::write(&file, yaml::to_string(&metadata::lock(&lock)))
        .with_context(|| file.display().to_string())
}

struct Work<'a> {
    path: PathBuf,
    access: &'a Access,
    known: Vec<Entry>,
    how: How<'a>,
}

fn is_remote(dependency: &Dependency) -> bool {
    let address = dependency.repository.as_str();
    !address.is_empty() && !address.starts_with("file://") && !address.starts_with("oci://")
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

impl Work<'_> {
    fn entry(&self, url: &str) -> Option<&Entry> {
        self.known.iter().find(|entry| same(&entry.url, url))
    }

    /// Names of repositories become their addresses.
    fn names(&self, wanted: &mut [Dependency]) -> anyhow::Result<()> {
        let mut missing = Vec::new();
        for dependency in wanted.iter_mut() {
            if let Some(path) = dependency.repository.strip_prefix("file://") {
                self.local(path)?;
            }
            if !is_remote(dependency) {
                continue;
            }
            let address = dependency.repository.clone();
            let name = address.strip_prefix('@').or_else(|| address.strip_prefix("alias:"));
            match name {
                Some(name) => match self.known.iter().find(|entry| entry.name == name) {
                    Some(entry) => dependency.repository.clone_from(&entry.url),
                    None => missing.push(address),
                },
                None if reqwest::Url::parse(&address).is_err() && !address.starts_with('/') => {
                    missing.push(address);
                }
                None => {}
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mut text = format!(
            "no repository definition for {}. Please add them via 'helm repo add'",
            missing.join(", ")
        );
        let odd = |m: &String| !m.contains("//") && !m.starts_with('@') && !m.starts_with("alias:");
        if missing.iter().any(odd) {
            text.push_str(
                "\nNote that repositories must be URLs or aliases. For example, to refer to the \
                 \"example\"\nrepository, use \"https://charts.example.com/\" or \"@example\" \
                 instead of\n\"example\". Don't forget to add the repo, too ('helm repo add').",
            );
        }
        bail!(text)
    }

    fn all_known(&self, locked: &[Dependency]) -> anyhow::Result<()> {
        let unknown = locked.iter().filter(|d| is_remote(d) && self.entry(&d.repository).is_none());
        let missing: Vec<&str> = unknown.map(|d| d.repository.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        bail!(
            "no repository definition for {}. Please add the missing repos via 'helm repo add'",
            missing.join(", ")
        )
    }

    /// Repositories that are named by their address and not configured.
    fn unmanaged(&self, wanted: &[Dependency]) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for dependency in wanted.iter().filter(|d| is_remote(d)) {
            let url = &dependency.repository;
            if self.entry(url).is_none() && !all.iter().any(|known| same(known, url)) {
                all.push(url.clone());
            }
        }
        all
    }

    fn refresh(&self, unmanaged: &[String], tell: Tell<'_>) -> anyhow::Result<()> {
        if self.how.skip_refresh {
            return Ok(());
        }
        if !unmanaged.is_empty() {
            tell("Getting updates for unmanaged Helm repositories...\n")?;
            for url in unmanaged {
                let asked = crate::cli::block_on(self.index_of(url));
                tell(&match asked {
                    Ok(_) => {
                        format!("...Successfully got an update from the {url:?} chart repository\n")
                    }
                    Err(error) => format!(
                        "...Unable to get an update from the {url:?} chart repository:\n\t{error:#}\n"
                    ),
                })?;
            }
        }
        if !self.known.is_empty() {
            tell("Hang tight while we grab the latest from your chart repositories...\n")?;
            crate::cli::block_on(repo::update(&self.known, tell))?;
            tell("Update Complete. ⎈Happy Helming!⎈\n")?;
        }
        Ok(())
    }

    async fn index_of(&self, url: &str) -> anyhow::Result<Index> {
        let repository = Access::default().repository(url)?;
        Ok(Index::parse(&windlass_charts::fetch_index(&repository).await?)?)
    }

    fn index(&self, url: &str) -> anyhow::Result<Index> {
        match self.entry(url) {
            Some(entry) => entry.cached_index(),
            None => crate::cli::block_on(self.index_of(url)).with_context(|| {
                format!("looks like {url:?} is not a valid chart repository or cannot be reached")
            }),
        }
    }

    /// The versions that fit now.
    fn resolve(&self, wanted: &[Dependency]) -> anyhow::Result<Vec<Dependency>> {
        let mut chosen = Vec::new();
        let mut missing = Vec::new();
        for dependency in wanted {
            let Dependency { name, version, repository, .. } = dependency;
            let range = Constraint::parse(version).map_err(|error| {
                anyhow!("dependency {name:?} has an invalid version/constraint format: {error}")
            })?;
            let fits = |text: &str| Version::parse(text).is_ok_and(|v| range.matches(&v));
            let found = if repository.is_empty() {
                let place = self.path.join("charts").join(name);
                if !place.exists() {
                    bail!("directory {} not found", place.display());
                }
                Some(version.clone())
            } else if let Some(path) = repository.strip_prefix("file://") {
                let chart = self.local(path)?;
                Some(chart.metadata.version.clone()).filter(|version| fits(version))
            } else if repository.starts_with("oci://") {
                if Version::parse(version).is_ok() {
                    Some(version.clone())
                } else {
                    self.tags(repository, name)?.into_iter().find(|tag| fits(tag))
                }
            } else {
                let index = self.index(repository)?;
                let Some(all) = index.entries.get(name) else {
                    bail!("{name} chart not found in repo {repository}");
                };
                let legit = all.iter().filter(|v| !v.urls.is_empty());
                legit.map(|v| v.version.clone()).find(|version| fits(version))
            };
            match found {
                Some(version) => chosen.push(Dependency {
                    name: name.clone(),
                    version,
                    repository: repository.clone(),
                    ..Dependency::default()
                }),
                None => missing
                    .push(format!("{name:?} (repository {repository:?}, version {version:?})")),
            }
        }
        if missing.is_empty() {
            return Ok(chosen);
        }
        bail!(
            "can't get a valid version for {} subchart(s): {}. Make sure a matching chart version \
             exists in the repo, or change the version constraint in Chart.yaml",
            missing.len(),
            missing.join(", ")
        )
    }

    fn tags(&self, repository: &str, name: &str) -> anyhow::Result<Vec<String>> {
        let place = self.access.repository(repository)?;
        let (client, reference) = (place.client()?, place.reference(name)?);
        crate::cli::block_on(async { Ok(registry::versions(&client, &reference).await?) })
            .with_context(|| format!("could not retrieve list of tags for repository {repository}"))
    }

    /// A chart beside this one.
    fn local(&self, path: &str) -> anyhow::Result<Chart> {
        let place = if path.starts_with('/') { PathBuf::from(path) } else { self.path.join(path) };
        if !place.exists() {
            bail!("directory {} not found", place.display());
        }
        locate::local(place.to_str().context("the path is not UTF-8")?)
    }

    /// Fetches all, and only then changes `charts/`.
    fn download(
        &self,
        mut chosen: Vec<Dependency>,
        tell: Tell<'_>,
    ) -> anyhow::Result<Vec<Dependency>> {
        let charts = self.path.join("charts");
        if charts.exists() && !charts.is_dir() {
            bail!("{charts:?} is not a directory");
        }
        tell(&format!("Saving {} charts\n", chosen.len()))?;
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for dependency in &mut chosen {
            let saved = self.one(&charts, dependency, tell);
            match saved {
                Ok(Some((name, archive))) => {
                    files.retain(|(known, _)| *known != name);
                    files.push((name, archive));
                }
                Ok(None) => {}
                Err(error) => {
                    tell(&format!("Save error occurred:  {error:#}\n"))?;
                    return Err(error);
                }
            }
        }
        std::fs::create_dir_all(&charts)?;
        for (name, archive) in &files {
            std::fs::write(charts.join(name), archive)?;
        }
        tell("Deleting outdated charts\n")?;
        let own: Vec<&str> =
            chosen.iter().filter(|d| d.repository.is_empty()).map(|d| d.name.as_str()).collect();
        for entry in std::fs::read_dir(&charts)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if path.is_dir() || files.iter().any(|(kept, _)| kept == name) {
                continue;
            }
            let old = path.to_str().map(locate::local);
            if let Some(Ok(chart)) = old
                && !own.contains(&chart.name())
            {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(chosen)
    }

    /// Fetches an archive's provenance and holds it against it.
    fn verify(
        &self,
        address: &str,
        flags: &Flags,
        found: &Downloaded,
        tell: Tell<'_>,
    ) -> anyhow::Result<()> {
        let place = format!("{}.prov", found.address);
        let signed = crate::cli::block_on(remote::download(address, flags, true));
        match signed.map(|signed| signed.provenance) {
            Ok(Some(provenance)) => {
                verify(&found.archive, &provenance, &found.name, self.how.keyring).map(|_| ())
            }
            _ if self.how.verify == Verify::Always => {
                bail!("failed to fetch provenance {place:?}")
            }
            Ok(None) => tell(&format!(
                "WARNING: Verification not found for {}: {place} is not there\n",
                found.address
            )),
            Err(error) => {
                tell(&format!("WARNING: Verification not found for {}: {error:#}\n", found.address))
            }
        }
    }

    /// One dependency's archive; none if it lies in `charts/` anyway.
    fn one(
        &self,
        charts: &Path,
        dependency: &mut Dependency,
        tell: Tell<'_>,
    ) -> anyhow::Result<Option<(String, Vec<u8>)>> {
        let Dependency { name, version, repository, .. } = dependency;
        if repository.is_empty() {
            tell(&format!(
                "Dependency {name} did not declare a repository. Assuming it exists in the charts \
                 directory\n"
            ))?;
            let place = charts.join(&*name);
            let chart = locate::local(place.to_str().unwrap_or_default())
                .with_context(|| format!("unable to load chart '{}'", place.display()))?;
            let found = &chart.metadata.version;
            if !Constraint::parse(version)?.matches(&Version::parse(found)?) {
                bail!(
                    "dependency {name} at version {found} does not satisfy the constraint {version}"
                );
            }
            return Ok(None);
        }
        if let Some(path) = repository.strip_prefix("file://") {
            let chart = self.local(path)?;
            let found = chart.metadata.version.clone();
            if !Constraint::parse(version)?.matches(&Version::parse(&found)?) {
                bail!("can't get a valid version for dependency {name}");
            }
            let archive = windlass_charts::pack(&chart, package::seconds()?)?;
            let file = format!("{}-{found}.tgz", chart.name());
            *version = found;
            return Ok(Some((file, archive)));
        }
        let flags = Flags { access: self.access.clone(), ..Flags::default() };
        let address = if repository.starts_with("oci://") {
            format!("{}/{name}:{version}", repository.trim_end_matches('/'))
        } else {
            match self.entry(repository) {
                Some(entry) => format!("{}/{name}", entry.name),
                None => name.clone(),
            }
        };
        let flags = match () {
            () if repository.starts_with("oci://") => flags,
            () if self.entry(repository).is_some() => Flags { version: version.clone(), ..flags },
            () => Flags { version: version.clone(), repo: repository.clone(), ..flags },
        };
        tell(&format!("Downloading {name} from repo {repository}\n"))?;
        let found = crate::cli::block_on(remote::download(&address, &flags, false))
            .with_context(|| format!("could not download {address}"))?;
        if !found.told.is_empty() {
            tell(&found.told)?;
        }
        if self.how.verify != Verify::Never {
            self.verify(&address, &flags, &found, tell)
                .with_context(|| format!("could not download {}", found.address))?;
        }
        Ok(Some((found.name, found.archive.to_vec())))
    }
}
