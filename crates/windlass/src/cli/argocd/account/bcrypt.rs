//! `argocd account bcrypt`.

use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::failure::Failure;
use crate::cli::{output, secret_input};

/// Print the bcrypt hash of a password, as argocd-secret has it.
///
/// Examples:
///   argocd account bcrypt --password "$PASSWORD"
///   printf '%s' "$PASSWORD" | argocd account bcrypt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli::argocd) struct Args {
    /// The password; otherwise it is asked for.
    #[arg(long, default_value = "", hide_default_value = true)]
    password: SecretString,
}

/// What Argo CD takes.
const COST: u32 = 10;

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut password = args.password.clone();
    if password.expose_secret().is_empty() {
        password = secret_input::ask("Password: ")?;
    }
    let failed = |why: String| Failure::fatal(format!("Failed to generate bcrypt hash: {why}"));
    if password.expose_secret().len() > 72 {
        return Err(failed("bcrypt: password length exceeds 72 bytes".to_owned()));
    }
    let hash = ::bcrypt::hash_with_result(password.expose_secret(), COST);
    let hash = hash.map_err(|error| failed(error.to_string()))?;
    output::print(&hash.format_for_version(::bcrypt::Version::TwoA))
}
