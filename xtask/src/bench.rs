//! `cargo xtask bench`: runs the crate `windlass-bench`, built for release.

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
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "-p", "windlass-bench", "--"])
        .args(&arguments.arguments)
        .status()
        .context("start cargo")?;
    ensure!(status.success(), "the benchmark ended with {status}");
    Ok(())
}
