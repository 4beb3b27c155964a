//! From Argo CD's `repository` and `repo-creds` secrets to a [`Repository`].
//!
//! A `repository` secret is found by its address ([`crate::address::same`]); one of the
//! application's project goes before one of no project. A repository that has no credentials of its
//! own takes those of the `repo-creds` secret whose address is the longest prefix of its own. Both
//! rules, and the names of the keys, are Argo CD's (`util/db`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use crate::known_hosts::KnownHosts;
use crate::{
    ClientCertificate, Credentials, GithubApp, Proxy, Repository, SourceError, Tls, address,
};

/// What a secret is for: the label `argocd.argoproj.io/secret-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// `repository`.
    Repository,
    /// `repo-creds`.
    RepoCreds,
}

/// A secret's decoded data. Its values do not print.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretData {
    /// The secret's name, for messages.
    pub name: String,
    /// What it is for.
    pub kind: SecretKind,
    /// Its keys and values.
    pub data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretData({:?} {} {:?})", self.kind, self.name, self.data.keys())
    }
}

impl SecretData {
    fn text(&self, key: &str) -> Option<String> {
        let value = String::from_utf8_lossy(self.data.get(key)?);
        Some(value.into_owned()).filter(|v| !v.is_empty())
    }

    fn secret(&self, key: &str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    fn invalid(&self, key: &str, wanted: &str) -> SourceError {
        SourceError::InvalidAddress {
            url: address::sanitize(&self.text("url").unwrap_or_default()),
            why: format!("key {key} of secret {} is not {wanted}", self.name),
        }
    }

    /// A boolean as Go's `strconv.ParseBool` reads it.
    fn flag(&self, key: &str) -> Result<bool, SourceError> {
        match self.text(key).as_deref() {
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(_) => Err(self.invalid(key, "true or false")),
        }
    }

    fn number(&self, key: &str) -> Result<u64, SourceError> {
        self.text(key).map_or(Ok(0), |v| v.parse().map_err(|_| self.invalid(key, "a number")))
    }

    /// The credentials in this secret, by Argo CD's order of precedence.
    fn credentials(&self) -> Result<Credentials, SourceError> {
        let (password, bearer) = (self.secret("password"), self.secret("bearerToken"));
        if let Some(token) = bearer {
            return Ok(Credentials::Bearer(token));
        }
        if let Some(password) = password {
            return Ok(Credentials::Basic {
                username: self.text("username").unwrap_or_default(),
                password,
            });
        }
        if let Some(private_key) = self.secret("sshPrivateKey") {
            return Ok(Credentials::Ssh { private_key });
        }
        if let (Some(private_key), id @ 1..) =
            (self.secret("githubAppPrivateKey"), self.number("githubAppID")?)
        {
            return Ok(Credentials::GithubApp(GithubApp {
                id,
                installation: self.number("githubAppInstallationID")?,
                private_key,
                base_url: self.text("githubAppEnterpriseBaseUrl").unwrap_or_default(),
            }));
        }
        if self.text("gcpServiceAccountKey").is_some() {
            return Ok(Credentials::NotSupported("gcpServiceAccountKey"));
        }
        if self.flag("useAzureWorkloadIdentity")? {
            return Ok(Credentials::NotSupported("useAzureWorkloadIdentity"));
        }
        // `repo-creds` spells it with a capital D.
        if self.text("azureServicePrincipalClientSecret").is_some() {
            return Ok(Credentials::NotSupported("azureServicePrincipalClientSecret"));
        }
        Ok(Credentials::None)
    }

    fn client(&self) -> Option<ClientCertificate> {
        let certificate = self.text("tlsClientCertData")?;
        Some(ClientCertificate { certificate, key: self.secret("tlsClientCertKey")? })
    }

    fn proxy(&self) -> Option<Proxy> {
        let url = self.secret("proxy")?;
        Some(Proxy { url, no_proxy: self.text("noProxy").unwrap_or_default() })
    }
}

/// The `repository` secret for `url` as an application of `project` sees it.
fn repository_secret<'a>(
    url: &str,
    project: &str,
    secrets: &'a [SecretData],
) -> Option<&'a SecretData> {
    let matching = |wanted: &str| {
        secrets.iter().find(|s| {
            s.kind == SecretKind::Repository
                && s.text("url").is_some_and(|u| address::same(&u, url))
                && s.text("project").unwrap_or_default() == wanted
        })
    };
    matching(project).or_else(|| matching(""))
}

/// The `repo-creds` secret whose address is the longest prefix of `url`.
fn prefix_secret<'a>(url: &str, secrets: &'a [SecretData]) -> Option<&'a SecretData> {
    let url = address::normalize(url);
    let mut best: Option<(usize, &SecretData)> = None;
    for secret in secrets.iter().filter(|s| s.kind == SecretKind::RepoCreds) {
        let prefix = address::normalize(&secret.text("url").unwrap_or_default());
        if url.starts_with(&prefix) && prefix.len() > best.map_or(0, |(len, _)| len) {
            best = Some((prefix.len(), secret));
        }
    }
    best.map(|(_, secret)| secret)
}

/// The repository at `url` with what `secrets` say of it, for an application of `project`.
///
/// # Errors
/// [`SourceError::InvalidAddress`] for a value that is not what its key asks for.
pub fn select(url: &str, project: &str, secrets: &[SecretData]) -> Result<Repository, SourceError> {
    let mut repository = Repository::anonymous(url);
    let mut client = None;
    let mut named = false;
    if let Some(secret) = repository_secret(url, project, secrets) {
        repository.credentials = secret.credentials()?;
        client = secret.client();
        named = secret.text("username").is_some();
        repository.proxy = secret.proxy();
        repository.tls.insecure = secret.flag("insecure")?;
        repository.insecure_host_key =
            repository.tls.insecure || secret.flag("insecureIgnoreHostKey")?;
        repository.enable_lfs = secret.flag("enableLfs")?;
        let depth = u32::try_from(secret.number("depth")?)
            .map_err(|_| secret.invalid("depth", "a number of commits"))?;
        repository.depth = Some(depth).filter(|d| *d > 0);
    }
    if matches!(repository.credentials, Credentials::None)
        && client.is_none()
        && !named
        && let Some(secret) = prefix_secret(url, secrets)
    {
        repository.credentials = secret.credentials()?;
        client = secret.client();
        repository.proxy = repository.proxy.or_else(|| secret.proxy());
    }
    repository.tls.client = client;
    Ok(repository)
}

/// Everything that is configured about repositories.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `repository` and `repo-creds` secrets.
    pub secrets: Vec<SecretData>,
    /// `ssh_known_hosts` of argocd-ssh-known-hosts-cm.
    pub known_hosts: Arc<KnownHosts>,
    /// argocd-tls-certs-cm: PEM certificates by host name.
    pub tls_certificates: BTreeMap<String, String>,
    /// Do not read submodules (`reposerver.enable.git.submodule: "false"`).
    pub without_submodules: bool,
}

impl Settings {
    /// The repository at `url` for an application of `project`, with everything that applies.
    ///
    /// # Errors
    /// As [`select`], and [`SourceError::InvalidAddress`] for an address that is none.
    pub fn repository(
        self: &Arc<Self>,
        url: &str,
        project: &str,
    ) -> Result<Repository, SourceError> {
        let host = address::Address::parse(url)?.host().map(str::to_owned);
        let mut repository = select(url, project, &self.secrets)?;
        repository.known_hosts = self.known_hosts.clone();
        let ca = host.and_then(|h| self.tls_certificates.get(&h).cloned());
        repository.tls = Tls { ca, ..repository.tls };
        repository.submodules = !self.without_submodules;
        repository.settings = self.clone();
        Ok(repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn secret(kind: SecretKind, pairs: &[(&str, &str)]) -> SecretData {
        let data = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        SecretData { name: "s".into(), kind, data }
    }

    fn shown(credentials: &Credentials) -> String {
        match credentials {
            Credentials::Basic { username, password } => {
                format!("basic {username}:{}", password.expose_secret())
            }
            Credentials::Bearer(token) => format!("bearer {}", token.expose_secret()),
            Credentials::Ssh { private_key } => format!("ssh {}", private_key.expose_secret()),
            Credentials::GithubApp(app) => format!("app {} {}", app.id, app.installation),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn selects_by_address_project_and_longest_prefix() {
        use SecretKind::{RepoCreds, Repository as Repo};
        let secrets = [
            secret(
                RepoCreds,
                &[("url", "https://host/"), ("username", "short"), ("password", "p")],
            ),
            secret(
                RepoCreds,
                &[
                    ("url", "https://host/team"),
                    ("username", "long"),
                    ("password", "p"),
                    ("proxy", "http://px"),
                ],
            ),
            secret(
                Repo,
                &[("url", "https://host/Team/a.git"), ("enableLfs", "true"), ("depth", "3")],
            ),
            secret(Repo, &[("url", "https://host/team/b"), ("bearerToken", "t")]),
            secret(Repo, &[("url", "https://host/team/b"), ("project", "x"), ("password", "q")]),
            secret(Repo, &[("url", "git@host:k"), ("sshPrivateKey", "key"), ("insecure", "1")]),
            secret(
                Repo,
                &[
                    ("url", "https://host/app"),
                    ("githubAppPrivateKey", "k"),
                    ("githubAppID", "7"),
                    ("githubAppInstallationID", "8"),
                ],
            ),
        ];
        let check = |url: &str, project: &str, want: &str| {
            let got = select(url, project, &secrets).unwrap();
            assert_eq!(shown(&got.credentials), want, "{url} {project}");
            got
        };
        check("https://host/other", "", "basic short:p");
        let a = check("https://host/team/a", "", "basic long:p");
        assert!(a.enable_lfs && a.depth == Some(3) && a.proxy.is_some());
        check("https://host/team/b", "", "bearer t");
        check("https://host/team/b.git", "x", "basic :q");
        check("https://host/team/b", "y", "bearer t");
        assert!(check("ssh://git@HOST/k.git", "", "ssh key").insecure_host_key);
        check("https://host/app", "", "app 7 8");
        check("https://elsewhere/a", "", "None");
        let bad = [secret(Repo, &[("url", "https://u:pw@host/a"), ("insecure", "maybe")])];
        let error = select("https://u:pw@host/a", "", &bad).unwrap_err().to_string();
        assert!(error.contains("key insecure of secret s") && !error.contains("pw"), "{error}");
    }

    #[test]
    fn nothing_secret_prints() {
        let secrets = [secret(
            SecretKind::Repository,
            &[("url", "https://host/a"), ("password", "hunter2"), ("proxy", "http://u:hunter2@p")],
        )];
        let repository = select("https://host/a", "", &secrets).unwrap();
        assert!(!format!("{repository:?} {secrets:?}").contains("hunter2"));
    }
}
