//! What the hosts' payloads say. Only the fields that are used are read, and one that is absent is
//! empty, as with Argo CD: hosts leave out and add fields as they like.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::matching::short;
use super::{Event, WebhookError};

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, WebhookError> {
    let wrong = |e: serde_json::Error| WebhookError::Payload { why: e.to_string() };
    let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(wrong)?;
    let mut payload = Value::Object(fields);
    without_nulls(&mut payload);
    serde_json::from_value(payload).map_err(wrong)
}

/// Takes away fields that are null: to Go, and so to the hosts, that is the same as absent.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

fn commit(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Push {
    object_kind: String,
    event_name: String,
    r#ref: String,
    before: Option<String>,
    after: Option<String>,
    repository: Option<Repository>,
    project: Option<Repository>,
    commits: Vec<Commit>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {
    html_url: Option<String>,
    web_url: Option<String>,
    default_branch: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Commit {
    added: Vec<String>,
    modified: Vec<String>,
    removed: Vec<String>,
}

impl Push {
    fn event(self, repository: Option<Repository>, url: Option<String>) -> Event {
        let revision = short(&self.r#ref).to_owned();
        let default = repository.and_then(|r| r.default_branch).unwrap_or_default();
        let commits = self.commits.into_iter();
        let changed_files =
            commits.flat_map(|c| [c.added, c.modified, c.removed]).flatten().collect();
        Event {
            urls: url.into_iter().filter(|u| !u.is_empty()).collect(),
            touched_head: default == revision,
            revision,
            before: commit(self.before),
            after: commit(self.after),
            changed_files,
        }
    }
}

/// GitHub, Gogs and Gitea: the page is `repository.html_url`.
pub(super) fn push(body: &[u8]) -> Result<Event, WebhookError> {
    let mut push: Push = read(body)?;
    let mut repository = push.repository.take();
    let url = repository.as_mut().and_then(|r| r.html_url.take());
    Ok(push.event(repository, url))
}

/// GitLab: pushes of branches and tags, by themselves or as a system hook.
pub(super) fn gitlab(body: &[u8]) -> Result<Option<Event>, WebhookError> {
    let mut push: Push = read(body)?;
    let kind = if push.object_kind.is_empty() {
        push.event_name.clone()
    } else {
        push.object_kind.clone()
    };
    if !matches!(kind.as_str(), "push" | "tag_push" | "") {
        return Err(WebhookError::Event { event: kind });
    }
    let mut project = push.project.take();
    let url = project.as_mut().and_then(|p| p.web_url.take());
    Ok(Some(push.event(project, url)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Link {
    name: String,
    href: String,
}

/// Bitbucket Cloud: the first change counts; whether it is the default branch is not told.
pub(super) fn bitbucket(body: &[u8]) -> Result<Event, WebhookError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Payload {
        repository: Repo,
        push: Changes,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Repo {
        links: Links,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Links {
        html: Link,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Changes {
        changes: Vec<Change>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Change {
        new: Target,
        old: Target,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Target {
        name: String,
        target: Hash,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Hash {
        hash: String,
    }
    let payload: Payload = read(body)?;
    let change = payload.push.changes.into_iter().next().unwrap_or_default();
    let Change { new, old } = change;
    Ok(Event {
        urls: vec![payload.repository.links.html.href],
        revision: new.name,
        touched_head: true,
        before: commit(Some(old.target.hash)),
        after: commit(Some(new.target.hash)),
        changed_files: Vec::new(),
    })
}

/// Bitbucket Server: addresses to clone from, the first change, no commits and no files.
pub(super) fn bitbucket_server(body: &[u8]) -> Result<Event, WebhookError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Payload {
        repository: Repo,
        changes: Vec<Change>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Repo {
        links: Links,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Links {
        clone: Vec<Link>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Change {
        r#ref: Reference,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Reference {
        id: String,
    }
    let payload: Payload = read(body)?;
    let links = payload.repository.links.clone.into_iter();
    let change = payload.changes.into_iter().next().unwrap_or_default();
    Ok(Event {
        urls: links.filter(|l| matches!(&*l.name, "http" | "ssh")).map(|l| l.href).collect(),
        revision: short(&change.r#ref.id).to_owned(),
        touched_head: true,
        ..Event::default()
    })
}

/// Azure DevOps: the first ref, no files.
pub(super) fn azure(body: &[u8]) -> Result<Option<Event>, WebhookError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Payload {
        event_type: String,
        resource: Resource,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Resource {
        ref_updates: Vec<Update>,
        repository: Repo,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Update {
        name: String,
        old_object_id: String,
        new_object_id: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Repo {
        remote_url: String,
        default_branch: String,
    }
    let payload: Payload = read(body)?;
    if payload.event_type != "git.push" {
        return Err(WebhookError::Event { event: payload.event_type });
    }
    let repository = payload.resource.repository;
    let mut event = Event { urls: vec![repository.remote_url], ..Event::default() };
    if let Some(update) = payload.resource.ref_updates.into_iter().next() {
        event.revision = short(&update.name).to_owned();
        event.touched_head = update.name == repository.default_branch;
        event.before = commit(Some(update.old_object_id));
        event.after = commit(Some(update.new_object_id));
    }
    Ok(Some(event))
}

/// The generic hook: `{"url": …, "ref": …, "before": …, "after": …, "files": […]}`, of which only
/// the address is needed. Without a ref every revision of the repository may have changed.
pub(super) fn generic(body: &[u8]) -> Result<Event, WebhookError> {
    #[derive(Deserialize)]
    struct Payload {
        url: String,
        #[serde(default)]
        r#ref: String,
        before: Option<String>,
        after: Option<String>,
        #[serde(default)]
        files: Vec<String>,
    }
    let payload: Payload = read(body)?;
    Ok(Event {
        urls: vec![payload.url],
        revision: short(&payload.r#ref).to_owned(),
        touched_head: true,
        before: commit(payload.before),
        after: commit(payload.after),
        changed_files: payload.files,
    })
}
