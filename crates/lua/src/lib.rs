//! Lua scripts of settings, in a sandbox: health of an object, the actions that it offers, and what
//! an action makes of it.
//!
//! Each run has a state of its own that ends with it, a bound of time and one of memory. A script
//! sees `obj`, `actionParams`, the base functions, `table`, and `require("os")` with `time` and
//! `date` only; with open libraries also `string`, `math`, `coroutine`, `io` and `os`, without what
//! would end this process or start another. Conversions and words of errors are those that scripts
//! written for Argo CD expect, which runs them in another Lua: `1e15` as text is one such.
//!
//! Reads the clock for its bound of time and for `os.time`; does no I/O of its own.

#![forbid(unsafe_code)]

mod action;
mod convert;
mod error;
mod health;
mod os;
mod sandbox;

pub use action::{Action, Impact, Operation, Parameter};
pub use error::Error;
pub use health::Health;
pub use sandbox::{Limits, Sandbox, Script};
