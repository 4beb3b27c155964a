//! Connections to clusters and what lives there.
//!
//! A [`Cluster`] is one connection. It knows the kinds that its API serves ([`ApiKinds`]), mirrors
//! what lives there by watching every kind that can be watched, and carries out changes: apply as
//! kubectl does it, replace, create, delete. The mirror keeps managed objects whole (compressed)
//! and of everything else only what a resource tree shows. Every change is told once, coalesced,
//! through [`Cluster::changes`].
//!
//! ```text
//! watch one kind ─┐
//! watch one kind ─┼─> decode (strip) ─> Store ─┬─> lookups: by key, by application, children
//! watch one kind ─┘                            └─> Changes ─> controller
//! ```
//!
//! Nothing here knows a dialect: whether an object is managed, and by whom, is answered by the
//! [`Tracker`] that the caller gives.

#![forbid(unsafe_code)]

mod apply;
mod changes;
mod connection;
mod decode;
mod describe;
mod discovery;
mod error;
mod filter;
mod http;
mod interest;
pub mod lease;
mod lifecycle;
mod limits;
mod logs;
mod objects;
mod progress;
mod rbac;
mod store;
mod three_way;
mod tree;
mod watch;

pub use apply::{Applied, ApplyOptions, DryRun, MANAGER, Outcome};
pub use changes::{Change, ChangeKind, Changes, FieldChange};
pub use connection::{Cluster, ConnectOptions, Connection, RespectRbac, Tracker, WeakCluster};
pub use decode::{Identity, Uid};
pub use describe::{InfoItem, Network};
pub use discovery::{ApiKind, ApiKinds};
pub use error::Error;
pub use filter::{KindFilter, KindRule};
pub use interest::{Interest, Seen};
pub use lifecycle::{DeleteOptions, Propagation};
pub use logs::{LogLine, LogLines, LogOptions, logs, merge as merge_logs};
pub use rbac::is_reconciled;
pub use store::{Node, ObjectId};
pub use tree::TreeNode;
