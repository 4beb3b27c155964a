//! Charts of Helm repositories and registries.
