//! What the `lookup` of a chart sees of the destination: what the project lets the application
//! deliver, and no more.
//!
//! - An object of a kind and in a namespace that the project permits; a Secret only in the
//!   application's own destination namespace.
//! - Whatever else is there looks as if it were not, and a warning says so. A chart that looks
//!   something up must render without it too: in Argo CD `lookup` always finds nothing.
//! - A kind that is not served has no objects. It may come with the chart itself.

use std::fmt;

use futures::future::BoxFuture;
use windlass_object::{GroupKind, GroupVersionKind, Object, Value, json};
use windlass_tree::GivenLookup;

use crate::controller::{permits_destination, permits_kind};
use crate::types::{AppProject, Destination};

/// How many objects a list may have.
pub const MAX_LIST: usize = 5000;

/// A cluster that is looked at.
pub trait Objects: fmt::Debug + Sync {
    /// Whether objects of a kind lie in namespaces; none if it is not served in this version.
    fn namespaced<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
    ) -> BoxFuture<'a, Result<Option<bool>, String>>;

    /// An object; none if it is not there.
    fn get<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Object>, String>>;

    /// All objects of a kind in a namespace, or with an empty one in all, at most [`MAX_LIST`].
    fn list<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Object>, String>>;
}

/// For whom is looked.
#[derive(Clone, Copy, Debug)]
pub struct Looking<'a> {
    /// The cluster.
    pub objects: &'a dyn Objects,
    /// The application's project.
    pub project: &'a AppProject,
    /// The destination as the application names it, with its namespace.
    pub destination: &'a Destination,
    /// The cluster's address.
    pub server: &'a str,
    /// The cluster's name.
    pub cluster: &'a str,
}

/// What is looked for: what a template's `lookup` is called with.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// `v1`, or `group/version`.
    pub api_version: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Namespace; empty is all, or none.
    pub namespace: &'a str,
    /// Name; empty is all.
    pub name: &'a str,
}

impl Looking<'_> {
    /// What `lookup` answers.
    ///
    /// # Errors
    /// What the cluster says when it cannot tell.
    pub async fn look_up(&self, query: Query<'_>) -> Result<GivenLookup, String> {
        let (group, version) =
            query.api_version.rsplit_once('/').unwrap_or(("", query.api_version));
        let gvk = GroupVersionKind::new(group, version, query.kind);
        let Some(namespaced) = self.objects.namespaced(&gvk).await? else {
            return Ok(nothing(query.name.is_empty().then_some(&gvk), None));
        };
        let namespace = if namespaced { query.namespace } else { "" };
        if query.name.is_empty() {
            return self.list(&gvk, namespaced, namespace).await;
        }
        if namespaced && namespace.is_empty() {
            // As Helm has it: the API has no such path.
            return Ok(nothing(None, None));
        }
        if !self.permits(&gvk.group_kind(), namespaced, namespace, query.name) {
            let which = [namespace, query.name].join("/");
            let which = which.trim_start_matches('/');
            return Ok(nothing(None, Some(self.hidden(&format!("{} {which}", query.kind)))));
        }
        match self.objects.get(&gvk, namespace, query.name).await? {
            Some(object) => Ok(GivenLookup { value: object.into_value().into(), hidden: None }),
            None => Ok(nothing(None, None)),
        }
    }

    async fn list(
        &self,
        gvk: &GroupVersionKind,
        namespaced: bool,
        namespace: &str,
    ) -> Result<GivenLookup, String> {
        let kind = gvk.group_kind();
        let hidden = || Some(self.hidden(&format!("all or some objects of kind {}", gvk.kind)));
        // Secrets elsewhere are not even asked for.
        let own = &self.destination.namespace;
        let elsewhere = is_secret(&kind) && namespace != own;
        if elsewhere && !namespace.is_empty() {
            return Ok(nothing(Some(gvk), hidden()));
        }
        let asked = if elsewhere { own } else { namespace };
        if namespaced && !asked.is_empty() && !self.permits(&kind, namespaced, asked, "") {
            return Ok(nothing(Some(gvk), hidden()));
        }
        let all = self.objects.list(gvk, asked).await?;
        let count = all.len();
        let mut items: Vec<Object> = all
            .into_iter()
            .filter(|object| self.permits(&kind, namespaced, object.namespace(), object.name()))
            .collect();
        items.sort_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
        let hidden = if elsewhere || items.len() < count { hidden() } else { None };
        Ok(GivenLookup { value: list(gvk, items).into(), hidden })
    }

    fn permits(&self, kind: &GroupKind, namespaced: bool, namespace: &str, name: &str) -> bool {
        if !permits_kind(self.project, kind, name, namespaced) {
            return false;
        }
        if is_secret(kind) && namespace != self.destination.namespace {
            return false;
        }
        !namespaced || permits_destination(self.project, self.cluster, self.server, namespace)
    }

    fn hidden(&self, what: &str) -> String {
        let project = self.project.name();
        format!(
            "lookup of {what}: shown as if it were not there, since the project {project:?} does not \
             permit it (Secrets are seen in the destination namespace only)"
        )
    }
}

fn is_secret(kind: &GroupKind) -> bool {
    kind.group.is_empty() && kind.kind == "Secret"
}

/// No object; or where a kind is given, no objects of it.
fn nothing(listed: Option<&GroupVersionKind>, hidden: Option<String>) -> GivenLookup {
    let value = listed.map_or_else(|| json!({}), |gvk| list(gvk, Vec::new()));
    GivenLookup { value: value.into(), hidden }
}

/// A list as the API answers it, without its resource version: that changes with every write of
/// anything, and would outdate every render.
fn list(gvk: &GroupVersionKind, items: Vec<Object>) -> Value {
    let items: Vec<Value> = items.into_iter().map(Object::into_value).collect();
    json!({
        "apiVersion": gvk.api_version(), "kind": format!("{}List", gvk.kind),
        "metadata": {}, "items": items,
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[derive(Debug)]
    struct Cluster(Vec<Object>);

    impl Objects for Cluster {
        fn namespaced<'a>(
            &'a self,
            gvk: &'a GroupVersionKind,
        ) -> BoxFuture<'a, Result<Option<bool>, String>> {
            let known = match (gvk.group.as_str(), gvk.kind.as_str()) {
                ("", "Node") => Some(false),
                ("", _) => Some(true),
                _ => None,
            };
            async move { Ok(known) }.boxed()
        }

        fn get<'a>(
            &'a self,
            gvk: &'a GroupVersionKind,
            namespace: &'a str,
            name: &'a str,
        ) -> BoxFuture<'a, Result<Option<Object>, String>> {
            let is =
                |o: &&Object| o.gvk() == *gvk && (o.namespace(), o.name()) == (namespace, name);
            let found = self.0.iter().find(is).cloned();
            async { Ok(found) }.boxed()
        }

        fn list<'a>(
            &'a self,
            gvk: &'a GroupVersionKind,
            namespace: &'a str,
        ) -> BoxFuture<'a, Result<Vec<Object>, String>> {
            let is = |o: &&Object| {
                o.gvk() == *gvk && (namespace.is_empty() || o.namespace() == namespace)
            };
            let found = self.0.iter().filter(is).cloned().collect();
            async { Ok(found) }.boxed()
        }
    }

    #[test]
    fn a_chart_sees_what_its_project_permits() {
        let object = |kind: &str, namespace: &str, name: &str| {
            let mut metadata = json!({"name": name});
            if !namespace.is_empty() {
                metadata["namespace"] = json!(namespace);
            }
            let value = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
            Object::try_from(value).unwrap()
        };
        let cluster = Cluster(vec![
            object("ConfigMap", "team-a", "own"),
            object("ConfigMap", "team-b", "beside"),
            object("ConfigMap", "other", "foreign"),
            object("Secret", "team-a", "own"),
            object("Secret", "team-b", "beside"),
            object("Service", "team-a", "denied"),
            object("Node", "", "n"),
        ]);
        let project = |cluster_kinds: Value| -> AppProject {
            serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": {
                "destinations": [{"server": "*", "namespace": "team-*"}],
                "clusterResourceWhitelist": cluster_kinds,
                "namespaceResourceBlacklist": [{"group": "", "kind": "Service"}],
            }}))
            .unwrap()
        };
        let (narrow, wide) = (project(json!([])), project(json!([{"group": "*", "kind": "*"}])));
        let destination = Destination { namespace: "team-a".into(), ..Destination::default() };
        // What is found, by name; `!` where something is hidden; nothing is "-", an empty list "".
        let check = |project: &AppProject, query: [&str; 4], expected: &str| {
            let looking = Looking {
                objects: &cluster,
                project,
                destination: &destination,
                server: "https://x",
                cluster: "x",
            };
            let [api_version, kind, namespace, name] = query;
            let query_ = Query { api_version, kind, namespace, name };
            let found = looking.look_up(query_).now_or_never().unwrap().unwrap();
            let mut text = match found.value.get("items") {
                Some(items) => {
                    assert_eq!(found.value["kind"], format!("{kind}List"));
                    let names = items.as_array().unwrap().iter();
                    let names = names.map(|o| o["metadata"]["name"].as_str().unwrap());
                    names.collect::<Vec<_>>().join(" ")
                }
                None => found.value["metadata"]["name"].as_str().unwrap_or("-").to_owned(),
            };
            if found.hidden.is_some() {
                text.push('!');
            }
            assert_eq!(text, expected, "{query:?}");
        };
        check(&narrow, ["v1", "ConfigMap", "team-a", "own"], "own");
        check(&narrow, ["v1", "ConfigMap", "team-a", "missing"], "-");
        check(&narrow, ["v1", "ConfigMap", "team-b", "beside"], "beside");
        check(&narrow, ["v1", "ConfigMap", "other", "foreign"], "-!");
        check(&narrow, ["v1", "ConfigMap", "", "own"], "-");
        check(&narrow, ["v1", "ConfigMap", "team-a", ""], "own");
        check(&narrow, ["v1", "ConfigMap", "", ""], "own beside!");
        check(&narrow, ["v1", "ConfigMap", "other", ""], "!");
        check(&narrow, ["v1", "Secret", "team-a", "own"], "own");
        check(&narrow, ["v1", "Secret", "team-b", "beside"], "-!");
        check(&narrow, ["v1", "Secret", "team-b", ""], "!");
        check(&narrow, ["v1", "Secret", "", ""], "own!");
        check(&narrow, ["v1", "Service", "team-a", "denied"], "-!");
        check(&narrow, ["v1", "Node", "", "n"], "-!");
        check(&wide, ["v1", "Node", "", "n"], "n");
        check(&wide, ["v1", "Node", "ignored", ""], "n");
        check(&wide, ["acme.test/v1", "Thing", "team-a", "x"], "-");
        check(&wide, ["acme.test/v1", "Thing", "team-a", ""], "");
        check(&wide, ["apps/v1", "ConfigMap", "team-a", "own"], "-");
    }
}
