//! `windlass helm repo remove`.

use anyhow::bail;

use crate::cli::helm::environment::Repositories;

/// Remove chart repositories.
///
/// Examples:
///   helm repo remove team
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm repo remove [REPO1 [REPO2 ...]] [flags]")]
pub(crate) struct Args {
    /// Their names.
    #[arg(required = true)]
    names: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(mut known) = Repositories::load()?.filter(|known| !known.repositories.is_empty())
    else {
        bail!("no repositories configured");
    };
    for name in &args.names {
        let Some(at) = known.repositories.iter().position(|entry| entry.name == *name) else {
            bail!("no repo named {name:?} found");
        };
        let entry = known.repositories.remove(at);
        known.save(jiff::Timestamp::now())?;
        entry.forget()?;
        crate::cli::persona::print(&format!("{name:?} has been removed from your repositories\n"))?;
    }
    Ok(())
}
