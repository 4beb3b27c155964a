//! Create, replace, update, delete.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use windlass_object::{GroupVersionKind, Object, ResourceKey, go, json};

use crate::Error;
use crate::apply::{Applied, DryRun, Outcome, UPDATER};
use crate::connection::Cluster;
use crate::decode::Uid;
use crate::discovery::ApiKind;
use crate::http::Call;
use crate::limits::TRIES;

/// What becomes of the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// Deleted before it.
    Foreground,
    /// Deleted after it.
    Background,
    /// Left.
    Orphan,
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// What becomes of dependents; none is as the kind has it.
    pub propagation: Option<Propagation>,
    /// Only if the object is this one.
    pub uid: Option<String>,
    /// Only if the object is at this version.
    pub resource_version: Option<String>,
    /// Whether nothing is really done.
    pub dry_run: bool,
}

/// A conflicting writer is waited for this often.
const CONFLICTS: u32 = 5;
/// Pause before it is asked again whether an object was made; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a new kind may take to be served.
const SERVED: Duration = Duration::from_secs(3);

impl Cluster {
    /// Creates an object; what exists is refused.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn create(&self, object: &Object, dry_run: DryRun) -> Result<Applied, Error> {
        let kind = self.kind(&object.gvk()).await?;
        let object = match dry_run {
            DryRun::Client => object.clone(),
            _ => self.post(&kind, object, UPDATER, dry_run).await?,
        };
        Ok(Applied::new(Outcome::Created, object))
    }

    pub(crate) async fn post(
        &self,
        kind: &Arc<ApiKind>,
        object: &Object,
        manager: &str,
        dry_run: DryRun,
    ) -> Result<Object, Error> {
        let call = Call::new(Method::POST, kind.collection(object.namespace()))
            .query("fieldManager", manager)
            .body("application/json", go::to_json(&object.to_value()));
        let call = dry_run.mark(call);
        let mut doubtful = false;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let error = match self.write(kind, &call).await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            doubtful |= error.may_have_been_done();
            let unclear = doubtful && (error.may_have_been_done() || error.is_conflict());
            if !unclear || attempt >= TRIES {
                return Err(error);
            }
            // Whether it was made shows only in what is there. To give up here would have a hook
            // run that nobody knows of.
            if dry_run == DryRun::None
                && let Some(live) =
                    self.fetch(&kind.gvk(), object.namespace(), object.name()).await?
                && is_made_of(&live, object)
            {
                self.mirror(kind, go::to_json(&live.to_value()).as_bytes())?;
                return Ok(live);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the loop returns")
    }

    /// Replaces an object whatever its version, or, with force, deletes and creates it.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn replace(
        &self,
        object: &Object,
        force: bool,
        dry_run: DryRun,
    ) -> Result<Applied, Error> {
        let kind = self.kind(&object.gvk()).await?;
        let outcome = Outcome::Replaced;
        if dry_run == DryRun::Client {
            return Ok(Applied::new(outcome, object.clone()));
        }
        if force {
            let object = self.recreate(&kind, object, dry_run).await?;
            return Ok(Applied::new(outcome, object));
        }
        let mut target = object.clone();
        for attempt in 1.. {
            let live = if attempt == 1 {
                self.live(&object.key(), &kind.version).await?
            } else {
                self.fetch(&object.gvk(), object.namespace(), object.name()).await?
            };
            if let Some(live) = live {
                target.set(&["metadata", "resourceVersion"], live.resource_version());
            }
            match self.update(&target, dry_run).await {
                Err(error) if error.is_conflict() && attempt < CONFLICTS => {}
                Err(error) => return Err(error.when("replacing")),
                Ok(object) => return Ok(Applied::new(outcome, object)),
            }
        }
        unreachable!("the loop returns")
    }

    /// Stores an object in the place of the one at its resource version.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn update(&self, object: &Object, dry_run: DryRun) -> Result<Object, Error> {
        let kind = self.kind(&object.gvk()).await?;
        let call = Call::new(Method::PUT, kind.path(object.namespace(), object.name()))
            .query("fieldManager", UPDATER)
            .body("application/json", go::to_json(&object.to_value()));
        self.write(&kind, &dry_run.mark(call)).await
    }

    /// Merges a JSON merge patch into an object.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn merge_patch(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
        patch: &windlass_object::Value,
    ) -> Result<Object, Error> {
        let kind = self.kind(gvk).await?;
        let call = Call::new(Method::PATCH, kind.path(namespace, name))
            .query("fieldManager", UPDATER)
            .body("application/merge-patch+json", patch.to_string());
        self.write(&kind, &call).await
    }

    /// Asks for an object to be deleted.
    ///
    /// # Errors
    /// As the API answers, also when it is not there.
    pub async fn delete(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), Error> {
        let kind = self.kind(gvk).await?;
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if let Some(propagation) = options.propagation {
            body["propagationPolicy"] = match propagation {
                Propagation::Foreground => "Foreground",
                Propagation::Background => "Background",
                Propagation::Orphan => "Orphan",
            }
            .into();
        }
        if options.uid.is_some() || options.resource_version.is_some() {
            let mut conditions = windlass_object::Map::new();
            if let Some(uid) = &options.uid {
                conditions.insert("uid".into(), uid.as_str().into());
            }
            if let Some(version) = &options.resource_version {
                conditions.insert("resourceVersion".into(), version.as_str().into());
            }
            body["preconditions"] = conditions.into();
        }
        if options.dry_run {
            body["dryRun"] = json!(["All"]);
        }
        let call = Call::new(Method::DELETE, kind.path(namespace, name))
            .body("application/json", body.to_string());
        if options.dry_run {
            return self.transport().send(&call).await.map(|_| ());
        }
        let conditional = options.uid.is_some() || options.resource_version.is_some();
        let mut attempt = 1;
        // The answer is the object while something holds it, marked; else a Status, or of some
        // kinds the object as it was.
        let body = loop {
            match self.transport().send(&call).await {
                // Somebody wrote at the same time, and there was nothing to disagree about.
                Err(error) if error.is_conflict() && !conditional && attempt < CONFLICTS => {}
                result => break result?,
            }
            attempt += 1;
        };
        let answer: Object = self.readable(&kind, &body)?;
        let uid = match answer.kind() {
            "Status" => answer.str_at(&["details", "uid"]),
            _ if answer.is_terminating() => return self.mirror(&kind, &body),
            _ => answer.uid(),
        };
        let key = ResourceKey::new(&kind.group, &kind.kind, namespace, name);
        self.store().removed(&key, Uid::of(uid));
        Ok(())
    }

    /// Takes finalizers from an object, if it still has them.
    ///
    /// # Errors
    /// As the API answers; an object that is not there has none.
    pub async fn remove_finalizers(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
        drop: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Error> {
        for attempt in 1.. {
            let Some(live) = self.fetch(gvk, namespace, name).await? else { return Ok(()) };
            let kept: Vec<String> =
                live.finalizers().filter(|f| !drop(f)).map(ToOwned::to_owned).collect();
            let before: Vec<&str> = live.finalizers().collect();
            if kept.len() == before.len() {
                return Ok(());
            }
            // That others write the object's rest at the same time is no reason to give up.
            let at = "/metadata/finalizers";
            let patch = json!([
                {"op": "test", "path": "/metadata/uid", "value": live.uid()},
                {"op": "test", "path": at, "value": before},
                if kept.is_empty() {
                    json!({"op": "remove", "path": at})
                } else {
                    json!({"op": "replace", "path": at, "value": kept})
                },
            ]);
            let kind = self.kind(gvk).await?;
            let call = Call::new(Method::PATCH, kind.path(namespace, name))
                .query("fieldManager", UPDATER)
                .body("application/json-patch+json", patch.to_string());
            match self.write(&kind, &call).await {
                // A test that fails is answered with 422.
                Err(error)
                    if (error.is_conflict() || error.is_invalid()) && attempt < CONFLICTS => {}
                Err(error) if error.is_not_found() => return Ok(()),
                result => return result.map(|_| ()),
            }
        }
        unreachable!("the loop returns")
    }

    /// Waits a little until a CustomResourceDefinition is established. That it is not yet is no
    /// error: its objects will say so.
    pub async fn await_definition(&self, name: &str) {
        let gvk = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let established = async {
            loop {
                if let Ok(Some(crd)) = self.fetch(&gvk, "", name).await
                    && is_established(&crd)
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(SERVED, established).await.is_err() {
            tracing::warn!(server = self.server(), name, "definition is not yet established");
        }
    }
}

/// Whether a live object has come of this one: it bears all its marks, the application's among them.
fn is_made_of(live: &Object, made: &Object) -> bool {
    ["annotations", "labels"].iter().all(|field| {
        let marks = |object: &Object| object.get(&["metadata", field]).cloned();
        let Some(wanted) = marks(made) else { return true };
        let found = marks(live).unwrap_or_default();
        let mut wanted = wanted.as_object().into_iter().flatten();
        wanted.all(|(key, value)| found.get(key) == Some(value))
    })
}

fn is_established(crd: &Object) -> bool {
    let conditions = crd.get(&["status", "conditions"]).and_then(|v| v.as_array());
    conditions.into_iter().flatten().any(|c| {
        c.get("type").is_some_and(|t| t == "Established")
            && c.get("status").is_some_and(|s| s == "True")
    })
}
