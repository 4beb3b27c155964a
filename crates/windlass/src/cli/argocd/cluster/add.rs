//! `argocd cluster add`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Client;
use kube::config::Kubeconfig;
use secrecy::{ExposeSecret as _, SecretString};
use windlass_object::{Value, json};

use super::super::kube::Data;
use super::super::secrets::{Secrets, hash};
use super::{access, view};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add the cluster of a context of the kubeconfig.
///
/// Unless another way to sign in is named, a service account `argocd-manager` is made on it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    definition: Definition,
    /// Change a cluster that is there.
    #[arg(long)]
    upsert: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// A cluster as flags and a context of the kubeconfig describe it.
#[derive(Debug, clap::Args)]
pub(in crate::cli::argocd) struct Definition {
    /// Name of the context.
    context: String,
    /// Name of the cluster; otherwise the context's.
    #[arg(long)]
    name: Option<String>,
    /// Namespaces that are managed; otherwise all.
    #[arg(long)]
    namespace: Vec<String>,
    /// Objects of the cluster are managed too, where namespaces are named.
    #[arg(long)]
    cluster_resources: bool,
    /// The cluster is the one that Argo CD runs in.
    #[arg(long, conflicts_with = "cluster_endpoint")]
    in_cluster: bool,
    /// Which address is taken: kubeconfig or internal.
    #[arg(long, value_parser = ["kubeconfig", "internal"])]
    cluster_endpoint: Option<String>,
    /// Project that alone may use it.
    #[arg(long)]
    project: Option<String>,
    /// Number of the shard.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    shard: i64,
    /// Service account to use, which is there.
    #[arg(long)]
    service_account: Option<String>,
    /// Namespace of the service account.
    #[arg(long, default_value = access::SYSTEM)]
    system_namespace: String,
    /// Program that gives credentials.
    #[arg(long)]
    exec_command: Option<String>,
    /// Arguments of the program.
    #[arg(long, allow_hyphen_values = true)]
    exec_command_args: Vec<String>,
    /// Environment of the program.
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE")]
    exec_command_env: Vec<String>,
    /// Version of what the program answers.
    #[arg(long)]
    exec_command_api_version: Option<String>,
    /// What to tell where the program is missing.
    #[arg(long)]
    exec_command_install_hint: Option<String>,
    /// Name of a cluster of AWS.
    #[arg(long)]
    aws_cluster_name: Option<String>,
    /// Role of AWS.
    #[arg(long)]
    aws_role_arn: Option<String>,
    /// Profile of AWS.
    #[arg(long)]
    aws_profile: Option<String>,
    /// Address of a proxy.
    #[arg(long)]
    proxy_url: Option<String>,
    /// Ask the cluster not to compress answers.
    #[arg(long)]
    disable_compression: bool,
    /// Labels of the secret.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Annotations of the secret.
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
}

/// Where the token of a service account comes from, if that is how the cluster is signed in to.
pub(in crate::cli::argocd) enum Account {
    /// It is made on the cluster, unless it is named.
    Made,
    /// It is there.
    Known,
    /// This is the token.
    Token(SecretString),
}

/// A cluster's secret.
pub(in crate::cli::argocd) struct Described {
    pub(in crate::cli::argocd) secret: String,
    pub(in crate::cli::argocd) server: String,
    pub(in crate::cli::argocd) labels: Value,
    pub(in crate::cli::argocd) annotations: Value,
    pub(in crate::cli::argocd) data: Data,
}

/// `KEY=VALUE`s.
pub(super) fn pairs(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pairs = given.iter().map(|text| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Failure::generic(format!("expected key=value: {text}"))),
    });
    pairs.collect()
}

impl Args {
    fn confirmed(&self) -> anyhow::Result<bool> {
        if self.yes || !std::io::stdout().is_terminal() {
            return Ok(true);
        }
        let definition = &self.definition;
        let level = if definition.namespace.is_empty() { "cluster" } else { "namespace" };
        output::print(&format!(
            "WARNING: This will create a service account `argocd-manager` on the cluster referenced \
             by context `{}` with full {level} level privileges. Do you want to continue [y/N]? ",
            definition.context
        ))?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Ok(["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
    }
}

impl Definition {
    /// The secret of the cluster.
    pub(in crate::cli::argocd) async fn describe(
        &self,
        kubeconfig: Option<&Path>,
        account: &Account,
    ) -> anyhow::Result<Described> {
        let (client, kubeconfig) = access::client(kubeconfig, &self.context).await?;
        let (labels, annotations) = (pairs(&self.label)?, pairs(&self.annotation)?);
        let (mut server, config) = self.config(&client, &kubeconfig, account).await?;
        if self.in_cluster || self.cluster_endpoint.as_deref() == Some("internal") {
            view::LOCAL.1.clone_into(&mut server);
        }
        let server = server.trim_end_matches('/').to_owned();
        let name = self.name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.context);
        let mut data = Data::default();
        data.set("server", &server);
        data.set("name", name);
        data.set("namespaces", &self.namespace.join(","));
        data.set("config", &config.to_string());
        data.set("project", self.project.as_deref().unwrap_or_default());
        if self.cluster_resources {
            data.set("clusterResources", "true");
        }
        if self.shard >= 0 {
            data.set("shard", &self.shard.to_string());
        }
        let secret = secret_name(&server);
        Ok(Described {
            secret,
            server,
            labels: json!(labels),
            annotations: json!(annotations),
            data,
        })
    }

    /// How the cluster is signed in to.
    async fn config(
        &self,
        client: &Client,
        kubeconfig: &Kubeconfig,
        account: &Account,
    ) -> anyhow::Result<(String, Value)> {
        let context = kubeconfig.contexts.iter().find(|c| c.name == self.context);
        let context = context.and_then(|c| c.context.clone()).unwrap_or_default();
        let cluster = kubeconfig.clusters.iter().find(|c| c.name == context.cluster);
        let cluster = cluster.and_then(|c| c.cluster.clone()).unwrap_or_default();
        let user = kubeconfig.auth_infos.iter().find(|u| Some(&u.name) == context.user.as_ref());
        let user = user.and_then(|u| u.auth_info.clone()).unwrap_or_default();
        let insecure = cluster.insecure_skip_tls_verify.unwrap_or_default();
        let mut tls = json!({"insecure": insecure});
        if let Some(name) = &cluster.tls_server_name {
            tls["serverName"] = json!(name);
        }
        let key = user.client_key_data.as_ref().map(|key| key.expose_secret().to_owned());
        let mut with_certificate = true;
        for (field, data, file) in [
            ("caData", cluster.certificate_authority_data, cluster.certificate_authority),
            ("certData", user.client_certificate_data, user.client_certificate),
            ("keyData", key, user.client_key),
        ] {
            let found = match (data, file) {
                (Some(data), _) => Some(data),
                (None, Some(file)) => Some(STANDARD.encode(std::fs::read(file)?)),
                (None, None) => None,
            };
            match found {
                Some(data) => tls[field] = json!(data),
                None if field != "caData" => with_certificate = false,
                None => {}
            }
        }
        let mut config = json!({"tlsClientConfig": tls});
        if let Some(name) = &self.aws_cluster_name {
            config["awsAuthConfig"] = json!({"clusterName": name});
            for (field, text) in [("roleARN", &self.aws_role_arn), ("profile", &self.aws_profile)] {
                if let Some(text) = text {
                    config["awsAuthConfig"][field] = json!(text);
                }
            }
        } else if let Some(command) = &self.exec_command {
            let mut exec = json!({"command": command});
            if !self.exec_command_args.is_empty() {
                exec["args"] = json!(self.exec_command_args);
            }
            if !self.exec_command_env.is_empty() {
                exec["env"] = json!(pairs(&self.exec_command_env)?);
            }
            for (field, text) in [
                ("apiVersion", &self.exec_command_api_version),
                ("installHint", &self.exec_command_install_hint),
            ] {
                if let Some(text) = text {
                    exec[field] = json!(text);
                }
            }
            config["execProviderConfig"] = exec;
        } else {
            let system = &self.system_namespace;
            let token = match (account, &self.service_account) {
                (Account::Token(token), _) => token.clone(),
                (_, Some(account)) => access::token(client, system, account).await?,
                (Account::Known, None) => access::token(client, system, access::ACCOUNT).await?,
                (Account::Made, None) => access::install(client, system, &self.namespace).await?,
            };
            if !with_certificate {
                config["bearerToken"] = json!(token.expose_secret());
            }
        }
        if let Some(url) = self.proxy_url.as_ref().or(cluster.proxy_url.as_ref()) {
            config["proxyUrl"] = json!(url);
        }
        if self.disable_compression {
            config["disableCompression"] = json!(true);
        }
        Ok((cluster.server.unwrap_or_default(), config))
    }
}

/// Runs the command.
pub(super) async fn run(
    secrets: &Secrets,
    kubeconfig: Option<&Path>,
    args: &Args,
) -> anyhow::Result<()> {
    access::client(kubeconfig, &args.definition.context).await?;
    if !args.confirmed()? {
        return Err(Failure::fatal("the cluster was not added"));
    }
    let Described { secret, server, labels, annotations, data } =
        args.definition.describe(kubeconfig, &Account::Made).await?;
    if !secrets.create(&secret, &data, &labels, &annotations).await? {
        let known = secrets.list().await?.into_iter().find(|e| e.data.text("server") == server);
        let Some(mut entry) = known.filter(|_| args.upsert) else {
            return Err(Failure::generic(
                "existing cluster spec is different; use upsert flag to force update",
            ));
        };
        entry.data = data;
        *entry.metadata_mut("labels") = labels;
        *entry.metadata_mut("annotations") = annotations;
        secrets.replace(&entry).await?;
    }
    output::print_line(&format!("Cluster '{server}' added"))
}

/// The name that Argo CD gives to the secret of a cluster.
fn secret_name(server: &str) -> String {
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address.replace(':', "-"),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    };
    format!("cluster-{}-{}", host.to_ascii_lowercase(), hash(&[server]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_named_as_argo_cds() {
        // From the tables of Argo CD's own tests.
        assert_eq!(secret_name("http://foo"), "cluster-foo-752281925");
        let address = "http://[fe80::1ff:fe23:4567:890a]:8000";
        assert_eq!(secret_name(address), "cluster-fe80--1ff-fe23-4567-890a-664858999");
    }
}
