//! `windlass helm version`.

use anyhow::Context;
use windlass_gotemplate::{Limits, Set, Value};

/// The Helm whose behaviour this is.
const VERSION: &str = "v4.3";
/// The Kubernetes client of that Helm.
const CLIENT: &str = "v1.37";
const GO: &str = "go1.26.8";

/// Print the version of the Helm that Windlass takes the place of.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number alone.
    #[arg(long)]
    short: bool,
    /// Go template of the output.
    #[arg(long, default_value = "", hide_default_value = true)]
    template: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !args.template.is_empty() {
        let functions = windlass_gotemplate::Functions::default();
        let mut set = Set::default();
        set.parse("_", &args.template, &functions)?;
        let data = Value::map(
            [
                ("Version", VERSION),
                ("GitCommit", ""),
                ("GitTreeState", ""),
                ("GoVersion", GO),
                ("KubeClientVersion", CLIENT),
            ]
            .map(|(name, text)| (name, Value::string(text))),
        );
        let text = set.execute("_", &data, &functions, Limits::default());
        return super::print(&text.context("version template")?);
    }
    if args.short {
        return super::print(&format!("{VERSION}\n"));
    }
    super::print(&format!(
        "version.BuildInfo{{Version:\"{VERSION}\", GitCommit:\"\", GitTreeState:\"\", \
         GoVersion:\"{GO}\", KubeClientVersion:\"{CLIENT}\"}}\n"
    ))
}
