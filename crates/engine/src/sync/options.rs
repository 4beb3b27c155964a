//! What a sync was asked to do, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::action::Propagation;

/// Options of one operation, from its own fields and its `syncOptions`.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Validate only.
    pub dry_run: bool,
    /// Delete what Git no longer has.
    pub prune: bool,
    /// Delete and create again where a change is refused.
    pub force: bool,
    /// Leave hooks out: the `apply` strategy, or a selection of objects.
    pub skip_hooks: bool,
    /// `Validate`: refuse unknown fields.
    pub validate: bool,
    /// `PruneLast`: prune in a wave of its own at the end.
    pub prune_last: bool,
    /// `Replace`: replace instead of apply.
    pub replace: bool,
    /// `ServerSideApply`.
    pub server_side_apply: bool,
    /// `SkipDryRunOnMissingResource`: an object whose kind is not yet served is no error at first.
    pub skip_dry_run_on_missing: bool,
    /// `ApplyOutOfSyncOnly`: leave objects that are in sync alone.
    pub out_of_sync_only: bool,
    /// `CreateNamespace`.
    pub create_namespace: bool,
    /// Metadata of the namespace, if the application manages it.
    pub namespace_metadata: Option<NamespaceMetadata>,
    /// `PrunePropagationPolicy`.
    pub propagation: Propagation,
    /// Application-wide value of `Prune`: `false`, `confirm` or nothing.
    pub prune_default: Option<String>,
    /// Whether a person has agreed to prune what needs their agreement.
    pub prune_confirmed: bool,
    /// Manager whose fields server-side apply takes over; none where
    /// `ClientSideApplyMigration=false`.
    pub migrate_from: Option<String>,
    /// `FailOnSharedResource`.
    pub fail_on_shared: bool,
    /// `RespectIgnoreDifferences`.
    pub respect_ignored: bool,
    /// Pause between waves, none by default: a wave ends when its objects are healthy.
    pub wave_delay: Duration,
}

/// Labels and annotations of a managed namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceMetadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dry_run: false,
            prune: false,
            force: false,
            skip_hooks: false,
            validate: true,
            prune_last: false,
            replace: false,
            server_side_apply: false,
            skip_dry_run_on_missing: false,
            out_of_sync_only: false,
            create_namespace: false,
            namespace_metadata: None,
            propagation: Propagation::Foreground,
            prune_default: None,
            prune_confirmed: false,
            migrate_from: Some("kubectl-client-side-apply".to_owned()),
            fail_on_shared: false,
            respect_ignored: false,
            wave_delay: Duration::ZERO,
        }
    }
}

impl Options {
    /// Options from the entries of `syncOptions`, such as `ServerSideApply=true`. Entries that mean
    /// nothing here are given back, for a dialect to report.
    pub fn from_sync_options<'a>(
        entries: impl IntoIterator<Item = &'a str>,
    ) -> (Self, Vec<&'a str>) {
        let mut options = Self::default();
        let mut unknown = Vec::new();
        for entry in entries {
            match entry.trim() {
                "Validate=false" => options.validate = false,
                "PruneLast=true" => options.prune_last = true,
                "Replace=true" => options.replace = true,
                "ServerSideApply=true" => options.server_side_apply = true,
                "SkipDryRunOnMissingResource=true" => options.skip_dry_run_on_missing = true,
                "ApplyOutOfSyncOnly=true" => options.out_of_sync_only = true,
                "CreateNamespace=true" => options.create_namespace = true,
                "PrunePropagationPolicy=foreground" => {
                    options.propagation = Propagation::Foreground;
                }
                "PrunePropagationPolicy=background" => {
                    options.propagation = Propagation::Background;
                }
                "PrunePropagationPolicy=orphan" => options.propagation = Propagation::Orphan,
                "ClientSideApplyMigration=false" => options.migrate_from = None,
                "FailOnSharedResource=true" => options.fail_on_shared = true,
                "RespectIgnoreDifferences=true" => options.respect_ignored = true,
                other => match other.split_once('=') {
                    Some(("Prune", value)) if options.prune_default.is_none() => {
                        options.prune_default = Some(value.to_owned());
                    }
                    Some(("Prune" | "Delete", _)) => {}
                    Some((name, "true" | "false")) if SWITCHES.contains(&name) => {}
                    _ => unknown.push(entry),
                },
            }
        }
        (options, unknown)
    }
}

/// Options that are on or off; the values not matched above are their defaults.
const SWITCHES: [&str; 11] = [
    "Validate",
    "PruneLast",
    "Replace",
    "Force",
    "ServerSideApply",
    "SkipDryRunOnMissingResource",
    "ApplyOutOfSyncOnly",
    "CreateNamespace",
    "ClientSideApplyMigration",
    "FailOnSharedResource",
    "RespectIgnoreDifferences",
];

/// What one operation is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    /// Revision that is synced, resolved.
    pub revision: &'a str,
    /// Destination namespace of the application.
    pub namespace: &'a str,
    /// When the operation started: part of the name of a hook with `generateName`.
    pub started_at: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// How.
    pub options: &'a Options,
}
