//! `windlass helm registry login`.

use std::io::{BufRead as _, Write as _};

use anyhow::{Context, bail};
use secrecy::{ExposeSecret as _, SecretString};
use windlass_oci::{Client, Credentials, DockerConfig, Limits};

use crate::cli::helm::environment;

/// Log in to a registry.
///
/// Examples:
///   helm registry login registry.example.com --username me
///   echo secret | helm registry login registry.example.com --username me --password-stdin
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm registry login [host] [flags]")]
pub(crate) struct Args {
    /// Host, and port.
    host: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(hide = true)]
    more: Vec<String>,
    /// Who.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    username: String,
    /// Password or identity token.
    #[arg(short, long, default_value = "", hide_default_value = true)]
    password: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Trust any certificate.
    #[arg(long)]
    insecure: bool,
    /// Identify ourselves by this certificate.
    #[arg(long, default_value = "", hide_default_value = true)]
    cert_file: String,
    /// The certificate's key.
    #[arg(long, default_value = "", hide_default_value = true)]
    key_file: String,
    /// Trust these certificates.
    #[arg(long, default_value = "", hide_default_value = true)]
    ca_file: String,
    /// Speak without TLS.
    #[arg(long)]
    plain_http: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (username, password) = who(args)?;
    let host = args.host.trim_start_matches("oci://");
    if let Some((registry, _)) = host.split_once('/') {
        crate::cli::helm::warn(&format!(
            "registry login currently only supports registry hostname, not a repository path: \
             use {registry}"
        ));
    }
    let transport =
        environment::transport(&args.cert_file, &args.key_file, &args.ca_file, args.insecure)?;
    let credentials = Credentials::Basic { username: username.clone(), password: password.clone() };
    let client = Client::new(&transport, credentials, args.plain_http, Limits::default())?;
    let asked = async { Ok(client.ping(host).await?) };
    crate::cli::block_on(asked).with_context(|| format!("authenticating to {host:?}"))?;
    let path = environment::registry_config();
    let mut config = DockerConfig::load(&path)?;
    config.set(host, &username, &password);
    config.save(&path).with_context(|| path.display().to_string())?;
    crate::cli::persona::print("Login Succeeded\n")
}

fn who(args: &Args) -> anyhow::Result<(String, SecretString)> {
    let mut username = args.username.clone();
    if args.password_stdin {
        return Ok((username, environment::password_of_stdin()?));
    }
    if !args.password.is_empty() {
        crate::cli::helm::warn("using --password via the CLI is insecure. Use --password-stdin");
        return Ok((username, SecretString::from(args.password.as_str())));
    }
    if username.is_empty() {
        username = line("Username: ")?.trim().to_owned();
    }
    let what = if username.is_empty() { "token" } else { "password" };
    let password =
        SecretString::from(line(if what == "token" { "Token: " } else { "Password: " })?);
    if password.expose_secret().is_empty() {
        bail!("{what} required");
    }
    Ok((username, password))
}

fn line(prompt: &str) -> anyhow::Result<String> {
    let mut out = std::io::stdout().lock();
    out.write_all(prompt.as_bytes())?;
    out.flush()?;
    let mut text = String::new();
    if std::io::stdin().lock().read_line(&mut text)? == 0 {
        bail!("EOF");
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
