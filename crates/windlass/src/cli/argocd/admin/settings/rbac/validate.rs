//! `argocd admin settings rbac validate`.

use std::process::ExitCode;

use windlass_argo::rbac::Policy;

use super::policy::Place;
use crate::cli::app::Flags;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Check that a policy can be read.
///
/// Examples:
///   windlass admin settings rbac validate --policy-file policy.csv
///   windlass admin settings rbac validate --namespace argocd
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = args.place.read(flags).await?;
    if settings.text.is_empty() {
        return Err(Failure::fatal("Policy is empty or could not be loaded."));
    }
    match Policy::parse(&settings.text) {
        Ok(policy) => {
            warn_of_roles(&policy);
            output::print_line("Policy is valid.")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            output::print_line(&format!("Policy is invalid: {error}"))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Tells of roles that somebody has and no rule is about.
pub(super) fn warn_of_roles(policy: &Policy) {
    let roles = policy.roles_without_rules();
    if !roles.is_empty() {
        let roles = roles.join(",");
        output::warn(&format!("warning: user defined roles not found in policies: {roles}"));
    }
}
