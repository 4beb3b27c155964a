//! The `windlass` command.

#![forbid(unsafe_code)]

mod cli;
mod install;
mod up;

use std::process::ExitCode;

/// Manifests are many small pieces, made by many threads: a fifth of the work of a delivery, and more
/// of that of a render, was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
