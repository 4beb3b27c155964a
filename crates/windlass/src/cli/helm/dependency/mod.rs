//! `windlass helm dependency`.

mod list;
mod update;

use std::path::PathBuf;

use clap::Subcommand;

use super::remote::Access;

pub(crate) use update::{How, Verify, update};

/// A chart's dependencies.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Rebuild charts/ by Chart.lock.
    ///
    /// Examples:
    ///   helm dependency build charts/shop
    ///   helm dependency build charts/shop --skip-refresh
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm dependency build CHART [flags]")]
    Build(Args),
    #[command(alias = "ls")]
    List(list::Args),
    /// Update charts/ and Chart.lock by Chart.yaml.
    ///
    /// Examples:
    ///   helm dependency update charts/shop
    #[command(verbatim_doc_comment)]
    #[command(alias = "up")]
    #[command(override_usage = "helm dependency update CHART [flags]")]
    Update(Args),
}

/// What build and update take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The chart's directory.
    #[arg(default_value = ".")]
    chart: PathBuf,
    /// Verify signatures; `build` takes charts that are not signed, `update` refuses them.
    #[arg(long)]
    verify: bool,
    /// Keys to verify with.
    #[arg(long, default_value = "", hide_default_value = true)]
    keyring: String,
    /// Do not ask repositories for their indexes.
    #[arg(long)]
    skip_refresh: bool,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list::run(args),
        Command::Build(args) | Command::Update(args) => {
            let build = matches!(command, Command::Build(_));
            let verify = match (args.verify, build) {
                (false, _) => Verify::Never,
                (true, true) => Verify::IfSigned,
                (true, false) => Verify::Always,
            };
            let how =
                How { build, skip_refresh: args.skip_refresh, verify, keyring: &args.keyring };
            update(&args.chart, &args.access, &how, &mut super::print)
        }
    }
}
