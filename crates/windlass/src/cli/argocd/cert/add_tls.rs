//! `argocd cert add-tls`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::certificate;
use super::store::{Certificates, blocks, is_host};
use crate::cli::app::read_text;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Trust a host that shows one of these certificates, or one that they have signed.
///
/// Examples:
///   windlass cert add-tls git.example.com --from ca.pem
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the host.
    host: String,
    /// File in PEM; otherwise standard input.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Change certificates that are there and differ.
    #[arg(long)]
    upsert: bool,
}

/// Runs the command.
pub(super) async fn run(certificates: &Certificates, args: &Args) -> anyhow::Result<ExitCode> {
    let text = match &args.from {
        Some(path) => {
            let name = path.display();
            let text = format!("Reading TLS certificate data in PEM format from '{name}'");
            output::print_line(&text)?;
            read_text(&name.to_string())?
        }
        None => {
            let text = "Enter TLS certificate data in PEM format. Press CTRL-D when finished.";
            output::print_line(text)?;
            std::io::read_to_string(std::io::stdin())?
        }
    };
    let given = blocks(&text)?;
    let mut subjects: Vec<String> = Vec::new();
    for block in &given {
        let Some(read) = certificate::read(block) else {
            return Err(Failure::generic("x509: malformed certificate"));
        };
        if subjects.contains(&read.subject) {
            let subject = &read.subject;
            output::print_line(&format!(
                "ERROR: Cert with subject '{subject}' already seen in the input stream."
            ))?;
        }
        subjects.push(read.subject);
    }
    if given.is_empty() {
        output::print_line("No valid certificates have been detected in the stream.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let host = &args.host;
    if !is_host(host) {
        return Err(Failure::generic(format!("invalid hostname in request: {host}")));
    }
    let data = given.join("\n");
    let mut all = certificates.certificates().await?;
    let known = all.get(host);
    if known.is_some_and(|known| *known != data) && !args.upsert {
        return Err(Failure::generic(format!(
            "TLS certificate for server '{host}' already exists, and upsert was not specified"
        )));
    }
    let created = if known == Some(&data) { 0 } else { given.len() };
    if created > 0 {
        all.insert(host.clone(), data);
        certificates.save_certificates(&all).await?;
    }
    output::print_line(&format!(
        "Created entry with {created} PEM certificates for repository server {host}"
    ))?;
    Ok(ExitCode::SUCCESS)
}
