//! Whether a repository can be reached.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use windlass_charts::Repository;
use windlass_oci::{Credentials, Reference};
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
    oci: bool,
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
                let repository = charts(settings, url, project)?;
                if !oci {
                    windlass_charts::fetch_index(&repository).await?;
                    return Ok(());
                }
                if !is_registry(url) {
                    bail!("OCI Helm repository URL should include hostname and port only");
                }
                // Who has no password may see something or not: it takes the name of a chart to know.
                match &repository.credentials {
                    Credentials::Basic { .. } => ping(&repository)
                        .await
                        .context("error logging into OCI registry: failed to login to registry"),
                    _ => Ok(()),
                }
            }
            "oci" => {
                let Some(place) = url.strip_prefix("oci://") else {
                    bail!("failed to setup registry config: {url} does not begin with oci://");
                };
                let reference = Reference::parse(place)
                    .map_err(|error| anyhow::anyhow!("failed to initialize repository: {error}"))?;
                let repository = charts(settings, &format!("oci://{reference}"), project)?;
                ping(&repository).await
            }
            other => bail!("unknown type of repository {other:?}: git, helm or oci"),
        }
    };
    let ended = tokio::time::timeout(TIMEOUT, asked).await;
    ended.with_context(|| format!("{url} did not answer in {} s", TIMEOUT.as_secs()))?
}

fn charts(settings: &Settings, url: &str, project: &str) -> anyhow::Result<Repository> {
    windlass_argo::helm_repositories::repository(settings, url, project, false)
        .map_err(anyhow::Error::msg)
}

/// Whether an address is one of charts in a registry: of no scheme and no host for Go's parser of
/// URLs, which takes what stands before a `:` for a scheme and refuses what can be none.
fn is_registry(url: &str) -> bool {
    let scheme = url.split(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).next();
    let scheme = scheme.filter(|s| s.starts_with(|c: char| c.is_ascii_alphabetic()));
    let rest = scheme.and_then(|scheme| url.strip_prefix(scheme)?.strip_prefix(':'));
    match rest {
        Some(rest) => rest.strip_prefix("//").is_none_or(|place| place.starts_with('/')),
        None => {
            let first = url.split('/').next().unwrap_or_default();
            !url.is_empty() && !first.contains(':') && !url.starts_with("//")
        }
    }
}

/// Whether the registry lets us in.
async fn ping(repository: &Repository) -> anyhow::Result<()> {
    let registry = repository.url.trim_start_matches("oci://");
    let registry = registry.split('/').next().unwrap_or_default();
    Ok(repository.client()?.ping(registry).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_has_no_scheme_and_no_host_in_go() {
        for url in ["charts.example.com", "charts.example.com:5000/x", "localhost:5000", "a/b"] {
            assert!(is_registry(url), "{url}");
        }
        assert!(is_registry("file:///srv/x"));
        for url in ["", "oci://charts.example.com", "https://a/b", "127.0.0.1:5000", "//a/b"] {
            assert!(!is_registry(url), "{url}");
        }
    }
}
