//! No patch panics; a created merge patch leads where it should.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_object::patch::{
    JsonPatch, apply_merge_patch, create_merge_patch, three_way_merge_patch,
};

fuzz_target!(|text: &[u8]| {
    let Ok((a, b, c)) = serde_json::from_slice::<(Value, Value, Value)>(text) else { return };
    if let Ok(patch) = JsonPatch::from_value(&a) {
        let mut target = b.clone();
        if patch.apply(&mut target).is_err() {
            assert_eq!(target, b, "a patch that fails changes nothing");
        }
    }
    let mut target = b.clone();
    apply_merge_patch(&mut target, &create_merge_patch(&b, &c));
    if !c.to_string().contains("null") {
        assert_eq!(target, c);
    }
    let _ = three_way_merge_patch(&a, &b, &c);
});
