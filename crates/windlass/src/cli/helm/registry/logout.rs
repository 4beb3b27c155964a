//! `windlass helm registry logout`.

use anyhow::Context;
use windlass_oci::DockerConfig;

use crate::cli::helm::environment;

/// Log out of a registry.
///
/// Examples:
///   helm registry logout registry.example.com
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm registry logout [host] [flags]")]
pub(crate) struct Args {
    /// Host, and port.
    host: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(hide = true)]
    more: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let path = environment::registry_config();
    let mut config = DockerConfig::load(&path)?;
    if config.remove(&args.host) {
        config.save(&path).with_context(|| path.display().to_string())?;
    }
    crate::cli::persona::print(&format!("Removing login credentials for {}\n", args.host))
}
