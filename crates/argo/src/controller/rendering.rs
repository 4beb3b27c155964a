//! From a source's tree to manifests, with what the renderer asks for beside the tree.
//!
//! A renderer does no I/O: it answers with what it lacks, that is fetched here, and it runs again. A
//! chart of charts asks level by level, so a render takes as many rounds as its needs are deep.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use windlass_cluster::ApiKinds;
use windlass_render::{Cached, Given, Need, Outcome, Reference, Rendered, Spec};
use windlass_source::address;
use windlass_tree::{ClusterVersions, GivenTree, Tree, TreePath};

use super::apps::Level;
use super::context::Context;
use crate::types::{Application, Source};

/// How deep needs may lead to others.
const ROUNDS: usize = 32;
/// What one render fetches at once.
const FETCHES: usize = 8;

/// A source to render, and for whom.
pub(crate) struct Rendering<'a> {
    pub(crate) context: &'a Arc<Context>,
    pub(crate) app: &'a Application,
    pub(crate) kinds: &'a Arc<ApiKinds>,
    pub(crate) source: &'a Source,
    /// The commit, or the chart's version.
    pub(crate) revision: &'a str,
    pub(crate) level: Level,
}

/// What was fetched for a need.
enum Fetched {
    Tree(GivenTree),
    Versions(Arc<ClusterVersions>),
    Failed(String),
}

/// Renders.
pub(crate) async fn render(
    rendering: &Rendering<'_>,
    tree: Arc<dyn Tree>,
) -> Result<Arc<Rendered>, String> {
    let Rendering { context, source, level, .. } = *rendering;
    let spec = Arc::new(rendering.spec()?);
    let scope: Arc<str> = address::normalize(&source.repo_url).into();
    let mut given = Given::at(rendering.revision, Timestamp::now().as_nanosecond());
    for _ in 0..ROUNDS {
        let needs = {
            let _slot = context.rendering.acquire().await;
            let (context, scope, spec) = (context.clone(), scope.clone(), spec.clone());
            let (tree, given) = (tree.clone(), given.clone());
            let work = move || run(&context, &scope, &spec, &*tree, &given, level);
            let outcome = tokio::task::spawn_blocking(work).await;
            match outcome.map_err(|error| format!("rendering failed: {error}"))? {
                Ok(rendered) => return Ok(rendered),
                Err(needs) => needs,
            }
        };
        let missing: Vec<Need> = needs.into_iter().filter(|need| !given.answers(need)).collect();
        if missing.is_empty() {
            return Err("rendering asks twice for the same; please report this".to_owned());
        }
        let mut fetches = stream::iter(missing)
            .map(|need| async { (rendering.fetch(&need).await, need) })
            .buffer_unordered(FETCHES);
        while let Some((fetched, need)) = fetches.next().await {
            match fetched {
                Fetched::Tree(tree) => given.insert_tree(need, tree),
                Fetched::Versions(versions) => given.insert_cluster(versions),
                Fetched::Failed(why) => given.insert_failure(need, why),
            }
        }
    }
    Err(format!("what is needed leads to more than {ROUNDS} times to other things: is it a cycle?"))
}

fn run(
    context: &Context,
    scope: &str,
    spec: &Spec,
    tree: &dyn Tree,
    given: &Given,
    level: Level,
) -> Result<Arc<Rendered>, Vec<Need>> {
    if level < Level::Hard {
        match context.renders.get(scope, spec, tree, given) {
            Some(Cached::Hit(known)) => return Ok(known),
            Some(Cached::Lacks(needs)) => return Err(needs),
            None => {}
        }
    }
    match windlass_render::render(tree, spec, given) {
        Outcome::Done(rendered) => {
            let rendered = Arc::new(rendered);
            context.renders.insert(scope, spec, rendered.clone());
            Ok(rendered)
        }
        Outcome::Needs(needs) => Err(needs),
    }
}

impl Rendering<'_> {
    fn spec(&self) -> Result<Spec, String> {
        let path = TreePath::new(&self.source.path).map_err(|error| error.to_string())?;
        let mut spec = Spec::for_application(path, self.source.blocks(), self.app.name());
        let namespace = &self.app.spec.destination.namespace;
        namespace.clone_into(&mut spec.installation.namespace);
        self.app.uid().clone_into(&mut spec.installation.seed);
        spec.environment = self.environment();
        spec.references = references(self.app.spec.effective_sources());
        let version = self.source.kustomize.as_ref().map_or("", |k| k.version.as_str());
        let settings = self.context.settings();
        settings.build_options(version).clone_into(&mut spec.kustomize_build_options);
        Ok(spec)
    }

    /// Argo CD's build environment, less what tells the revision.
    fn environment(&self) -> BTreeMap<String, String> {
        let context = self.context;
        let name = windlass_engine::tracking::instance_name(
            self.app.name(),
            self.app.namespace(),
            &context.namespace,
        );
        let pairs = [
            ("ARGOCD_APP_NAME", name.as_str()),
            ("ARGOCD_APP_NAMESPACE", &self.app.spec.destination.namespace),
            ("ARGOCD_APP_PROJECT_NAME", self.app.project()),
            ("ARGOCD_APP_SOURCE_REPO_URL", &self.source.repo_url),
            ("ARGOCD_APP_SOURCE_PATH", &self.source.path),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", &self.source.target_revision),
        ];
        pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    async fn fetch(&self, need: &Need) -> Fetched {
        let result = match need {
            Need::Tree { repository, revision } => {
                self.tree(repository, revision).await.map(Fetched::Tree)
            }
            Need::ClusterVersions => Ok(Fetched::Versions(versions(self.kinds))),
            other => Err(format!("{other} cannot be fetched yet")),
        };
        result.unwrap_or_else(Fetched::Failed)
    }

    async fn tree(&self, repository: &str, revision: &str) -> Result<GivenTree, String> {
        let context = self.context;
        let repository = context
            .repositories()
            .repository(repository, self.app.project())
            .map_err(|error| error.to_string())?;
        let resolved = context.sources.resolve(&repository, revision).await;
        let commit = resolved.map_err(|error| error.to_string())?.commit;
        let tree = context.sources.tree(&repository, &commit).await;
        Ok(GivenTree { revision: commit, tree: tree.map_err(|error| error.to_string())? })
    }
}

/// The sources that others may name.
fn references(sources: &[Source]) -> BTreeMap<String, Reference> {
    let named = sources.iter().filter(|source| !source.reference.is_empty());
    named
        .map(|source| {
            let reference = Reference {
                repository: source.repo_url.clone(),
                revision: source.target_revision.clone(),
            };
            (format!("${}", source.reference), reference)
        })
        .collect()
}

/// What charts see of a cluster.
fn versions(kinds: &ApiKinds) -> Arc<ClusterVersions> {
    Arc::new(ClusterVersions {
        kubernetes: kinds.server_version().trim_start_matches('v').to_owned(),
        apis: kinds.api_versions().into_iter().collect(),
    })
}
