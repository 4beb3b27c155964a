//! Applications that wait for others: the annotation `windlass.dev/depends-on`.
//!
//! It names applications, `NAME` in the same namespace or `NAMESPACE/NAME`, with commas; where they
//! go to does not matter. A sync begins only when all of them are Synced and Healthy. One that
//! runs is not stopped when a dependency turns bad later.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;

use crate::types::{Application, HealthStatusCode, SyncStatusCode};

/// The annotation.
pub const DEPENDS_ON: &str = "windlass.dev/depends-on";
/// Applications of one chain that are followed at most in search of a cycle.
const LONGEST: usize = 10_000;

/// Names an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Name {
    /// The name of an application.
    pub fn of(app: &Application) -> Self {
        Self { namespace: app.namespace().to_owned(), name: app.name().to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Why a sync does not begin yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It waits for itself: the applications of the cycle in order, the first once more at the end.
    Cycle(Vec<Name>),
    /// There is no such application.
    Absent(Name),
    /// One is not Synced and Healthy.
    NotReady {
        /// Which.
        name: Name,
        /// Whether it is what Git says.
        sync: SyncStatusCode,
        /// Whether it works, as far as that is known.
        health: Option<HealthStatusCode>,
    },
    /// One of the same repository and revision was not yet compared with the commit that is to be
    /// delivered.
    Behind {
        /// Which.
        name: Name,
        /// The commit.
        revision: String,
    },
}

impl Hold {
    /// Whether nothing but a change of the annotation ends it.
    pub fn is_cycle(&self) -> bool {
        matches!(self, Self::Cycle(_))
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(names) => {
                let names: Vec<String> = names.iter().map(Name::to_string).collect();
                let path = names.join(" -> ");
                write!(
                    f,
                    "it waits for itself ({path}): take one of these from annotation {DEPENDS_ON}"
                )
            }
            Self::Absent(name) => write!(f, "application {name} does not exist"),
            Self::NotReady { name, sync, health } => {
                let sync = if *sync == SyncStatusCode::None { "not compared yet" } else { "" }
                    .to_owned()
                    + &sync.to_string();
                let health = health.map_or("of unknown health".to_owned(), |h| h.to_string());
                write!(f, "application {name} is {sync} and {health}")
            }
            Self::Behind { name, revision } => {
                write!(f, "application {name} was not compared with {revision} yet")
            }
        }
    }
}

/// The applications that an application waits for, each once, in the order given.
pub fn names(app: &Application) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let entries = app.annotation(DEPENDS_ON).unwrap_or_default().split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let (namespace, name) = entry.split_once('/').unwrap_or((app.namespace(), entry));
        let name = Name { namespace: namespace.to_owned(), name: name.to_owned() };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What keeps a sync of an application from beginning; nothing if it may. `revision` is the commit
/// that it was last compared with, `find` gives the other applications as they are now.
pub fn holds<A: Borrow<Application>>(
    app: &Application,
    revision: &str,
    find: &dyn Fn(&Name) -> Option<A>,
) -> Vec<Hold> {
    let names = names(app);
    if names.is_empty() {
        return Vec::new();
    }
    if let Some(cycle) = cycle(app, find) {
        return vec![Hold::Cycle(cycle)];
    }
    names.into_iter().filter_map(|name| hold(app, revision, name, find)).collect()
}

fn hold<A: Borrow<Application>>(
    app: &Application,
    revision: &str,
    name: Name,
    find: &dyn Fn(&Name) -> Option<A>,
) -> Option<Hold> {
    let Some(other) = find(&name) else { return Some(Hold::Absent(name)) };
    let other = other.borrow();
    let (sync, health) = (other.status.sync.status, other.status.health.status);
    if sync != SyncStatusCode::Synced || health != Some(HealthStatusCode::Healthy) {
        return Some(Hold::NotReady { name, sync, health });
    }
    let (mine, its) = (&app.spec.source, &other.spec.source);
    let same = matches!((mine, its), (Some(mine), Some(its))
        if mine.repo_url == its.repo_url
            && mine.chart.is_empty()
            && its.chart.is_empty()
            && mine.target_revision == its.target_revision);
    let behind = same && !revision.is_empty() && revision != other.status.sync.revision;
    behind.then(|| Hold::Behind { name, revision: revision.to_owned() })
}

/// The shortest way on which an application waits for itself.
fn cycle<A: Borrow<Application>>(
    app: &Application,
    find: &dyn Fn(&Name) -> Option<A>,
) -> Option<Vec<Name>> {
    let start = Name::of(app);
    let mut seen: HashSet<Name> = HashSet::new();
    // Where each was reached from, in the order of the search.
    let mut reached: Vec<(Name, Option<usize>)> = vec![(start.clone(), None)];
    let mut at = 0;
    while at < reached.len().min(LONGEST) {
        let waits_for = if at == 0 {
            names(app)
        } else {
            find(&reached[at].0).map(|other| names(other.borrow())).unwrap_or_default()
        };
        for name in waits_for {
            if name == start {
                let mut path = vec![name];
                let mut back = Some(at);
                while let Some(place) = back {
                    path.push(reached[place].0.clone());
                    back = reached[place].1;
                }
                path.reverse();
                return Some(path);
            }
            if seen.insert(name.clone()) {
                reached.push((name, Some(at)));
            }
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use windlass_object::json;

    /// An application as `name sync health revision: dependencies`.
    fn app(text: &str) -> Arc<Application> {
        let (head, waits_for) = text.split_once(':').unwrap_or((text, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let mut value = json!({
            "metadata": {"name": word(0), "namespace": "argocd",
                "annotations": {DEPENDS_ON: waits_for}},
            "spec": {"source": {"repoURL": "r", "path": word(0)}},
            "status": {"sync": {"status": word(1), "revision": word(3)}},
        });
        if !word(2).is_empty() {
            value["status"]["health"] = json!({"status": word(2)});
        }
        Arc::new(serde_json::from_value(value).unwrap())
    }

    #[track_caller]
    fn check(apps: &[&str], expected: &[&str]) {
        let apps: Vec<Arc<Application>> = apps.iter().map(|text| app(text)).collect();
        let find = |name: &Name| apps.iter().find(|app| Name::of(app) == *name).cloned();
        let found: Vec<String> = holds(&apps[0], &apps[0].status.sync.revision, &find)
            .iter()
            .map(Hold::to_string)
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sync_waits_until_all_are_synced_and_healthy() {
        check(&["a"], &[]);
        check(&["a OutOfSync: b", "b Synced Healthy"], &[]);
        check(&["a: b, argocd/b", "b Synced Healthy"], &[]);
        check(
            &["a: b", "b Synced Progressing"],
            &["application argocd/b is Synced and Progressing"],
        );
        check(
            &["a: b,c", "b OutOfSync Healthy", "c"],
            &[
                "application argocd/b is OutOfSync and Healthy",
                "application argocd/c is not compared yet and of unknown health",
            ],
        );
        check(&["a: other/b", "b Synced Healthy"], &["application other/b does not exist"]);
    }

    #[test]
    fn of_one_repository_the_dependency_must_have_seen_the_commit() {
        check(&["a OutOfSync Healthy 2: b", "b Synced Healthy 2"], &[]);
        check(
            &["a OutOfSync Healthy 2: b", "b Synced Healthy 1"],
            &["application argocd/b was not compared with 2 yet"],
        );
    }

    #[test]
    fn a_cycle_is_told_with_its_way() {
        let way = |way: &str| {
            format!("it waits for itself ({way}): take one of these from annotation {DEPENDS_ON}")
        };
        check(&["a: a"], &[&way("argocd/a -> argocd/a")]);
        check(
            &["a: b", "b Synced Healthy: c", "c Synced Healthy: d,a", "d"],
            &[&way("argocd/a -> argocd/b -> argocd/c -> argocd/a")],
        );
        // A cycle further on is not its own.
        check(
            &["a: b", "b OutOfSync Healthy: c", "c OutOfSync Healthy: b"],
            &["application argocd/b is OutOfSync and Healthy"],
        );
    }
}
