//! Where a policy comes from: a file, or the config map of a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use windlass_argo::rbac::{MatchMode, policy_csv};
use windlass_object::{Value, yaml};

use super::super::super::super::kube::{Store, core};
use crate::cli::app::{Connection, Flags};
use crate::cli::failure::{Failure, go_words};

/// Where it is.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// File with the policy, as CSV or as a config map like argocd-rbac-cm.
    #[arg(long, value_name = "FILE")]
    policy_file: Option<PathBuf>,
    /// Namespace of argocd-rbac-cm.
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

/// What is set.
pub(super) struct Settings {
    pub(super) text: String,
    pub(super) default_role: String,
    pub(super) mode: MatchMode,
}

impl Place {
    pub(super) async fn read(&self, flags: &Flags) -> anyhow::Result<Settings> {
        // A namespace of the environment does not stand against a file.
        let default = flags.namespace().filter(|_| self.policy_file.is_none());
        let namespace = self.namespace.as_deref().or(default);
        match (&self.policy_file, namespace) {
            (Some(path), None) => {
                let bytes = std::fs::read(path).map_err(|error| {
                    let why = go_words(&error);
                    let path = path.display();
                    Failure::fatal(format!("error opening policy file: open {path}: {why}"))
                })?;
                Ok(of_file(&bytes))
            }
            (None, Some(namespace)) => {
                let mut connection = Connection::open(flags).await?;
                namespace.clone_into(&mut connection.namespace);
                let maps = Store::new(&connection, core("ConfigMap"));
                let map = maps.get("argocd-rbac-cm").await;
                let map =
                    map.map_err(|e| Failure::fatal(format!("could not get configmap: {e:#}")))?;
                Ok(of_map(&map))
            }
            _ => {
                let text = "please provide exactly one of --policy-file or --namespace";
                Err(Failure::fatal(text))
            }
        }
    }
}

/// A config map if it is one, else CSV.
fn of_file(bytes: &[u8]) -> Settings {
    let is_text = |map: &Value| {
        map["data"].as_object().is_none_or(|data| data.values().all(Value::is_string))
    };
    match yaml::parse_one(bytes, &yaml::Options::default()) {
        Ok(map @ Value::Object(_)) if is_text(&map) => of_map(&map),
        _ => Settings {
            text: String::from_utf8_lossy(bytes).into_owned(),
            default_role: String::new(),
            mode: MatchMode::Glob,
        },
    }
}

fn of_map(map: &Value) -> Settings {
    let fields = map["data"].as_object().into_iter().flatten();
    let data: BTreeMap<String, String> =
        fields.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
    let text = |key: &str| data.get(key).cloned().unwrap_or_default();
    let mode = if text("policy.matchMode") == "regex" { MatchMode::Regex } else { MatchMode::Glob };
    Settings { text: policy_csv(&data), default_role: text("policy.default"), mode }
}
