//! What holds for any input.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

#[allow(dead_code)] // Shared with the tests against helm.
mod generate;

use generate::Random;
use proptest::prelude::*;
use windlass_object::patch::{
    JsonPatch, apply_merge_patch, create_merge_patch, three_way_merge_patch,
};
use windlass_object::quantity::Quantity;
use windlass_object::selector::{FieldSelector, LabelSelector};
use windlass_object::{Pointer, Value, yaml};

/// JSON without numbers that only one of two notations can hold.
fn json(nulls: bool) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(if nulls { Value::Null } else { Value::Bool(false) }),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~äß😀\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c0-9./ -]{0,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn every_dialect() -> [yaml::Options; 3] {
    [yaml::Options::default(), yaml::Options::strict(), yaml::Options::kustomize()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Git has YAML and the API has JSON: a number that one reads a hair off would be drift for ever.
    #[test]
    fn a_number_is_the_same_in_json_and_in_yaml(whole in 0u32..1_000_000_000, digits in "[0-9]{1,17}") {
        let text = format!("{whole}.{digits}");
        let number: f64 = text.parse().unwrap();
        prop_assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), number.to_bits());
        let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap();
        prop_assert_eq!(value.as_f64().unwrap().to_bits(), number.to_bits());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for options in every_dialect() {
            yaml::parse(&bytes, &options);
        }
    }

    #[test]
    fn no_text_panics(text in "[-a-c:?|>&*!%@`'\"\\[\\]{},#0-9. \t\n~<]{0,60}") {
        for options in every_dialect() {
            let parsed = yaml::parse(text.as_bytes(), &options);
            let lines = text.lines().count() + 1;
            for error in parsed.errors.iter().chain(&parsed.warnings) {
                prop_assert!((1..=lines).contains(&error.at.line), "{error} in {text:?}");
            }
            for document in &parsed.documents {
                let at = yaml::position(text.as_bytes(), document, &Pointer::root(), &options);
                prop_assert_eq!(at, document.at);
            }
        }
        let _ = text.parse::<LabelSelector>();
        let _ = text.parse::<FieldSelector>();
        let _ = text.parse::<Pointer>();
    }

    #[test]
    fn damaged_documents_do_not_panic(seed in any::<u64>(), at in any::<prop::sample::Index>(), with in "[-:|>&*'\"{}\\[\\] \n]{0,3}") {
        let mut text = generate::document(&mut Random::new(seed));
        let mut place = at.index(text.len() + 1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        text.insert_str(place, &with);
        for options in every_dialect() {
            yaml::parse(text.as_bytes(), &options);
        }
    }

    #[test]
    fn what_is_written_reads_back(value in json(true)) {
        for indent in [yaml::Indent::Compact, yaml::Indent::Wide] {
            let text = yaml::to_string_with(&value, indent);
            for options in every_dialect() {
                let back = yaml::parse_one(text.as_bytes(), &options);
                prop_assert_eq!(back.as_ref(), Ok(&value), "{:?}", text);
            }
        }
    }

    #[test]
    fn a_merge_patch_leads_where_it_should(a in json(false), b in json(false)) {
        let mut target = a.clone();
        apply_merge_patch(&mut target, &create_merge_patch(&a, &b));
        prop_assert_eq!(&target, &b);
        // With nobody else's changes, three ways are two.
        if a.is_object() && b.is_object() {
            let mut target = a.clone();
            let patch = three_way_merge_patch(&a, &b, &a);
            apply_merge_patch(&mut target, &patch.unwrap());
            prop_assert_eq!(&target, &b);
        }
    }

    #[test]
    fn a_json_patch_changes_all_or_nothing(patch in json(true), target in json(true)) {
        let Ok(patch) = JsonPatch::from_value(&patch) else { return Ok(()) };
        let mut changed = target.clone();
        if patch.apply(&mut changed).is_err() {
            prop_assert_eq!(changed, target);
        }
    }

    #[test]
    fn canonical_quantities_keep_their_value(whole in 0u64..1_000_000, part in 0u32..1000, suffix in "(|n|u|m|k|M|G|T|Ki|Mi|Gi|e3|E-2)") {
        let quantity: Quantity = format!("{whole}.{part:03}{suffix}").parse().unwrap();
        let canonical = quantity.canonical();
        let again: Quantity = canonical.parse().unwrap();
        prop_assert_eq!(&again, &quantity, "{}", canonical);
        prop_assert_eq!(again.canonical(), canonical);
    }

    #[test]
    fn pointers_print_as_they_read(tokens in prop::collection::vec("[a~/ 0-9]{0,4}", 0..4)) {
        let pointer = Pointer::from_tokens(tokens);
        prop_assert_eq!(pointer.to_string().parse::<Pointer>(), Ok(pointer));
    }
}
