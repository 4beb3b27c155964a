//! Nothing but dependencies: all of the workspace's, each with its full feature set.
//!
//! Every crate has this one as a development dependency. Cargo unifies features over the packages
//! that a command selects, so without it `cargo test -p one-crate` would build up to a hundred
//! dependencies a second time with fewer features. No product code depends on it.
