//! `argocd repo add`.

use std::sync::Arc;

use windlass_object::json;
use windlass_source::address;
use windlass_source::credentials::{SecretData, SecretKind, Settings};

use super::super::access::Access;
use super::super::kube::Data;
use super::super::secrets::{Entry, Secrets, hash};
use super::connect;
use crate::cli::app::{Connection, repository_settings};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add a repository, if it can be reached.
///
/// Examples:
///   windlass repo add https://git.example.com/apps.git --username git --password secret
///   windlass repo add git@git.example.com:apps.git --ssh-private-key-path ~/.ssh/id_ed25519
///   windlass repo add https://charts.example.com --type helm --name stable
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Change a repository that is there and differs.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    definition: Definition,
}

/// A repository as flags describe it.
#[derive(Debug, clap::Args)]
pub(crate) struct Definition {
    /// Address of the repository.
    url: String,
    /// Name; needed for one of charts.
    #[arg(long, default_value = "")]
    name: String,
    /// Project that alone may use it.
    #[arg(long, default_value = "")]
    project: String,
    /// The same as --insecure-skip-server-verification, for SSH.
    #[arg(long)]
    insecure_ignore_host_key: bool,
    /// Do not check certificates and host keys.
    #[arg(long)]
    insecure_skip_server_verification: bool,
    /// Fetch large files.
    #[arg(long)]
    enable_lfs: bool,
    /// Address of a proxy.
    #[arg(long, default_value = "")]
    proxy: String,
    /// Where not to use the proxy.
    #[arg(long, default_value = "")]
    no_proxy: String,
    /// A registry without TLS.
    #[arg(long)]
    insecure_oci_force_http: bool,
    #[command(flatten)]
    access: Access,
}

/// Fields in the order and with the names that argocd tells differences in.
const FIELDS: [(&str, &str); 23] = [
    ("username", "Username"),
    ("password", "Password"),
    ("sshPrivateKey", "SSHPrivateKey"),
    ("insecureIgnoreHostKey", "InsecureIgnoreHostKey"),
    ("insecure", "Insecure"),
    ("enableLfs", "EnableLFS"),
    ("tlsClientCertData", "TLSClientCertData"),
    ("tlsClientCertKey", "TLSClientCertKey"),
    ("type", "Type"),
    ("name", "Name"),
    ("enableOCI", "EnableOCI"),
    ("githubAppPrivateKey", "GithubAppPrivateKey"),
    ("githubAppID", "GithubAppId"),
    ("githubAppInstallationID", "GithubAppInstallationId"),
    ("githubAppEnterpriseBaseUrl", "GitHubAppEnterpriseBaseURL"),
    ("proxy", "Proxy"),
    ("project", "Project"),
    ("gcpServiceAccountKey", "GCPServiceAccountKey"),
    ("forceHttpBasicAuth", "ForceHttpBasicAuth"),
    ("noProxy", "NoProxy"),
    ("useAzureWorkloadIdentity", "UseAzureWorkloadIdentity"),
    ("bearerToken", "BearerToken"),
    ("insecureOCIForceHttp", "InsecureOCIForceHttp"),
];

/// The fields that differ, in argocd's names.
pub(crate) fn differing(old: &Data, new: &Data) -> Vec<&'static str> {
    let differs = |field: &str| old.text(field) != new.text(field);
    FIELDS.iter().filter(|(field, _)| differs(field)).map(|(_, name)| *name).collect()
}

/// The fields of a secret that say how a repository is signed in to.
pub(crate) fn fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(field, _)| *field)
}

impl Definition {
    /// The data of its secret.
    pub(in crate::cli::argocd) fn data(&self) -> anyhow::Result<Data> {
        let mut data = Data::default();
        self.access.write(&self.url, &mut data)?;
        if self.access.kind == "helm" && self.name.is_empty() {
            return Err(Failure::generic("Must specify --name for repos of type 'helm'"));
        }
        data.set("name", &self.name);
        data.set("project", &self.project);
        data.set("proxy", &self.proxy);
        data.set("noProxy", &self.no_proxy);
        for (field, set) in [
            ("insecureIgnoreHostKey", self.insecure_ignore_host_key),
            ("insecure", self.insecure_skip_server_verification),
            ("enableLfs", self.enable_lfs),
            ("insecureOCIForceHttp", self.insecure_oci_force_http && self.access.kind == "oci"),
        ] {
            if set {
                data.set(field, "true");
            }
        }
        Ok(data)
    }
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    let definition = &args.definition;
    let data = definition.data()?;
    let url = &definition.url;
    // The new secret stands before those that are there.
    let known = repository_settings(connection).await?;
    let new = SecretData {
        name: "new".to_owned(),
        kind: SecretKind::Repository,
        data: data.fields().map(|(key, bytes)| (key.to_owned(), bytes.to_vec())).collect(),
    };
    let mut all = vec![new];
    all.extend(known.secrets.iter().cloned());
    let settings = Arc::new(Settings {
        secrets: all,
        known_hosts: known.known_hosts.clone(),
        tls_certificates: known.tls_certificates.clone(),
        without_submodules: true,
    });
    let access = &definition.access;
    connect::check(&settings, url, &definition.project, &access.kind, access.enable_oci)
        .await
        .map_err(|e| Failure::generic(format!("error testing repository connectivity: {e:#}")))?;
    let name = format!("repo-{}", hash(&[url, &definition.project]));
    if !secrets.create(&name, &data, &json!({}), &json!({})).await? {
        let all = secrets.list().await?;
        let found = find(all, url, &definition.project);
        let Some(mut entry) = found else {
            let text = format!("the secret {name} is there and is of another repository");
            return Err(Failure::generic(text));
        };
        let differing = differing(&entry.data, &data);
        if !differing.is_empty() {
            if !args.upsert {
                return Err(Failure::generic(format!(
                    "existing repository spec is different; use upsert flag to force update; \
                     difference in keys {:?}",
                    differing.join(",")
                )));
            }
            entry.data.replace(&data, fields());
            secrets.replace(&entry).await?;
        }
    }
    output::print_line(&format!("Repository '{url}' added"))
}

/// The repository that a person means: without a project the only one with this address.
pub(super) fn meant(all: Vec<Entry>, url: &str, project: &str) -> anyhow::Result<Entry> {
    let mut found: Vec<Entry> =
        all.into_iter().filter(|entry| address::same(&entry.data.text("url"), url)).collect();
    if found.is_empty() {
        return Err(Failure::generic(format!("repo '{url}' not found")));
    }
    if !(found.len() == 1 && project.is_empty()) {
        found.retain(|entry| entry.data.text("project") == project);
    }
    found.into_iter().next().ok_or_else(|| unknown(url, project))
}

/// What is said where no repository of this address is of this project.
pub(super) fn unknown(url: &str, project: &str) -> anyhow::Error {
    Failure::generic(format!("repository not found for url {url:?} and project {project:?}"))
}

/// The repository with this address and project.
fn find(all: Vec<Entry>, url: &str, project: &str) -> Option<Entry> {
    all.into_iter().find(|entry| {
        address::same(&entry.data.text("url"), url) && entry.data.text("project") == project
    })
}
