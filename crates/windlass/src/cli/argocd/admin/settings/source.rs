//! Where `admin settings` takes `argocd-cm` and `argocd-secret` from: files, or a cluster.

use std::collections::BTreeMap;

use windlass_object::{Value, yaml};

use super::super::super::kube::{Store, core};
use crate::cli::app::{Connection, Flags, read_text};
use crate::cli::failure::Failure;

/// Where they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// File with the config map argocd-cm.
    #[arg(long, global = true, value_name = "FILE")]
    argocd_cm_path: Option<String>,
    /// File with the secret argocd-secret.
    #[arg(long, global = true, value_name = "FILE")]
    argocd_secret_path: Option<String>,
    /// Take both from the cluster.
    #[arg(long, global = true)]
    load_cluster_settings: bool,
}

impl Source {
    /// The data of `argocd-cm`.
    pub(super) async fn config(&self, flags: &Flags) -> anyhow::Result<BTreeMap<String, String>> {
        let map = match self.argocd_cm_path.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => read_object(path, "configmap", "argocd-cm")?,
            None if self.load_cluster_settings => {
                let connection = Connection::open(flags).await?;
                Store::new(&connection, core("ConfigMap")).get("argocd-cm").await?
            }
            None => {
                return Err(Failure::generic(
                    "either --argocd-cm-path must be provided or --load-cluster-settings must be \
                     set to true",
                ));
            }
        };
        if let Some(path) = self.argocd_secret_path.as_deref().filter(|path| !path.is_empty()) {
            // Nothing of what is asked here depends on it, but it must be there.
            read_object(path, "secret", "argocd-secret")?;
        }
        let data = map["data"].as_object().into_iter().flatten();
        Ok(data.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned()))).collect())
    }
}

/// A file's object, which must have this name.
fn read_object(path: &str, kind: &str, name: &str) -> anyhow::Result<Value> {
    let value = read_yaml(path)?;
    if !value.is_object() {
        return Err(Failure::generic(format!("{path}: expected an object of the kind {kind}")));
    }
    match value["metadata"]["name"].as_str() {
        Some(given) if given != name => {
            Err(Failure::generic(format!("{kind} {name:?} not found: {path} has {given:?}")))
        }
        _ => Ok(value),
    }
}

/// A file's value.
pub(super) fn read_yaml(path: &str) -> anyhow::Result<Value> {
    let text = read_text(path)?;
    yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| Failure::generic(format!("{path}: {error}")))
}
