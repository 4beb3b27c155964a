//! The flags that `proj create` and `proj set` share.

use windlass_object::{Value, json};

use super::store::Project;
use crate::cli::failure::Failure;

/// What a project allows.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Options {
    /// Description.
    #[arg(long)]
    description: Option<String>,
    /// Permitted destination: server and namespace, such as https://1.2.3.4:8443,default.
    #[arg(long, short, value_name = "SERVER,NAMESPACE")]
    dest: Vec<String>,
    /// Permitted address of repositories.
    #[arg(long, short, value_name = "URL")]
    src: Vec<String>,
    /// GnuPG keys that commits must be signed with.
    #[arg(long, value_delimiter = ',', value_name = "KEY-ID")]
    signature_keys: Vec<String>,
    /// Watch for objects that belong to no application.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    orphaned_resources: Option<bool>,
    /// Whether applications get a condition where there are such.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    orphaned_resources_warn: Option<bool>,
    /// Allowed kind of the cluster, GROUP/KIND or KIND.
    #[arg(long, value_name = "KIND")]
    allow_cluster_resource: Vec<String>,
    /// Denied kind of the cluster.
    #[arg(long, value_name = "KIND")]
    deny_cluster_resource: Vec<String>,
    /// Allowed kind of a namespace.
    #[arg(long, value_name = "KIND")]
    allow_namespaced_resource: Vec<String>,
    /// Denied kind of a namespace.
    #[arg(long, value_name = "KIND")]
    deny_namespaced_resource: Vec<String>,
    /// Namespaces whose applications may be of the project.
    #[arg(long, value_delimiter = ',', value_name = "NAMESPACE")]
    source_namespaces: Vec<String>,
    /// Account to sync with: server, namespace and service account.
    #[arg(long, value_name = "SERVER,NAMESPACE,ACCOUNT")]
    dest_service_accounts: Vec<String>,
}

impl Options {
    /// Writes the flags that are given; how many that are.
    pub(super) fn apply(&self, project: &mut Project) -> anyhow::Result<usize> {
        let mut given = 0;
        let mut set = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                project.value["spec"][field] = value;
                given += 1;
            }
        };
        set("description", self.description.as_ref().map(|text| json!(text)));
        set("destinations", each(&self.dest, destination)?);
        set("sourceRepos", each(&self.src, |url| Ok(json!(url)))?);
        set("signatureKeys", each(&self.signature_keys, signature_key)?);
        for (field, kinds) in [
            ("clusterResourceWhitelist", &self.allow_cluster_resource),
            ("clusterResourceBlacklist", &self.deny_cluster_resource),
            ("namespaceResourceWhitelist", &self.allow_namespaced_resource),
            ("namespaceResourceBlacklist", &self.deny_namespaced_resource),
        ] {
            let wanted = kinds.iter().filter_map(|text| group_kind(text)).collect::<Vec<_>>();
            // Where none can be read, nothing is said.
            let wanted = if wanted.is_empty() { Value::Null } else { json!(wanted) };
            set(field, (!kinds.is_empty()).then_some(wanted));
        }
        set("sourceNamespaces", each(&self.source_namespaces, |name| Ok(json!(name)))?);
        let accounts = each(&self.dest_service_accounts, service_account)?;
        set("destinationServiceAccounts", accounts);
        match (self.orphaned_resources, self.orphaned_resources_warn) {
            (None, None) => {}
            (_, Some(warn)) => set("orphanedResources", Some(json!({"warn": warn}))),
            (Some(true), None) => set("orphanedResources", Some(json!({}))),
            (Some(false), None) => set("orphanedResources", Some(Value::Null)),
        }
        Ok(given)
    }
}

fn each(
    given: &[String],
    read: impl Fn(&str) -> anyhow::Result<Value>,
) -> anyhow::Result<Option<Value>> {
    if given.is_empty() {
        return Ok(None);
    }
    let values: Result<Vec<Value>, _> = given.iter().map(|text| read(text)).collect();
    Ok(Some(json!(values?)))
}

fn destination(text: &str) -> anyhow::Result<Value> {
    match text.split(',').collect::<Vec<_>>().as_slice() {
        [server, namespace] => Ok(json!({"server": server, "namespace": namespace})),
        _ => Err(Failure::fatal(format!(
            "Expected destination of the form: server,namespace. Received: {text}"
        ))),
    }
}

fn service_account(text: &str) -> anyhow::Result<Value> {
    match text.split(',').collect::<Vec<_>>().as_slice() {
        [server, namespace, account] => Ok(json!({
            "server": server, "namespace": namespace, "defaultServiceAccount": account,
        })),
        _ => Err(Failure::fatal(format!(
            "Expected destination service account of the form: server,namespace, \
             defaultServiceAccount. Received: {text}"
        ))),
    }
}

/// `GROUP/KIND` or `KIND`; anything else is passed over, as argocd does.
fn group_kind(text: &str) -> Option<Value> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [group, kind] => Some(json!({"group": group, "kind": kind})),
        [kind] => Some(json!({"group": "", "kind": kind})),
        _ => None,
    }
}

fn signature_key(text: &str) -> anyhow::Result<Value> {
    if !is_key_id(text) {
        return Err(Failure::fatal(format!("'{text}' is not a valid GnuPG key ID")));
    }
    // Of a fingerprint the last sixteen digits are the id.
    Ok(json!({"keyID": &text[text.len() - 16..]}))
}

/// Whether the text is a GnuPG key's id or fingerprint.
pub(super) fn is_key_id(text: &str) -> bool {
    [16, 40].contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
