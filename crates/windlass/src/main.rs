//! The `windlass` command.

#![forbid(unsafe_code)]

mod cli;
mod install;
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
