//! The flags that `app create` and `app set` share: what an application's spec says.

use windlass_argo::types::{
    ApplicationSpec, Backoff, DirectorySource, RetryStrategy, Source, SyncPolicy,
    SyncPolicyAutomated,
};
use windlass_object::json;

use crate::cli::failure::Failure;

/// What an application is made of.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Application")]
pub(crate) struct AppOptions {
    /// Repository address.
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Directory in the repository.
    #[arg(long, value_name = "DIR")]
    path: Option<String>,
    /// Branch, tag, commit or version range.
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Project.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Address of the destination cluster, such as https://kubernetes.default.svc.
    #[arg(long, value_name = "URL")]
    dest_server: Option<String>,
    /// Name of the destination cluster, such as in-cluster.
    #[arg(long, value_name = "NAME")]
    dest_name: Option<String>,
    /// Namespace for objects that name none.
    #[arg(long, value_name = "NAMESPACE")]
    dest_namespace: Option<String>,
    /// `manual` (or `none`), or `automated` (or `auto`, `automatic`).
    #[arg(long, value_name = "POLICY", value_parser = ["manual", "none", "automated", "auto", "automatic"])]
    sync_policy: Option<String>,
    /// Add a sync option such as `Prune=false`; with a leading `!` take it away.
    #[arg(long, value_name = "OPTION")]
    sync_option: Vec<String>,
    /// Automated syncs delete what is no longer in Git.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    auto_prune: Option<bool>,
    /// Automated syncs undo changes made in the cluster.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    self_heal: Option<bool>,
    /// Automated syncs may delete the last object.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_empty: Option<bool>,
    /// How many past deliveries to keep.
    #[arg(long, value_name = "N")]
    revision_history_limit: Option<i64>,
    /// Read the directories below too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    directory_recurse: Option<bool>,
    /// Glob of the files to take.
    #[arg(long, value_name = "GLOB")]
    directory_include: Option<String>,
    /// Glob of the files to leave out.
    #[arg(long, value_name = "GLOB")]
    directory_exclude: Option<String>,
    /// How often a failed sync is tried again; below zero is without end.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sync_retry_limit: Option<i64>,
    /// The first wait before a retry, such as 5s.
    #[arg(long, value_name = "DURATION")]
    sync_retry_backoff_duration: Option<String>,
    /// The longest wait before a retry, such as 3m.
    #[arg(long, value_name = "DURATION")]
    sync_retry_backoff_max_duration: Option<String>,
    /// What each next wait is multiplied by.
    #[arg(long, value_name = "N")]
    sync_retry_backoff_factor: Option<i64>,
}

impl AppOptions {
    /// Whether no flag is given.
    pub(crate) fn is_empty(&self) -> bool {
        format!("{self:?}") == format!("{:?}", Self::default())
    }

    /// Writes the flags into a spec; what they do not speak of stays.
    pub(crate) fn apply(&self, spec: &mut ApplicationSpec) -> anyhow::Result<()> {
        let set = |to: &mut String, from: &Option<String>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        set(&mut spec.project, &self.project);
        set(&mut spec.destination.server, &self.dest_server);
        set(&mut spec.destination.name, &self.dest_name);
        set(&mut spec.destination.namespace, &self.dest_namespace);
        if self.revision_history_limit.is_some() {
            spec.revision_history_limit = self.revision_history_limit;
        }
        self.source(spec)?;
        self.policy(spec)
    }

    fn source(&self, spec: &mut ApplicationSpec) -> anyhow::Result<()> {
        let directory = self.directory_recurse.is_some()
            || self.directory_include.is_some()
            || self.directory_exclude.is_some();
        let any =
            directory || self.repo.is_some() || self.path.is_some() || self.revision.is_some();
        if !any {
            return Ok(());
        }
        if spec.has_multiple_sources() {
            return Err(Failure::generic(
                "the application has several sources: change spec.sources with kubectl edit",
            ));
        }
        let source = spec.source.get_or_insert_with(Source::default);
        for (to, from) in [
            (&mut source.repo_url, &self.repo),
            (&mut source.path, &self.path),
            (&mut source.target_revision, &self.revision),
        ] {
            if let Some(from) = from {
                to.clone_from(from);
            }
        }
        if directory {
            let options = source.directory.get_or_insert_with(DirectorySource::default);
            options.recurse = self.directory_recurse.unwrap_or(options.recurse);
            if let Some(include) = &self.directory_include {
                options.include.clone_from(include);
            }
            if let Some(exclude) = &self.directory_exclude {
                options.exclude.clone_from(exclude);
            }
        }
        Ok(())
    }

    fn policy(&self, spec: &mut ApplicationSpec) -> anyhow::Result<()> {
        let mut policy = spec.sync_policy.take().unwrap_or_default();
        match self.sync_policy.as_deref() {
            Some("manual" | "none") => policy.automated = None,
            Some(_) => {
                policy.automated.get_or_insert_with(SyncPolicyAutomated::default).enabled = None;
            }
            None => {}
        }
        for (flag, value) in [
            ("auto-prune", self.auto_prune),
            ("self-heal", self.self_heal),
            ("allow-empty", self.allow_empty),
        ] {
            let Some(value) = value else { continue };
            let Some(automated) = policy.automated.as_mut() else {
                return Err(Failure::generic(format!(
                    "cannot set --{flag}: application not configured with automatic sync"
                )));
            };
            match flag {
                "auto-prune" => automated.prune = Some(value),
                "self-heal" => automated.self_heal = Some(value),
                _ => automated.allow_empty = Some(value),
            }
        }
        for option in &self.sync_option {
            let (remove, option) =
                option.strip_prefix('!').map_or((false, option.as_str()), |o| (true, o));
            policy.sync_options.retain(|o| o != option);
            if !remove {
                policy.sync_options.push(option.to_owned());
            }
        }
        self.retry(&mut policy);
        spec.sync_policy = (json!(policy) != json!({})).then_some(policy);
        Ok(())
    }

    fn retry(&self, policy: &mut SyncPolicy) {
        let Some(limit) = self.sync_retry_limit else { return };
        if limit == 0 {
            policy.retry = None;
            return;
        }
        let backoff = Backoff {
            duration: self.sync_retry_backoff_duration.clone().unwrap_or_else(|| "5s".to_owned()),
            factor: Some(self.sync_retry_backoff_factor.unwrap_or(2)),
            max_duration: self
                .sync_retry_backoff_max_duration
                .clone()
                .unwrap_or_else(|| "3m0s".to_owned()),
        };
        policy.retry = Some(RetryStrategy { limit, backoff: Some(backoff), refresh: false });
    }
}
