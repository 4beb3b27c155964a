//! `cargo xtask bench`: runs the crate `windlass-bench`, built for release.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The benchmark, and its own arguments; without any, the list of benchmarks.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // One build of both, so that they share what they depend on.
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", "windlass", "-p", "windlass-bench"])
        .status()
        .context("start cargo")?;
    ensure!(built.success(), "the build ended with {built}");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target")),
        PathBuf::from,
    );
    let status = Command::new(target.join("release/windlass-bench"))
        .args(&arguments.arguments)
        .status()
        .context("start the benchmarks")?;
    ensure!(status.success(), "the benchmark ended with {status}");
    Ok(())
}
