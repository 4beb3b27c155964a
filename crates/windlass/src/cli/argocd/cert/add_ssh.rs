//! `argocd cert add-ssh`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::store::{Certificates, HostKey, host_keys, is_host};
use crate::cli::app::read_text;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add keys of hosts, as `ssh-keyscan` prints them.
///
/// Examples:
///   ssh-keyscan git.example.com | windlass cert add-ssh --batch
///   windlass cert add-ssh --batch --from known_hosts
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Read many; needed.
    #[arg(long)]
    batch: bool,
    /// File to read; otherwise standard input.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Change keys that are there and differ.
    #[arg(long)]
    upsert: bool,
}

/// Runs the command.
pub(super) async fn run(certificates: &Certificates, args: &Args) -> anyhow::Result<ExitCode> {
    if !args.batch {
        return Err(Failure::generic(
            "you need to specify --batch or specify --help for usage instructions",
        ));
    }
    let text = match &args.from {
        Some(path) => {
            let name = path.display();
            output::print_line(&format!("Reading SSH known hosts entries from file '{name}'"))?;
            read_text(&name.to_string())?
        }
        None => {
            let text = "Enter SSH known hosts entries, one per line. Press CTRL-D when finished.";
            output::print_line(text)?;
            std::io::read_to_string(std::io::stdin())?
        }
    };
    let given = host_keys(&text);
    if given.is_empty() {
        return Err(Failure::generic("No valid SSH known hosts data found."));
    }
    let mut all = certificates.host_keys().await?;
    let mut created = 0;
    for key in given {
        if !key.is_key() {
            let text = format!("the key of {} is no key of type {}", key.host, key.kind);
            return Err(Failure::generic(text));
        }
        for host in key.host.split(',') {
            check_host(host)?;
            created += usize::from(add(&mut all, host, &key, args.upsert)?);
        }
    }
    if created > 0 {
        certificates.save_host_keys(&all).await?;
    }
    output::print_line(&format!("Successfully created {created} SSH known host entries"))?;
    Ok(ExitCode::SUCCESS)
}

/// `name`, or `[name]:port`.
fn check_host(host: &str) -> anyhow::Result<()> {
    let with_port = host.strip_prefix('[').and_then(|rest| rest.rsplit_once("]:"));
    let name = match with_port {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    if is_host(name) {
        return Ok(());
    }
    Err(Failure::generic(format!("invalid hostname in request: {name}")))
}

/// Puts a key in; whether something changed.
fn add(all: &mut Vec<HostKey>, host: &str, key: &HostKey, upsert: bool) -> anyhow::Result<bool> {
    let Some(known) = all.iter_mut().find(|k| k.host == host && k.kind == key.kind) else {
        all.push(HostKey { host: host.to_owned(), ..key.clone() });
        return Ok(true);
    };
    if known.data == key.data {
        return Ok(false);
    }
    if !upsert {
        return Err(Failure::generic(format!(
            "key for '{host}' (subtype: '{}') already exists, and upsert was not specified",
            key.kind
        )));
    }
    known.data.clone_from(&key.data);
    Ok(true)
}
