//! Benchmarks against the real tools: both on the same work in one run, figures and ratios printed.

#![forbid(unsafe_code)]
// Printing is what it is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod api;
mod delivery;
mod helm;
mod kustomize;
mod sides;
mod windlass;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Windlass and the real tools side by side.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// The embedded API against kube-apiserver with etcd: time to ready, memory, writes a second.
    Api(api::Arguments),
    /// First delivery of many applications, and one commit to all of them, against Argo CD 3.2.
    Delivery(delivery::Arguments),
    /// Charts against helm: whole processes and in process.
    Helm(helm::Arguments),
    /// Overlays against kustomize: whole processes and in process.
    Kustomize(kustomize::Arguments),
}

fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let result = match Arguments::parse().benchmark {
        Benchmark::Api(arguments) => api::run(&arguments),
        Benchmark::Delivery(arguments) => delivery::run(&arguments),
        Benchmark::Helm(arguments) => helm::run(&arguments),
        Benchmark::Kustomize(arguments) => kustomize::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
