//! `windlass helm pull`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_helm::Chart;

use super::remote::{self, Flags};

/// Download a chart from a repository and, if wanted, unpack it.
///
/// Examples:
///   helm pull oci://registry.example.com/charts/shop --version 1.2.3
///   helm pull team/shop --untar --untardir charts
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm pull [chart URL | repo/chartname] [...] [flags]")]
pub(crate) struct Args {
    /// Addresses of charts, or repository/chart.
    #[arg(required = true, value_name = "chart URL | repo/chartname")]
    charts: Vec<String>,
    /// Unpack it after download.
    #[arg(long)]
    untar: bool,
    /// Where to unpack, from --destination.
    #[arg(long, default_value = ".", value_name = "DIR")]
    untardir: PathBuf,
    /// Download the provenance too, unverified.
    #[arg(long)]
    prov: bool,
    /// Where to put it.
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    destination: PathBuf,
    #[command(flatten)]
    remote: Flags,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    for chart in &args.charts {
        let found = crate::cli::block_on(remote::download(chart, &args.remote, args.prov))?;
        super::print(&found.told)?;
        if args.untar {
            if let Some(verification) = found.verified(&args.remote)? {
                super::print(&verification.told())?;
            }
            unpack(args, chart, &found.archive)?;
            continue;
        }
        let file = args.destination.join(&found.name);
        std::fs::write(&file, &found.archive)
            .with_context(|| format!("open {}", file.display()))?;
        if let Some(provenance) = &found.provenance {
            std::fs::write(args.destination.join(format!("{}.prov", found.name)), provenance)?;
        }
        if let Some(verification) = found.verified(&args.remote)? {
            super::print(&verification.told())?;
        }
    }
    Ok(())
}

fn unpack(args: &Args, chart: &str, archive: &[u8]) -> anyhow::Result<()> {
    let dir = if args.untardir.is_absolute() {
        args.untardir.clone()
    } else {
        args.destination.join(&args.untardir)
    };
    let dir: PathBuf = dir.components().filter(|c| c.as_os_str() != ".").collect();
    let base = chart.rsplit('/').next().unwrap_or(chart);
    let there = dir.join(base);
    if there.exists() {
        bail!(
            "failed to untar: a file or directory with the name {} already exists",
            there.display()
        );
    }
    std::fs::create_dir_all(&there).with_context(|| "failed to untar (mkdir)")?;
    expand(archive, &dir)
}

/// Writes a chart's files below `dir`, in a directory of its name.
pub(crate) fn expand(archive: &[u8], dir: &Path) -> anyhow::Result<()> {
    let chart = Chart::from_archive(archive)?;
    let name = chart.name().to_owned();
    for file in windlass_helm::unpack(archive)? {
        let path = dir.join(&name).join(&file.name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, &file.data).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
