//! Starts real peers for tests.
