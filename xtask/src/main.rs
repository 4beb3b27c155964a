//! Chores of the project: `cargo xtask CHORE`. One file a chore.

#![forbid(unsafe_code)]
// The chores talk to a person.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod generate;
mod peers;
mod protobuf;
mod schemas;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Runs every check: format, lints, licences, unit tests, tests against peers, stories.
    Test(test::Arguments),
    /// Builds, starts and stops the real systems that tests compare with.
    Peers(peers::Arguments),
    /// Writes the generated files anew from the Go module cache.
    Generate(generate::Arguments),
    /// Measures Windlass and the real tools side by side.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Peers(arguments) => peers::run(&arguments),
        Chore::Generate(arguments) => generate::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
