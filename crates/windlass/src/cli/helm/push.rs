//! `windlass helm push`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_charts::registry;

use super::remote::{self, Access};

/// Upload a chart to a registry.
///
/// Examples:
///   helm push shop-1.2.3.tgz oci://registry.example.com/charts
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm push [chart] [remote] [flags]")]
pub(crate) struct Args {
    /// The archive.
    chart: PathBuf,
    /// Where to, without the chart's name: oci://…
    remote: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(hide = true)]
    more: Vec<String>,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let shown = args.chart.display();
    let Ok(meta) = std::fs::metadata(&args.chart) else { bail!("{shown}: no such file") };
    if meta.is_dir() {
        bail!("cannot push directory, must provide chart archive (.tgz)");
    }
    if !args.remote.starts_with("oci://") {
        match args.remote.split_once("://") {
            Some((scheme, _)) => bail!("scheme {scheme:?} not supported"),
            None => bail!("scheme prefix missing from remote (e.g. \"oci://\")"),
        }
    }
    let archive = std::fs::read(&args.chart).with_context(|| format!("open {shown}"))?;
    let provenance = std::fs::read(Path::new(&format!("{shown}.prov"))).ok();
    let made = jiff::Timestamp::try_from(meta.modified()?)?;
    let made = made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let repository = args.access.repository(&args.remote)?;
    let provenance = provenance.map(Into::into);
    let pushed = registry::push(&repository, archive.into(), provenance, &made);
    let (reference, descriptor) = crate::cli::block_on(async { Ok(pushed.await?) })?;
    // Helm tells it on standard error.
    let mut told = format!("Pushed: {reference}\nDigest: {}\n", descriptor.digest);
    if reference.to_string().contains('_') {
        told.push_str(&remote::underscore(&reference));
    }
    super::print(&told)
}
