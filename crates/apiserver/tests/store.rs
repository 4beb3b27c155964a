//! The database against a model: what it answers, what it keeps over a restart, what it forgets.

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use windlass_apiserver::store::{Compacted, Encoded, Expect, Key, Store};
use windlass_object::{Object, json};

fn object(name: &str, value: u32) -> Object {
    Object::try_from(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"value": value.to_string()}, "uid": "u"},
        "data": {"value": value.to_string()},
    }))
    .unwrap()
}

fn key(name: &str) -> Key {
    Key { resource: "/configmaps".into(), path: format!("ns/{name}").into() }
}

#[derive(Clone, Debug)]
enum Step {
    Put {
        name: u8,
        value: u32,
    },
    Delete {
        name: u8,
    },
    /// A write that expects what is not there.
    Stale {
        name: u8,
    },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0u8..5;
    let step = prop_oneof![
        6 => (name.clone(), any::<u32>()).prop_map(|(name, value)| Step::Put { name, value }),
        2 => name.clone().prop_map(|name| Step::Delete { name }),
        1 => name.prop_map(|name| Step::Stale { name }),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..60)
}

/// By path: the revision and the value.
type Values = BTreeMap<String, (u64, u32)>;

/// Values by path, and the states at past revisions that can still be asked for.
#[derive(Default)]
struct Model {
    now: Values,
    past: Vec<(u64, Values)>,
}

fn shown(items: &[(Arc<str>, windlass_apiserver::store::Entry)]) -> Values {
    items
        .iter()
        .map(|(path, entry)| {
            let object = entry.object();
            assert_eq!(object.resource_version(), entry.revision.to_string());
            assert_eq!(entry.labels.get("value").map(|v| &**v), object.label("value"));
            let value = object.str_at(&["data", "value"]).parse().unwrap();
            (path.to_string(), (entry.revision, value))
        })
        .collect()
}

async fn play(steps: Vec<Step>, durable: bool) {
    let dir = tempfile::tempdir().unwrap();
    let place = durable.then(|| dir.path());
    let mut store = Store::open(place).unwrap();
    let mut model = Model::default();
    let mut last = 0;
    for step in steps {
        match step {
            Step::Put { name, value } => {
                let name = format!("n{name}");
                let path = format!("ns/{name}");
                let expect = match model.now.get(&path) {
                    Some((revision, _)) => Expect::Revision(*revision),
                    None => Expect::Absent,
                };
                let encoded = Encoded::new(&object(&name, value));
                let accepted = store.put(key(&name), expect, &encoded).ok().unwrap();
                let entry = accepted.durable().await.unwrap();
                assert!(entry.revision > last, "revisions grow");
                last = entry.revision;
                model.now.insert(path, (entry.revision, value));
                model.past.push((last, model.now.clone()));
            }
            Step::Delete { name } => {
                let name = format!("n{name}");
                let Some((revision, _)) = model.now.remove(&format!("ns/{name}")) else { continue };
                let accepted = store.delete(key(&name), revision).ok().unwrap();
                let entry = accepted.durable().await.unwrap();
                assert_eq!(entry.object().resource_version(), entry.revision.to_string());
                last = entry.revision;
                model.past.push((last, model.now.clone()));
            }
            Step::Stale { name } => {
                let name = format!("n{name}");
                let encoded = Encoded::new(&object(&name, 0));
                let refused = store.put(key(&name), Expect::Revision(u64::MAX), &encoded);
                let found = refused.err().unwrap().found.map(|entry| entry.revision);
                assert_eq!(found, model.now.get(&format!("ns/{name}")).map(|(r, _)| *r));
            }
            Step::Reopen if durable => {
                drop(store);
                store = Store::open(place).unwrap();
                assert_eq!(store.revision(), last);
                model.past.clear();
            }
            Step::Reopen => {}
        }
        assert_eq!(shown(&store.list("/configmaps", "ns/", None).items), model.now);
        for (revision, state) in &model.past {
            let listed = store.list_at("/configmaps", "ns/", None, *revision);
            assert_eq!(shown(&listed.ok().unwrap().items), *state, "at {revision}");
        }
    }
    let resource: Arc<str> = "/configmaps".into();
    if let Some((first, state)) = model.past.first() {
        let (events, visible) = store.events_after(&resource, *first, usize::MAX).unwrap();
        assert_eq!(visible, last);
        let mut replayed = state.clone();
        for event in events {
            let before = event.before.as_ref().map(|entry| entry.revision);
            assert_eq!(before, replayed.get(&*event.path).map(|(r, _)| *r));
            match &event.after {
                Some(after) => replayed.extend(shown(&[(Arc::clone(&event.path), after.clone())])),
                None => {
                    replayed.remove(&*event.path);
                }
            }
        }
        assert_eq!(replayed, model.now, "events lead from any state to the present");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_as_the_model(steps in steps()) {
        runtime().block_on(play(steps, false));
    }

    #[test]
    fn disk_is_as_the_model(steps in steps()) {
        runtime().block_on(play(steps, true));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test]
async fn what_is_too_old_is_said_to_be() {
    let store = Store::open(None).unwrap();
    let mut revision = None;
    // More than the ring holds.
    for value in 0..20_100 {
        let expect = revision.map_or(Expect::Absent, Expect::Revision);
        let accepted = store.put(key("a"), expect, &Encoded::new(&object("a", value)));
        revision = Some(accepted.ok().unwrap().entry.revision);
    }
    let resource: Arc<str> = "/configmaps".into();
    assert_eq!(store.events_after(&resource, 50, 1).err(), Some(Compacted { oldest: 100 }));
    assert!(store.events_after(&resource, 100, 1).is_ok());
    assert!(store.list_at("/configmaps", "", None, 50).is_err());
}

#[tokio::test]
async fn a_directory_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Store::open(Some(dir.path())).unwrap();
    let error = Store::open(Some(dir.path())).err().unwrap().to_string();
    assert!(error.contains("another process uses this data directory"), "{error}");
}

#[tokio::test]
async fn writes_build_on_writes_that_wait() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Some(dir.path())).unwrap();
    let first = store.put(key("a"), Expect::Absent, &Encoded::new(&object("a", 1))).ok().unwrap();
    let expect = Expect::Revision(first.entry.revision);
    let second = store.put(key("a"), expect, &Encoded::new(&object("a", 2))).ok().unwrap();
    let refused = store.put(key("a"), Expect::Absent, &Encoded::new(&object("a", 3)));
    assert!(refused.is_err());
    second.durable().await.unwrap();
    first.durable().await.unwrap();
    assert_eq!(store.get(&key("a")).unwrap().object().str_at(&["data", "value"]), "2");
}
