//! Kubernetes objects as data.
//!
//! An [`Object`] is a JSON object with the accessors that everyone needs; a [`ResourceKey`] names
//! one in a cluster whatever its version. Values are [`serde_json::Value`] with sorted keys, so
//! that equal objects print equally.

#![forbid(unsafe_code)]

mod compact;
pub mod go;
pub mod jsonpath;
mod key;
mod object;
pub mod patch;
mod pointer;
pub mod quantity;
pub mod selector;
pub mod yaml;

pub use compact::CompactObject;
pub use key::{GroupKind, GroupVersionKind, ResourceKey};
pub use object::{NotAnObject, Object, OwnerReference};
pub use pointer::{Pointer, PointerError};
pub use serde_json::{Map, Number, Value, json};
