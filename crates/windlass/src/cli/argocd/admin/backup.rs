//! What a backup of Argo CD is made of.

use std::collections::BTreeMap;

use kube::core::{ApiResource, GroupVersionKind};
use windlass_argo::types::{GROUP, VERSION};
use windlass_object::{Value, json};
use windlass_tree::Glob;

use super::super::kube::{Store, core, projects};
use crate::cli::app::Connection;

pub(super) const CONFIG_MAPS: [&str; 4] =
    ["argocd-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm"];

/// Namespaces other than Argo CD's own whose objects belong to the backup, globs.
pub(super) struct Namespaces {
    applications: Vec<String>,
    application_sets: Vec<String>,
}

/// A kind of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
    AppProject,
    Application,
    ApplicationSet,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ConfigMap" => Self::ConfigMap,
            "Secret" => Self::Secret,
            "AppProject" => Self::AppProject,
            "Application" => Self::Application,
            "ApplicationSet" => Self::ApplicationSet,
            _ => return None,
        })
    }

    /// Group and kind, as an import tells them.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::ConfigMap => "/ConfigMap",
            Self::Secret => "/Secret",
            Self::AppProject => "argoproj.io/AppProject",
            Self::Application => "argoproj.io/Application",
            Self::ApplicationSet => "argoproj.io/ApplicationSet",
        }
    }

    pub(super) fn resource(self) -> ApiResource {
        let own = |kind: &str| ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, kind));
        match self {
            Self::ConfigMap => core("ConfigMap"),
            Self::Secret => core("Secret"),
            Self::AppProject => projects(),
            Self::Application => own("Application"),
            Self::ApplicationSet => own("ApplicationSet"),
        }
    }
}

impl Namespaces {
    /// Those that are given, else those of `argocd-cmd-params-cm`.
    pub(super) async fn read(
        connection: &Connection,
        applications: &[String],
        application_sets: &[String],
    ) -> anyhow::Result<Self> {
        let maps = Store::new(connection, core("ConfigMap"));
        let settings = maps.find("argocd-cmd-params-cm").await?.unwrap_or_default();
        let or_set = |given: &[String], key: &str| -> Vec<String> {
            if !given.is_empty() {
                return given.to_vec();
            }
            let text = settings["data"][key].as_str().unwrap_or_default();
            text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
        };
        Ok(Self {
            applications: or_set(applications, "application.namespaces"),
            application_sets: or_set(application_sets, "applicationsetcontroller.namespaces"),
        })
    }

    /// Whether an object of a namespace belongs to the backup.
    pub(super) fn has(&self, kind: Kind, namespace: &str, own: &str) -> bool {
        let more = match kind {
            Kind::Application => &self.applications,
            Kind::ApplicationSet => &self.application_sets,
            _ => return namespace == own,
        };
        let fits = |pattern: &String| match pattern.strip_prefix('/') {
            Some(regex) => regex::Regex::new(regex.trim_end_matches('/'))
                .is_ok_and(|regex| regex.is_match(namespace)),
            None => Glob::new(pattern).is_ok_and(|glob| glob.matches(namespace)),
        };
        namespace == own || more.iter().any(fits)
    }

    fn is_wide(&self, kind: Kind) -> bool {
        match kind {
            Kind::Application => !self.applications.is_empty(),
            Kind::ApplicationSet => !self.application_sets.is_empty(),
            _ => false,
        }
    }
}

fn is_argocds(secret: &Value) -> bool {
    let metadata = &secret["metadata"];
    metadata["name"] == "argocd-secret"
        || !metadata["labels"]["argocd.argoproj.io/secret-type"].is_null()
        || metadata["annotations"]["managed-by"] == "argocd.argoproj.io"
}

/// Everything that belongs to a backup, in the order in which it is written.
pub(super) async fn everything(
    connection: &Connection,
    namespaces: &Namespaces,
) -> anyhow::Result<Vec<(Kind, Value)>> {
    let own = connection.namespace.as_str();
    let mut all = Vec::new();
    let maps = Store::new(connection, Kind::ConfigMap.resource());
    for name in CONFIG_MAPS {
        if let Some(map) = maps.find(name).await? {
            all.push((Kind::ConfigMap, map));
        }
    }
    for kind in [Kind::Secret, Kind::AppProject, Kind::Application, Kind::ApplicationSet] {
        let store = if namespaces.is_wide(kind) {
            Store::everywhere(connection, kind.resource())
        } else {
            Store::new(connection, kind.resource())
        };
        let found = match store.list("").await {
            Ok(found) => found,
            // Without ApplicationSets their kind may not be served.
            Err(_) if kind == Kind::ApplicationSet => Vec::new(),
            Err(error) => return Err(error),
        };
        all.extend(found.into_iter().filter_map(|object| {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            let wanted = namespaces.has(kind, namespace, own)
                && (kind != Kind::Secret || is_argocds(&object));
            wanted.then_some((kind, object))
        }));
    }
    Ok(all)
}

/// An object as it is written: without what the API makes up.
pub(super) fn written(object: &Value, own: &str) -> Value {
    let old = &object["metadata"];
    let mut metadata = BTreeMap::from([("name", old["name"].clone())]);
    for field in ["labels", "annotations", "finalizers"] {
        if !old[field].is_null() {
            metadata.insert(field, old[field].clone());
        }
    }
    if old["namespace"] != own {
        metadata.insert("namespace", old["namespace"].clone());
    }
    let mut object = object.clone();
    object["metadata"] = json!(metadata);
    object
}
