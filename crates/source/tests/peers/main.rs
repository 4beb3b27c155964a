//! Against real peers: `git http-backend`, `sshd`, and the `git` program as the judge.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod bench;
mod github_app;
mod http;
mod killed;
mod lfs;
mod mirror;
mod ssh;
mod tls;
mod trees;
