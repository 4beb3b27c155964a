//! No FieldsV1 panics, and what was read of one is read again from what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_schema::fields::FieldSet;

fuzz_target!(|text: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return };
    let Ok(set) = FieldSet::from_fields_v1(&value) else { return };
    let again = FieldSet::from_fields_v1(&set.to_fields_v1());
    assert_eq!(again.as_ref(), Ok(&set));
    assert!(set.difference(&set).is_empty());
    assert_eq!(set.union(&set), set);
    let _ = set.paths();
});
