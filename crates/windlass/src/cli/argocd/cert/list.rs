//! `argocd cert list`.

use std::process::ExitCode;

use windlass_object::{Value, json};

use super::super::format::Format;
use super::certificate;
use super::store::{Certificates, blocks, fits};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List certificates and keys of hosts.
///
/// Examples:
///   windlass cert list
///   windlass cert list --cert-type https --hostname-pattern 'git.*' -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml or wide.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// Order of the table: hostname or type.
    #[arg(long, default_value = "")]
    sort: String,
    /// Only those of this type: ssh or https.
    #[arg(long, default_value = "")]
    cert_type: String,
    /// Only those of hosts whose name fits.
    #[arg(long, default_value = "", value_name = "GLOB")]
    hostname_pattern: String,
}

/// Runs the command.
pub(super) async fn run(certificates: &Certificates, args: &Args) -> anyhow::Result<ExitCode> {
    if !["", "ssh", "https"].contains(&args.cert_type.as_str()) {
        output::print_line("cert-type must be either ssh or https")?;
        return Ok(ExitCode::FAILURE);
    }
    let format = Format::read(&args.output, &["wide"])?;
    let mut all = Vec::new();
    if args.cert_type != "https" {
        for key in certificates.host_keys().await? {
            let info = format!("SHA256:{}", key.fingerprint());
            all.push(entry(&key.host, "ssh", &key.kind, &info));
        }
    }
    if args.cert_type != "ssh" {
        for (host, text) in certificates.certificates().await? {
            for block in blocks(&text).unwrap_or_default() {
                all.push(match certificate::read(&block) {
                    Some(read) => entry(&host, "https", read.algorithm, &read.subject),
                    None => entry(&host, "https", "invalid", "x509: malformed certificate"),
                });
            }
        }
    }
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    all.retain(|value| fits(&text(value, "serverName"), &args.hostname_pattern));
    match format {
        Format::Value(notation) => output::print_value(&all, notation)?,
        Format::Named(_) => {
            let by = if args.sort == "type" { "certType" } else { "serverName" };
            all.sort_by_key(|value| text(value, by));
            let mut lines = vec![line(["HOSTNAME", "TYPE", "SUBTYPE", "INFO"])];
            let fields = ["serverName", "certType", "certSubType", "certInfo"];
            lines.extend(all.iter().map(|value| fields.map(|f| text(value, f)).to_vec()));
            output::print(&align(&lines))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn entry(host: &str, kind: &str, sub: &str, info: &str) -> Value {
    json!({
        "serverName": host, "certType": kind, "certSubType": sub, "certData": null,
        "certInfo": info,
    })
}
