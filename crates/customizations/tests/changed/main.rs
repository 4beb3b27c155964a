//! Health and actions of changed objects, beside the real Argo CD.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod actions;
mod draw;
mod health;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
