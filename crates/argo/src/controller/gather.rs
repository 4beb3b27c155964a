//! What Git says: revisions resolved, manifests rendered.

use std::sync::Arc;

use windlass_cluster::{ApiKinds, Cluster};
use windlass_engine::state::{Condition, ConditionType};
use windlass_object::Object;
use windlass_render::Rendered;
use windlass_source::address;

use super::apps::Level;
use super::context::Context;
use super::rendering::{Rendering, render, versions};
use crate::fetch::Fetcher;
use crate::types::{Application, Source};

/// What the sources of an application are at some revisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gathered {
    /// From where.
    pub(crate) sources: Vec<Source>,
    /// The commits, one a source.
    pub(crate) revisions: Vec<String>,
    /// How each source was rendered.
    pub(crate) types: Vec<String>,
    pub(crate) rendered: Vec<Arc<Rendered>>,
    /// Why manifests are missing, if any are.
    pub(crate) problems: Vec<Condition>,
    /// Whether something failed that may do better by itself: the way to a repository.
    pub(crate) unreachable: bool,
    /// What the cluster served, if manifests depend on it.
    kinds: Option<Arc<ApiKinds>>,
}

impl Gathered {
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
        self.rendered.iter().flat_map(|r| r.manifests.iter()).map(|m| m.object.clone())
    }

    /// Whether the cluster serves what the manifests were made for.
    pub(crate) fn fits(&self, cluster: &Cluster) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| Arc::ptr_eq(kinds, &cluster.kinds()))
    }

    /// Whether it is the same manifests of the same sources.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.sources == other.sources
            && self.problems == other.problems
            && self.rendered.len() == other.rendered.len()
            && self.rendered.iter().zip(&other.rendered).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// Gathers an application's sources at the wanted revisions: branches, tags, commits, ranges.
pub(crate) async fn gather(
    context: &Arc<Context>,
    app: &Application,
    cluster: &Cluster,
    sources: &[Source],
    wanted: &[String],
    level: Level,
) -> Gathered {
    let mut gathered = Gathered { sources: sources.to_vec(), ..Gathered::default() };
    let kinds = cluster.kinds();
    for (i, source) in sources.iter().enumerate() {
        let wanted = wanted.get(i).map_or("", String::as_str);
        let failed = |error: &dyn std::fmt::Display| {
            Condition::new(
                ConditionType::ComparisonError,
                format!(
                    "Failed to load target state: failed to generate manifest for source {} of {}: \
                     {error}",
                    i + 1,
                    sources.len()
                ),
            )
        };
        let (revision, result) = one(context, app, &kinds, source, wanted, level).await;
        // As Argo CD: where nothing could be rendered, the revision is the one that was wanted.
        let failed_wholly = matches!(result, Err(Failure::Said(_)));
        gathered.revisions.push(if failed_wholly { wanted.to_owned() } else { revision });
        match result {
            Ok(rendered) => {
                let kind = rendered.source_type.map(|t| t.to_string()).unwrap_or_default();
                gathered.types.push(kind);
                gathered.unreachable |= rendered.given.failed();
                if rendered.given.cluster.is_some() {
                    gathered.kinds = Some(kinds.clone());
                }
                if !rendered.diagnostics.is_empty() && rendered.manifests.is_empty() {
                    gathered.revisions[i] = wanted.to_owned();
                }
                if !rendered.diagnostics.is_empty() {
                    let all: Vec<String> =
                        rendered.diagnostics.iter().map(ToString::to_string).collect();
                    gathered.problems.push(failed(&all.join("; ")));
                }
                gathered.rendered.push(rendered);
            }
            Err(Failure::Nothing) => gathered.types.push(String::new()),
            Err(Failure::Said(message)) => {
                gathered.types.push(String::new());
                gathered.unreachable = true;
                gathered.problems.push(failed(&message));
            }
        }
    }
    gathered
}

enum Failure {
    /// The source renders nothing, rightly.
    Nothing,
    /// Why there is nothing.
    Said(String),
}

/// One source: its commit, as far as that could be told, and what it renders to.
async fn one(
    context: &Arc<Context>,
    app: &Application,
    kinds: &Arc<ApiKinds>,
    source: &Source,
    wanted: &str,
    level: Level,
) -> (String, Result<Arc<Rendered>, Failure>) {
    let said = |error: &dyn std::fmt::Display| Err(Failure::Said(error.to_string()));
    let settings = context.repositories();
    let versions = versions(kinds);
    let (sources, charts) = (&context.sources, &context.charts);
    let fetcher = Fetcher::of(app, source, sources, charts, &settings, Some(&versions));
    if !source.chart.is_empty() {
        if level >= Level::Refresh {
            context.charts.invalidate();
        }
        let (version, tree) = match fetcher.chart(source, wanted).await {
            Ok(found) => found,
            Err((version, error)) => return (version, said(&error)),
        };
        let rendering = Rendering { context, app, source, revision: &version, level };
        let result = render(&rendering, &fetcher, tree).await;
        return (version, result.map_err(Failure::Said));
    }
    let repository = match settings.repository(&source.repo_url, app.project()) {
        Ok(repository) => repository,
        Err(error) => return (String::new(), said(&error)),
    };
    if level >= Level::Refresh {
        context.sources.invalidate(&|url| address::same(url, &source.repo_url));
    }
    let commit = match context.sources.resolve(&repository, wanted).await {
        Ok(resolved) => resolved.commit,
        Err(error) => return (String::new(), said(&error)),
    };
    if source.is_reference_only() {
        return (commit, Err(Failure::Nothing));
    }
    let tree = match context.sources.tree(&repository, &commit).await {
        Ok(tree) => tree,
        Err(error) => return (commit, said(&error)),
    };
    let rendering = Rendering { context, app, source, revision: &commit, level };
    let result = render(&rendering, &fetcher, tree).await;
    (commit, result.map_err(Failure::Said))
}
