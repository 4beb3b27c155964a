//! Strategic merge as kyaml does it.
//!
//! It is not Kubernetes': lists of known kinds merge by the keys of Kubernetes 1.21, the items of
//! the patch first; all other lists are replaced; a null takes a field away; `$patch` is `merge`,
//! `replace` or `delete`, and there is no other directive. The whole resource is walked, so that
//! items of a merging list that have the same key become one even if the patch says nothing of
//! them.

mod list;
mod merge;
mod schema;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::openapi::OpenApi;
use crate::resource::Resource;

pub use merge::{MergeError, merge as merge_by};
pub use schema::Schemas;

/// `target` with `patch` merged in, by the schema of the target's kind; null where the patch
/// deletes it.
///
/// # Errors
/// For directives that are none, and types that do not meet.
pub fn merge(target: &mut Resource, patch: &Value, openapi: &OpenApi) -> Result<()> {
    let value = target.value.take();
    let merged = merge_by(value, patch, &openapi.schemas(), &target.blank);
    target.value = merged.map_err(|e| Error::told(e.to_string()))?.unwrap_or_default();
    Ok(())
}
