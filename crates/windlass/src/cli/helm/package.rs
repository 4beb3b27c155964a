//! `windlass helm package`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_semver::Version;

use super::provenance::{self, Passphrase};
use super::remote::Access;
use super::{dependency, locate, values};

/// Pack a chart's directory into an archive.
///
/// Examples:
///   helm package charts/shop
///   helm package charts/shop --version 1.2.3 --destination dist
///   helm package charts/shop --sign --key 'Release Team' --keyring ~/.gnupg/secring.gpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Directories of charts.
    #[arg(value_name = "CHART_PATH")]
    charts: Vec<String>,
    /// Give it this version.
    #[arg(long, default_value = "", hide_default_value = true)]
    version: String,
    /// Give it this version of what it installs.
    #[arg(long, default_value = "", hide_default_value = true)]
    app_version: String,
    /// Where to put it.
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    destination: PathBuf,
    /// Update its dependencies before.
    #[arg(short = 'u', long)]
    dependency_update: bool,
    /// Sign it with a secret key.
    #[arg(long)]
    sign: bool,
    /// Key to sign with: a part of its user id.
    #[arg(long, default_value = "", hide_default_value = true)]
    key: String,
    /// Where keys are; without it GnuPG's own keyring.
    #[arg(long)]
    keyring: Option<String>,
    /// File of the key's passphrase; - is standard input.
    #[arg(long, default_value = "", hide_default_value = true)]
    passphrase_file: String,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    values: values::Args,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.charts.is_empty() {
        bail!("need at least one argument, the path to the chart");
    }
    if args.sign && args.key.is_empty() {
        bail!("--key is required for signing a package");
    }
    if args.sign && args.keyring.as_deref() == Some("") {
        bail!("--keyring is required for signing a package");
    }
    let mut passphrase = Passphrase::new(&args.passphrase_file);
    // Helm reads them and uses none.
    args.values.values()?;
    for path in &args.charts {
        let Ok(meta) = std::fs::metadata(path) else {
            bail!("stat {path}: no such file or directory");
        };
        if args.dependency_update {
            dependency::update(
                Path::new(path),
                &args.access,
                &Default::default(),
                &mut |_| Ok(()),
            )?;
        }
        if !meta.is_dir() {
            bail!("{path}: is no directory of a chart");
        }
        let mut chart = locate::local_of(path, locate::Versions::Known)?;
        if !args.version.is_empty() {
            chart.metadata.version.clone_from(&args.version);
        }
        Version::parse(&chart.metadata.version)?;
        if !args.app_version.is_empty() {
            chart.metadata.app_version.clone_from(&args.app_version);
        }
        let missing = chart.missing_dependencies();
        if !missing.is_empty() {
            bail!("found in Chart.yaml, but missing in charts/ directory: {}", missing.join(", "));
        }
        let archive = windlass_charts::pack(&chart, seconds()?)?;
        let dir = if args.destination == Path::new(".") {
            std::env::current_dir()?
        } else {
            args.destination.clone()
        };
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("failed to save: {}", dir.display()))?;
        let file = dir.join(format!("{}-{}.tgz", chart.name(), chart.metadata.version));
        std::fs::write(&file, archive)
            .with_context(|| format!("failed to save: {}", file.display()))?;
        if args.sign {
            let keyring = args.keyring.clone().map_or_else(provenance::default_keyring, Into::into);
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let bytes = std::fs::read(&file).context("failed to read chart archive")?;
            let metadata = windlass_charts::metadata::to_value(&chart.metadata);
            let signed =
                provenance::sign(&bytes, &name, &metadata, &keyring, &args.key, &mut passphrase)?;
            std::fs::write(format!("{}.prov", file.display()), signed)?;
        }
        super::print(&format!(
            "Successfully packaged chart and saved it to: {}\n",
            file.display()
        ))?;
    }
    Ok(())
}

/// The time of an archive's files: `SOURCE_DATE_EPOCH`, or now.
pub(crate) fn seconds() -> anyhow::Result<u64> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => text
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is no number of seconds: {text:?}")),
        _ => Ok(u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)),
    }
}
