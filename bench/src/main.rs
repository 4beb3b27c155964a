//! Benchmarks against the real tools.

fn main() {}
