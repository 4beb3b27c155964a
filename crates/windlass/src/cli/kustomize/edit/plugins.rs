//! `kustomize edit alpha-list-builtin-plugin`.

/// The built-in plugins. Kustomize names them in another order each time.
const PLUGINS: [&str; 18] = [
    "AnnotationsTransformer",
    "ConfigMapGenerator",
    "HashTransformer",
    "HelmChartInflationGenerator",
    "IAMPolicyGenerator",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SecretGenerator",
    "SuffixTransformer",
    "ValueAddTransformer",
];

/// [Alpha] List the builtin plugins
///
/// Examples:
///   kustomize edit alpha-list-builtin-plugin
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Of no effect
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    let list: String = PLUGINS.iter().map(|name| format!(" * {name}\n")).collect();
    crate::cli::persona::print(&format!("Builtin plugins:\n\n{list}"))
}
