//! `kustomize version`.

use anyhow::bail;

/// Prints the version of Kustomize that this is equal to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One of 'yaml' or 'json'.
    #[arg(short, long, default_value = "")]
    output: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let version = windlass_kustomize::VERSION;
    match args.output.as_str() {
        "" => super::print(&format!("{version}\n")),
        "yaml" => super::print(&format!("version: {version}\n\n")),
        "json" => super::print(&format!("{{\n  \"version\": {version:?}\n}}\n")),
        other => bail!("illegal flag value --output {other}; legal values: [yaml json]"),
    }
}
