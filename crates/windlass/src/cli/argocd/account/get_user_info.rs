//! `argocd account get-user-info`.

use crate::cli::failure::Failure;
use crate::cli::output;

/// Tell who is signed in: nobody, without an API server of Argo CD.
///
/// Examples:
///   argocd account get-user-info
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli::argocd) struct Args {
    /// Output format: yaml or json.
    #[arg(long, short, default_value = "")]
    output: String,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match args.output.as_str() {
        "json" => output::print_line("{}"),
        "yaml" => output::print_line("{}\n"),
        "" => output::print_line("Logged In: false"),
        other => Err(Failure::fatal(format!("Unknown output format: {other}"))),
    }
}
