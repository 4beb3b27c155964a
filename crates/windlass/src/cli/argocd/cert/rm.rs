//! `argocd cert rm`.

use std::process::ExitCode;

use super::super::prompt;
use super::store::{Certificates, blocks, fits};
use crate::cli::app::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Remove certificates and keys of hosts.
///
/// Examples:
///   windlass cert rm git.example.com
///   windlass cert rm git.example.com --cert-type ssh --cert-sub-type ssh-rsa
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the hosts, a glob.
    host: String,
    /// Only those of this type: ssh or https.
    #[arg(long, default_value = "")]
    cert_type: String,
    /// Only keys of this kind, such as ssh-rsa.
    #[arg(long, default_value = "")]
    cert_sub_type: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    certificates: &Certificates,
    args: &Args,
) -> anyhow::Result<ExitCode> {
    let host = &args.host;
    if host == "*" {
        let text = "A single wildcard is not allowed as REPOSERVER name.";
        return Err(Failure::generic(text));
    }
    let question = format!("Are you sure you want to remove all certificates for '{host}'? [y/n]");
    if !prompt::confirm(connection.prompts, &question)? {
        output::print_line(&format!(
            "The command to remove all certificates for '{host}' was cancelled."
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut removed = Vec::new();
    if ["", "ssh", "*"].contains(&args.cert_type.as_str()) {
        let sub = args.cert_sub_type.as_str();
        let (gone, left): (Vec<_>, Vec<_>) =
            certificates.host_keys().await?.into_iter().partition(|key| {
                fits(&key.host, host) && (["", "*"].contains(&sub) || key.kind == sub)
            });
        if !gone.is_empty() {
            certificates.save_host_keys(&left).await?;
        }
        removed.extend(gone.into_iter().map(|key| (key.host, "ssh", key.kind)));
    }
    if ["", "https", "tls", "*"].contains(&args.cert_type.as_str()) {
        let mut all = certificates.certificates().await?;
        let gone: Vec<String> = all.keys().filter(|known| fits(known, host)).cloned().collect();
        for known in &gone {
            let text = all.remove(known).unwrap_or_default();
            let count = blocks(&text)?.len();
            removed.extend((0..count).map(|_| (known.clone(), "https", String::new())));
        }
        if !gone.is_empty() {
            certificates.save_certificates(&all).await?;
        }
    }
    for (host, kind, sub) in &removed {
        output::print_line(&format!(
            "Removed cert for '{host}' of type '{kind}' (subtype '{sub}')"
        ))?;
    }
    if removed.is_empty() {
        output::print_line("No certificates were removed (none matched the given pattern)")?;
    }
    Ok(ExitCode::SUCCESS)
}
