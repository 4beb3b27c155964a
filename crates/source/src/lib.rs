//! Git repositories as immutable trees.
//!
//! One bare mirror stands for each repository, shared by everyone who uses it and never checked
//! out: files are read from its object database as a [`GitTree`]. [`Sources`] answers three
//! questions: which commit a revision is now ([`Sources::resolve`]), what that commit holds
//! ([`Sources::tree`]), and who made it ([`Sources::metadata`]).
//!
//! The model:
//! - A remote is asked for its refs once per interval and credential, however many callers there
//!   are; a webhook ends the interval ([`Sources::invalidate`]).
//! - Only the commit that is wanted is fetched, without its history unless a depth asks for it.
//!   Every commit that is present in a mirror is present with its whole tree.
//! - Reading a mirror takes a credential that the remote has accepted within a bounded time.
//! - Everything has a bound: time, bytes, packs, connections. A mirror that is damaged is thrown
//!   away and fetched anew; nothing in the cache directory is ever needed.
//!
//! The wire protocol (versions 0 and 2) is spoken here, over HTTP by `reqwest` and over SSH by
//! `russh`, so that every connection can be cancelled and no `git` or `ssh` program is run; objects
//! and packs are `gix`'s. A repository on the local disk is read where it lies.

#![forbid(unsafe_code)]

pub mod address;
mod answers;
mod commit;
pub mod credentials;
mod error;
mod flight;
pub mod known_hosts;
mod lfs;
mod local;
mod merge;
mod mirror;
mod objects;
mod options;
mod pack;
mod pack_cache;
mod remote;
mod repository;
mod revision;
pub mod semver;
mod shared;
mod signed;
mod sources;
mod submodules;
mod tree;
mod wire;

pub use answers::{Refs, Resolved, RevisionMetadata};
pub use error::{Reason, SourceError};
pub use options::{Asked, Limits, Observer, Options};
pub use repository::{ClientCertificate, Credentials, GithubApp, Proxy, Repository, Tls};
pub use signed::SignedObject;
pub use sources::Sources;
pub use tree::GitTree;
