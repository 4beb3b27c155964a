//! What renderers ask for, fetched: trees, charts, files of the web.
//!
//! A renderer does no I/O: it answers with what it lacks, that is fetched here, and it runs again. A
//! chart of charts asks level by level, so a render takes as many rounds as its needs are deep.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use windlass_charts::{Charts, Repository};
use windlass_helm::Draws;
use windlass_object::json;
use windlass_render::{Given, Need, Reference, Spec};
use windlass_source::credentials::Settings;
use windlass_source::{Sources, address};
use windlass_tree::{
    ClusterVersions, EntryKind, GivenChart, GivenLookup, GivenTree, MemoryTree, Tree, TreePath,
};

use crate::build_options::BuildOptions;
use crate::lookup::{Looking, Query};
use crate::types::{Application, Source};
use crate::{answers, helm_repositories};

/// How deep needs may lead to others.
const ROUNDS: usize = 32;
/// What one render fetches at once.
const FETCHES: usize = 8;

/// Fetches for the renders of one source of an application.
#[derive(Clone, Copy, Debug)]
pub struct Fetcher<'a> {
    /// Git repositories.
    pub sources: &'a Sources,
    /// Helm repositories.
    pub charts: &'a Charts,
    /// What is configured of them.
    pub settings: &'a Arc<Settings>,
    /// The application's project.
    pub project: &'a str,
    /// Whether credentials of chart repositories go to other hosts too.
    pub pass_credentials: bool,
    /// What the destination serves, if that is known.
    pub versions: Option<&'a Arc<ClusterVersions>>,
    /// Commits that were resolved before: all sources of one look see the same ones.
    pub pinned: Option<&'a Pinned>,
    /// Where charts look things up; without it they find nothing.
    pub looking: Option<Looking<'a>>,
}

/// Commits by normalised address of the repository and wanted revision.
pub type Pinned = BTreeMap<(String, String), String>;

/// Why a chart or an artifact cannot be had.
#[derive(Clone, Debug)]
pub struct Unavailable {
    /// Its version or digest, if that is known.
    pub revision: String,
    /// Why.
    pub why: String,
    /// What Argo CD's repo server would answer.
    pub answer: String,
}

impl Unavailable {
    fn new(revision: &str, why: &dyn std::fmt::Display, answer: String) -> Self {
        Self { revision: revision.to_owned(), why: why.to_string(), answer }
    }

    fn plain(revision: &str, why: &dyn std::fmt::Display) -> Self {
        Self::new(revision, why, windlass_render::unknown(why))
    }
}

enum Fetched {
    Chart(GivenChart),
    Tree(GivenTree),
    File(Arc<[u8]>),
    Versions(Arc<ClusterVersions>),
    Lookup(GivenLookup),
}

impl<'a> Fetcher<'a> {
    /// For a source of an application.
    pub fn of(
        app: &'a Application,
        source: &Source,
        sources: &'a Sources,
        charts: &'a Charts,
        settings: &'a Arc<Settings>,
        versions: Option<&'a Arc<ClusterVersions>>,
    ) -> Self {
        let pass_credentials = source.helm.as_ref().is_some_and(|helm| helm.pass_credentials);
        let project = app.project();
        Self {
            sources,
            charts,
            settings,
            project,
            pass_credentials,
            versions,
            pinned: None,
            looking: None,
        }
    }

    fn repository(&self, url: &str) -> Result<Repository, String> {
        helm_repositories::repository(self.settings, url, self.project, self.pass_credentials)
    }

    /// The version of a source that is a chart, and its files as a tree.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn chart(
        &self,
        source: &Source,
        wanted: &str,
    ) -> Result<(String, Arc<dyn Tree>), Unavailable> {
        let repository =
            self.repository(&source.repo_url).map_err(|e| Unavailable::plain("", &e))?;
        let version = self.charts.resolve(&repository, &source.chart, wanted).await;
        let version = version.map_err(|e| Unavailable::new("", &e, answers::no_version(&e)))?;
        let given = self.charts.fetch(&repository, &source.chart, &version).await;
        let given = given.map_err(|error| {
            let answer = answers::no_chart(source, repository.is_oci(), &version, &error);
            Unavailable::new(&version, &error, answer)
        })?;
        let unpack = move || windlass_helm::unpack(&given.archive);
        let files = tokio::task::spawn_blocking(unpack).await;
        let files = files.map_err(|error| Unavailable::plain(&version, &error))?;
        let files = files.map_err(|error| Unavailable::plain(&version, &error))?;
        let mut tree = MemoryTree::default();
        for file in files {
            // A name that no tree can have is no file of a chart.
            if let Ok(path) = TreePath::new(&file.name) {
                tree.insert_at(&path, EntryKind::File, file.data);
            }
        }
        Ok((version, Arc::new(tree)))
    }

    /// The digest of a source that is an artifact of a registry, and its files.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn artifact(
        &self,
        source: &Source,
        wanted: &str,
    ) -> Result<(String, Arc<dyn Tree>), Unavailable> {
        let repository =
            self.repository(&source.repo_url).map_err(|e| Unavailable::plain("", &e))?;
        let digest = self.charts.resolve_artifact(&repository, wanted).await;
        let digest =
            digest.map_err(|e| Unavailable::new("", &e, answers::no_artifact(wanted, &e)))?;
        match self.charts.artifact(&repository, &digest).await {
            Ok(tree) => Ok((digest, tree)),
            Err(error) => Err(Unavailable::plain(&digest, &error)),
        }
    }

    /// Runs `render` until it lacks nothing.
    ///
    /// # Errors
    /// What `render` says, and when it asks without end.
    pub async fn fulfil<T, R>(
        &self,
        mut given: Given,
        render: impl Fn(Given) -> R,
    ) -> Result<T, String>
    where
        R: Future<Output = Result<Result<T, Vec<Need>>, String>>,
    {
        for _ in 0..ROUNDS {
            let needs = match render(given.clone()).await? {
                Ok(rendered) => return Ok(rendered),
                Err(needs) => needs,
            };
            let mut missing: Vec<Need> = needs.into_iter().filter(|n| !given.answers(n)).collect();
            missing.sort();
            missing.dedup();
            if missing.is_empty() {
                return Err("rendering asks twice for the same; please report this".to_owned());
            }
            let mut fetches = stream::iter(missing)
                .map(|need| async { (self.fetch(&need).await, need) })
                .buffer_unordered(FETCHES);
            while let Some((fetched, need)) = fetches.next().await {
                match fetched {
                    Ok(Fetched::Chart(chart)) => given.insert_chart(need, chart),
                    Ok(Fetched::Tree(tree)) => given.insert_tree(need, tree),
                    Ok(Fetched::File(bytes)) => given.insert_file(need, bytes),
                    Ok(Fetched::Versions(versions)) => given.insert_cluster(versions),
                    Ok(Fetched::Lookup(found)) => given.insert_lookup(need, found),
                    Err(why) => given.insert_failure(need, why),
                }
            }
        }
        Err(format!("what is needed leads {ROUNDS} times to something else: is it a cycle?"))
    }

    async fn fetch(&self, need: &Need) -> Result<Fetched, String> {
        match need {
            Need::Tree { repository, revision } => {
                self.tree(repository, revision).await.map(Fetched::Tree)
            }
            Need::Chart { repository, name, version } => {
                let repository = self.repository(repository)?;
                let chart = self.charts.fetch(&repository, name, version).await;
                chart.map(Fetched::Chart).map_err(|error| error.to_string())
            }
            Need::File { address } => {
                let file = windlass_charts::fetch_file(address).await;
                file.map(|bytes| Fetched::File(Arc::from(&bytes[..]))).map_err(|e| e.to_string())
            }
            Need::ClusterVersions => self
                .versions
                .cloned()
                .map(Fetched::Versions)
                .ok_or_else(|| "no cluster is known here".to_owned()),
            Need::Lookup { api_version, kind, namespace, name } => {
                let query = Query { api_version, kind, namespace, name };
                match &self.looking {
                    Some(looking) => looking.look_up(query).await.map(Fetched::Lookup),
                    None => Ok(Fetched::Lookup(GivenLookup {
                        value: Arc::new(json!({})),
                        hidden: None,
                    })),
                }
            }
            other => Err(format!("{other} cannot be fetched")),
        }
    }

    async fn tree(&self, repository: &str, revision: &str) -> Result<GivenTree, String> {
        let repository = self
            .settings
            .repository(repository, self.project)
            .map_err(|error| error.to_string())?;
        let place = (address::normalize(&repository.url), revision.to_owned());
        let commit = match self.pinned.and_then(|pinned| pinned.get(&place)) {
            Some(commit) => commit.clone(),
            None => {
                let resolved = self.sources.resolve(&repository, revision).await;
                resolved.map_err(|error| error.to_string())?.commit
            }
        };
        let tree = self.sources.tree(&repository, &commit).await;
        Ok(GivenTree { revision: commit, tree: tree.map_err(|error| error.to_string())? })
    }
}

/// What to render of a source of an application, whose instance name is `instance` and whose charts
/// take their random draws from `draws`. `references` are those of [`references`].
///
/// # Errors
/// When the source's path is none.
pub fn spec(
    app: &Application,
    source: &Source,
    references: Option<BTreeMap<String, Reference>>,
    instance: &str,
    options: &BuildOptions,
    draws: Draws,
) -> Result<Spec, String> {
    let path = if source.chart.is_empty() { source.path.as_str() } else { "" };
    let path = TreePath::new(path).map_err(|_| {
        let is = if path.starts_with('/') { "is absolute" } else { "outside root" };
        format!("{path}: app path {is}")
    })?;
    let mut spec = Spec::for_application(path, source.blocks(), instance);
    let namespace = &app.spec.destination.namespace;
    namespace.clone_into(&mut spec.installation.namespace);
    spec.installation.draws = Some(draws);
    let version = source.kustomize.as_ref().map_or("", |k| k.version.as_str());
    options.fill(&mut spec, version);
    let pairs = [
        ("ARGOCD_APP_NAME", instance),
        ("ARGOCD_APP_NAMESPACE", namespace),
        ("ARGOCD_APP_PROJECT_NAME", app.project()),
        ("ARGOCD_APP_SOURCE_REPO_URL", &source.repo_url),
        ("ARGOCD_APP_SOURCE_PATH", &source.path),
        ("ARGOCD_APP_SOURCE_TARGET_REVISION", &source.target_revision),
    ];
    spec.environment = pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    spec.references = references;
    Ok(spec)
}

/// The sources that others may name, at the wanted revisions (empty: the source's own). Of an
/// application with a single source there is no such thing.
///
/// # Errors
/// When two have one name, or a name cannot be one. The words are Argo CD's.
pub fn references(
    app: &Application,
    sources: &[Source],
    wanted: &[String],
) -> Result<Option<BTreeMap<String, Reference>>, String> {
    if !app.spec.has_multiple_sources() {
        return Ok(None);
    }
    let mut references = BTreeMap::new();
    if sources.len() == 1 {
        return Ok(Some(references));
    }
    for (i, source) in sources.iter().enumerate().filter(|(_, s)| !s.reference.is_empty()) {
        let name = &source.reference;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(format!(
                "failed to get ref sources: sources.ref {name} cannot contain any special \
                 characters except '_' and '-'"
            ));
        }
        let revision = wanted.get(i).filter(|revision| !revision.is_empty());
        let reference = Reference {
            repository: source.repo_url.clone(),
            revision: revision.unwrap_or(&source.target_revision).clone(),
            is_chart: !source.chart.is_empty(),
        };
        if references.insert(format!("${name}"), reference).is_some() {
            return Err("failed to get ref sources: invalid sources: multiple sources had the \
                        same `ref` key"
                .to_owned());
        }
    }
    Ok(Some(references))
}
