//! `argocd version`.

use std::process::ExitCode;

use windlass_object::{Value, json};

use super::global::Global;
use super::kubeconfig::Overrides;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// The Argo CD whose behaviour this is, and what does it.
const VERSION: &str = concat!("v3.2.6+windlass-", env!("CARGO_PKG_VERSION"));

/// Print the version of the Argo CD that Windlass takes the place of.
///
/// Examples:
///   argocd version --client
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Output format: json, yaml, wide or short.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// The number alone.
    #[arg(long)]
    short: bool,
    /// Of this program alone.
    #[arg(long)]
    client: bool,
    /// No cluster is asked.
    #[command(flatten)]
    overrides: Overrides,
}

/// Runs the command.
pub(super) fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    if !args.client {
        global.refuse_server()?;
    }
    let notation = match args.output.as_str() {
        "json" => Some(Notation::Json),
        "yaml" => Some(Notation::Yaml),
        "wide" | "short" | "" => None,
        other => return Err(Failure::fatal(format!("unknown output format: {other}"))),
    };
    let short = args.short || args.output == "short";
    match notation {
        Some(notation) => {
            let mut value = json!({});
            value["client"] = if short { json!({"argocd": VERSION}) } else { full() };
            if !args.client {
                value["server"] = if short { json!({"argocd-server": VERSION}) } else { full() };
            }
            output::print_value(&value, notation)?;
        }
        None => {
            let programs = if args.client { &["argocd"][..] } else { &["argocd", "argocd-server"] };
            for program in programs {
                output::print_line(&format!("{program}: {VERSION}"))?;
                if !short {
                    output::print(&format!(
                        "  BuildDate: 1970-01-01T00:00:00Z\n  GitCommit: \n  GitTreeState: \n  \
                         GoVersion: \n  Compiler: rustc\n  Platform: {}\n",
                        platform()
                    ))?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn full() -> Value {
    json!({
        "Version": VERSION, "BuildDate": "1970-01-01T00:00:00Z", "GitCommit": "", "GitTag": "",
        "GitTreeState": "", "GoVersion": "", "Compiler": "rustc", "Platform": platform(),
        "KubectlVersion": "", "ExtraBuildInfo": "",
    })
}

fn platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{architecture}", std::env::consts::OS)
}
