//! `kustomize cfg`: looks at manifests in a directory.

mod count;
mod fields;
mod ignore;
mod tree;

use clap::Subcommand;

/// Commands for reading and writing configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Is not here: it prints resources with their comments
    #[command(hide = true, disable_help_flag = true)]
    Cat(Refused),
    Count(count::Args),
    /// Is not here: it prints resources with their comments
    #[command(hide = true, disable_help_flag = true)]
    Grep(Refused),
    Tree(Box<tree::Args>),
}

/// What a command that is not here is given.
#[derive(Debug, clap::Args)]
struct Refused {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Cat(refused) => refuse("cat", refused),
        Command::Count(args) => count::run(args),
        Command::Grep(refused) => refuse("grep", refused),
        Command::Tree(args) => tree::run(args),
    }
}

fn refuse(command: &str, refused: &Refused) -> anyhow::Result<()> {
    let given = refused.arguments.join(" ");
    anyhow::bail!(
        "cfg {command} {given}: Windlass does not print files again with their comments; \
         kustomize cfg tree shows what is there, and kustomize build prints it"
    )
}
