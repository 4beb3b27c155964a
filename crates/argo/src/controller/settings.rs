//! What `argocd-cm` and `argocd-cmd-params-cm` say.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use windlass_charts::ArtifactRules;
use windlass_cluster::{KindFilter, KindRule, RespectRbac};
use windlass_engine::ignore::Jq;
use windlass_engine::known_types::KnownTypes;
use windlass_engine::normalize::IgnoreStatus;
use windlass_engine::policy::{SelfHealBackoff, parse_duration};
use windlass_engine::tracking::{DEFAULT_LABEL, Method, Tracking};
use windlass_object::yaml;

use super::namespaces::Namespaces;
use super::projects::{self, GlobalProject};
use super::{ignored, known_types, unread, updates};
use crate::build_options::{BuildOptions, bytes};
use crate::customizations::Customizations;
use crate::types::IgnoreDifference;

/// Settings of the controller. Keys that are absent or cannot be read have Argo CD's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How objects are marked.
    pub tracking: Tracking,
    /// How often a repository is asked whether it changed, without a webhook; zero is never.
    pub(crate) refresh: Duration,
    /// Up to how much later than that, so that not all ask at once.
    pub(crate) jitter: Duration,
    /// How often everything is looked at without caches; zero is never.
    pub(crate) hard_refresh: Duration,
    /// How long a question to a repository may take, where the settings say so.
    pub(crate) git_timeout: Option<Duration>,
    /// Pause between waves, where the settings have one.
    pub(crate) wave_delay: Option<Duration>,
    /// Labels of applications and projects that events about them have, and those that they have not.
    pub(crate) event_labels: [Vec<String>; 2],
    /// For how long a repository may fail to answer before that is told, unless somebody asks.
    pub(crate) repository_grace: Duration,
    /// Which kinds are looked at.
    pub filter: KindFilter,
    /// Whose status is not compared.
    pub ignore_status: IgnoreStatus,
    /// Whether the rules of aggregated roles are not compared.
    pub ignore_aggregated_roles: bool,
    pub(crate) resource_health: ResourceHealth,
    /// Waits of self-heal: none is without backoff.
    pub(crate) self_heal: SelfHealBackoff,
    /// Longest sync; zero is without bound.
    pub(crate) sync_timeout: Duration,
    pub(crate) in_cluster: bool,
    /// Whether the API is asked what an object would be, where an application does not say.
    pub(crate) server_side_diff: bool,
    /// Health and actions of kinds.
    pub customizations: Customizations,
    /// How sources are built.
    pub build_options: BuildOptions,
    /// Which artifacts of registries are taken.
    pub(crate) artifacts: ArtifactRules,
    /// What kinds that may not be listed mean.
    pub(crate) respect_rbac: RespectRbac,
    /// Fields that are not compared in any application.
    pub ignore_differences: Vec<IgnoreDifference>,
    /// How long a path of such fields may take on an object.
    pub(crate) jq_bound: Duration,
    /// Fields whose changes wake no application; none is all changes wake.
    pub(crate) ignore_updates: Option<Vec<IgnoreDifference>>,
    /// Namespaces beside the controller's own whose Applications are looked at.
    pub(crate) application_namespaces: Namespaces,
    /// Projects that add to others.
    pub(crate) global_projects: Vec<GlobalProject>,
    /// Whether syncs run as the service accounts that projects name.
    pub(crate) impersonation: bool,
    /// Fields of custom kinds that are of Kubernetes' own types.
    pub known_types: KnownTypes,
    /// Annotations whose values nobody is shown.
    pub masked_annotations: Vec<String>,
    /// Keys that cannot be read, for the log.
    pub(crate) problems: Vec<String>,
    /// Keys that are set and do nothing yet, for the log.
    pub(crate) unread: Vec<String>,
}

/// Where the health of an application's objects is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceHealth {
    /// In the tree: `status.resources` has none.
    Tree,
    /// In `status.resources`.
    Inline,
}

type Data = BTreeMap<String, String>;

impl Settings {
    /// What cannot be read, for people.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// From the data of both config maps.
    pub fn read(config: &Data, parameters: &Data) -> Self {
        let (customizations, mut problems) = Customizations::read(config);
        let ignore_differences = ignored::read("ignoreDifferences", config, &mut problems);
        let ignore_updates = updates::read(config, &mut problems);
        let known_types = known_types::read(config, &mut problems);
        let text = |key: &str| config.get(key).map_or("", |v| v.trim());
        let flag = |key: &str, default: bool| match text(key) {
            "" => default,
            word => word == "true",
        };
        let global_projects = projects::globals(text("globalProjects"), &mut problems);
        let mut time = |data: &Data, key: &str, default: u64| {
            let Some(value) = data.get(key).map(|v| v.trim()).filter(|v| !v.is_empty()) else {
                return Duration::from_secs(default);
            };
            duration(value).unwrap_or_else(|| {
                problems.push(format!("{key}: {value:?} is no duration such as 120s"));
                Duration::from_secs(default)
            })
        };
        let refresh = time(config, "timeout.reconciliation", 120);
        let jitter = time(config, "timeout.reconciliation.jitter", 60);
        let hard_refresh = time(config, "timeout.hard.reconciliation", 0);
        let longest_request = "reposerver.git.request.timeout";
        let git_timeout = parameters
            .get(longest_request)
            .is_some_and(|text| !text.trim().is_empty())
            .then(|| time(parameters, longest_request, 15));
        let delay = "controller.sync.wave.delay.seconds";
        let wave_delay = parameters.contains_key(delay).then(|| time(parameters, delay, 0));
        let repository_grace = time(parameters, "controller.repo.error.grace.period.seconds", 180);
        let jq_bound = "controller.ignore.normalizer.jq.timeout";
        let jq_bound = time(parameters, jq_bound, Jq::BOUND.as_secs());
        let first = time(parameters, "controller.self.heal.backoff.timeout.seconds", 2);
        let longest = time(parameters, "controller.self.heal.backoff.cap.seconds", 300);
        let cooldown = time(parameters, "controller.self.heal.backoff.cooldown.seconds", 330);
        let fixed = time(parameters, "controller.self.heal.timeout.seconds", 0);
        let sync_timeout = time(parameters, "controller.sync.timeout.seconds", 0);
        let mut rules = |key: &str| match rules(text(key)) {
            Ok(rules) => rules,
            Err(error) => {
                problems.push(format!("{key}: {error}"));
                None
            }
        };
        let mut filter = KindFilter::default();
        if let Some(exclusions) = rules("resource.exclusions") {
            filter.exclusions = exclusions;
        }
        filter.inclusions = rules("resource.inclusions").unwrap_or_default();
        let respect_rbac = match text("resource.respectRBAC") {
            "" => RespectRbac::Off,
            "normal" => RespectRbac::Normal,
            "strict" => RespectRbac::Strict,
            other => {
                problems.push(format!("resource.respectRBAC: invalid value {other:?}"));
                RespectRbac::Off
            }
        };
        let (ignore_status, ignore_aggregated_roles) =
            compare_options(text("resource.compareoptions"));
        let label = text("application.instanceLabelKey");
        let list = |key: &str| {
            let names = text(key).split(',').map(|name| name.replace(' ', ""));
            names.filter(|name| !name.is_empty()).collect::<Vec<_>>()
        };
        let parameter = |key: &str| parameters.get(key).map_or("", |v| v.trim());
        Self {
            tracking: Tracking {
                method: Method::parse(text("application.resourceTrackingMethod")),
                label: if label.is_empty() { DEFAULT_LABEL.into() } else { label.into() },
                installation: text("installationID").into(),
            },
            refresh,
            jitter,
            hard_refresh,
            git_timeout,
            wave_delay,
            event_labels: ["resource.includeEventLabelKeys", "resource.excludeEventLabelKeys"]
                .map(list),
            repository_grace,
            filter,
            ignore_status,
            ignore_aggregated_roles,
            resource_health: match parameter("controller.resource.health.persist") {
                "true" => ResourceHealth::Inline,
                _ => ResourceHealth::Tree,
            },
            self_heal: SelfHealBackoff {
                first,
                factor: parameter("controller.self.heal.backoff.factor").parse().unwrap_or(3.0),
                cap: longest,
                fixed,
                cooldown,
            },
            sync_timeout,
            server_side_diff: parameter("controller.diff.server.side") == "true",
            in_cluster: flag("cluster.inClusterEnabled", true),
            customizations,
            build_options: BuildOptions::read(config, parameters),
            artifacts: artifacts(parameters),
            respect_rbac,
            ignore_differences,
            // As for Argo CD nothing is not no time.
            jq_bound: if jq_bound.is_zero() { Jq::BOUND } else { jq_bound },
            ignore_updates,
            application_namespaces: Namespaces::read(parameter("application.namespaces")),
            global_projects,
            impersonation: flag("application.sync.impersonation.enabled", false),
            known_types,
            masked_annotations: list("resource.sensitive.mask.annotations"),
            problems,
            unread: unread::unread(config, parameters),
        }
    }
}

/// Which kinds `argocd-cm` has looked at; rules that cannot be read are Argo CD's defaults.
pub fn kind_filter(config: &Data) -> KindFilter {
    Settings::read(config, &Data::new()).filter
}

/// A duration as Go writes it (`2m30s`, `500ms`), or a plain number of seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    parse_duration(text.trim()).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Rule {
    api_groups: Vec<String>,
    kinds: Vec<String>,
    clusters: Vec<String>,
}

fn rules(text: &str) -> Result<Option<Vec<KindRule>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| error.to_string())?;
    let rules = Vec::<Rule>::deserialize(value).map_err(|error| error.to_string())?;
    let rules = rules.into_iter().map(|rule| KindRule {
        api_groups: rule.api_groups,
        kinds: rule.kinds,
        clusters: rule.clusters,
    });
    Ok(Some(rules.collect()))
}

fn artifacts(parameters: &Data) -> ArtifactRules {
    let mut rules = ArtifactRules::default();
    let types = parameters.get("reposerver.oci.layer.media.types").map_or("", |v| v.trim());
    if !types.is_empty() {
        rules.media_types = types.split(',').map(|name| name.trim().to_owned()).collect();
    }
    let size = bytes(parameters, "reposerver.oci.manifest.max.extracted.size");
    rules.max_bytes = size.unwrap_or(rules.max_bytes);
    let is_on = |key: &str| parameters.get(key).is_some_and(|word| word == "true");
    if is_on("reposerver.disable.oci.manifest.max.extracted.size") {
        rules.max_bytes = u64::MAX;
    }
    let size = bytes(parameters, "reposerver.helm.manifest.max.extracted.size");
    rules.max_chart_bytes = size.unwrap_or(rules.max_chart_bytes);
    if is_on("reposerver.disable.helm.manifest.max.extracted.size") {
        rules.max_chart_bytes = u64::MAX;
    }
    rules
}

fn compare_options(text: &str) -> (IgnoreStatus, bool) {
    let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap_or_default();
    let status = value.get("ignoreResourceStatusField").and_then(|v| v.as_str()).unwrap_or("");
    let roles = value.get("ignoreAggregatedRoles").and_then(serde_json::Value::as_bool);
    (IgnoreStatus::parse(status), roles.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, millis) in [
            ("120s", Some(120_000)),
            ("2m30s", Some(150_000)),
            ("1.5h", Some(5_400_000)),
            ("500ms", Some(500)),
            ("7", Some(7_000)),
            ("", None),
            ("x", None),
            ("5", Some(5_000)),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_has_its_default() {
        let config = BTreeMap::from([
            ("timeout.reconciliation".into(), "soon".into()),
            ("resource.exclusions".into(), "- kinds: [Secret]\n".into()),
            ("application.resourceTrackingMethod".into(), "label".into()),
        ]);
        let settings = Settings::read(&config, &BTreeMap::new());
        assert_eq!(settings.refresh, Duration::from_secs(120));
        assert_eq!(settings.problems.len(), 1);
        assert_eq!(settings.tracking.method, Method::Label);
        assert_eq!(settings.filter.exclusions.len(), 1);
    }
}
