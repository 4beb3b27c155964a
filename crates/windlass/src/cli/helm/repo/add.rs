//! `windlass helm repo add`.

use anyhow::{Context, bail};
use secrecy::ExposeSecret as _;

use crate::cli::helm::environment::{self, Entry, Repositories};

/// Repositories that are gone for good, and where their charts are now.
const GONE: [(&str, &str); 2] = [
    ("//kubernetes-charts.storage.googleapis.com", "https://charts.helm.sh/stable"),
    ("//kubernetes-charts-incubator.storage.googleapis.com", "https://charts.helm.sh/incubator"),
];

/// Add a chart repository.
///
/// Examples:
///   helm repo add team https://charts.example.com
///   helm repo add team https://charts.example.com --username me --password secret
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm repo add [NAME] [URL] [flags]")]
pub(crate) struct Args {
    /// What to call it.
    name: String,
    /// Where it is.
    url: String,
    /// Who signs in.
    #[arg(long, default_value = "", hide_default_value = true)]
    username: String,
    /// With which password.
    #[arg(long, default_value = "", hide_default_value = true)]
    password: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Replace the repository if there is one of this name.
    #[arg(long)]
    force_update: bool,
    /// Identify ourselves by this certificate.
    #[arg(long, default_value = "", hide_default_value = true)]
    cert_file: String,
    /// The certificate's key.
    #[arg(long, default_value = "", hide_default_value = true)]
    key_file: String,
    /// Trust these certificates.
    #[arg(long, default_value = "", hide_default_value = true)]
    ca_file: String,
    /// Trust any certificate.
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Take repositories that are gone for good.
    #[arg(long)]
    allow_deprecated_repos: bool,
    /// Pass credentials to all domains.
    #[arg(long)]
    pass_credentials: bool,
    /// The longest that the index may take.
    #[arg(long, default_value = "2m0s")]
    timeout: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if !args.allow_deprecated_repos
        && let Some((_, now)) = GONE.iter().find(|(old, _)| args.url.contains(old))
    {
        bail!("repo {:?} is no longer available; try {now:?} instead", args.url);
    }
    let mut known = Repositories::load()?.unwrap_or_default();
    let mut password = args.password.clone();
    if !args.username.is_empty() && password.is_empty() {
        if !args.password_stdin {
            bail!("a user without a password: give it with --password-stdin");
        }
        environment::password_of_stdin()?.expose_secret().clone_into(&mut password);
    }
    let entry = Entry {
        name: args.name.clone(),
        url: args.url.clone(),
        username: args.username.clone(),
        password,
        cert_file: args.cert_file.clone(),
        key_file: args.key_file.clone(),
        ca_file: args.ca_file.clone(),
        insecure_skip_tls_verify: args.insecure_skip_tls_verify,
        pass_credentials_all: args.pass_credentials,
    };
    if entry.name.contains('/') {
        bail!(
            "repository name ({}) contains '/', please specify a different name without '/'",
            entry.name
        );
    }
    if !args.force_update
        && let Some(old) = known.get(&entry.name)
    {
        if *old != entry {
            bail!(
                "repository name ({}) already exists, please specify a different name",
                entry.name
            );
        }
        let text =
            format!("{:?} already exists with the same configuration, skipping\n", entry.name);
        return crate::cli::persona::print(&text);
    }
    match reqwest::Url::parse(&entry.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {}
        Ok(url) => bail!("could not find protocol handler for: {}", url.scheme()),
        Err(_) => bail!("could not find protocol handler for: "),
    }
    crate::cli::block_on(entry.update())
        .map_err(|error| match error.downcast_ref::<windlass_charts::Error>() {
            Some(windlass_charts::Error::Repository { .. }) => error,
            _ => error.context(format!(
                "looks like {:?} is not a valid chart repository or cannot be reached",
                entry.url
            )),
        })
        .map(|_| ())?;
    let text = format!("{:?} has been added to your repositories\n", entry.name);
    known.repositories.retain(|old| old.name != entry.name);
    known.repositories.push(entry);
    known.save(jiff::Timestamp::now()).context("repositories")?;
    crate::cli::persona::print(&text)
}
