//! `argocd admin cluster kubeconfig`.

use std::path::PathBuf;

use windlass_object::{Value, json, yaml};

use super::super::super::cluster::view;
use super::super::super::secrets::Secrets;
use crate::cli::app::{Connection, Flags};
use crate::cli::failure::{Failure, go_words};
use crate::cli::private_file;

/// Write a kubeconfig for a cluster, with its credentials: a new file can be read by its owner alone.
///
/// Examples:
///   windlass admin cluster kubeconfig https://12.34.567.89 ./kubeconfig
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name or address of the cluster.
    #[arg(id = "address", value_name = "CLUSTER")]
    cluster: String,
    /// File to write.
    output: PathBuf,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let secrets = Secrets::new(&connection, "cluster");
    let cluster = view::find(&secrets, &args.cluster).await?;
    if cluster.entry.is_none() {
        return Err(Failure::generic(format!(
            "no secret says how {} is signed in to: use the kubeconfig that this command used",
            args.cluster
        )));
    }
    let text = yaml::to_string(&of(&cluster, &connection.namespace));
    if let Some(directory) = args.output.parent() {
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::generic(format!("mkdir {}: {}", directory.display(), go_words(&error)))
        })?;
    }
    private_file::write(&args.output, &text).map_err(|error| {
        Failure::generic(format!("open {}: {}", args.output.display(), go_words(&error)))
    })
}

/// The kubeconfig, with everything under the cluster's address.
fn of(cluster: &view::Cluster, namespace: &str) -> Value {
    let config = cluster.credentials();
    let tls = &config["tlsClientConfig"];
    let server = cluster.text("server");
    let mut to = json!({"server": server});
    let mut user = json!({});
    for (from, field) in [
        ("insecure", "insecure-skip-tls-verify"),
        ("caData", "certificate-authority-data"),
        ("serverName", "tls-server-name"),
    ] {
        set(&mut to, field, &tls[from]);
    }
    set(&mut to, "proxy-url", &config["proxyUrl"]);
    set(&mut user, "client-certificate-data", &tls["certData"]);
    set(&mut user, "client-key-data", &tls["keyData"]);
    for (from, field) in
        [("username", "username"), ("password", "password"), ("bearerToken", "token")]
    {
        set(&mut user, field, &config[from]);
    }
    let exec = &config["execProviderConfig"];
    if !exec.is_null() {
        let variables = exec["env"].as_object().into_iter().flatten();
        let variables: Vec<Value> =
            variables.map(|(name, value)| json!({"name": name, "value": value})).collect();
        user["exec"] = json!({
            "command": exec["command"], "args": exec["args"], "env": variables,
            "apiVersion": exec["apiVersion"], "installHint": exec["installHint"],
            "interactiveMode": "Never", "provideClusterInfo": false,
        });
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": server, "cluster": to}],
        "users": [{"name": server, "user": user}],
        "contexts": [{
            "name": server,
            "context": {"cluster": server, "user": server, "namespace": namespace},
        }],
        "current-context": server,
    })
}

fn set(map: &mut Value, field: &str, value: &Value) {
    if !value.is_null() && *value != json!("") && *value != json!(false) {
        map[field] = value.clone();
    }
}
