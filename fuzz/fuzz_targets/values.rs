//! No values file and no expression of `--set` panics, and what was read is merged without losing
//! what stood there alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_helm::Values;

fuzz_target!(|text: &str| {
    // The first line is a values file of flow style, if it is one; the others are expressions.
    let (head, rest) = text.split_once('\n').unwrap_or(("", text));
    let _ = Values::from_yaml("values.yaml", text.as_bytes());
    let mut values = Values::from_yaml("values.yaml", head.as_bytes()).unwrap_or_default();
    for line in rest.lines().take(8) {
        let before = values.clone();
        let done = [
            values.set(line),
            values.set_string(line),
            values.set_json(line),
            values.set_literal(line),
            values.set_file(line, &mut |name| Ok(name.to_owned())),
        ];
        if done.iter().all(Result::is_err) && line.is_empty() {
            assert_eq!(before.as_map(), values.as_map());
        }
    }
    let mut below = Values::new();
    below.merge(values.clone());
    for key in values.as_map().keys() {
        assert!(below.as_map().contains_key(key) || values.as_map()[key].is_null(), "{key}");
    }
});
