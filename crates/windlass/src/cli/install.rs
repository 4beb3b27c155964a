//! `windlass install`.

use std::io::Write;
use std::process::ExitCode;

use crate::install;

/// Print what a cluster needs to run Windlass: CRDs, namespace, RBAC and a Deployment.
///
/// Examples:
///   windlass install --export | kubectl apply --server-side -f -
///   windlass install --export --image registry.example/windlass:1.0 --replicas 2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Print the manifests; Windlass never installs itself behind your back.
    #[arg(long, required = true)]
    export: bool,
    /// Namespace to run in, and of the Applications.
    #[arg(long, short = 'n', value_name = "NAMESPACE", default_value = "argocd")]
    namespace: String,
    /// Image that holds the windlass binary.
    #[arg(long, value_name = "IMAGE", default_value = concat!("windlass:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// How many replicas; one acts, the others wait for its Lease.
    #[arg(long, value_name = "N", default_value_t = 1)]
    replicas: u32,
    /// Act although an Argo CD controller runs in the namespace.
    #[arg(long)]
    takeover: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let options = install::Options {
        namespace: &args.namespace,
        image: &args.image,
        replicas: args.replicas,
        takeover: args.takeover,
    };
    std::io::stdout().write_all(install::manifests(&options).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
