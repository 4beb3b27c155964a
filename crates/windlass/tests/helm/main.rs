//! Helm's commands: what the real Helm prints, writes and ends with, ours does too.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod create;
mod lint;
mod odd_charts;
mod pair;
mod provenance;
mod repositories;
mod server;
mod show_values;
mod template;
mod tls;
mod versions;
mod warnings;
