//! What Git says: revisions resolved, manifests rendered.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use windlass_cluster::{ApiKinds, Cluster, Interest};
use windlass_engine::state::{Condition, ConditionType};
use windlass_engine::tracking::instance_name;
use windlass_object::Object;
use windlass_render::{Kept, Reference};
use windlass_source::credentials::Settings as Repositories;
use windlass_source::{Repository, address};
use windlass_tree::{ClusterVersions, Tree};

use super::apps::{AppKey, Level};
use super::context::Context;
use super::live_objects::{LiveObjects, Looked};
use super::rendering::{Rendering, render, versions};
use super::sent;
use super::signatures::{self, Policy};
use crate::answers;
use crate::fetch::{self, Fetcher, Pinned};
use crate::lookup::Looking;
use crate::types::{AppProject, Application, Source};

/// Sources of one application that are worked on at once.
const AT_ONCE: usize = 4;

/// What the sources of an application are at some revisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gathered {
    /// From where.
    pub(crate) sources: Vec<Source>,
    /// The commits, one a source.
    pub(crate) revisions: Vec<String>,
    /// How each source was rendered.
    pub(crate) types: Vec<String>,
    pub(crate) rendered: Vec<Arc<Kept>>,
    /// Why manifests are missing, if any are.
    pub(crate) problems: Vec<Condition>,
    /// Why the project does not trust what is there, if it does not: it is compared and shown, and
    /// nothing of it is delivered.
    pub(crate) distrust: Vec<Condition>,
    /// Whether something failed that may do better by itself: the way to a repository.
    pub(crate) unreachable: bool,
    /// Manifests that came with an operation in the place of Git's, as they were sent.
    pub(crate) sent: Vec<String>,
    /// Whether there is a source of which nothing could be had at all.
    wholly: bool,
    /// What the cluster served, if manifests depend on it.
    kinds: Option<Arc<ApiKinds>>,
    /// What was looked up in the cluster.
    looked: Looked,
    /// Held so that changes of that are told.
    interest: Option<Arc<Interest>>,
}

impl Gathered {
    /// What somebody sent with an operation; it is of no revision, and those that were wanted of
    /// the sources are told.
    pub(crate) fn sent(
        project: &AppProject,
        sources: &[Source],
        wanted: &[String],
        manifests: &[String],
    ) -> Self {
        let mut gathered = Self {
            sources: sources.to_vec(),
            revisions: wanted.to_vec(),
            sent: manifests.to_vec(),
            ..Self::default()
        };
        match sent::rendered(project, sources, manifests) {
            Ok(rendered) => gathered.rendered.push(rendered),
            Err(problem) => gathered.problems.push(problem),
        }
        gathered
    }

    /// The first revision; of no sources none.
    pub(crate) fn revision(&self) -> &str {
        self.revisions.first().map_or("", String::as_str)
    }

    /// Whether all manifests are there.
    pub(crate) fn is_complete(&self) -> bool {
        self.problems.is_empty()
    }

    /// The objects of all sources, in order.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        self.rendered.iter().flat_map(|rendered| rendered.objects())
    }

    /// Takes in what a source came to.
    fn take(
        &mut self,
        source: &Source,
        revision: String,
        wanted: &str,
        rendered: Arc<Kept>,
        kinds: &Arc<ApiKinds>,
        told: &dyn Fn(&dyn std::fmt::Display) -> Condition,
    ) {
        self.unreachable |= rendered.given.failed();
        if rendered.given.cluster.is_some() || rendered.given.has_lookups() {
            self.kinds = Some(kinds.clone());
        }
        let fails = !rendered.diagnostics.is_empty();
        // As Argo CD: where nothing could be rendered, the revision is the one that was wanted.
        let nothing = fails && rendered.is_empty();
        self.wholly |= nothing;
        let named = rendered.source_type.filter(|_| !nothing);
        self.types.push(named.map(|t| t.to_string()).unwrap_or_default());
        self.revisions.push(if nothing { wanted.to_owned() } else { revision });
        if fails {
            self.problems.push(told(&answers::unrendered(source, &rendered)));
        }
        self.rendered.push(rendered);
    }

    /// Whether the cluster serves and shows what the manifests were made for.
    pub(crate) fn fits(&self, cluster: &Cluster) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| Arc::ptr_eq(kinds, &cluster.kinds()))
            && self.looked.iter().all(|(key, seen)| cluster.shows(key, seen))
    }

    /// Whether it is the same manifests of the same sources.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.sources == other.sources
            && self.problems == other.problems
            && self.distrust == other.distrust
            && self.rendered.len() == other.rendered.len()
            && self.rendered.iter().zip(&other.rendered).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// Gathers an application's sources at the wanted revisions: branches, tags, commits, ranges. All
/// revisions are resolved before the first source is rendered, so that a file of another source is
/// taken from the commit that the status names.
pub(crate) async fn gather(
    context: &Arc<Context>,
    app: &Application,
    cluster: &Cluster,
    sources: &[Source],
    wanted: &[String],
    level: Level,
) -> Gathered {
    let mut gathered = Gathered { sources: sources.to_vec(), ..Gathered::default() };
    let references = match fetch::references(app, sources, wanted) {
        Ok(references) => references,
        Err(error) => {
            gathered.problems.push(failed(&error));
            return gathered;
        }
    };
    let kinds = cluster.kinds();
    let settings = context.repositories();
    let instance = instance_name(app.name(), app.namespace(), &context.namespace);
    let live = LiveObjects::new(cluster, &instance);
    let project = context.project(app.project());
    let place = context.clusters.find(&app.spec.destination);
    let looking = match (&project, &place) {
        (Some(project), Ok((server, cluster))) => {
            let destination = &app.spec.destination;
            Some(Looking { objects: &live, project, destination, server, cluster })
        }
        _ => None,
    };
    let mut looks = Looks {
        context,
        app,
        versions: versions(&kinds),
        settings: &settings,
        level,
        references,
        pinned: Pinned::new(),
        looking,
    };
    let wanted = |i: usize| wanted.get(i).map_or("", String::as_str);
    looks.forget(sources);
    let mut resolving = Vec::new();
    for (i, source) in sources.iter().enumerate() {
        resolving.push(looks.resolve(source, wanted(i)).boxed());
    }
    let resolved: Vec<_> = stream::iter(resolving).buffered(AT_ONCE).collect().await;
    for (i, (source, found)) in sources.iter().zip(&resolved).enumerate() {
        if let Ok(Resolved::Commit { repository, resolved }) = found {
            let revision = &resolved.commit;
            match looks.distrust(source, repository, resolved).await {
                Ok(found) => gathered.distrust.extend(found.into_iter().map(|problem| {
                    let named = match (sources.len(), source.name.as_str()) {
                        (..=1, _) => problem,
                        (count, "") => problem.of(&format!("source {} of {count}", i + 1)),
                        (_, name) => problem.of(&format!("source {name}")),
                    };
                    Condition::new(ConditionType::ComparisonError, named.to_string())
                })),
                Err(why) => {
                    let (number, count) = (i + 1, sources.len());
                    gathered.distrust.push(failed(&format!(
                        "failed to generate manifest for source {number} of {count}: {why}"
                    )));
                }
            }
            let place = (address::normalize(&source.repo_url), wanted(i).to_owned());
            looks.pinned.insert(place, revision.clone());
        }
    }
    let mut rendering = Vec::new();
    for (source, found) in sources.iter().zip(resolved) {
        rendering.push(looks.render(source, found).boxed());
    }
    let rendered: Vec<_> = stream::iter(rendering).buffered(AT_ONCE).collect().await;
    let several = app.spec.has_multiple_sources();
    for (i, (revision, result)) in rendered.into_iter().enumerate() {
        let told = |error: &dyn std::fmt::Display| {
            let (number, count) = (i + 1, sources.len());
            failed(&format!("failed to generate manifest for source {number} of {count}: {error}"))
        };
        match result {
            Ok(rendered) => {
                gathered.take(&sources[i], revision, wanted(i), rendered, &kinds, &told);
            }
            Err(Failure::Nothing) => {
                gathered.revisions.push(revision);
                gathered.types.push(String::new());
            }
            Err(Failure::Said(message)) => {
                gathered.revisions.push(wanted(i).to_owned());
                gathered.types.push(String::new());
                gathered.unreachable = true;
                gathered.wholly = true;
                gathered.problems.push(told(&message));
            }
        }
    }
    if gathered.kinds.is_some() {
        live.interest.add_kinds();
        // Nobody was told of what changed before.
        if !Arc::ptr_eq(&kinds, &cluster.kinds()) {
            context.apps.raise(&AppKey::of(app), Level::Live);
        }
    }
    gathered.interest = Some(live.interest.clone());
    gathered.looked = live.looked();
    if several && gathered.wholly {
        // As Argo CD: revisions of several sources are told together or not at all.
        gathered.revisions.clear();
        gathered.types.clear();
    }
    gathered
}

fn failed(error: &str) -> Condition {
    let message = format!("Failed to load target state: {error}");
    Condition::new(ConditionType::ComparisonError, message)
}

enum Failure {
    /// The source renders nothing, rightly.
    Nothing,
    /// Why there is nothing.
    Said(String),
}

/// Why a revision is not trusted.
enum Problem {
    /// In the words of `signatureKeys`.
    Plain(String),
    /// In those of `sourceIntegrity`, which name the check.
    Check(String),
}

impl Problem {
    /// With the source that it is of.
    fn of(self, source: &str) -> Self {
        match self {
            Self::Check(why) => Self::Check(format!("{source}: {why}")),
            plain => plain,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(why) => f.write_str(why),
            Self::Check(why) => write!(f, "GIT/GPG: {why}"),
        }
    }
}

/// Where a source's files are.
enum Resolved {
    /// A commit, whose files are fetched when they are needed.
    Commit { repository: Arc<Repository>, resolved: windlass_source::Resolved },
    /// A chart's, or an artifact's of a registry.
    Files { revision: String, tree: Arc<dyn Tree> },
}

/// One look at the sources of an application.
struct Looks<'a> {
    context: &'a Arc<Context>,
    app: &'a Application,
    versions: Arc<ClusterVersions>,
    settings: &'a Arc<Repositories>,
    level: Level,
    references: Option<BTreeMap<String, Reference>>,
    pinned: Pinned,
    looking: Option<Looking<'a>>,
}

impl Looks<'_> {
    fn fetcher(&self, source: &Source) -> Fetcher<'_> {
        let (sources, charts) = (&self.context.sources, &self.context.charts);
        let versions = Some(&self.versions);
        let fetcher = Fetcher::of(self.app, source, sources, charts, self.settings, versions);
        Fetcher { pinned: Some(&self.pinned), looking: self.looking, ..fetcher }
    }

    /// What was known of the repositories, if they are to be asked again.
    fn forget(&self, sources: &[Source]) {
        if self.level < Level::Refresh {
            return;
        }
        if sources.iter().any(|source| !source.chart.is_empty() || source.is_oci()) {
            self.context.charts.invalidate();
        }
        let known = |url: &str| sources.iter().any(|source| address::same(url, &source.repo_url));
        self.context.sources.invalidate(&known);
    }

    /// The commit of a source, or its files; or why there is none, with the version if that is
    /// known. The words are those of Argo CD's repo server.
    async fn resolve(&self, source: &Source, wanted: &str) -> Result<Resolved, (String, String)> {
        let unknown = |error: &dyn std::fmt::Display| (String::new(), error.to_string());
        if !source.chart.is_empty() {
            let found = self.fetcher(source).chart(source, wanted).await;
            let (version, tree) = found.map_err(|failed| (failed.revision, failed.answer))?;
            return Ok(Resolved::Files { revision: version, tree });
        }
        if source.is_oci() {
            let found = self.fetcher(source).artifact(source, wanted).await;
            let (revision, tree) = found.map_err(|failed| (failed.revision, failed.answer))?;
            return Ok(Resolved::Files { revision, tree });
        }
        let repository = self.settings.repository(&source.repo_url, self.app.project());
        let repository = repository.map_err(|error| unknown(&error))?;
        let resolved = self.context.sources.resolve(&repository, wanted).await;
        let resolved = resolved.map_err(|error| (String::new(), answers::unresolved(&error)))?;
        Ok(Resolved::Commit { repository: Arc::new(repository), resolved })
    }

    /// Why the project does not trust a revision.
    async fn distrust(
        &self,
        source: &Source,
        repository: &Repository,
        resolved: &windlass_source::Resolved,
    ) -> Result<Vec<Problem>, String> {
        let project = self.context.project(self.app.project());
        let policy = project.and_then(|project| signatures::policy(&project, &source.repo_url));
        let Some(policy) = policy.filter(|_| self.context.verifies) else { return Ok(Vec::new()) };
        let (ring, now) = (self.context.keyring.load_full(), Timestamp::now().as_second());
        let git = &self.context.sources;
        let signed = git.signed(repository, resolved).await.map_err(|error| error.to_string())?;
        let found = match policy {
            Policy::Unclear(why) => return Err(why),
            Policy::Keys(keys) => {
                let commit = &resolved.commit;
                let found = signatures::distrusted(&ring, &keys, &signed, commit, now);
                return Ok(found.map(Problem::Plain).into_iter().collect());
            }
            Policy::Gpg { strict: false, keys } => {
                signatures::problems(&ring, &keys, &[signed], now)
            }
            Policy::Gpg { strict: true, keys } => {
                let history = git.history(repository, &resolved.commit).await;
                let history = history.map_err(|error| error.to_string())?;
                let mut all = signatures::unsealed(&ring, history, now);
                if signed.name != resolved.commit {
                    all.insert(0, signed);
                }
                signatures::problems(&ring, &keys, &all, now)
            }
        };
        Ok(found.into_iter().map(Problem::Check).collect())
    }

    /// The revision of a source, as far as that could be told, and what it renders to.
    async fn render(
        &self,
        source: &Source,
        found: Result<Resolved, (String, String)>,
    ) -> (String, Result<Arc<Kept>, Failure>) {
        let (revision, tree): (String, Arc<dyn Tree>) = match found {
            Err((revision, why)) => return (revision, Err(Failure::Said(why))),
            Ok(Resolved::Files { revision, tree }) => (revision, tree),
            Ok(Resolved::Commit { resolved, .. }) if source.is_reference_only() => {
                return (resolved.commit, Err(Failure::Nothing));
            }
            Ok(Resolved::Commit { repository, resolved }) => {
                let revision = resolved.commit;
                match self.context.sources.tree(&repository, &revision).await {
                    Ok(tree) => (revision, tree),
                    Err(error) => {
                        return (revision, Err(Failure::Said(answers::unfetched(&error))));
                    }
                }
            }
        };
        let rendering = Rendering {
            context: self.context,
            app: self.app,
            source,
            references: &self.references,
            revision: &revision,
            level: self.level,
        };
        let result = render(&rendering, &self.fetcher(source), tree).await;
        let said = |why: String| Failure::Said(windlass_render::unknown(why));
        (revision, result.map_err(said))
    }
}
