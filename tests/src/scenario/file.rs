//! The form of a scenario file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use windlass_object::{Value, yaml};

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// The file's stem.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it shows, in one sentence.
    #[serde(rename = "title")]
    _title: String,
    /// Repositories and the files of their first commit.
    #[serde(default)]
    pub(crate) repositories: BTreeMap<String, Files>,
    /// Helm repositories and the files of their charts, `CHART/PATH`: `$CHARTS.name` is the address.
    #[serde(default)]
    pub(crate) charts: BTreeMap<String, Files>,
    /// OCI artifacts by name and tag: `$ARTIFACT.name` is the address, `$DIGEST.name.tag` the digest. They
    /// are served without TLS, which a repository secret must say.
    #[serde(default)]
    pub(crate) artifacts: BTreeMap<String, BTreeMap<String, Files>>,
    /// Settings by config map: they are there before anything else, and scenarios with the same ones
    /// share a system.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, BTreeMap<String, String>>,
    /// Admission webhooks by name, and what they do (`windlass_testkit::AdmissionWebhook::url`):
    /// `$WEBHOOK.name` is the address, `$AUTHORITY` the certificate. The embedded API has none, so
    /// Windlass plays such a scenario on a real Kubernetes.
    #[serde(default)]
    pub(crate) webhooks: BTreeMap<String, Value>,
    /// Service accounts, `namespace/name`, as which a cluster secret signs in: `$TOKEN.name` is the
    /// token, `$SERVER` an address of the API that is this scenario's alone. Played on a real
    /// Kubernetes.
    #[serde(default)]
    pub(crate) accounts: BTreeMap<String, String>,
    /// Objects that are there before the Applications.
    #[serde(default)]
    pub(crate) objects: Vec<Value>,
    /// Applications; what they do not say is in [`crate::scenario::player`]'s default.
    #[serde(default)]
    pub(crate) applications: Vec<Value>,
    /// What happens.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Kinds (`group/version/Kind`) that are looked at beside the usual ones; of those in the control
    /// namespace, objects that are named after the scenario.
    #[serde(default)]
    pub(crate) kinds: Vec<String>,
}

/// Files by path: text, one object, a list of objects, or null for one that goes.
pub(crate) type Files = BTreeMap<String, Value>;

/// One thing that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Commits files.
    Commit(Commit),
    /// Runs git in a repository's work tree: branches and tags beside those of commits.
    Git(Git),
    /// Puts an artifact under a tag.
    Push(Push),
    /// Has an Application compared anew, and waits until it was.
    Refresh(String),
    /// The same with the caches passed over.
    HardRefresh(String),
    /// Starts an operation, and waits until it is over.
    Sync(Sync),
    /// Makes objects, or makes existing ones be so (server-side apply by `kubectl`).
    Apply(Vec<Value>),
    /// Makes an object, which the API is to refuse, and notes under this name what it says.
    Refused(Refused),
    /// Merges a patch into an object.
    Patch(Patch),
    /// Merges a patch into the status of an object.
    PatchStatus(Patch),
    /// Has an object deleted.
    Delete(Delete),
    /// Waits until something is so.
    Wait(Wait),
    /// Waits until nothing changes any more, and notes what is there under this name.
    Observe(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commit {
    #[serde(default = "app")]
    pub(crate) repository: String,
    pub(crate) files: Files,
    /// The commit's signature: commits are the same in every play.
    #[serde(default)]
    pub(crate) signature: Option<String>,
    /// A tag of the commit.
    #[serde(default)]
    pub(crate) tag: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Git {
    #[serde(default = "app")]
    pub(crate) repository: String,
    /// Arguments of each run.
    pub(crate) run: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    pub(crate) artifact: String,
    pub(crate) tag: String,
    pub(crate) files: Files,
}

fn app() -> String {
    "app".to_owned()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    /// The Application; the scenario's name unless another is given.
    pub(crate) app: Option<String>,
    /// `operation.sync`; its options are the Application's unless given.
    #[serde(default)]
    pub(crate) with: Option<Value>,
    /// `operation.retry`; the Application's unless given.
    #[serde(default)]
    pub(crate) retry: Option<Value>,
    /// Go on at once.
    #[serde(default)]
    pub(crate) start_only: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Patch {
    /// `kind`, `namespace/name`; see [`Target`].
    #[serde(flatten)]
    pub(crate) target: Target,
    pub(crate) merge: Value,
    /// The field manager; `kubectl-edit` unless given.
    #[serde(default)]
    pub(crate) manager: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) object: Value,
}

/// An object: an Application by `[namespace/]name`, or `group/version/Kind` with `[namespace/]name`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) app: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delete {
    #[serde(flatten)]
    pub(crate) target: Target,
    /// `Foreground`, `Background`, `Orphan`.
    #[serde(default)]
    pub(crate) propagation: Option<String>,
    /// Go on at once.
    #[serde(default)]
    pub(crate) start_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    #[serde(default)]
    pub(crate) app: Option<String>,
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Words of an Application's status.
    #[serde(default)]
    pub(crate) sync: Option<String>,
    #[serde(default)]
    pub(crate) health: Option<String>,
    #[serde(default)]
    pub(crate) phase: Option<String>,
    /// The type of a condition that it has.
    #[serde(default)]
    pub(crate) condition: Option<String>,
    /// Part of `status.operationState.message`.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// A part of the object: maps by key, everything else whole.
    #[serde(default)]
    pub(crate) has: Option<Value>,
    /// The object is not there.
    #[serde(default)]
    pub(crate) gone: bool,
}

impl Scenario {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().and_then(|s| s.to_str()).context("a name in UTF-8")?.to_owned();
        let text = std::fs::read_to_string(path)?.replace("$NAME", &name);
        let value = parse(&text).with_context(|| format!("{}", path.display()))?;
        let mut scenario: Self =
            serde_json::from_value(value).with_context(|| format!("{}", path.display()))?;
        scenario.name = name;
        Ok(scenario)
    }

    /// Scenarios with equal keys may share a system.
    pub(crate) fn system(&self) -> String {
        let settings = serde_json::to_string(&self.settings).unwrap_or_default();
        if self.needs_kubernetes() { format!("{settings} on Kubernetes") } else { settings }
    }

    /// Whether the embedded API lacks something that it needs.
    pub(crate) fn needs_kubernetes(&self) -> bool {
        !self.webhooks.is_empty() || !self.accounts.is_empty()
    }
}

/// The text of a scenario as data, with the guide's manifests in it.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut value = yaml::parse_one(text.as_bytes(), &yaml::Options::strict())?;
    super::guide::expand(&mut value)?;
    Ok(value)
}

/// Maps are merged, everything else is replaced, null removes.
pub(crate) fn merge(base: &mut Value, patch: &Value) {
    match (base.as_object_mut(), patch.as_object()) {
        (Some(map), Some(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    map.remove(key);
                } else {
                    merge(map.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        _ => *base = patch.clone(),
    }
}

/// All scenarios of a directory whose name holds one of the comma-separated `words`.
pub(crate) fn all(directory: &Path, words: &str) -> Result<Vec<Scenario>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let wanted = words.is_empty() || words.split(',').any(|word| stem.contains(word));
        if wanted && path.extension().is_some_and(|e| e == "yaml") {
            found.push(Scenario::read(&path)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
