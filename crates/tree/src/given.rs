//! What is given to a renderer beside its tree.
//!
//! A renderer does no I/O. Where it lacks a chart of a repository, another repository's tree, a file
//! of the web or the cluster's versions, it answers with the [`Need`]s; the caller fetches them,
//! puts them into a [`Given`] and calls again. What could not be fetched is given too, as the
//! reason: the renderer knows best where to say so, and whether it can do without.
//!
//! A [`Given`] holds only what was asked for, so that its [`record`](Given::record) is what the
//! outcome depends on beside the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::{ContentId, Tree};

/// Something that a renderer lacks.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
pub enum Need {
    /// A chart from a Helm repository or registry.
    Chart {
        /// The repository's address: `https://…`, or `oci://host/path` without the chart's name.
        repository: String,
        /// The chart.
        name: String,
        /// The wanted version or range.
        version: String,
    },
    /// A tree from a Git repository, such as a remote base or a source of value files.
    Tree {
        /// The repository's address.
        repository: String,
        /// The wanted revision; empty is the default branch.
        revision: String,
    },
    /// A file of the web.
    File {
        /// Its `http` or `https` address.
        address: String,
    },
    /// The cluster's version and API versions.
    ClusterVersions,
    /// What a template looks up in the cluster.
    Lookup {
        /// `v1`, or `group/version`.
        api_version: String,
        /// Kind.
        kind: String,
        /// Namespace; empty is all, or none.
        namespace: String,
        /// Name; empty is all.
        name: String,
    },
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart { repository, name, version } => {
                write!(f, "chart {name} {version} of {repository}")
            }
            Self::Tree { repository, revision } => write!(f, "{repository} at {revision:?}"),
            Self::File { address } => f.write_str(address),
            Self::ClusterVersions => f.write_str("the cluster's versions"),
            Self::Lookup { api_version, kind, namespace, name } => {
                write!(f, "lookup of {api_version} {kind} {namespace:?} {name:?}")
            }
        }
    }
}

/// A chart's archive.
#[derive(Clone, Debug)]
pub struct GivenChart {
    /// The version that was chosen.
    pub version: String,
    /// The SHA-256 of `archive`.
    pub digest: ContentId,
    /// The gzipped tar file.
    pub archive: Arc<[u8]>,
}

/// Another repository's tree.
#[derive(Clone, Debug)]
pub struct GivenTree {
    /// The commit.
    pub revision: String,
    /// Its tree.
    pub tree: Arc<dyn Tree>,
}

/// What was looked up in a cluster.
#[derive(Clone)]
pub struct GivenLookup {
    /// The object, or a list of objects; an empty mapping if it is not there.
    pub value: Arc<serde_json::Value>,
    /// Why this is less than the cluster has, if it is.
    pub hidden: Option<String>,
}

impl fmt::Debug for GivenLookup {
    /// Without the value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenLookup").field("hidden", &self.hidden).finish_non_exhaustive()
    }
}

/// What a cluster serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterVersions {
    /// The version, such as `1.35.2`.
    pub kubernetes: String,
    /// Every `version` or `group/version`, and every `group/version/Kind`.
    pub apis: BTreeSet<String>,
}

/// What of a cluster's versions was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClusterRead {
    /// The version, if that was.
    pub kubernetes: Option<String>,
    /// APIs that were asked for one by one, and whether they were there.
    pub has: BTreeMap<String, bool>,
    /// The hash of all APIs, if they were looked at as a whole.
    pub all: Option<ContentId>,
}

impl ClusterRead {
    /// All of it.
    pub fn everything(versions: &ClusterVersions) -> Self {
        Self {
            kubernetes: Some(versions.kubernetes.clone()),
            has: BTreeMap::new(),
            all: Some(versions.apis_id()),
        }
    }

    fn still_holds(&self, versions: &ClusterVersions) -> bool {
        self.kubernetes.as_ref().is_none_or(|v| *v == versions.kubernetes)
            && self.has.iter().all(|(api, has)| versions.apis.contains(api) == *has)
            && self.all.as_ref().is_none_or(|id| *id == versions.apis_id())
    }
}

impl ClusterVersions {
    fn apis_id(&self) -> ContentId {
        let all: Vec<&str> = self.apis.iter().map(String::as_str).collect();
        ContentId::of_bytes(all.join("\n").as_bytes())
    }
}

#[derive(Clone, Debug)]
enum Gift {
    Chart(GivenChart),
    Tree(GivenTree),
    File(Arc<[u8]>),
    ClusterVersions(Arc<ClusterVersions>),
    Lookup(GivenLookup),
}

/// What was fetched for a renderer. `None` from a method that looks something up: it was not asked
/// for yet.
#[derive(Clone, Debug, Default)]
pub struct Given {
    gifts: BTreeMap<Need, Result<Gift, Arc<str>>>,
    /// The revision that is rendered, for options that name it.
    pub revision: String,
    /// The time, in nanoseconds since 1970, for templates that ask. No outcome is outdated by it but by
    /// [`GivenRecord::until`].
    pub now: i128,
}

/// What was looked up, or why it could not be had.
pub type Lookup<'a, T> = Option<Result<&'a T, &'a str>>;

impl Given {
    /// Nothing, for a render of `revision` at `now`.
    pub fn at(revision: impl Into<String>, now: i128) -> Self {
        Self { gifts: BTreeMap::new(), revision: revision.into(), now }
    }

    /// Adds a chart.
    pub fn insert_chart(&mut self, need: Need, chart: GivenChart) {
        self.gifts.insert(need, Ok(Gift::Chart(chart)));
    }

    /// Adds a tree.
    pub fn insert_tree(&mut self, need: Need, tree: GivenTree) {
        self.gifts.insert(need, Ok(Gift::Tree(tree)));
    }

    /// Adds a file of the web.
    pub fn insert_file(&mut self, need: Need, bytes: Arc<[u8]>) {
        self.gifts.insert(need, Ok(Gift::File(bytes)));
    }

    /// Adds the cluster's versions.
    pub fn insert_cluster(&mut self, versions: Arc<ClusterVersions>) {
        self.gifts.insert(Need::ClusterVersions, Ok(Gift::ClusterVersions(versions)));
    }

    /// Adds what was looked up.
    pub fn insert_lookup(&mut self, need: Need, found: GivenLookup) {
        self.gifts.insert(need, Ok(Gift::Lookup(found)));
    }

    /// Says why something cannot be had.
    pub fn insert_failure(&mut self, need: Need, why: impl Into<Arc<str>>) {
        self.gifts.insert(need, Err(why.into()));
    }

    /// Whether an answer to `need` is here, good or bad.
    pub fn answers(&self, need: &Need) -> bool {
        self.gifts.contains_key(need)
    }

    /// What could not be had, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&Need, &str)> {
        self.gifts.iter().filter_map(|(need, gift)| Some((need, &**gift.as_ref().err()?)))
    }

    /// The chart.
    pub fn chart(&self, repository: &str, name: &str, version: &str) -> Lookup<'_, GivenChart> {
        let need = Need::Chart {
            repository: repository.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        };
        self.look(&need, |gift| match gift {
            Gift::Chart(chart) => Some(chart),
            _ => None,
        })
    }

    /// The tree of a repository.
    pub fn tree(&self, repository: &str, revision: &str) -> Lookup<'_, GivenTree> {
        let need = Need::Tree { repository: repository.to_owned(), revision: revision.to_owned() };
        self.look(&need, |gift| match gift {
            Gift::Tree(tree) => Some(tree),
            _ => None,
        })
    }

    /// A file of the web.
    pub fn file(&self, address: &str) -> Lookup<'_, Arc<[u8]>> {
        self.look(&Need::File { address: address.to_owned() }, |gift| match gift {
            Gift::File(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// The cluster's versions.
    pub fn cluster(&self) -> Lookup<'_, Arc<ClusterVersions>> {
        self.look(&Need::ClusterVersions, |gift| match gift {
            Gift::ClusterVersions(versions) => Some(versions),
            _ => None,
        })
    }

    /// What was looked up.
    pub fn lookup(&self, need: &Need) -> Lookup<'_, GivenLookup> {
        self.look(need, |gift| match gift {
            Gift::Lookup(found) => Some(found),
            _ => None,
        })
    }

    fn look<'a, T>(&'a self, need: &Need, of: impl Fn(&'a Gift) -> Option<&'a T>) -> Lookup<'a, T> {
        match self.gifts.get(need)? {
            Ok(gift) => of(gift).map(Ok),
            Err(why) => Some(Err(why)),
        }
    }

    /// What an outcome depends on that used all that is here but the revision; of the cluster's
    /// versions all. A renderer that knows better says so in the record's fields.
    pub fn record(&self) -> GivenRecord {
        let mut record = GivenRecord::default();
        for (need, gift) in &self.gifts {
            match gift {
                Ok(Gift::ClusterVersions(versions)) => {
                    record.cluster = Some(Box::new(ClusterRead::everything(versions)));
                }
                Ok(gift) => {
                    record.seen.insert(need.clone(), gift.id());
                }
                Err(_) => record.failed = true,
            }
        }
        record
    }
}

impl Gift {
    fn id(&self) -> ContentId {
        match self {
            Self::Chart(chart) => chart.digest.clone(),
            Self::Tree(tree) => ContentId::new(tree.revision.as_str()),
            Self::File(bytes) => ContentId::of_bytes(bytes),
            Self::ClusterVersions(versions) => versions.apis_id(),
            Self::Lookup(found) => ContentId::of_bytes(found.value.to_string().as_bytes()),
        }
    }
}

/// What an outcome depends on beside the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenRecord {
    seen: BTreeMap<Need, ContentId>,
    failed: bool,
    /// What of the cluster's versions was looked at, if any.
    pub cluster: Option<Box<ClusterRead>>,
    /// The revision, if it was looked at.
    pub revision: Option<String>,
    /// When the outcome ends to hold, in nanoseconds since 1970: a certificate is to be renewed.
    pub until: Option<i128>,
}

/// Whether a record still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// That cannot be told without these.
    Lacks(Vec<Need>),
}

impl GivenRecord {
    /// Whether something that was used could not be had: the next try may do better.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Whether something was looked up in the cluster.
    pub fn has_lookups(&self) -> bool {
        self.seen.keys().any(|need| matches!(need, Need::Lookup { .. }))
    }

    /// Whether what was used is still the same.
    pub fn still_holds(&self, given: &Given) -> Holds {
        if self.failed
            || self.revision.as_ref().is_some_and(|r| *r != given.revision)
            || self.until.is_some_and(|until| until <= given.now)
        {
            return Holds::No;
        }
        let mut lacks = Vec::new();
        for (need, id) in &self.seen {
            match given.gifts.get(need) {
                None => lacks.push(need.clone()),
                Some(Ok(gift)) if gift.id() == *id => {}
                Some(_) => return Holds::No,
            }
        }
        if let Some(read) = &self.cluster {
            match given.cluster() {
                None => lacks.push(Need::ClusterVersions),
                Some(Ok(versions)) if read.still_holds(versions) => {}
                Some(_) => return Holds::No,
            }
        }
        if lacks.is_empty() { Holds::Yes } else { Holds::Lacks(lacks) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_until_something_used_changes() {
        let chart = |text: &str| GivenChart {
            version: "1.0.0".into(),
            digest: ContentId::of_bytes(text.as_bytes()),
            archive: Arc::from(text.as_bytes()),
        };
        let versions = |apis: &[&str]| {
            Arc::new(ClusterVersions {
                kubernetes: "1.35.0".into(),
                apis: apis.iter().map(|&a| a.to_owned()).collect(),
            })
        };
        let need = Need::Chart { repository: "r".into(), name: "n".into(), version: "^1".into() };
        let mut given = Given::at("a", 0);
        assert!(given.chart("r", "n", "^1").is_none());
        given.insert_chart(need.clone(), chart("x"));
        given.insert_cluster(versions(&["v1"]));
        let mut record = given.record();
        assert_eq!(record.still_holds(&given), Holds::Yes);
        let lacks = record.still_holds(&Given::default());
        assert_eq!(lacks, Holds::Lacks(vec![need.clone(), Need::ClusterVersions]));

        let mut other = given.clone();
        other.revision = "b".into();
        assert_eq!(record.still_holds(&other), Holds::Yes);
        other.insert_cluster(versions(&["v1", "apps/v1"]));
        assert_eq!(record.still_holds(&other), Holds::No);
        record.cluster =
            Some(Box::new(ClusterRead { has: [("v1".into(), true)].into(), ..Default::default() }));
        assert_eq!(record.still_holds(&other), Holds::Yes);
        other.insert_chart(need.clone(), chart("y"));
        assert_eq!(record.still_holds(&other), Holds::No);
        record.revision = Some("a".into());
        other.insert_chart(need.clone(), chart("x"));
        assert_eq!(record.still_holds(&other), Holds::No);

        record = GivenRecord { until: Some(5), ..GivenRecord::default() };
        assert_eq!(record.still_holds(&Given::at("", 4)), Holds::Yes);
        assert_eq!(record.still_holds(&Given::at("", 5)), Holds::No);

        given.insert_failure(need, "unreachable");
        assert_eq!(given.chart("r", "n", "^1").unwrap().unwrap_err(), "unreachable");
        assert!(given.record().failed());
        assert_eq!(given.record().still_holds(&given), Holds::No);
    }
}
