//! `windlass helm verify`.

use super::provenance;

/// Verify that an archive of a chart is what somebody signed whose key is in the keyring.
///
/// Examples:
///   helm verify shop-1.2.3.tgz
///   helm verify shop-1.2.3.tgz --keyring keys.gpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The archive; its provenance lies beside it, with `.prov` behind the name.
    #[arg(value_name = "PATH")]
    path: String,
    /// Keys to verify with.
    #[arg(long, default_value = "", hide_default_value = true)]
    keyring: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let verification = provenance::verify_file(&args.path, &args.keyring)?;
    super::print(&verification.told())
}
