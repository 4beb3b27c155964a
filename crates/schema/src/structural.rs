//! Pruning and defaulting by schema.

use windlass_object::Value;

use crate::Schema;

/// Removes the fields that the schema does not know, and tells their paths, sorted.
pub fn prune(value: &mut Value, schema: &Schema) -> Vec<String> {
    let _ = (value, schema);
    unimplemented!()
}

/// Fills absent fields with the schema's defaults. An explicit null is dropped and then defaulted
/// unless the field is nullable.
pub fn default(value: &mut Value, schema: &Schema) {
    let _ = (value, schema);
    unimplemented!()
}
