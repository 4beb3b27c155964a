//! The flags that describe when an application is synced.

use windlass_argo::types::{
    ApplicationSpec, Backoff, RetryStrategy, SyncPolicy, SyncPolicyAutomated,
};
use windlass_object::json;

use crate::cli::failure::Failure;

/// How and when to sync.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Sync policy")]
pub(super) struct PolicyOptions {
    /// `manual` (or `none`), or `automated` (or `auto`, `automatic`).
    #[arg(long, value_name = "POLICY")]
    sync_policy: Option<String>,
    /// Add a sync option such as `Prune=false`; with a leading `!` take it away.
    #[arg(long, value_name = "OPTION")]
    sync_option: Vec<String>,
    /// Automated syncs delete what is no longer in Git.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    auto_prune: Option<bool>,
    /// Automated syncs undo changes made in the cluster.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    self_heal: Option<bool>,
    /// Automated syncs may delete the last object.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    allow_empty: Option<bool>,
    /// How often a failed sync is tried again; 0 takes retries away.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sync_retry_limit: Option<i64>,
    /// The first wait before a retry, such as 5s.
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    sync_retry_backoff_duration: Option<String>,
    /// The longest wait before a retry, such as 3m.
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    sync_retry_backoff_max_duration: Option<String>,
    /// What each next wait is multiplied by.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sync_retry_backoff_factor: Option<i64>,
    /// A retry takes the newest revision.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    sync_retry_refresh: Option<bool>,
}

impl PolicyOptions {
    pub(super) fn apply(&self, spec: &mut ApplicationSpec) -> anyhow::Result<()> {
        let mut policy = spec.sync_policy.take();
        for option in &self.sync_option {
            let options = &mut policy.get_or_insert_default().sync_options;
            match option.strip_prefix('!') {
                Some(option) => options.retain(|known| known != option),
                None if options.contains(option) => {}
                None => options.push(option.clone()),
            }
        }
        match self.sync_policy.as_deref() {
            Some("manual" | "none") => {
                if let Some(policy) = &mut policy {
                    policy.automated = None;
                }
            }
            Some("automated" | "auto" | "automatic") => {
                policy.get_or_insert_default().automated = Some(SyncPolicyAutomated::default());
            }
            Some(other) => return Err(Failure::fatal(format!("Invalid sync-policy: {other}"))),
            None => {}
        }
        policy = policy.filter(|policy| json!(policy) != json!({}));
        self.retry(&mut policy)?;
        for (flag, value) in [
            ("auto-prune", self.auto_prune),
            ("self-heal", self.self_heal),
            ("allow-empty", self.allow_empty),
        ] {
            let Some(value) = value else { continue };
            let automated = policy.as_mut().and_then(|policy| policy.automated.as_mut());
            let Some(automated) = automated.filter(|a| a.enabled != Some(false)) else {
                return Err(Failure::fatal(format!(
                    "Cannot set --{flag}: application not configured with automatic sync"
                )));
            };
            let value = value.then_some(true);
            match flag {
                "auto-prune" => automated.prune = value,
                "self-heal" => automated.self_heal = value,
                _ => automated.allow_empty = value,
            }
        }
        spec.sync_policy = policy;
        Ok(())
    }

    fn retry(&self, policy: &mut Option<SyncPolicy>) -> anyhow::Result<()> {
        match self.sync_retry_limit {
            Some(0) => {
                if let Some(policy) = policy {
                    policy.retry = None;
                }
            }
            Some(limit) if limit < 0 => {
                return Err(Failure::fatal(format!("Invalid sync-retry-limit [{limit}]")));
            }
            Some(limit) => {
                let or = |given: &Option<String>, default: &str| {
                    given.clone().unwrap_or_else(|| default.to_owned())
                };
                let backoff = Backoff {
                    duration: or(&self.sync_retry_backoff_duration, "5s"),
                    factor: Some(self.sync_retry_backoff_factor.unwrap_or(2)),
                    max_duration: or(&self.sync_retry_backoff_max_duration, "3m0s"),
                };
                let retry = RetryStrategy { limit, backoff: Some(backoff), refresh: false };
                policy.get_or_insert_default().retry = Some(retry);
            }
            None => {}
        }
        if let Some(refresh) = self.sync_retry_refresh {
            policy.get_or_insert_default().retry.get_or_insert_default().refresh = refresh;
        }
        Ok(())
    }
}
