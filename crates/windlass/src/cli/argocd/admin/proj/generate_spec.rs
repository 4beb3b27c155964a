//! `argocd admin proj generate-spec`.

use super::super::super::proj::Definition;
use super::super::print::Output;

/// Print the AppProject that `proj create` would make of these flags.
///
/// Examples:
///   windlass admin proj generate-spec shop -d https://kubernetes.default.svc,shop -s https://example.com/shop.git
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let project = args.definition.project().await?;
    args.output.write(project, args.definition.file.as_deref())
}
