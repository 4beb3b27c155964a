//! `argocd admin app generate-spec`.

use super::super::print::Output;
use crate::cli::app::Definition;
use crate::cli::failure::Failure;

/// Print the Application that `app create` would make of these flags.
///
/// Examples:
///   windlass admin app generate-spec guestbook --repo https://example.com/apps.git --path guestbook \
///       --dest-server https://kubernetes.default.svc --dest-namespace default
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut objects = args.definition.objects()?;
    match (objects.pop(), objects.is_empty()) {
        (Some(object), true) => {
            args.output.write(object.into_value(), args.definition.file.as_deref())
        }
        _ => Err(Failure::generic(
            "failed to generate spec, more than one application is not supported",
        )),
    }
}
