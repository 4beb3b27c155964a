//! `argocd proj allow-cluster-resource`, `deny-cluster-resource`, `allow-namespace-resource` and
//! `deny-namespace-resource`.

use windlass_object::json;

use super::store::Projects;
use crate::cli::output;

/// A kind, and the list that is changed.
#[derive(Debug, clap::Args)]
struct Kind {
    /// Name of the project.
    project: String,
    /// API group.
    group: String,
    /// Kind.
    kind: String,
    /// The list: allow or deny.
    #[arg(long, short, value_name = "LIST")]
    list: Option<String>,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident: $allows:literal, $namespaced:literal;)*) => {$(
        #[derive(Debug, clap::Args)]
        $(#[$doc])*
        pub(crate) struct $name {
            #[command(flatten)]
            kind: Kind,
        }

        impl $name {
            pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
                self.kind.change(projects, $allows, $namespaced).await
            }
        }
    )*};
}

commands! {
    /// Add a kind of the cluster to the allowed ones, or take it from the denied.
    ///
    /// Examples:
    ///   windlass proj allow-cluster-resource shop apps Deployment
    #[command(verbatim_doc_comment)]
    AllowCluster: true, false;
    /// Take a kind of the cluster from the allowed ones, or add it to the denied.
    ///
    /// Examples:
    ///   windlass proj deny-cluster-resource shop "" Namespace
    #[command(verbatim_doc_comment)]
    DenyCluster: false, false;
    /// Take a kind of namespaces from the denied ones, or add it to the allowed.
    ///
    /// Examples:
    ///   windlass proj allow-namespace-resource shop "" Secret --list deny
    #[command(verbatim_doc_comment)]
    AllowNamespace: true, true;
    /// Add a kind of namespaces to the denied ones, or take it from the allowed.
    ///
    /// Examples:
    ///   windlass proj deny-namespace-resource shop "" Secret
    #[command(verbatim_doc_comment)]
    DenyNamespace: false, true;
}

impl Kind {
    async fn change(
        &self,
        projects: &Projects<'_>,
        allows: bool,
        namespaced: bool,
    ) -> anyhow::Result<()> {
        let default = if namespaced { "deny" } else { "allow" };
        let white = ["allow", "white"].contains(&self.list.as_deref().unwrap_or(default));
        let (field, list) = match (namespaced, white) {
            (true, true) => ("namespaceResourceWhitelist", "allowed namespaced"),
            (true, false) => ("namespaceResourceBlacklist", "denied namespaced"),
            (false, true) => ("clusterResourceWhitelist", "allowed cluster"),
            (false, false) => ("clusterResourceBlacklist", "denied cluster"),
        };
        let mut project = projects.get(&self.project).await?;
        let kinds = project.items_mut(field);
        let (group, kind) = (self.group.as_str(), self.kind.as_str());
        let found = kinds.iter().position(|known| known["group"] == group && known["kind"] == kind);
        let changed = match (found, allows == white) {
            (Some(_), true) => "already present in",
            (None, true) => {
                kinds.push(json!({"group": group, "kind": kind}));
                "is added to"
            }
            (Some(at), false) => {
                kinds.remove(at);
                "is removed from"
            }
            (None, false) => "not in",
        };
        if field == "namespaceResourceWhitelist" && kinds.is_empty() {
            // As argocd writes it: without any allowed kind the list is no longer there.
            project.value["spec"][field] = serde_json::Value::Null;
        }
        output::print_line(&format!(
            "Group '{group}' and kind '{kind}' {changed} {list} resources"
        ))?;
        if changed.starts_with("is ") { projects.update(project).await } else { Ok(()) }
    }
}
