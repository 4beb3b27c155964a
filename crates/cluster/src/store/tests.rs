//! News of one object in every order in which answers, the watch and lists can tell it.

use super::*;

/// What is told, of the object with this UID in this version.
enum News {
    /// The watch, or the answer to a change.
    Is(&'static str, u64),
    /// The watch.
    Deleted(&'static str, u64),
    /// The answer to a deletion.
    Removed(&'static str),
    /// A complete list without the object.
    Without(u64),
}
use News::{Deleted, Is, Removed, Without};

fn decoded(uid: &str, version: u64) -> Decoded {
    Decoded {
        namespace: "ns".into(),
        name: "a".into(),
        uid: Uid::of(uid),
        resource_version: version.to_string().into(),
        created: "".into(),
        terminating: false,
        owners: Box::new([]),
        app: Some("app".to_owned()),
        health: None,
        detail: None,
        body: None,
        by: None,
        digest: None,
    }
}

fn config_maps() -> Arc<ApiKind> {
    Arc::new(ApiKind {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        resource: "configmaps".to_owned(),
        singular: "configmap".to_owned(),
        namespaced: true,
        verbs: Vec::new(),
    })
}

fn check(news: &[News], expected: Option<(&str, u64)>) {
    let kind = GroupKind::new("", "ConfigMap");
    let api = config_maps();
    let key = ResourceKey::new("", "ConfigMap", "ns", "a");
    let store = Store::default();
    for news in news {
        match news {
            Is(uid, version) => drop(store.upsert(&api, decoded(uid, *version))),
            Deleted(uid, version) => store.remove(&key, Uid::of(uid), &version.to_string()),
            Removed(uid) => store.removed(&key, Uid::of(uid)),
            Without(version) => store.retain(&kind, "", &HashSet::new(), &version.to_string()),
        }
    }
    let node = store.get(&key);
    let found = node.as_ref().map(|node| (node.uid(), node.resource_version().to_owned()));
    let expected = expected.map(|(uid, version)| (Uid::of(uid), version.to_string()));
    assert_eq!(found, expected);
    assert_eq!(store.of_application("app").len(), usize::from(expected.is_some()));
}

#[test]
fn the_latest_news_stands() {
    check(&[Is("x", 1), Is("x", 2)], Some(("x", 2)));
    check(&[Is("x", 2), Is("x", 1)], Some(("x", 2)));
    check(&[Is("x", 1), Deleted("x", 2)], None);
    // Made anew: the watch tells of the first one's end, and of its life, afterwards.
    check(&[Is("x", 1), Is("y", 3), Deleted("x", 2)], Some(("y", 3)));
    check(&[Is("y", 3), Is("x", 1), Deleted("x", 2), Is("y", 3)], Some(("y", 3)));
    // Gone by the answer: what the watch still tells of its life brings it not back.
    check(&[Is("x", 1), Removed("x"), Is("x", 1)], None);
    check(&[Is("x", 1), Removed("x"), Is("x", 1), Deleted("x", 2), Is("y", 3)], Some(("y", 3)));
    check(&[Is("x", 1), Removed("x"), Is("y", 3), Is("x", 1), Deleted("x", 2)], Some(("y", 3)));
    check(&[Is("x", 1), Removed("x"), Without(2), Is("y", 3)], Some(("y", 3)));
    // The watch was first.
    check(&[Is("x", 1), Deleted("x", 2), Removed("x"), Is("y", 3)], Some(("y", 3)));
    check(&[Is("x", 1), Deleted("x", 2), Is("y", 3), Removed("x")], Some(("y", 3)));
    // The answer to a change comes after the watch told of the end.
    check(&[Is("x", 1), Deleted("x", 3), Is("x", 2)], None);
    check(&[Is("x", 1), Deleted("x", 3), Is("x", 2), Is("y", 4)], Some(("y", 4)));
    // A list that was made before the object was.
    check(&[Is("x", 1), Without(2)], None);
    check(&[Is("x", 3), Without(2)], Some(("x", 3)));
}

#[test]
fn what_concerns_nobody_is_told_to_nobody() {
    let told = |change: &dyn Fn(&mut Decoded)| {
        let api = config_maps();
        let store = Store::default();
        let digested = |version| Decoded { digest: Some(7), ..decoded("x", version) };
        store.upsert(&api, digested(1));
        store.changes.want();
        let mut next = digested(2);
        change(&mut next);
        store.upsert(&api, next);
        let changes = futures::executor::block_on(store.changes.next());
        assert_eq!(&*store.of_application("app")[0].resource_version, "2", "the mirror has it");
        !changes[0].apps.is_empty()
    };
    assert!(!told(&|_| {}));
    assert!(told(&|object| object.digest = Some(8)));
    assert!(told(&|object| object.digest = None));
    assert!(told(&|object| object.uid = Uid::of("y")));
    assert!(told(&|object| {
        object.health =
            Some(Health::new(windlass_engine::state::HealthCode::Degraded, String::new()));
    }));
    let images = |image: &str| Detail { images: vec![image.to_owned()], ..Detail::default() };
    assert!(told(&|object| object.detail = Some(Box::new(images("a")))));
}
