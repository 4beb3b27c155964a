//! The Argo CD dialect.
