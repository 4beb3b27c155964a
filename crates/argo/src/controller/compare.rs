//! Git against the cluster.

use std::collections::HashMap;
use std::sync::Arc;

use windlass_cluster::{ApiKinds, Cluster, DryRun, Error};
use windlass_engine::compare::{self, Comparison, LiveObjects};
use windlass_engine::diff::{self, Mode};
use windlass_engine::ignore::Rules;
use windlass_engine::normalize::Normalizer;
use windlass_engine::state;
use windlass_engine::sync::{NamespaceMetadata, Pair};
use windlass_engine::targets::{self, Targets};
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey};

use super::context::Context;
use super::gather::Gathered;
use super::project::{Place, permits_kind, permits_live};
use super::settings::Settings;
use crate::types::{AppProject, Application, GROUP};

const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";

/// Discovery, as the engine asks for it.
pub(crate) struct Kinds(pub(crate) Arc<ApiKinds>);

impl state::ApiKinds for Kinds {
    fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        self.0.namespaced(kind)
    }

    fn serves(&self, kind: &GroupVersionKind) -> bool {
        self.0.get(kind).is_some()
    }

    fn serves_group_version(&self, kind: &GroupVersionKind) -> bool {
        self.0.all().any(|found| (&found.group, &found.version) == (&kind.group, &kind.version))
    }

    fn served_instead(&self, kind: &GroupVersionKind) -> Option<GroupVersionKind> {
        let same = self.0.preferred(&kind.group_kind());
        let named = || self.0.all().find(|found| found.kind == kind.kind);
        same.or_else(named).map(|found| found.gvk())
    }
}

/// An application, and all that its comparison goes by.
pub(crate) struct Subject<'a> {
    pub(crate) context: &'a Context,
    pub(crate) app: &'a Application,
    pub(crate) instance: &'a str,
    pub(crate) cluster: &'a Cluster,
    pub(crate) project: &'a AppProject,
    pub(crate) settings: &'a Arc<Settings>,
}

/// Targets that were prepared, and of what.
#[derive(Clone)]
pub(crate) struct Prepared {
    gathered: Arc<Gathered>,
    kinds: Arc<ApiKinds>,
    settings: Arc<Settings>,
    namespace: String,
    pub(crate) targets: Arc<Targets>,
}

/// A comparison and what it was made of.
pub(crate) struct Compared {
    pub(crate) comparison: Comparison,
    pub(crate) namespace: Option<Arc<Object>>,
    pub(crate) kinds: Kinds,
    /// Whether live state is unknown: Git wants something outside of what is looked at.
    pub(crate) blind: bool,
}

impl Subject<'_> {
    fn namespace(&self) -> &str {
        &self.app.spec.destination.namespace
    }

    fn sync_options(&self) -> impl Iterator<Item = &str> {
        self.app.spec.sync_policy.iter().flat_map(|p| p.sync_options.iter().map(String::as_str))
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.sync_options().find_map(|o| o.strip_prefix(name)?.strip_prefix('='))
    }

    /// Labels and annotations of the destination namespace, for those who create it.
    pub(crate) fn namespace_metadata(&self) -> Option<NamespaceMetadata> {
        let policy = self.app.spec.sync_policy.as_ref()?;
        let metadata = policy.managed_namespace_metadata.as_ref()?;
        Some(NamespaceMetadata {
            labels: metadata.labels.clone(),
            annotations: metadata.annotations.clone(),
        })
    }

    /// What Git wants, ready to be compared. What was prepared before is taken as long as it holds.
    pub(crate) fn prepare(&self, gathered: &Arc<Gathered>, known: Option<&Prepared>) -> Prepared {
        let kinds = self.cluster.kinds();
        if let Some(known) = known
            && known.gathered.is_same(gathered)
            && Arc::ptr_eq(&known.kinds, &kinds)
            && Arc::ptr_eq(&known.settings, self.settings)
            && known.namespace == self.namespace()
        {
            return Prepared { gathered: gathered.clone(), ..known.clone() };
        }
        let excluded = |kind: &GroupKind| !self.settings.filter.allows(kind, self.cluster.server());
        let context = targets::Context {
            instance: self.instance,
            namespace: self.namespace(),
            tracking: &self.settings.tracking,
            kinds: &Kinds(kinds.clone()),
            excluded: &excluded,
        };
        let targets = Arc::new(targets::prepare(gathered.objects(), &context));
        let namespace = self.namespace().to_owned();
        let settings = self.settings.clone();
        Prepared { gathered: gathered.clone(), kinds, settings, namespace, targets }
    }

    /// All that the application manages but what its project does not let it touch.
    pub(crate) fn managed(&self) -> impl Iterator<Item = (ResourceKey, Arc<Object>)> {
        let permits = self.permits();
        let nodes = self.cluster.of_application(self.instance).into_iter();
        nodes.filter_map(move |node| {
            let key = node.key();
            permits(&key).then(|| node.object().map(|object| (key, Arc::new(object))))?
        })
    }

    /// Whether the project lets the application touch what is there.
    fn permits(&self) -> impl Fn(&ResourceKey) -> bool {
        let clusters = &self.context.clusters;
        let (server, cluster) = clusters.find(&self.app.spec.destination).unwrap_or_default();
        let owner = clusters.owner(&server);
        move |key| {
            let place = Place { server: &server, cluster: &cluster, owner: &owner, namespace: "" };
            permits_live(self.project, key, &place)
        }
    }

    /// Live objects: those that are marked, and those that Git names.
    async fn live(&self, targets: &Targets) -> Result<LiveObjects, Error> {
        let mut live: LiveObjects = self.managed().collect();
        let permits = self.permits();
        for target in &targets.objects {
            let gvk = target.gvk();
            let mut key = target.key();
            if key.name.is_empty() {
                continue;
            }
            let namespaced = self.cluster.kinds().namespaced(&gvk.group_kind());
            if namespaced == Some(false) {
                key.namespace.clear();
            } else if key.namespace.is_empty() {
                self.namespace().clone_into(&mut key.namespace);
            }
            self.cluster.manages(&key.kind, &key.namespace, &key.name)?;
            let known = live.get(&key).is_some_and(|o| o.gvk().version == gvk.version);
            if !known
                && permits(&key)
                && let Some(object) = self.cluster.live(&key, &gvk.version).await?
            {
                live.insert(key, Arc::new(object));
            }
        }
        Ok(live)
    }

    /// The destination namespace. Unless its metadata is managed it is enough to know that it is there.
    ///
    /// # Errors
    /// When the API cannot be asked.
    pub(crate) async fn destination_namespace(
        &self,
        metadata: Option<&NamespaceMetadata>,
    ) -> Result<Option<Arc<Object>>, Error> {
        let key = ResourceKey::new("", "Namespace", "", self.namespace());
        if metadata.is_none() && self.cluster.get(&key).is_some() {
            return Ok(Some(Arc::new(windlass_engine::sync::namespace(self.namespace(), None))));
        }
        Ok(self.cluster.live(&key, "v1").await?.map(Arc::new))
    }

    /// Compares.
    ///
    /// # Errors
    /// When live state cannot be had.
    pub(crate) async fn compare(
        &self,
        prepared: &Prepared,
        incomplete: bool,
    ) -> Result<Compared, Error> {
        let (live, unmanaged) = match self.live(&prepared.targets).await {
            Ok(live) => (live, None),
            Err(error @ Error::NotManaged { .. }) => (LiveObjects::default(), Some(error)),
            Err(error) => return Err(error),
        };
        let creates = self.option("CreateNamespace") == Some("true");
        let metadata = self.namespace_metadata().filter(|_| creates);
        let namespace = match creates {
            true => self.destination_namespace(metadata.as_ref()).await?,
            false => None,
        };
        let answers = self.answers(&prepared.targets, &live).await;
        let mode = |target: &Object, _: &Object| match answers.get(&target.key()) {
            Some(Ok(answer)) => Mode::ServerSide {
                answer: answer.clone(),
                include_webhooks: self.compare_option("IncludeMutationWebhook=true"),
            },
            Some(Err(reason)) => Mode::Refused(reason.clone()),
            None if self.server_side(target) => Mode::StructuredMerge,
            None => Mode::ThreeWay,
        };
        let ignore = self.ignored();
        let permitted = |kind: &GroupKind, name: &str, namespaced: bool| {
            permits_kind(self.project, kind, name, namespaced)
        };
        let kinds = Kinds(prepared.kinds.clone());
        let qualified = format!("{}/{}", self.app.namespace(), self.app.name());
        let last = self.app.status.operation_state.as_ref().and_then(|s| s.sync_result.as_ref());
        let delivered = last.and_then(|result| result.managed_namespace_metadata.as_ref());
        let wanted = self
            .app
            .spec
            .sync_policy
            .as_ref()
            .and_then(|policy| policy.managed_namespace_metadata.as_ref());
        let settings = compare::Settings {
            name: self.app.name(),
            instance: self.instance,
            qualified_name: &qualified,
            key: ResourceKey::new(GROUP, "Application", self.app.namespace(), self.app.name()),
            namespace: self.namespace(),
            namespace_metadata: metadata.as_ref(),
            namespace_metadata_changed: metadata.is_some() && last.is_some() && delivered != wanted,
            incomplete: incomplete || unmanaged.is_some(),
            prune_default: self.option("Prune"),
            delete_default: self.option("Delete"),
            kinds: &kinds,
            permitted: &permitted,
            health: &self.settings.customizations,
            diff: self.diff_settings(&ignore),
            mode: &mode,
        };
        let mut comparison = compare::compare(&prepared.targets, &live, &settings);
        if let Some(error) = &unmanaged {
            // As Argo CD: what is wanted is shown, and nothing is known of what there is.
            for resource in &mut comparison.resources {
                resource.status.status = Some(state::SyncStatusCode::Unknown);
            }
            let message = format!("Failed to load live state: {error}");
            let condition = state::Condition::new(state::ConditionType::ComparisonError, message);
            comparison.conditions.push(condition);
        }
        Ok(Compared { comparison, namespace, kinds, blind: unmanaged.is_some() })
    }

    fn ignored(&self) -> Rules {
        let jq = |path: &str| self.context.jq(path).ok();
        let system = &self.settings.ignore_differences;
        let all = || system.iter().chain(&self.app.spec.ignore_differences);
        let mut paths = all().flat_map(|rule| &rule.jq_path_expressions);
        let problem = paths.find_map(|path| self.context.jq(path).err());
        Rules { rules: all().map(|rule| rule.rule(&jq)).collect(), problem }
    }

    fn diff_settings<'a>(&'a self, ignore: &'a Rules) -> diff::Settings<'a> {
        diff::Settings {
            schemas: &self.context.schemas,
            normalizer: Normalizer {
                status: self.settings.ignore_status,
                aggregated_roles: self.settings.ignore_aggregated_roles,
                known_types: &self.settings.known_types,
                ignore,
            },
            tracking: &self.settings.tracking,
        }
    }

    /// The pairs of a sync that leaves ignored fields as they are.
    pub(crate) fn respecting(&self, pairs: &mut [Pair]) {
        let ignore = self.ignored();
        let settings = self.diff_settings(&ignore);
        for pair in pairs {
            if let (Some(target), Some(live)) = (&pair.target, &pair.live) {
                pair.target = Some(Arc::new(diff::respect_ignored(target, live, &settings)));
            }
        }
    }

    fn compare_option(&self, entry: &str) -> bool {
        let options = self.app.annotation(COMPARE_OPTIONS).unwrap_or_default();
        options.split(',').any(|option| option.trim() == entry)
    }

    /// Whether an object is compared as server-side apply would merge it: also one that is not applied
    /// so, where its application is.
    fn server_side(&self, target: &Object) -> bool {
        self.option("ServerSideApply") == Some("true")
            || windlass_engine::annotation::sync_option(target, "ServerSideApply=true")
    }

    /// Whether the API is asked what each object would be.
    fn by_server(&self) -> bool {
        (self.settings.server_side_diff || self.compare_option("ServerSideDiff=true"))
            && !self.compare_option("ServerSideDiff=false")
    }

    /// What the API answers to a server-side apply that changes nothing, or why it refuses: asked
    /// where the application wants to be compared so, and where no schema says how to merge.
    async fn answers(
        &self,
        targets: &Targets,
        live: &LiveObjects,
    ) -> HashMap<ResourceKey, Result<Arc<Object>, String>> {
        let by_server = self.by_server();
        let asked = targets.objects.iter().filter(|target| {
            live.contains_key(&target.key())
                && (by_server
                    || (self.server_side(target)
                        && self.context.schemas.of(&target.gvk()).is_none()))
        });
        let mut answers = HashMap::new();
        for target in asked {
            let answer = self.cluster.server_side_apply(target, DryRun::Server, None).await;
            let answer = match answer {
                Ok(applied) => Ok(Arc::new(applied.object)),
                Err(error) if by_server => Err(error.to_string()),
                Err(error) => {
                    tracing::debug!(key = %target.key(), %error, "no server-side diff");
                    continue;
                }
            };
            answers.insert(target.key(), answer);
        }
        answers
    }
}
