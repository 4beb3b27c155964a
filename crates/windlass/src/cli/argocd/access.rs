//! The flags with which a repository is signed in to, for `repo add` and `repocreds add`.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::kube::Data;
use crate::cli::failure::{Failure, go_words};

/// How a repository is signed in to.
#[derive(Debug, clap::Args)]
pub(super) struct Access {
    /// Type of the repository: git, helm or oci.
    #[arg(long = "type", default_value = "git", value_name = "TYPE")]
    pub(super) kind: String,
    /// User name.
    #[arg(long, default_value = "")]
    username: String,
    /// Password; asked for if a user name comes without.
    #[arg(long, default_value = "", hide_default_value = true)]
    password: SecretString,
    /// Token of a Git repository by HTTPS.
    #[arg(long, default_value = "", hide_default_value = true)]
    bearer_token: SecretString,
    /// File of a private key, for a repository by SSH.
    #[arg(long, value_name = "FILE")]
    ssh_private_key_path: Option<PathBuf>,
    /// File of a client certificate.
    #[arg(long, value_name = "FILE")]
    tls_client_cert_path: Option<PathBuf>,
    /// File of the client certificate's key.
    #[arg(long, value_name = "FILE")]
    tls_client_cert_key_path: Option<PathBuf>,
    /// Charts are in a registry.
    #[arg(long)]
    pub(super) enable_oci: bool,
    /// Id of a GitHub app.
    #[arg(long, default_value_t = 0)]
    github_app_id: i64,
    /// Id of the GitHub app's installation.
    #[arg(long, default_value_t = 0)]
    github_app_installation_id: i64,
    /// File of the GitHub app's key.
    #[arg(long, value_name = "FILE")]
    github_app_private_key_path: Option<PathBuf>,
    /// Address of the API of a GitHub of your own.
    #[arg(long, default_value = "")]
    github_app_enterprise_base_url: String,
    /// File of a Google service account's key.
    #[arg(long, value_name = "FILE")]
    gcp_service_account_key_path: Option<PathBuf>,
    /// Always sign in by password.
    #[arg(long)]
    force_http_basic_auth: bool,
    /// Sign in by Azure's workload identity.
    #[arg(long)]
    use_azure_workload_identity: bool,
}

/// Whether the address is one of SSH.
fn is_ssh(url: &str) -> bool {
    let rest = url.strip_prefix("ssh://");
    rest.is_some() || (!url.contains("://") && url.contains('@') && url.contains(':'))
}

fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

fn read(path: &PathBuf, code: fn(String) -> anyhow::Error) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = go_words(&error);
        code(format!("open {}: {why}", path.display()))
    })?;
    Ok(text.into())
}

impl Access {
    /// Writes the flags as the fields of a secret.
    pub(super) fn write(&self, url: &str, data: &mut Data) -> anyhow::Result<()> {
        if let Some(path) = &self.ssh_private_key_path {
            if !is_ssh(url) {
                return Err(Failure::generic(
                    "--ssh-private-key-path is only supported for SSH repositories.",
                ));
            }
            data.set_secret("sshPrivateKey", &read(path, Failure::fatal)?);
        }
        match (&self.tls_client_cert_path, &self.tls_client_cert_key_path) {
            (None, None) => {}
            (Some(certificate), Some(key)) => {
                only_https("--tls-client-cert-path", url)?;
                let certificate = read(certificate, Failure::generic)?;
                data.set_secret("tlsClientCertData", &certificate);
                data.set_secret("tlsClientCertKey", &read(key, Failure::generic)?);
            }
            _ => {
                return Err(Failure::generic(
                    "--tls-client-cert-path and --tls-client-cert-key-path must be specified \
                     together",
                ));
            }
        }
        for (flag, field, path) in [
            (
                "--github-app-private-key-path",
                "githubAppPrivateKey",
                &self.github_app_private_key_path,
            ),
            (
                "--gcp-service-account-key-path",
                "gcpServiceAccountKey",
                &self.gcp_service_account_key_path,
            ),
        ] {
            if let Some(path) = path {
                only_https(flag, url)?;
                data.set_secret(field, &read(path, Failure::generic)?);
            }
        }
        let password = self.password()?;
        self.check_token(url, &password)?;
        data.set("url", url);
        data.set("type", &self.kind);
        data.set("username", &self.username);
        data.set_secret("password", &password);
        data.set_secret("bearerToken", &self.bearer_token);
        data.set("githubAppEnterpriseBaseUrl", &self.github_app_enterprise_base_url);
        for (field, number) in [
            ("githubAppID", self.github_app_id),
            ("githubAppInstallationID", self.github_app_installation_id),
        ] {
            if number != 0 {
                data.set(field, &number.to_string());
            }
        }
        for (field, set) in [
            ("enableOCI", self.enable_oci),
            ("forceHttpBasicAuth", self.force_http_basic_auth),
            ("useAzureWorkloadIdentity", self.use_azure_workload_identity),
        ] {
            if set {
                data.set(field, "true");
            }
        }
        Ok(())
    }

    fn password(&self) -> anyhow::Result<SecretString> {
        if self.username.is_empty() || !self.password.expose_secret().is_empty() {
            return Ok(self.password.clone());
        }
        let password = crate::cli::secret_input::ask("Password: ")?;
        Ok(password)
    }

    fn check_token(&self, url: &str, password: &SecretString) -> anyhow::Result<()> {
        if self.bearer_token.expose_secret().is_empty() {
            return Ok(());
        }
        let why = if !password.expose_secret().is_empty() {
            "only --bearer-token or --password is allowed, not both"
        } else if self.kind != "git" {
            "--bearer-token is only supported for Git repositories"
        } else if !is_https(url) {
            "--bearer-token is only supported for HTTPS repositories"
        } else {
            return Ok(());
        };
        Err(Failure::generic(why))
    }
}

fn only_https(flag: &str, url: &str) -> anyhow::Result<()> {
    if is_https(url) {
        return Ok(());
    }
    Err(Failure::generic(format!("{flag} is only supported for HTTPS repositories")))
}
