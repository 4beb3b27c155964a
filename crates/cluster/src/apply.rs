//! Apply, in both of kubectl's ways.
//!
//! Without server-side apply the three-way patch is computed here and sent; what was applied is
//! written into the object, so that kubectl or Argo CD can go on from it. The live object comes
//! from the mirror when it is there: then no request precedes the patch.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use windlass_object::{Map, Object, Value, go, json};

use crate::Error;
use crate::connection::Cluster;
use crate::discovery::ApiKind;
use crate::http::Call;
use crate::lifecycle::{DeleteOptions, Propagation};
use crate::rbac::{self, Reconciled};
use crate::three_way::{LAST_APPLIED, Patch, three_way, with_last_applied};

/// Field manager of everything that is applied.
pub const MANAGER: &str = "argocd-controller";
/// Field manager of what is created, replaced or updated whole.
pub(crate) const UPDATER: &str = "argocd-application-controller";
/// Patches that meet a conflict are computed anew this often, and without a pause so often.
const CONFLICTS: u32 = 5;
const CONFLICTS_AT_ONCE: u32 = 1;
/// How long a deleted object may take to go before it is created again.
const GONE: Duration = Duration::from_secs(120);

/// What an apply changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The object is new.
    Created,
    /// The object was patched.
    Configured,
    /// There was nothing to patch.
    Unchanged,
    /// The object was applied on the server, whether that changed it or not.
    ServerSideApplied,
    /// The object was replaced.
    Replaced,
}

/// An object after it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What was done.
    pub outcome: Outcome,
    /// The object as it is now; of a client dry run, as it was asked for.
    pub object: Object,
    /// Remarks, in kubectl's words.
    pub warnings: Vec<String>,
    /// Of objects of RBAC: what `kubectl auth reconcile`, which Argo CD runs before, would have said
    /// beside their names.
    pub reconciled: Option<String>,
}

impl Applied {
    pub(crate) fn new(outcome: Outcome, object: Object) -> Self {
        Self { outcome, object, warnings: Vec::new(), reconciled: None }
    }
}

/// Whether anything is really done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// It is.
    #[default]
    None,
    /// Only computed here: nothing is sent.
    Client,
    /// The server computes and stores nothing.
    Server,
}

/// How to apply.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// Whether anything is really done.
    pub dry_run: DryRun,
    /// Delete and create again what cannot be patched.
    pub force: bool,
}

impl DryRun {
    pub(crate) fn mark(self, call: Call) -> Call {
        if self == Self::Server { call.query("dryRun", "All") } else { call }
    }
}

impl Cluster {
    /// Applies an object as `kubectl apply` does.
    ///
    /// # Errors
    /// As the API answers, and when the patch cannot be computed.
    pub async fn apply(&self, object: &Object, options: &ApplyOptions) -> Result<Applied, Error> {
        let kind = self.kind(&object.gvk()).await?;
        let mut live = self.live(&object.key(), &kind.version).await?;
        let modified = with_last_applied(object);
        for attempt in 1.. {
            let reconciled = rbac::reconcile(live.as_ref(), object);
            let anew =
                reconciled.as_ref().is_some_and(|r| r.anew) && options.dry_run == DryRun::None;
            let result = match &live {
                None => self.create_applied(&kind, &modified, options.dry_run).await,
                Some(_) if anew => {
                    let object = self.recreate(&kind, &modified, options.dry_run).await;
                    object.map(|object| Applied::new(Outcome::Created, object))
                }
                Some(live) => self.patch_applied(&kind, live, &modified, options).await,
            };
            let error = match result {
                Ok(applied) => {
                    let Some(reconciled) = reconciled else { return Ok(applied) };
                    let dry_run = options.dry_run;
                    return Ok(self.told_of(&kind, &modified, applied, reconciled, dry_run));
                }
                Err(error) => error,
            };
            // What the mirror said was no longer so: ask, and compute anew.
            let stale = error.is_conflict() || (error.is_not_found() && live.is_some());
            if !stale || attempt > CONFLICTS {
                return Err(error);
            }
            if attempt > CONFLICTS_AT_ONCE {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            live = self.fetch(&object.gvk(), object.namespace(), object.name()).await?;
        }
        unreachable!("the loop returns")
    }

    /// What is told of an object that Argo CD would have reconciled before: it finds it made, and
    /// made up.
    fn told_of(
        &self,
        kind: &ApiKind,
        modified: &Object,
        mut applied: Applied,
        reconciled: Reconciled,
        dry_run: DryRun,
    ) -> Applied {
        applied.reconciled = Some(reconciled.told);
        if dry_run != DryRun::None {
            return applied;
        }
        match applied.outcome {
            Outcome::Created => {
                applied.outcome = Outcome::Configured;
                applied.warnings.push(without_last_applied(kind, modified.name()));
            }
            Outcome::Configured => {
                let schema = self.shared().schemas.of(&kind.gvk());
                let patch = three_way(&reconciled.object, modified, schema.as_ref());
                if patch.is_ok_and(|patch| patch.is_empty()) {
                    applied.outcome = Outcome::Unchanged;
                }
            }
            _ => {}
        }
        applied
    }

    async fn create_applied(
        &self,
        kind: &Arc<ApiKind>,
        modified: &Object,
        dry_run: DryRun,
    ) -> Result<Applied, Error> {
        let mut fresh = modified.clone().into_value();
        prune_nulls(&mut fresh);
        let mut fresh = Object::try_from(fresh).unwrap_or_default();
        fresh.remove(&["metadata", "resourceVersion"]);
        let object = match dry_run {
            DryRun::Client => fresh,
            _ => self.post(kind, &fresh, MANAGER, dry_run).await?,
        };
        Ok(Applied::new(Outcome::Created, object))
    }

    async fn patch_applied(
        &self,
        kind: &Arc<ApiKind>,
        live: &Object,
        modified: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, Error> {
        let mut warnings = Vec::new();
        if live.annotation(LAST_APPLIED).is_none() {
            warnings.push(without_last_applied(kind, modified.name()));
        }
        let schema = self.shared().schemas.of(&kind.gvk());
        let patch = three_way(live, modified, schema.as_ref())
            .map_err(|message| Error::Patch { key: modified.key(), message })?;
        if patch.is_empty() {
            let object = live.clone();
            return Ok(Applied { warnings, ..Applied::new(Outcome::Unchanged, object) });
        }
        let outcome = Outcome::Configured;
        if options.dry_run == DryRun::Client {
            return Ok(Applied { warnings, ..Applied::new(outcome, modified.clone()) });
        }
        match self.patch(kind, modified, patch, options.dry_run).await {
            Ok(object) => Ok(Applied { warnings, ..Applied::new(outcome, object) }),
            Err(error) if options.force && error.is_invalid() => {
                let object = self.recreate(kind, modified, options.dry_run).await?;
                Ok(Applied { warnings, ..Applied::new(outcome, object) })
            }
            Err(error) => Err(error.when("patching")),
        }
    }

    async fn patch(
        &self,
        kind: &Arc<ApiKind>,
        object: &Object,
        patch: Patch,
        dry_run: DryRun,
    ) -> Result<Object, Error> {
        let call = Call::new(Method::PATCH, kind.path(object.namespace(), object.name()))
            .query("fieldManager", MANAGER)
            .body(patch.content_type, go::to_json(&patch.body));
        self.write(kind, &dry_run.mark(call)).await
    }

    /// Deletes an object, waits until it is gone, and creates it.
    pub(crate) async fn recreate(
        &self,
        kind: &Arc<ApiKind>,
        object: &Object,
        dry_run: DryRun,
    ) -> Result<Object, Error> {
        if dry_run != DryRun::None {
            return Ok(object.clone());
        }
        self.remove(kind, object).await?;
        self.post(kind, object, MANAGER, dry_run).await
    }

    /// Deletes an object, and waits until it is gone.
    async fn remove(&self, kind: &Arc<ApiKind>, object: &Object) -> Result<(), Error> {
        let options =
            DeleteOptions { propagation: Some(Propagation::Background), ..Default::default() };
        match self.delete(&kind.gvk(), object.namespace(), object.name(), &options).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
        let gone = async {
            while self.fetch(&kind.gvk(), object.namespace(), object.name()).await?.is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(())
        };
        tokio::time::timeout(GONE, gone).await.map_err(|_| Error::Timeout {
            what: format!("that {} is deleted", object.key()),
            seconds: GONE.as_secs(),
        })?
    }

    /// Applies an object on the server, taking over fields that others manage.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn server_side_apply(
        &self,
        object: &Object,
        dry_run: DryRun,
        migrate_from: Option<&str>,
    ) -> Result<Applied, Error> {
        let kind = self.kind(&object.gvk()).await?;
        let mut reconciled = None;
        if rbac::is_reconciled(object) && dry_run == DryRun::None {
            let live = self.live(&object.key(), &kind.version).await?;
            reconciled = rbac::reconcile(live.as_ref(), object);
            if reconciled.as_ref().is_some_and(|reconciled| reconciled.anew) {
                self.remove(&kind, object).await?;
            }
        }
        if let Some(from) = migrate_from
            && dry_run == DryRun::None
            && let Some(live) = self.live(&object.key(), &kind.version).await?
            && needs_migration(&live, from)
        {
            self.migrate(&kind, object, from).await?;
        }
        let call = Call::new(Method::PATCH, kind.path(object.namespace(), object.name()))
            .query("fieldManager", MANAGER)
            .query("force", "true")
            .body("application/apply-patch+yaml", go::to_json(&object.to_value()));
        let call = dry_run.mark(call);
        let mut answer = self.write_over_conflicts(&kind, &call).await?;
        // Whoever applied from the client owns fields that an apply must be able to take away.
        let earlier = client_side_appliers(&answer);
        if dry_run == DryRun::None && !earlier.is_empty() {
            for manager in &earlier {
                self.migrate(&kind, object, manager).await?;
            }
            answer = self.write_over_conflicts(&kind, &call).await?;
        }
        let reconciled = reconciled.map(|reconciled| reconciled.told);
        Ok(Applied { reconciled, ..Applied::new(Outcome::ServerSideApplied, answer) })
    }

    /// A forced apply has nobody to disagree with: a conflict is somebody writing at the same time.
    async fn write_over_conflicts(
        &self,
        kind: &Arc<ApiKind>,
        call: &Call,
    ) -> Result<Object, Error> {
        for attempt in 1.. {
            match self.write(kind, call).await {
                Err(error) if error.is_conflict() && attempt <= CONFLICTS => {}
                result => return result,
            }
        }
        unreachable!("the loop returns")
    }

    /// Hands the fields that a client-side apply owned to the server-side manager.
    async fn migrate(&self, kind: &Arc<ApiKind>, object: &Object, from: &str) -> Result<(), Error> {
        for attempt in 1.. {
            let fresh = self.fetch(&kind.gvk(), object.namespace(), object.name()).await?;
            let Some(fields) = fresh.as_ref().and_then(|fresh| migrated(fresh, from)) else {
                return Ok(());
            };
            let version = fresh.map(|fresh| fresh.resource_version().to_owned());
            // Replacing the version with itself makes a concurrent change a conflict.
            let patch = json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": fields},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            ]);
            let call = Call::new(Method::PATCH, kind.path(object.namespace(), object.name()))
                .body("application/json-patch+json", patch.to_string());
            match self.write(kind, &call).await {
                Err(error) if error.is_conflict() && attempt < CONFLICTS => {}
                result => return result.map(|_| ()),
            }
        }
        unreachable!("the loop returns")
    }
}

fn without_last_applied(kind: &ApiKind, name: &str) -> String {
    let resource = &kind.resource;
    format!(
        "Warning: resource {resource}/{name} is missing the {LAST_APPLIED} annotation which is \
         required by  apply.  apply should only be used on resources created declaratively by either  \
         create --save-config or  apply. The missing annotation will be patched automatically."
    )
}

fn entries(object: &Object) -> &[Value] {
    let fields = object.get(&["metadata", "managedFields"]);
    fields.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_entry(entry: &Value, manager: &str, operation: &str) -> bool {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    text("manager") == manager && text("operation") == operation && text("subresource").is_empty()
}

fn needs_migration(live: &Object, from: &str) -> bool {
    entries(live).iter().any(|entry| is_entry(entry, from, "Update"))
}

/// Managers of updates that own the record of what was applied.
fn client_side_appliers(object: &Object) -> Vec<String> {
    let record = format!("f:{LAST_APPLIED}");
    let owns = |entry: &&Value| {
        let annotations = entry.pointer("/fieldsV1/f:metadata/f:annotations");
        entry["operation"] == "Update" && annotations.is_some_and(|a| a.get(&record).is_some())
    };
    let owners = entries(object).iter().filter(owns);
    owners.filter_map(|entry| entry["manager"].as_str()).map(ToOwned::to_owned).collect()
}

/// The managedFields in which the server-side manager owns what `from` owned; none if it owned
/// nothing. Where the server-side manager is new it takes the place of the latest entry.
fn migrated(live: &Object, from: &str) -> Option<Vec<Value>> {
    let mut fields = entries(live).to_vec();
    let ours = fields.iter().position(|e| is_entry(e, MANAGER, "Apply"));
    let theirs = fields.iter().position(|e| is_entry(e, from, "Update"))?;
    let at = ours.unwrap_or(theirs);
    let version = fields[at].get("apiVersion").cloned();
    let union = fields
        .iter()
        .filter(|e| is_entry(e, from, "Update") && e.get("apiVersion").cloned() == version)
        .filter_map(|e| e.get("fieldsV1"))
        .fold(fields[at].get("fieldsV1").cloned().unwrap_or_default(), union);
    fields[at]["manager"] = MANAGER.into();
    fields[at]["operation"] = "Apply".into();
    fields[at]["fieldsV1"] = union;
    fields.retain(|e| !is_entry(e, from, "Update"));
    Some(fields)
}

/// `FieldsV1` is a tree of paths, so two sets together are the two trees laid over each other.
fn union(a: Value, b: &Value) -> Value {
    let (Value::Object(mut a), Value::Object(b)) = (a, b) else { return b.clone() };
    for (key, value) in b {
        let merged = match a.remove(key) {
            Some(old) => union(old, value),
            None => value.clone(),
        };
        a.insert(key.clone(), merged);
    }
    Value::Object(a)
}

/// Fields that are null are left out of a create, as they would be gone after an update.
fn prune_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let kept = std::mem::take(map).into_iter().filter(|(_, v)| !v.is_null());
            *map = kept.collect::<Map<_, _>>();
            map.values_mut().for_each(prune_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(prune_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migration_unites_the_owners() {
        let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields});
        let live = Object::try_from(json!({"metadata": {"managedFields": [
            entry("kubectl", "Update", json!({"f:data": {"f:a": {}}})),
            entry(MANAGER, "Apply", json!({"f:data": {".": {}, "f:b": {}}})),
            entry("other", "Update", json!({"f:x": {}})),
        ]}}))
        .unwrap();
        assert!(needs_migration(&live, "kubectl"));
        assert_eq!(
            migrated(&live, "kubectl").unwrap(),
            [
                entry(MANAGER, "Apply", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}})),
                entry("other", "Update", json!({"f:x": {}})),
            ]
        );
        assert_eq!(migrated(&live, "nobody"), None);
    }
}
