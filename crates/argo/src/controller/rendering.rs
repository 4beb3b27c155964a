//! From a source's tree to manifests, remembered by what was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use windlass_cluster::ApiKinds;
use windlass_engine::tracking::instance_name;
use windlass_render::{Cached, Given, Kept, Need, Outcome, Reference, Spec};
use windlass_source::address;
use windlass_tree::{ClusterVersions, Tree};

use super::apps::Level;
use super::context::Context;
use crate::fetch::{self, Fetcher};
use crate::types::{Application, Source};

/// A source to render, and for whom.
pub(crate) struct Rendering<'a> {
    pub(crate) context: &'a Arc<Context>,
    pub(crate) app: &'a Application,
    pub(crate) source: &'a Source,
    /// Other sources, by the names that files of theirs go by.
    pub(crate) references: &'a Option<BTreeMap<String, Reference>>,
    /// The commit, or the chart's version.
    pub(crate) revision: &'a str,
    pub(crate) level: Level,
}

/// Renders.
pub(crate) async fn render(
    rendering: &Rendering<'_>,
    fetcher: &Fetcher<'_>,
    tree: Arc<dyn Tree>,
) -> Result<Arc<Kept>, String> {
    let Rendering { context, app, source, references, revision, level } = *rendering;
    let instance = instance_name(app.name(), app.namespace(), &context.namespace);
    let options = &context.settings().build_options;
    let draws = context.key.draws(app.uid());
    let spec = fetch::spec(app, source, references.clone(), &instance, options, draws)?;
    let spec = Arc::new(spec);
    let scope: Arc<str> =
        format!("{} {}", address::normalize(&source.repo_url), source.chart).into();
    let given = Given::at(revision, Timestamp::now().as_nanosecond());
    fetcher
        .fulfil(given, |given| async {
            let _slot = context.rendering.acquire().await;
            let (context, scope, spec) = (context.clone(), scope.clone(), spec.clone());
            let tree = tree.clone();
            let work = move || run(&context, &scope, &spec, &*tree, &given, level);
            let outcome = tokio::task::spawn_blocking(work).await;
            outcome.map_err(|error| format!("rendering failed: {error}"))
        })
        .await
}

fn run(
    context: &Context,
    scope: &str,
    spec: &Spec,
    tree: &dyn Tree,
    given: &Given,
    level: Level,
) -> Result<Arc<Kept>, Vec<Need>> {
    if level < Level::Hard {
        match context.renders.get(scope, spec, tree, given) {
            Some(Cached::Hit(known)) => return Ok(known),
            Some(Cached::Lacks(needs)) => return Err(needs),
            None => {}
        }
    }
    match windlass_render::render(tree, spec, given) {
        Outcome::Done(rendered) => {
            let rendered = Arc::new(Kept::from(rendered));
            context.renders.insert(scope, spec, rendered.clone());
            Ok(rendered)
        }
        Outcome::Needs(needs) => Err(needs),
    }
}

/// What charts see of a cluster.
pub(crate) fn versions(kinds: &ApiKinds) -> Arc<ClusterVersions> {
    Arc::new(ClusterVersions {
        kubernetes: kinds.server_version().trim_start_matches('v').to_owned(),
        apis: kinds.api_versions().into_iter().collect(),
    })
}
