//! What charts look up, seen with the rights of who asks and within what the project permits.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind as Gvk};
use windlass_argo::lookup::{Looking, MAX_LIST, Objects};
use windlass_argo::types::{AppProject, Application, GROUP, VERSION};
use windlass_object::{GroupVersionKind, Object};

use super::comparison::IN_CLUSTER;
use super::connection::Connection;
use super::kinds::Kinds;

/// The cluster here, and the project of an application that goes to it.
pub(super) struct Lookups {
    connection: Connection,
    project: AppProject,
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}

impl Lookups {
    /// None if the application goes elsewhere, or its project cannot be read.
    pub(super) async fn open(connection: &Connection, app: &Application) -> Option<Self> {
        let destination = &app.spec.destination;
        if ![&destination.server, &destination.name]
            .iter()
            .any(|d| IN_CLUSTER.contains(&d.as_str()))
        {
            return None;
        }
        let kind = ApiResource::from_gvk(&Gvk::gvk(GROUP, VERSION, "AppProject"));
        let projects: Api<DynamicObject> =
            Api::namespaced_with(connection.client.clone(), &connection.namespace, &kind);
        let found = projects.get_opt(app.project()).await.ok()??;
        let found = Object::try_from(serde_json::to_value(found).ok()?).ok()?;
        let project = AppProject::from_object(&found).ok()?;
        Some(Self { connection: connection.clone(), project })
    }

    /// For the application that it was opened for.
    pub(super) fn looking<'a>(&'a self, app: &'a Application) -> Looking<'a> {
        let [server, cluster] = IN_CLUSTER;
        let destination = &app.spec.destination;
        Looking { objects: self, project: &self.project, destination, server, cluster }
    }

    async fn kinds(&self) -> Result<&Kinds, String> {
        self.connection.kinds().await.map_err(|error| format!("{error:#}"))
    }
}

impl Objects for Lookups {
    fn namespaced<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
    ) -> BoxFuture<'a, Result<Option<bool>, String>> {
        async { Ok(self.kinds().await?.namespaced_version(gvk)) }.boxed()
    }

    fn get<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Object>, String>> {
        async move {
            let found = self.kinds().await?.get(gvk, namespace, name).await;
            found.map_err(|error| format!("{error:#}"))
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Object>, String>> {
        async move {
            let found = self.kinds().await?.list(gvk, namespace, MAX_LIST).await;
            found.map_err(|error| format!("{error:#}"))
        }
        .boxed()
    }
}
