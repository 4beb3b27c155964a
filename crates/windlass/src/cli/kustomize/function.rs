//! `kustomize fn`: functions are programs in containers, which are not run here.

use anyhow::bail;

/// Commands for running functions against configuration
///
/// Examples:
///   kustomize fn run my-dir
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<String>,
}

/// Refuses.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let command = args.arguments.first().map_or("run", String::as_str);
    bail!(
        "fn {command}: functions are programs, mostly in containers, and Windlass runs none; \
         transformers and generators of the built-in kinds work in kustomize build"
    )
}
