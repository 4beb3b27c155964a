//! `windlass helm version`.

use std::any::Any;
use std::rc::Rc;

use windlass_gotemplate::{Limits, Object, Set, Value, fmt};

/// The Helm whose behaviour this is.
const VERSION: &str = "v4.3";
/// The Kubernetes client of that Helm.
const CLIENT: &str = "v1.37";
const GO: &str = "go1.26.8";

/// Print the version of the Helm that Windlass takes the place of.
///
/// Examples:
///   helm version
///   helm version --short
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The number alone.
    #[arg(long)]
    short: bool,
    /// Go template of the output.
    #[arg(long, default_value = "", hide_default_value = true)]
    template: String,
}

/// What the template is of.
#[derive(Debug)]
struct BuildInfo;

impl Object for BuildInfo {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.struct_fields()?.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let fields = [
            ("Version", VERSION),
            ("GitCommit", ""),
            ("GitTreeState", ""),
            ("GoVersion", GO),
            ("KubeClientVersion", CLIENT),
        ];
        Some(fields.map(|(name, text)| (name, Value::string(text))).to_vec())
    }

    fn print(&self) -> String {
        fmt::print_one(&Value::Object(Rc::new(Self)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !args.template.is_empty() {
        let functions = windlass_gotemplate::Functions::default();
        let mut set = Set::default();
        set.parse("_", &args.template, &functions)?;
        let data = Value::Object(Rc::new(BuildInfo));
        let text = set.execute("_", &data, &functions, Limits::default());
        return super::print(&text?);
    }
    if args.short {
        return super::print(&format!("{VERSION}\n"));
    }
    super::print(&format!(
        "version.BuildInfo{{Version:\"{VERSION}\", GitCommit:\"\", GitTreeState:\"\", \
         GoVersion:\"{GO}\", KubeClientVersion:\"{CLIENT}\"}}\n"
    ))
}
