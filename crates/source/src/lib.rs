//! Git repositories as immutable trees.
