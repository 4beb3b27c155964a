//! An application's manifests against its live objects, worked out here and now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_argo::Settings;
use windlass_argo::build_options::BuildOptions;
use windlass_argo::fetch::{self, Fetcher};
use windlass_argo::installation::InstallationKey;
use windlass_argo::types::{Application, IgnoreDifference};
use windlass_engine::compare::{self, Comparison};
use windlass_engine::diff::{self, Mode};
use windlass_engine::ignore::{Jq, Rules};
use windlass_engine::normalize::Normalizer;
use windlass_engine::policy::parse_duration;
use windlass_engine::sync::{self, Plan};
use windlass_engine::targets::{self, Context, Targets};
use windlass_engine::tracking::{self, Tracking};
use windlass_helm::Draws;
use windlass_object::{GroupKind, Object, ResourceKey};
use windlass_render::{Given, Outcome, Rendered, Spec, render};
use windlass_schema::Schemas;
use windlass_tree::{DirectoryTree, Tree, TreePath};

use super::connection::{Connection, Stored};
use super::kinds::{self, Kinds};
use super::lookup::Lookups;
use super::options::duration;
use super::repositories::{self, Mirrors};
use crate::cli::failure::Failure;
use crate::cli::output;

/// The cluster that Applications mean by "here".
pub(super) const IN_CLUSTER: [&str; 2] = ["https://kubernetes.default.svc", "in-cluster"];

/// Whose manifests are wanted.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// The repositories' at these revisions, one a source; an empty or absent one is the source's own.
    Revisions(Vec<String>),
    /// Those of a directory on disk, in the place of the application's path.
    Local(Local),
}

/// A directory on disk in the place of the application's path.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Local {
    /// Take the manifests of this directory, and ask no repository.
    #[arg(long, value_name = "DIR")]
    pub(crate) local: Option<PathBuf>,
    /// Directory that the repository begins in, for what lies beside --local.
    #[arg(long, value_name = "DIR")]
    local_repo_root: Option<PathBuf>,
}

impl Local {
    /// What is wanted, if a directory is given.
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        self.local.is_some().then(|| Wanted::Local(self.clone()))
    }

    /// The same where `--local` is the whole repository, of which this path is rendered, as a server
    /// does with what it is sent.
    ///
    /// # Errors
    /// When there is no such path.
    pub(crate) fn of_repository(&self, path: &str) -> anyhow::Result<Self> {
        let Some(root) = &self.local else { return Ok(self.clone()) };
        let dir = root.join(path);
        if !dir.is_dir() {
            let why = format!("failed to get app path: {path}: app path does not exist");
            return Err(Failure::generic(why));
        }
        Ok(Self { local: Some(dir), local_repo_root: Some(root.clone()) })
    }

    /// The files, and where in them the manifests are.
    fn tree(&self) -> anyhow::Result<(DirectoryTree, TreePath)> {
        let dir = self.local.clone().unwrap_or_default();
        let root = self.local_repo_root.as_ref().and_then(|root| root.canonicalize().ok());
        let full = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let below = root.as_ref().and_then(|root| full.strip_prefix(root).ok()?.to_str());
        match (&root, below) {
            // All of a disk is no repository.
            (Some(root), Some(below)) if root.parent().is_some() => {
                let path = TreePath::new(below)
                    .map_err(|error| Failure::generic(format!("{}: {error}", dir.display())))?;
                Ok((DirectoryTree::new(root), path))
            }
            _ => Ok((DirectoryTree::new(dir), TreePath::root())),
        }
    }
}

/// What came out.
pub(crate) struct Compared {
    pub(crate) comparison: Comparison,
    pub(crate) plan: Plan,
    /// Whether some manifests could not be rendered; they have been told on standard error.
    pub(crate) incomplete: bool,
}

/// Renders an application's manifests, its several sources one behind the other, and the commit of
/// the first. What is bad or odd is told on standard error.
pub(crate) async fn manifests(
    connection: &Connection,
    app: &Application,
    wanted: &Wanted,
) -> anyhow::Result<(Vec<Object>, String, bool)> {
    let mut incomplete = false;
    let tell = &mut |told: Told| match told {
        Told::Bad(text) => {
            incomplete = true;
            output::warn(&format!("error: {text}"));
        }
        Told::Odd(text) => output::warn(&format!("warning: {text}")),
    };
    let (objects, commit) = render_all(connection, app, wanted, tell).await?;
    Ok((objects, commit, incomplete))
}

/// What is told of manifests on the way.
pub(crate) enum Told {
    /// Something could not be rendered.
    Bad(String),
    /// Something is odd.
    Odd(String),
}

/// As [`manifests`], telling what is bad or odd to `tell`.
pub(crate) async fn render_all(
    connection: &Connection,
    app: &Application,
    wanted: &Wanted,
    tell: &mut (dyn FnMut(Told) + Send),
) -> anyhow::Result<(Vec<Object>, String)> {
    let mut objects = Vec::new();
    let mut commit = String::new();
    let settings = repositories::settings(connection).await?;
    let mirrors = Mirrors::open()?;
    let versions = Arc::new(kinds::versions(&connection.client).await?);
    let config = repositories::config_map(connection, "argocd-cm").await?;
    let parameters = repositories::config_map(connection, "argocd-cmd-params-cm").await?;
    let options = BuildOptions::read(&config, &parameters);
    let instance = tracking::instance_name(app.name(), app.namespace(), &connection.namespace);
    let draws = draws(connection, app).await?;
    let lookups = Lookups::open(connection, app).await;
    let all = app.spec.effective_sources();
    let revisions: &[String] = match wanted {
        Wanted::Local(_) => &[],
        Wanted::Revisions(revisions) => revisions,
    };
    let references = fetch::references(app, all, revisions).map_err(Failure::generic)?;
    for (i, source) in all.iter().enumerate().filter(|(_, source)| !source.is_reference_only()) {
        let (sources, charts) = (&mirrors.sources, &mirrors.charts);
        let mut fetcher = Fetcher::of(app, source, sources, charts, &settings, Some(&versions));
        fetcher.looking = lookups.as_ref().map(|lookups| lookups.looking(app));
        let spec = fetch::spec(app, source, references.clone(), &instance, &options, draws.clone());
        let mut spec = spec.map_err(Failure::generic)?;
        let (revision, tree): (String, Arc<dyn Tree>) = match wanted {
            Wanted::Local(local) => {
                let (tree, path) = local.tree()?;
                spec.path = path;
                (String::new(), Arc::new(tree))
            }
            Wanted::Revisions(_) => {
                let revision = revisions.get(i).filter(|revision| !revision.is_empty());
                let revision = revision.unwrap_or(&source.target_revision);
                if source.is_oci() {
                    let found = fetcher.artifact(source, revision).await;
                    found.map_err(|failed| Failure::generic(failed.why))?
                } else if source.chart.is_empty() {
                    let repository = settings.repository(&source.repo_url, app.project())?;
                    let resolved = mirrors.sources.resolve(&repository, revision).await?;
                    let tree = mirrors.sources.tree(&repository, &resolved.commit).await?;
                    (resolved.commit, tree)
                } else {
                    let found = fetcher.chart(source, revision).await;
                    found.map_err(|failed| Failure::generic(failed.why))?
                }
            }
        };
        if commit.is_empty() {
            commit.clone_from(&revision);
        }
        let rendered = rendered(&fetcher, spec, tree, &revision).await?;
        for diagnostic in &rendered.diagnostics {
            tell(Told::Bad(diagnostic.to_string()));
        }
        for warning in &rendered.warnings {
            tell(Told::Odd(warning.to_string()));
        }
        objects.extend(rendered.manifests.iter().map(|m| m.object.clone()));
    }
    Ok((objects, commit))
}

/// Where the draws of the application's charts come from: as in the delivery, for who may read the
/// installation's key; for others something else is drawn each time.
async fn draws(connection: &Connection, app: &Application) -> anyhow::Result<Draws> {
    match InstallationKey::read(&connection.client, &connection.namespace).await {
        Ok(Some(key)) => Ok(key.draws(app.uid())),
        Ok(None) | Err(_) => crate::cli::draws(),
    }
}

/// Renders a tree, with what it asks for fetched.
pub(crate) async fn rendered(
    fetcher: &Fetcher<'_>,
    spec: Spec,
    tree: Arc<dyn Tree>,
    revision: &str,
) -> anyhow::Result<Arc<Rendered>> {
    let given = Given::at(revision, jiff::Timestamp::now().as_nanosecond());
    let spec = Arc::new(spec);
    let render = |given: Given| {
        let (spec, tree) = (spec.clone(), tree.clone());
        async move {
            let work = move || match render(&*tree, &spec, &given) {
                Outcome::Done(rendered) => Ok(Arc::new(rendered)),
                Outcome::Needs(needs) => Err(needs),
            };
            tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
        }
    };
    fetcher.fulfil(given, render).await.map_err(Failure::generic)
}

/// What an application's objects are to be.
pub(crate) struct Prepared {
    pub(crate) targets: Targets,
    tracking: Tracking,
    instance: String,
    commit: String,
    /// As in [`Compared`].
    pub(crate) incomplete: bool,
}

/// Renders an application's manifests, and marks and places them as a sync does.
pub(crate) async fn prepare(
    connection: &Connection,
    app: &Application,
    wanted: &Wanted,
) -> anyhow::Result<Prepared> {
    check_destination(app)?;
    let (manifests, commit, incomplete) = manifests(connection, app, wanted).await?;
    let settings = settings(connection).await?;
    let (tracking, instance) = marks(connection, app).await?;
    let excluded = |kind: &GroupKind| !settings.filter.allows(kind, IN_CLUSTER[0]);
    let context = Context {
        instance: &instance,
        namespace: &app.spec.destination.namespace,
        tracking: &tracking,
        kinds: connection.kinds().await?,
        excluded: &excluded,
    };
    let targets = targets::prepare(manifests, &context);
    Ok(Prepared { targets, tracking, instance, commit, incomplete })
}

/// How an application's objects are marked.
async fn marks(connection: &Connection, app: &Application) -> anyhow::Result<(Tracking, String)> {
    let instance = tracking::instance_name(app.name(), app.namespace(), &connection.namespace);
    Ok((settings(connection).await?.tracking, instance))
}

/// What is wanted, with the application's mark, in the order of its files; and whether some of it
/// could not be rendered.
pub(crate) async fn marked(
    connection: &Connection,
    app: &Application,
    wanted: &Wanted,
) -> anyhow::Result<(Vec<Object>, bool)> {
    let (mut objects, _, incomplete) = manifests(connection, app, wanted).await?;
    let (tracking, instance) = marks(connection, app).await?;
    for object in objects.iter_mut().filter(|object| !tracking::is_crd(object)) {
        tracking.set(object, &instance, &app.spec.destination.namespace)?;
    }
    Ok((objects, incomplete))
}

/// What `argocd-cm` says.
pub(crate) async fn settings(connection: &Connection) -> anyhow::Result<Settings> {
    let config = repositories::config_map(connection, "argocd-cm").await?;
    Ok(Settings::read(&config, &BTreeMap::new()))
}

/// Compares, and plans the sync that would follow.
pub(crate) async fn compare(
    connection: &Connection,
    stored: &Stored,
    wanted: &Wanted,
    bound: &JqBound,
) -> anyhow::Result<Compared> {
    let app = &stored.app;
    let Prepared { targets, tracking, instance, commit, incomplete } =
        prepare(connection, app, wanted).await?;
    let kinds = connection.kinds().await?;
    let settings = settings(connection).await?;
    let namespace = app.spec.destination.namespace.as_str();
    let live = live(app, &targets.objects, kinds, namespace).await?;
    let options = sync_options(app);
    let ignored = ignored(&settings.ignore_differences, &app.spec.ignore_differences, bound);
    let schemas = Schemas::builtin();
    let server_side = options.server_side_apply;
    let comparison = compare::compare(
        &targets,
        &live,
        &compare::Settings {
            name: app.name(),
            instance: &instance,
            qualified_name: &format!("{}/{}", app.namespace(), app.name()),
            key: stored.object.key(),
            namespace,
            namespace_metadata: None,
            namespace_metadata_changed: false,
            incomplete,
            prune_default: options.prune_default.as_deref(),
            delete_default: None,
            kinds,
            permitted: &|_, _, _| true,
            health: &settings.customizations,
            diff: diff::Settings {
                schemas: &schemas,
                normalizer: Normalizer {
                    status: settings.ignore_status,
                    aggregated_roles: settings.ignore_aggregated_roles,
                    known_types: &settings.known_types,
                    ignore: &ignored,
                },
                tracking: &tracking,
            },
            mode: &|_, _| if server_side { Mode::StructuredMerge } else { Mode::ThreeWay },
        },
    );
    let now = jiff::Timestamp::now();
    let request =
        sync::Request { revision: &commit, namespace, started_at: now, now, options: &options };
    let namespace_key = ResourceKey::new("", "Namespace", "", namespace);
    let there = kinds.fetch_all([(namespace_key, "v1".to_owned())]).await?;
    let world = sync::World {
        pairs: comparison.pairs(|_| true),
        hooks: &comparison.hooks,
        namespace: there.into_iter().next().map(Arc::new),
        kinds,
        permit: &|_, _| Ok(()),
        health: &settings.customizations,
    };
    let plan = sync::plan(&request, &world);
    Ok(Compared { comparison, plan, incomplete })
}

pub(super) fn check_destination(app: &Application) -> anyhow::Result<()> {
    let destination = &app.spec.destination;
    let here = [destination.server.as_str(), destination.name.as_str()];
    if here.iter().any(|d| IN_CLUSTER.contains(d)) {
        return Ok(());
    }
    Err(Failure::generic(format!(
        "application {} goes to another cluster ({}), which the command line cannot look at yet",
        app.name(),
        here.concat()
    )))
}

/// The options of a sync that the application's own policy would ask for.
fn sync_options(app: &Application) -> sync::Options {
    let policy = app.spec.sync_policy.as_ref();
    let entries = policy.iter().flat_map(|p| &p.sync_options).map(String::as_str);
    let (mut options, _) = sync::Options::from_sync_options(entries);
    options.prune = policy.and_then(|p| p.automated.as_ref()?.prune) == Some(true);
    options
}

/// The live objects that Git names, and those of the application's status.
async fn live(
    app: &Application,
    targets: &[Arc<Object>],
    kinds: &Kinds,
    namespace: &str,
) -> anyhow::Result<BTreeMap<ResourceKey, Arc<Object>>> {
    let mut keys: BTreeMap<ResourceKey, String> = BTreeMap::new();
    for target in targets.iter().filter(|t| !t.name().is_empty()) {
        let mut key = target.key();
        let namespaced = windlass_engine::state::ApiKinds::namespaced(kinds, &key.group_kind());
        if key.namespace.is_empty() && namespaced != Some(false) {
            namespace.clone_into(&mut key.namespace);
        }
        keys.insert(key, target.gvk().version);
    }
    for resource in app.status.resources.iter().filter(|r| !r.hook) {
        keys.insert(resource.key(), resource.version.clone());
    }
    let found = kinds.fetch_all(keys).await?;
    Ok(found.into_iter().map(|object| (object.key(), Arc::new(object))).collect())
}

/// How long a jq path of the rules may take on an object.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct JqBound {
    /// How long a jq path of ignored fields may take on an object.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    ignore_normalizer_jq_execution_timeout: String,
}

impl JqBound {
    /// As for Argo CD nothing is not no time.
    fn of_path(&self) -> Duration {
        let given = parse_duration(&self.ignore_normalizer_jq_execution_timeout);
        given.ok().filter(|given| !given.is_zero()).unwrap_or(Jq::BOUND)
    }
}

/// The rules of settings and of the application.
pub(crate) fn ignored(
    system: &[IgnoreDifference],
    own: &[IgnoreDifference],
    bound: &JqBound,
) -> Rules {
    let bound = bound.of_path();
    let jq = |path: &str| Jq::compile(path, bound).ok().map(Arc::new);
    let all = || system.iter().chain(own);
    let mut paths = all().flat_map(|rule| &rule.jq_path_expressions);
    let problem =
        paths.find_map(|path| Jq::compile(path, bound).err().map(|error| error.to_string()));
    Rules { rules: all().map(|rule| rule.rule(&jq)).collect(), problem }
}
