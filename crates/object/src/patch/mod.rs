//! Patches on values: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386) and the three-way merge
//! that clients make of the latter. Where the Go library behind Kubernetes departs from an RFC, so
//! does this: the same patch has the same outcome.

mod json;
mod merge;

pub use json::{
    JsonPatch, JsonPatchError, MAX_COPIED_BYTES, MAX_OPERATIONS, Operation, OperationKind, Reason,
};
pub use merge::{Conflict, apply_merge_patch, create_merge_patch, three_way_merge_patch};
