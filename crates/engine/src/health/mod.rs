//! Health of objects and of applications.
//!
//! An object that is being deleted is on its way; else a custom check decides, if there is one for
//! its kind, else the built-in rule of its kind. Most kinds have none, and no health.

use windlass_object::Object;

use crate::state::Health;

/// Health checks beside the built-in ones, such as Lua scripts from settings. They win.
pub trait CustomHealth {
    /// Health of an object; none if there is no check for its kind.
    fn check(&self, object: &Object) -> Option<Result<Health, String>>;
}

/// No custom checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltInOnly;

impl CustomHealth for BuiltInOnly {
    fn check(&self, _: &Object) -> Option<Result<Health, String>> {
        None
    }
}
