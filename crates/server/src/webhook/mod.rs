//! Webhooks as Argo CD 3 takes them (`util/webhook`): who sent it, is it signed, what it says.
//!
//! Hosts are told apart by their headers, in Argo CD's order: Azure DevOps, Gogs and Gitea (which
//! send GitHub's header as well), GitHub, GitLab, Bitbucket, Bitbucket Server. Where a secret is
//! configured for a host, a payload without the right signature is refused; without one, as in
//! Argo CD, all payloads of that host are taken, and one can do no more with them than have a
//! repository looked at. The generic hook is ours, and always signed.

mod matching;
mod payload;
mod secrets;
#[cfg(test)]
mod tests;
mod url;

pub use matching::{files_changed, refresh_paths, revision_changed};
pub use secrets::Secrets;
pub use url::WebUrl;

use http::HeaderMap;

/// Who sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Azure DevOps, by `X-Vss-Activityid`.
    AzureDevOps,
    /// Gogs and Gitea, by `X-Gogs-Event`.
    Gogs,
    /// GitHub, by `X-GitHub-Event`.
    Github,
    /// GitLab, by `X-Gitlab-Event`.
    Gitlab,
    /// Bitbucket Cloud, by `X-Hook-UUID`.
    Bitbucket,
    /// Bitbucket Server and Data Center, by `X-Event-Key`.
    BitbucketServer,
    /// Anyone, by `X-Windlass-Signature`.
    Generic,
}

impl Provider {
    /// Its name, for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::AzureDevOps => "azuredevops",
            Self::Gogs => "gogs",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::BitbucketServer => "bitbucketserver",
            Self::Generic => "generic",
        }
    }
}

/// Why a webhook is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The signature, token or password is missing or wrong.
    #[error("{what}; compare the secret at the host with key {key} of argocd-secret")]
    Unsigned {
        /// What is wrong.
        what: &'static str,
        /// The key in argocd-secret.
        key: &'static str,
    },
    /// The payload is not what its header says.
    #[error("the payload cannot be read: {why}")]
    Payload {
        /// Where and what.
        why: String,
    },
    /// The event is none that concerns repositories.
    #[error("event \"{event}\" is not handled; let the host send push events only")]
    Event {
        /// The event's name.
        event: String,
    },
}

/// Something was pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The repository's addresses, as pages or to clone from.
    pub urls: Vec<String>,
    /// The branch or tag, without `refs/heads/` and `refs/tags/`.
    pub revision: String,
    /// Whether the default branch has changed; true where the host does not tell.
    pub touched_head: bool,
    /// The commit before, if the host tells.
    pub before: Option<String>,
    /// The commit now, if the host tells.
    pub after: Option<String>,
    /// Files that were added, modified or removed; empty where the host does not tell.
    pub changed_files: Vec<String>,
}

impl Event {
    /// Whether a source at `repo_url` with `target_revision` in a repository of this event may show
    /// something else now, going by address and revision alone.
    pub fn concerns(&self, repo_url: &str, target_revision: &str) -> bool {
        self.matches(repo_url)
            && revision_changed(&self.revision, self.touched_head, target_revision)
    }

    /// Whether `repo_url` is the address of this event's repository in any of its forms.
    pub fn matches(&self, repo_url: &str) -> bool {
        self.urls.iter().filter_map(|u| WebUrl::new(u)).any(|u| u.matches(repo_url))
    }
}

/// Who sent a request with these headers; `None` if nobody who is known.
pub fn provider(headers: &HeaderMap) -> Option<Provider> {
    let has = |name: &str| headers.get(name).is_some_and(|v| !v.is_empty());
    let github = || headers.get("x-github-event").is_some_and(|v| !v.is_empty() && v != "package");
    if has("x-vss-activityid") {
        Some(Provider::AzureDevOps)
    } else if has("x-gogs-event") {
        Some(Provider::Gogs)
    } else if github() {
        Some(Provider::Github)
    } else if has("x-gitlab-event") {
        Some(Provider::Gitlab)
    } else if has("x-hook-uuid") {
        Some(Provider::Bitbucket)
    } else if has("x-event-key") {
        Some(Provider::BitbucketServer)
    } else if has("x-windlass-signature") {
        Some(Provider::Generic)
    } else {
        None
    }
}

/// What a request says; `None` for a ping.
///
/// # Errors
/// Any [`WebhookError`].
pub fn parse(
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &Secrets,
) -> Result<Option<Event>, WebhookError> {
    let header = |name: &str| {
        headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().trim().to_owned()
    };
    let unhandled = |event: String| Err(WebhookError::Event { event });
    match provider {
        Provider::AzureDevOps => {
            secrets.azure(&header("authorization"))?;
            payload::azure(body)
        }
        Provider::Gogs => {
            let event = header("x-gogs-event");
            if event != "push" {
                return unhandled(event);
            }
            secrets.gogs(&header("x-gogs-signature"), body)?;
            payload::push(body).map(Some)
        }
        Provider::Github => {
            let event = header("x-github-event");
            if !matches!(event.as_str(), "push" | "ping") {
                return unhandled(event);
            }
            secrets.github(&header("x-hub-signature-256"), body)?;
            if event == "ping" {
                return Ok(None);
            }
            payload::push(body).map(Some)
        }
        Provider::Gitlab => {
            let event = header("x-gitlab-event");
            if !matches!(event.as_str(), "Push Hook" | "Tag Push Hook" | "System Hook") {
                return unhandled(event);
            }
            secrets.gitlab(&header("x-gitlab-token"))?;
            payload::gitlab(body)
        }
        Provider::Bitbucket => {
            secrets.bitbucket(&header("x-hook-uuid"))?;
            let event = header("x-event-key");
            if event != "repo:push" {
                return unhandled(event);
            }
            payload::bitbucket(body).map(Some)
        }
        Provider::BitbucketServer => match header("x-event-key").as_str() {
            "diagnostics:ping" => Ok(None),
            "repo:refs_changed" => {
                secrets.bitbucket_server(&header("x-hub-signature"), body)?;
                payload::bitbucket_server(body).map(Some)
            }
            event => unhandled(event.to_owned()),
        },
        Provider::Generic => {
            secrets.generic(&header("x-windlass-signature"), body)?;
            payload::generic(body).map(Some)
        }
    }
}
