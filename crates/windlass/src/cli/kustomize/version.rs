//! `kustomize version`.

use anyhow::bail;

/// Prints the version of Kustomize that this is equal to.
///
/// Examples:
///   kustomize version
///   kustomize version --output json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// One of 'yaml' or 'json'.
    #[arg(short, long, default_value = "")]
    output: String,
    /// Short form
    #[arg(long, hide = true)]
    short: bool,
    /// Of no effect
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// Go's name of the processor.
fn processor() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let version = windlass_kustomize::VERSION;
    if args.short {
        super::warn("Flag --short has been deprecated, and will be removed in the future.");
        if !args.output.is_empty() {
            bail!("--short and --output are mutually exclusive");
        }
        return super::print(&format!("{{{version}  unknown   }}\n"));
    }
    // What Kustomize tells of how it was built; there is no Go here.
    let fields = [
        ("version", version),
        ("gitCommit", "unknown"),
        ("buildDate", "unknown"),
        ("goOs", std::env::consts::OS),
        ("goArch", processor()),
        ("goVersion", "none"),
    ];
    match args.output.as_str() {
        "" => super::print(&format!("{version}\n")),
        "yaml" => {
            let lines: String = fields.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
            super::print(&format!("{lines}\n"))
        }
        "json" => {
            let lines = fields.map(|(k, v)| format!("  {k:?}: {v:?}"));
            super::print(&format!("{{\n{}\n}}\n", lines.join(",\n")))
        }
        // Kustomize says nothing to any other word.
        _ => Ok(()),
    }
}
