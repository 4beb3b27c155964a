//! Sets of field paths.

use windlass_object::Value;

use crate::Schema;

/// A set of field paths; what `FieldsV1` writes down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {}

/// A `FieldsV1` value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fieldsV1: {0}")]
pub struct FieldsError(pub String);

/// What differs between two values: the paths only in the new one, in both but different, only in
/// the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only in the new value.
    pub added: FieldSet,
    /// In both, different.
    pub modified: FieldSet,
    /// Only in the old value.
    pub removed: FieldSet,
}

impl FieldSet {
    /// Reads `FieldsV1`.
    pub fn from_fields_v1(value: &Value) -> Result<Self, FieldsError> {
        let _ = value;
        unimplemented!()
    }

    /// Writes `FieldsV1`.
    pub fn to_fields_v1(&self) -> Value {
        unimplemented!()
    }

    /// The paths of a value under a schema.
    pub fn of(value: &Value, schema: &Schema) -> Self {
        let _ = (value, schema);
        unimplemented!()
    }

    /// Whether no path is in it.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }

    /// How many paths are in it.
    pub fn len(&self) -> usize {
        unimplemented!()
    }

    /// Paths in either.
    pub fn union(&self, other: &Self) -> Self {
        let _ = other;
        unimplemented!()
    }

    /// Paths in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let _ = other;
        unimplemented!()
    }

    /// Paths in this one only.
    pub fn difference(&self, other: &Self) -> Self {
        let _ = other;
        unimplemented!()
    }

    /// Paths in this one of which neither they nor a parent is in the other.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let _ = other;
        unimplemented!()
    }

    /// The paths in order, printed as Kubernetes prints them: `.spec.containers[name="a"].image`.
    pub fn paths(&self) -> Vec<String> {
        unimplemented!()
    }
}

/// Compares two values under a schema.
pub fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    let _ = (old, new, schema);
    unimplemented!()
}
