//! Delivery as pure functions: what a cluster should be, what it is, and the steps between.
//!
//! ```text
//! manifests -> targets::prepare   scope, namespaces, marks, duplicates
//!           -> compare            per-object status, differences, health, conditions
//!           -> policy             whether to sync now
//!           -> sync               actions, step by step, until it has ended
//! ```
//!
//! Nothing here reads a clock or talks to anything; time and the world are arguments. The rules
//! are Argo CD's, so that a dialect only translates.

#![forbid(unsafe_code)]

pub mod annotation;
pub mod compare;
pub mod diff;
pub mod health;
pub mod hook;
pub mod ignore;
pub mod known_types;
pub mod mask;
pub mod normalize;
pub mod policy;
pub mod state;
pub mod sync;
pub mod targets;
pub mod tracking;
