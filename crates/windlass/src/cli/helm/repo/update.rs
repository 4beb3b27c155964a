//! `windlass helm repo update`.

use anyhow::bail;
use futures::{StreamExt as _, stream};

use crate::cli::helm::environment::{Entry, Repositories};

/// How many are asked at once.
const AT_ONCE: usize = 16;

/// Update what is known of chart repositories.
///
/// Examples:
///   helm repo update
///   helm repo update team
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Their names; all without one.
    names: Vec<String>,
    /// The longest that an index may take.
    #[arg(long, default_value = "2m0s")]
    timeout: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let known = Repositories::load()?.unwrap_or_default().repositories;
    if known.is_empty() {
        bail!("no repositories found. You must add one before updating");
    }
    if let Some(name) = args.names.iter().find(|name| !known.iter().any(|e| e.name == **name)) {
        bail!("no repositories found matching '{name}'.  Nothing will be updated");
    }
    let wanted: Vec<Entry> = known
        .into_iter()
        .filter(|entry| args.names.is_empty() || args.names.contains(&entry.name))
        .collect();
    crate::cli::persona::print(
        "Hang tight while we grab the latest from your chart repositories...\n",
    )?;
    let failed = crate::cli::block_on(update(&wanted, &mut crate::cli::helm::print))?;
    if !failed.is_empty() {
        bail!("failed to update the following repositories: [{}]", failed.join(" "));
    }
    crate::cli::persona::print("Update Complete. ⎈Happy Helming!⎈\n")
}

/// Asks for indexes, tells how it went, and answers the addresses of those that failed.
pub(crate) async fn update(
    entries: &[Entry],
    tell: &mut dyn FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<String>> {
    let mut asked = stream::iter(entries)
        .map(|entry| async move { (entry, entry.update().await) })
        .buffer_unordered(AT_ONCE);
    let mut failed = Vec::new();
    while let Some((entry, result)) = asked.next().await {
        let Entry { name, url, .. } = entry;
        let text = match result {
            Ok(_) => format!("...Successfully got an update from the {name:?} chart repository\n"),
            Err(error) => {
                failed.push(url.clone());
                format!(
                    "...Unable to get an update from the {name:?} chart repository ({url}):\n\t{error:#}\n"
                )
            }
        };
        tell(&text)?;
    }
    Ok(failed)
}
