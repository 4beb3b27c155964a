//! No strategic merge panics, and a created patch makes of the one what the other is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_object::GroupVersionKind;
use windlass_schema::{Schemas, strategic};

fuzz_target!(|text: &[u8]| {
    let Ok((a, b, c)) = serde_json::from_slice::<(Value, Value, Value)>(text) else { return };
    let schemas = Schemas::builtin();
    let gvk = GroupVersionKind::new("apps", "v1", "Deployment");
    let Some(schema) = schemas.of(&gvk) else { return };
    let _ = strategic::apply(&a, &b, &schema);
    let _ = strategic::three_way(&a, &b, &c, &schema, true);
    if let Ok(patch) = strategic::diff(&a, &b, &schema) {
        let _ = strategic::apply(&a, &patch, &schema);
    }
});
