//! `argocd cluster add`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use kube::core::DynamicObject;
use kube::{Api, Client};
use secrecy::{ExposeSecret as _, SecretString};
use windlass_object::{Value, json};

use super::super::kube::{Data, core};
use super::super::secrets::{Entry, LABEL, MANAGED_BY, Secrets, hash};
use super::{access, config, view};
use crate::cli::app::Connection;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add the cluster of a context of the kubeconfig.
///
/// Unless another way to sign in is named, a service account `argocd-manager` is made on it. The cluster
/// is asked for its version before anything is stored.
///
/// Examples:
///   windlass cluster add example-cluster
///   windlass cluster add example-cluster --name production --namespace web --namespace shop
///   windlass cluster add example-cluster --exec-command aws --exec-command-args eks \
///       --exec-command-args get-token
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
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
    /// Name of the context; without one they are listed.
    #[arg(default_value = "", hide_default_value = true)]
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
    #[arg(long)]
    in_cluster: bool,
    /// Which address is taken: that of the kubeconfig, the one that the cluster publishes in
    /// kube-public, or its internal one.
    #[arg(long, value_name = "kubeconfig|kube-public|internal")]
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
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE", value_parser = variable)]
    exec_command_env: Vec<(String, String)>,
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

/// A variable of the program's environment.
fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    pair.ok_or_else(|| format!("{text} must be formatted as key=value"))
}

/// `KEY=VALUE`s.
pub(super) fn pairs(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pairs = given.iter().map(|text| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => {
            Err(Failure::generic(format!("labels should have key=value, but instead got: {text}")))
        }
    });
    pairs.collect()
}

impl Args {
    fn confirmed(&self) -> anyhow::Result<bool> {
        let definition = &self.definition;
        let makes_account = definition.aws_cluster_name.is_none()
            && definition.exec_command.is_none()
            && definition.service_account.is_none();
        if self.yes || !makes_account || !std::io::stdout().is_terminal() {
            return Ok(true);
        }
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
    /// What cannot go together.
    ///
    /// # Errors
    /// When two flags say where the cluster is.
    pub(in crate::cli::argocd) fn check(&self) -> anyhow::Result<()> {
        if self.in_cluster && self.cluster_endpoint.as_deref().is_some_and(|e| !e.is_empty()) {
            return Err(Failure::fatal("Can only use one of --in-cluster or --cluster-endpoint"));
        }
        Ok(())
    }

    /// The secret of the cluster.
    pub(in crate::cli::argocd) async fn describe(
        &self,
        kubeconfig: Option<&Path>,
        account: &Account,
    ) -> anyhow::Result<Described> {
        let (client, kubeconfig) =
            access::client(kubeconfig, &self.context, self.proxy_url.as_deref()).await?;
        let (labels, annotations) = (pairs(&self.label)?, pairs(&self.annotation)?);
        let (mut server, mut config) = self.config(&client, &kubeconfig, account).await?;
        let endpoint = self.cluster_endpoint.as_deref().unwrap_or_default();
        if !["", "kubeconfig", "kube-public", "internal"].contains(&endpoint) {
            output::warn(&format!(
                "warning: there is no endpoint {endpoint:?}: {server} of the kubeconfig is taken"
            ));
        }
        if self.in_cluster || endpoint == "internal" {
            view::LOCAL.1.clone_into(&mut server);
        } else if endpoint == "kube-public" {
            // What needs no cluster has none to ask.
            if let Account::Token(_) = account {
                output::warn(
                    "warning: kube-public cluster endpoints are not supported. Falling back to the \
                     endpoint listed in the kubconfig context.",
                );
            } else {
                published(&client, &mut server, &mut config).await;
            }
        }
        let name = self.name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.context);
        let mut data = Data::default();
        data.set("server", server.trim_end_matches('/'));
        data.set("name", name);
        data.set("namespaces", &self.namespace.join(","));
        data.set("config", &config::text(&config));
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
                let variables: BTreeMap<_, _> = self.exec_command_env.iter().cloned().collect();
                exec["env"] = json!(variables);
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
        if self.disable_compression || cluster.disable_compression == Some(true) {
            config["disableCompression"] = json!(true);
        }
        Ok((cluster.server.unwrap_or_default(), config))
    }
}

/// Takes the address and the authority that a cluster publishes, if it does.
async fn published(client: &Client, server: &mut String, config: &mut Value) {
    let maps =
        Api::<DynamicObject>::namespaced_with(client.clone(), "kube-public", &core("ConfigMap"));
    let found = match maps.get_opt("cluster-info").await {
        Ok(Some(map)) => {
            let text = map.data["data"]["kubeconfig"].as_str().unwrap_or_default().to_owned();
            Kubeconfig::from_yaml(&text).ok()
        }
        _ => None,
    };
    let cluster = found.and_then(|found| found.clusters.into_iter().next()?.cluster);
    if let Some(cluster) = cluster
        && let Some(address) = cluster.server
    {
        *server = address;
        if let Some(authority) = cluster.certificate_authority_data {
            config["tlsClientConfig"]["caData"] = json!(authority);
        }
        return;
    }
    output::warn(&format!(
        "warning: the cluster publishes no address (ConfigMap cluster-info in kube-public): {server} of \
         the kubeconfig is taken"
    ));
}

/// The contexts of the kubeconfig, and an error: none was chosen.
pub(in crate::cli::argocd) fn choose(kubeconfig: Option<&Path>) -> anyhow::Result<()> {
    let known = access::kubeconfig(kubeconfig)?;
    let mut lines = vec![line(["CURRENT", "NAME", "CLUSTER", "SERVER"])];
    let mut contexts: Vec<_> = known.contexts.iter().collect();
    contexts.sort_by_key(|context| &context.name);
    for named in contexts {
        let cluster = named.context.as_ref().map_or("", |context| &context.cluster);
        let found = known.clusters.iter().find(|c| c.name == cluster);
        let Some(found) = found.and_then(|c| c.cluster.as_ref()) else { continue };
        let current = known.current_context.as_ref() == Some(&named.name);
        let server = found.server.as_deref().unwrap_or_default();
        lines.push(line([if current { "*" } else { " " }, &named.name, cluster, server]));
    }
    output::print(&align(&lines))?;
    Err(Failure::fatal("Choose a context name from:"))
}

impl Definition {
    /// The name of the context; empty if none is named.
    pub(in crate::cli::argocd) fn context(&self) -> &str {
        &self.context
    }

    /// Whether the kubeconfig has it.
    pub(in crate::cli::argocd) fn is_known(
        &self,
        kubeconfig: Option<&Path>,
    ) -> anyhow::Result<bool> {
        access::has_context(kubeconfig, &self.context)
    }
}

/// In what a stored cluster is not what was asked for, in Argo CD's words.
fn differences(
    known: &Entry,
    data: &Data,
    labels: &Value,
    annotations: &Value,
) -> Vec<&'static str> {
    let others = |field: &str, own: &str| {
        let mut map = known.metadata(field).as_object().cloned().unwrap_or_default();
        map.remove(own);
        Value::Object(map)
    };
    let config = |data: &Data| serde_json::from_str::<Value>(&data.text("config")).ok();
    let text = |field: &str| known.data.text(field) != data.text(field);
    let all = [
        ("Name", text("name")),
        ("Server", text("server")),
        ("Config", config(&known.data) != config(data)),
        ("Namespaces", text("namespaces")),
        ("Shard", text("shard")),
        ("ClusterResources", text("clusterResources")),
        ("Labels", others("labels", LABEL) != *labels),
        ("Annotations", others("annotations", MANAGED_BY) != *annotations),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    kubeconfig: Option<&Path>,
    args: &Args,
) -> anyhow::Result<()> {
    if args.definition.context.is_empty() {
        return choose(kubeconfig);
    }
    let definition = &args.definition;
    definition.check()?;
    if !definition.is_known(kubeconfig)? {
        return Err(Failure::generic(format!(
            "context {} does not exist in kubeconfig",
            definition.context
        )));
    }
    if !args.confirmed()? {
        return Err(Failure::fatal("the cluster was not added"));
    }
    let Described { secret, server, labels, annotations, data } =
        args.definition.describe(kubeconfig, &Account::Made).await?;
    let client = if server == view::LOCAL.1 { connection.client.clone() } else { data.client()? };
    client.apiserver_version().await.map_err(|error| {
        Failure::generic(format!("error getting server version: {server} does not answer: {error}"))
    })?;
    if !secrets.create(&secret, &data, &labels, &annotations).await? {
        let known = secrets
            .list()
            .await?
            .into_iter()
            .find(|e| e.data.text("server") == data.text("server"));
        let differ = known.as_ref().map(|e| differences(e, &data, &labels, &annotations));
        if differ.as_ref().is_none_or(|all| !all.is_empty()) {
            let Some(mut entry) = known.filter(|_| args.upsert) else {
                let keys = differ.unwrap_or_default().join(",");
                return Err(Failure::generic(format!(
                    "existing cluster spec is different; use upsert flag to force update; difference \
                     in keys {keys:?}"
                )));
            };
            entry.data = data;
            *entry.metadata_mut("labels") = labels;
            *entry.metadata_mut("annotations") = annotations;
            secrets.replace(&entry).await?;
        }
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
