//! What must hold of every value.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use windlass_object::{GroupVersionKind, Object, Value, json};
use windlass_schema::fields::{FieldSet, compare};
use windlass_schema::managed::{self, ApplyError, Write};
use windlass_schema::{Schema, Schemas, defaults, strategic};

fn text() -> impl Strategy<Value = Value> {
    select(vec!["1", "2", "", "a<b&c"]).prop_map(Value::from)
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let env = subsequence(vec!["A", "B", "C"], 0..=3).prop_flat_map(|names| {
        names
            .into_iter()
            .map(|name| text().prop_map(move |value| json!({"name": name, "value": value})))
            .collect::<Vec<_>>()
    });
    let ports = subsequence(vec![80, 81, 82], 0..=3).prop_map(|ports| {
        ports.into_iter().map(|p| json!({"containerPort": p})).collect::<Vec<_>>()
    });
    let cpu = select(vec!["0.5", "500m", "1"]);
    (env, ports, cpu).prop_map(move |(env, ports, cpu)| {
        json!({"name": name, "image": "i:1", "env": env, "ports": ports, "resources": {"limits": {"cpu": cpu}}})
    })
}

/// A Deployment with lists of all kinds, without repeated keys.
fn deployment() -> impl Strategy<Value = Object> {
    let containers = subsequence(vec!["a", "b", "c"], 0..=3)
        .prop_shuffle()
        .prop_flat_map(|names| names.into_iter().map(container).collect::<Vec<_>>());
    let labels = proptest::collection::btree_map(select(vec!["k", "l", "m"]), text(), 0..3);
    let finalizers = subsequence(vec!["x/a", "x/b", "x/c"], 0..=3).prop_shuffle();
    let replicas = proptest::option::of(0..3);
    let tolerations = subsequence(vec!["t", "u"], 0..=2)
        .prop_map(|keys| keys.into_iter().map(|k| json!({"key": k})).collect::<Vec<_>>());
    (containers, labels, finalizers, replicas, tolerations).prop_map(
        |(containers, labels, finalizers, replicas, tolerations)| {
            let mut object = Object::try_from(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "n", "labels": labels, "finalizers": finalizers},
                "spec": {"template": {"spec": {"containers": containers, "tolerations": tolerations}}},
            }))
            .unwrap();
            if let Some(replicas) = replicas {
                object.set(&["spec", "replicas"], replicas);
            }
            object
        },
    )
}

fn sorted(list: &Value) -> Value {
    let mut items = list.as_array().cloned().unwrap_or_default();
    items.sort_by_key(|item| item.as_str().map(str::to_owned));
    items.into()
}

fn schema() -> Schema {
    Schemas::builtin().of(&GroupVersionKind::new("apps", "v1", "Deployment")).unwrap()
}

fn apply(live: Option<&Object>, config: &Object, manager: &str, time: &str) -> Object {
    let none = FieldSet::default();
    let write = Write { manager, subresource: "", time, reset: &none };
    managed::apply(live, config, &write, true, &schema()).unwrap()
}

const FIRST: &str = "2026-01-01T00:00:00Z";
const LATER: &str = "2026-01-01T00:00:09Z";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_set_reads_as_it_was_written(object in deployment()) {
        let set = FieldSet::of(&object.to_value(), &schema());
        prop_assert_eq!(&FieldSet::from_fields_v1(&set.to_fields_v1()).unwrap(), &set);
    }

    #[test]
    fn sets_are_sets(a in deployment(), b in deployment()) {
        let (a, b) = (FieldSet::of(&a.to_value(), &schema()), FieldSet::of(&b.to_value(), &schema()));
        prop_assert_eq!(&a.difference(&b).union(&a.intersection(&b)), &a);
        prop_assert_eq!(a.union(&b).len(), a.len() + b.len() - a.intersection(&b).len());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
    }

    #[test]
    fn comparing_tells_the_same_both_ways(a in deployment(), b in deployment()) {
        let (a, b) = (a.to_value(), b.to_value());
        let (there, back) = (compare(&a, &b, &schema()), compare(&b, &a, &schema()));
        prop_assert_eq!(there.added, back.removed);
        prop_assert_eq!(there.modified, back.modified);
        prop_assert!(compare(&a, &a, &schema()).is_same());
    }

    #[test]
    fn applying_again_changes_nothing(a in deployment(), b in deployment()) {
        let first = apply(None, &a, "one", FIRST);
        let both = apply(Some(&first), &b, "two", FIRST);
        prop_assert!(apply(Some(&both), &b, "two", LATER) == both);
        // Nothing that the other applied is lost, whatever this one goes on to say.
        let gone = apply(Some(&both), &a, "two", LATER);
        let again = apply(Some(&gone), &a, "one", LATER);
        prop_assert!(again.get(&["spec"]) == apply(Some(&gone), &a, "two", LATER).get(&["spec"]));
    }

    #[test]
    fn without_force_nothing_of_others_changes(a in deployment(), b in deployment()) {
        let none = FieldSet::default();
        let write = Write { manager: "two", subresource: "", time: LATER, reset: &none };
        let live = apply(None, &a, "one", FIRST);
        match managed::apply(Some(&live), &b, &write, false, &schema()) {
            Ok(done) => {
                let changed = compare(&live.to_value(), &done.to_value(), &schema());
                let owned = FieldSet::of(&a.to_value(), &schema());
                prop_assert!(owned.intersection(&changed.modified).is_empty());
            }
            Err(ApplyError::Conflicts { conflicts, .. }) => prop_assert!(!conflicts.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn an_update_that_changes_nothing_owns_nothing(a in deployment()) {
        let live = apply(None, &a, "one", FIRST);
        let none = FieldSet::default();
        let write = Write { manager: "two", subresource: "", time: LATER, reset: &none };
        prop_assert!(managed::update(Some(&live), live.clone(), &write, &schema()) == live);
    }

    #[test]
    fn a_patch_makes_what_it_was_made_of(a in deployment(), b in deployment()) {
        let (a, b) = (a.to_value(), b.to_value());
        let patch = strategic::diff(&a, &b, &schema()).unwrap();
        let mut made = strategic::apply(&a, &patch, &schema()).unwrap();
        // Upstream compares scalars sorted: a patch says nothing of a list that only became sorted.
        let finalizers = |v: &Value| v["metadata"]["finalizers"].clone();
        if sorted(&finalizers(&a)) == finalizers(&b) {
            prop_assert_eq!(finalizers(&made), finalizers(&a));
            made["metadata"]["finalizers"] = finalizers(&b);
        }
        prop_assert_eq!(made, b.clone());
        // Not always an empty patch: upstream repeats the order of lists that are not sorted.
        let patch = strategic::diff(&b, &b, &schema()).unwrap();
        prop_assert_eq!(strategic::apply(&b, &patch, &schema()).unwrap(), b);
    }

    #[test]
    fn defaults_are_filled_in_once(a in deployment()) {
        let mut once = a;
        defaults::builtin(&mut once);
        let mut twice = once.clone();
        defaults::builtin(&mut twice);
        prop_assert!(once == twice);
        prop_assert!(windlass_schema::validate::unknown_fields(&once.to_value(), &schema()).is_empty());
    }

    #[test]
    fn reading_fields_never_panics(text in "[.fvik:]{0,3}[\"{}:,a0]{0,6}", other in "\\PC{0,8}") {
        let _ = FieldSet::from_fields_v1(&json!({text: {other: {}}}));
    }
}
