//! An application's objects with the objects that they own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use windlass_argo::customizations::Customizations;
use windlass_argo::types::{Application, ResourceStatus};
use windlass_engine::health;
use windlass_object::{Object, ResourceKey};

use super::connection::Connection;
use super::repositories::config_map;
use super::status::{self, ResourceState};
use crate::cli::columns::{align, line};

/// How deep owners may nest.
const MAX_DEPTH: usize = 32;

/// How much is shown of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Plain,
    Detailed,
}

/// One object and those it owns.
pub(crate) struct Node {
    pub(crate) object: Object,
    pub(crate) children: Vec<Node>,
    /// Its health and the reason for it, in words.
    pub(crate) health: (String, String),
}

impl Node {
    /// How long it has been there, as kubectl tells it.
    pub(crate) fn age(&self, now: Timestamp) -> String {
        let created = self.object.str_at(&["metadata", "creationTimestamp"]).parse::<Timestamp>();
        created.map_or_else(
            |_| "<unknown>".to_owned(),
            |created| human(now.as_second() - created.as_second()),
        )
    }
}

/// The live objects of an application as trees, and the objects of its status that are not there.
pub(crate) async fn build(connection: &Connection, app: &Application) -> anyhow::Result<Vec<Node>> {
    let kinds = connection.kinds().await?;
    let settings = config_map(connection, "argocd-cm").await?;
    let filter = windlass_argo::kind_filter(&settings);
    let keys = app.status.resources.iter().map(|r| (r.key(), r.version.clone()));
    let roots = kinds.fetch_all(keys).await?;
    let namespaces: BTreeSet<String> =
        roots.iter().map(|o| o.namespace().to_owned()).filter(|n| !n.is_empty()).collect();
    let mut by_owner: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    let mut seen: BTreeSet<String> = roots.iter().map(|o| o.uid().to_owned()).collect();
    for namespace in namespaces {
        for object in kinds.owned(&namespace, &filter).await {
            let owner = object.owner_references().into_iter().next().map(|o| o.uid);
            if let Some(owner) = owner
                && seen.insert(object.uid().to_owned())
            {
                by_owner.entry(owner).or_default().push(object);
            }
        }
    }
    let (custom, _) = Customizations::read(&settings);
    Ok(roots.into_iter().map(|root| adopt(root, &mut by_owner, &custom, 0)).collect())
}

fn adopt(
    object: Object,
    by_owner: &mut BTreeMap<String, Vec<Object>>,
    custom: &Customizations,
    depth: usize,
) -> Node {
    let mut owned = by_owner.remove(object.uid()).unwrap_or_default();
    owned.sort_by_cached_key(Object::key);
    let children = if depth < MAX_DEPTH {
        owned.into_iter().map(|child| adopt(child, by_owner, custom, depth + 1)).collect()
    } else {
        Vec::new()
    };
    let health = match health::of(&object, custom) {
        Ok(Some(health)) => (health.status.as_str().to_owned(), health.message),
        _ => (String::new(), String::new()),
    };
    Node { object, children, health }
}

/// What leads to an object in the tree: nothing for a root.
#[derive(Clone, Default)]
pub(crate) struct Branch(String);

impl Branch {
    /// What stands before the object's name.
    pub(crate) fn prefix(&self) -> &str {
        &self.0
    }

    /// The branch to one of its children.
    pub(crate) fn child(&self, is_last: bool) -> Self {
        let stem: String = self.0.replace("├─", "│ ").replace("└─", "  ");
        Self(stem + if is_last { "└─" } else { "├─" })
    }
}

/// The table of `app get -o tree`.
pub(crate) async fn show(
    connection: &Connection,
    app: &Application,
    detail: Detail,
) -> anyhow::Result<String> {
    let states: BTreeMap<(String, String), ResourceState> = status::resource_states(app, &[])
        .into_iter()
        .map(|s| ((s.key.kind.clone(), s.key.name.clone()), s))
        .collect();
    let mut lines = vec![match detail {
        Detail::Plain => line(["KIND/NAME", "STATUS", "HEALTH", "MESSAGE"]),
        Detail::Detailed => line(["KIND/NAME", "STATUS", "HEALTH", "AGE", "MESSAGE", "REASON"]),
    }];
    let now = Timestamp::now();
    let roots = build(connection, app).await?;
    let there: BTreeSet<ResourceKey> = roots.iter().map(|root| root.object.key()).collect();
    for root in roots {
        rows(&root, &Branch::default(), &states, detail, now, &mut lines);
    }
    // What Git has and the cluster has not.
    let keys = app.status.resources.iter().map(ResourceStatus::key);
    for key in keys.filter(|key| !there.contains(key)) {
        let Some(state) = states.get(&(key.kind.clone(), key.name.clone())) else { continue };
        let name = format!("{}/{}", key.kind, key.name);
        let (sync, health) = (state.status.clone(), state.health.clone());
        let message = state.message.clone();
        lines.push(match detail {
            Detail::Plain => vec![name, sync, health, message],
            Detail::Detailed => {
                vec![name, sync, health, "<unknown>".to_owned(), message, String::new()]
            }
        });
    }
    Ok(align(&lines))
}

fn rows(
    node: &Node,
    branch: &Branch,
    states: &BTreeMap<(String, String), ResourceState>,
    detail: Detail,
    now: Timestamp,
    lines: &mut Vec<Vec<String>>,
) {
    let object = &node.object;
    let (mut health, reason) = node.health.clone();
    let mut sync = String::new();
    let mut message = String::new();
    if let Some(state) = states.get(&(object.kind().to_owned(), object.name().to_owned())) {
        sync.clone_from(&state.status);
        message.clone_from(&state.message);
        if !state.health.is_empty() {
            health.clone_from(&state.health);
        }
    }
    let name = format!("{}{}/{}", branch.prefix(), object.kind(), object.name());
    lines.push(match detail {
        Detail::Plain => vec![name, sync, health, message],
        Detail::Detailed => vec![name, sync, health, node.age(now), message, reason],
    });
    for (i, child) in node.children.iter().enumerate() {
        let is_last = i + 1 == node.children.len();
        rows(child, &branch.child(is_last), states, detail, now, lines);
    }
}

/// Seconds as kubectl prints ages.
fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |big: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{big}{unit}"),
        rest => format!("{big}{unit}{rest}{small}"),
    };
    match seconds {
        ..0 => "0s".to_owned(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s % DAY / HOUR, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, "y", s % YEAR / DAY, "d"),
        s => format!("{}y", s / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, text) in [
            (5, "5s"),
            (119, "119s"),
            (125, "2m5s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (90_000, "25h"),
            (172_800, "2d"),
        ] {
            assert_eq!(human(seconds), text);
        }
    }

    #[test]
    fn branches() {
        let root = Branch::default();
        let first = root.child(false);
        assert_eq!(first.prefix(), "├─");
        assert_eq!(first.child(true).prefix(), "│ └─");
        assert_eq!(root.child(true).child(false).prefix(), "  ├─");
    }
}
