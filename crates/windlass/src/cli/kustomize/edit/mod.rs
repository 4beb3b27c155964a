//! `kustomize edit`: changes the kustomization file in the current directory.

mod add;
pub(super) mod file;
mod fix;
mod plugins;
mod remove;
mod set;

use clap::Subcommand;

/// Edits a kustomization file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds an item to the kustomization file
    #[command(subcommand)]
    Add(add::Command),
    /// Sets the value of different fields in the kustomization file
    #[command(subcommand)]
    Set(set::Command),
    /// Removes items from the kustomization file
    #[command(subcommand)]
    Remove(remove::Command),
    Fix(fix::Args),
    AlphaListBuiltinPlugin(plugins::Args),
}

/// Runs the command.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Add(command) => add::run(command),
        Command::Set(command) => set::run(command),
        Command::Remove(command) => remove::run(command),
        Command::Fix(args) => fix::run(&args),
        Command::AlphaListBuiltinPlugin(args) => plugins::run(&args),
    }
}

/// The patch that flags describe.
#[derive(Debug, clap::Args)]
struct PatchArgs {
    /// Path to the patch file
    #[arg(long, default_value = "", hide_default_value = true)]
    path: String,
    /// Literal string of patch content
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    patch: String,
    /// API group in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// API version in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    version: String,
    /// Resource kind in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Resource name in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Resource namespace in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// annotationSelector in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    annotation_selector: String,
    /// labelSelector in patch target
    #[arg(long, default_value = "", hide_default_value = true)]
    label_selector: String,
}

impl PatchArgs {
    fn patch(self) -> windlass_kustomize::kustomization::Patch {
        use windlass_kustomize::kustomization::{Patch, Selector};
        let target = Selector {
            group: self.group,
            version: self.version,
            kind: self.kind,
            name: self.name,
            namespace: self.namespace,
            annotation_selector: self.annotation_selector,
            label_selector: self.label_selector,
        };
        let target = Some(target).filter(|target| *target != Selector::default());
        Patch { path: self.path, patch: self.patch, target, options: None }
    }
}
