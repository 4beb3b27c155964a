//! HTTP: webhooks, metrics, probes.
//!
//! [`webhook`] is pure: from a request's headers and body to an [`webhook::Event`], and from an
//! event to the answer whether it concerns a source. [`router`] is the thin edge that reads requests
//! within bounds and puts events into a bounded queue.

#![forbid(unsafe_code)]

mod router;
pub mod webhook;

pub use router::{Probe, Server, Settings};
