//! `argocd account can-i`.

use crate::cli::failure::Failure;
use crate::cli::output;

/// Tell whether one may do something.
///
/// Nobody is signed in here: what the kubeconfig permits, one may.
///
/// Examples:
///   argocd account can-i sync applications '*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli::argocd) struct Args {
    /// What is to be done.
    action: String,
    /// To what kind of thing.
    resource: String,
    /// To which of them.
    subresource: String,
}

const ACTIONS: [&str; 8] =
    ["get", "create", "update", "delete", "sync", "override", "action", "invoke"];
const RESOURCES: [&str; 12] = [
    "clusters",
    "projects",
    "applications",
    "applicationsets",
    "repositories",
    "write-repositories",
    "certificates",
    "accounts",
    "gpgkeys",
    "logs",
    "exec",
    "extensions",
];

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    for (known, given) in [(&ACTIONS[..], &args.action), (&RESOURCES[..], &args.resource)] {
        if !known.contains(&given.as_str()) {
            let known = known.join(" ");
            return Err(Failure::generic(format!("[{known}] does not contain {given}")));
        }
    }
    output::print_line("yes")
}
