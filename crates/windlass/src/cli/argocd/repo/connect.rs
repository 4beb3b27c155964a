//! Whether a repository can be reached.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use windlass_source::credentials::Settings;

use crate::cli::app::Mirrors;

/// How long to try.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks the repository for what it has, with the credentials that the settings have for it.
pub(super) async fn check(
    settings: &Arc<Settings>,
    url: &str,
    project: &str,
    kind: &str,
) -> anyhow::Result<()> {
    let asked = async {
        match kind {
            "git" => {
                let repository = settings.repository(url, project)?;
                let mirrors = Mirrors::open()?;
                mirrors.sources.refs(&repository).await?;
                Ok(())
            }
            "helm" => {
                let repository =
                    windlass_argo::helm_repositories::repository(settings, url, project, false)
                        .map_err(anyhow::Error::msg)?;
                // What a registry has cannot be asked without the name of a chart.
                if !repository.is_oci() {
                    windlass_charts::fetch_index(&repository).await?;
                }
                Ok(())
            }
            "oci" => Ok(()),
            other => bail!("unknown type of repository {other:?}: git, helm or oci"),
        }
    };
    let ended = tokio::time::timeout(TIMEOUT, asked).await;
    ended.with_context(|| format!("{url} did not answer in {} s", TIMEOUT.as_secs()))?
}
