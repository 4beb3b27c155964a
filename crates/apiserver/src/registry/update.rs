//! PUT and PATCH: an object becomes another one.

use serde_json::Value;
use windlass_object::{Object, go};
use windlass_schema::managed;

use super::patch::Patch;
use super::rules::{Generation, Rules};
use super::{Call, Written, meta};
use crate::http::query::WriteOptions;
use crate::status::{FieldError, FieldErrorKind, Status};
use crate::store::{Encoded, Entry, Expect};
use crate::{admission, convert};

/// How often a write that another one overtook is tried again.
const ATTEMPTS: usize = 20;

/// What an update does to the object.
enum Change<'a> {
    Replace(&'a Object),
    Patch(&'a Patch),
}

/// How an update ends.
enum Decision {
    Put(Object),
    /// The last finalizer of a terminating object is gone: it is answered so.
    Delete(Object),
    Keep,
}

impl Call<'_> {
    /// Replaces an object. `may_create` tells whether the client may make what is not there.
    pub async fn update(
        &self,
        object: Object,
        options: &WriteOptions,
        may_create: &(dyn Fn() -> Result<(), Status> + Sync),
    ) -> Result<Written, Status> {
        let mut object = object;
        self.own_namespace(&mut object)?;
        if object.name().is_empty() {
            return Err(Status::bad_request(format!(
                "the name of the object ({} based on URL) was undeterminable: name must be provided",
                self.name
            )));
        }
        self.check_name(&object)?;
        self.change(&Change::Replace(&object), options, may_create).await
    }

    /// Patches an object; an apply makes what is not there.
    pub async fn patch(
        &self,
        patch: &Patch,
        options: &WriteOptions,
        may_create: &(dyn Fn() -> Result<(), Status> + Sync),
    ) -> Result<Written, Status> {
        self.change(&Change::Patch(patch), options, may_create).await
    }

    fn check_name(&self, object: &Object) -> Result<(), Status> {
        if object.name() == self.name {
            return Ok(());
        }
        Err(Status::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object.name(),
            self.name
        )))
    }

    async fn change(
        &self,
        change: &Change<'_>,
        options: &WriteOptions,
        may_create: &(dyn Fn() -> Result<(), Status> + Sync),
    ) -> Result<Written, Status> {
        for _ in 0..ATTEMPTS {
            let key = self.key();
            let Some(found) = self.registry.store.latest(&key) else {
                if self.subresource.is_empty() && self.makes_absent(change) {
                    match self.create_by_update(change, options, may_create).await {
                        Err(status) if status.reason == "AlreadyExists" => continue,
                        result => return result,
                    }
                }
                return Err(self.not_found());
            };
            let old = convert::to_version(found.object(), &self.resource)?;
            match self.decide(change, &old, options)? {
                Decision::Put(new) if options.dry_run => {
                    return Ok(Written { object: new, created: false });
                }
                Decision::Put(new) => {
                    let encoded = Encoded::new(&convert::to_storage(new, &self.resource)?);
                    if encoded.is_text_of(&found) {
                        return self.unchanged(&found).await;
                    }
                    let expect = Expect::Revision(found.revision);
                    if let Ok(accepted) = self.registry.store.put(key, expect, &encoded) {
                        let object = self.settle(accepted).await?;
                        admission::written(
                            self.registry,
                            &self.resource,
                            Some(&old),
                            Some(&object),
                        );
                        return Ok(Written { object, created: false });
                    }
                }
                Decision::Delete(new) if options.dry_run => {
                    return Ok(Written { object: new, created: false });
                }
                Decision::Delete(new) => {
                    if let Ok(accepted) = self.registry.store.delete(key, found.revision) {
                        self.settle(accepted).await?;
                        admission::written(self.registry, &self.resource, Some(&old), None);
                        return Ok(Written { object: new, created: false });
                    }
                }
                Decision::Keep => return self.unchanged(&found).await,
            }
        }
        Err(self.modified())
    }

    /// An answer without a write still promises that what it shows is kept.
    async fn unchanged(&self, found: &Entry) -> Result<Written, Status> {
        match self.registry.store.kept(&self.key(), found.revision).await {
            Ok(()) => Ok(Written { object: found.object(), created: false }),
            Err(error) => Err(Status::internal(error)),
        }
    }

    fn makes_absent(&self, change: &Change<'_>) -> bool {
        match change {
            Change::Replace(_) => Rules::of(&self.resource).create_on_update,
            Change::Patch(patch) => patch.is_apply(),
        }
    }

    async fn create_by_update(
        &self,
        change: &Change<'_>,
        options: &WriteOptions,
        may_create: &(dyn Fn() -> Result<(), Status> + Sync),
    ) -> Result<Written, Status> {
        may_create()?;
        let object = match change {
            Change::Replace(object) => (*object).clone(),
            Change::Patch(patch) => self.apply_patch(patch, None, options)?,
        };
        if !object.uid().is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was found",
                object.uid()
            );
            return Err(Status::conflict(
                &self.resource.group,
                &self.resource.plural,
                self.name,
                &why,
            ));
        }
        self.create_named(object, options, matches!(change, Change::Patch(_))).await
    }

    /// The object after the change, ready to be stored.
    fn decide(
        &self,
        change: &Change<'_>,
        old: &Object,
        options: &WriteOptions,
    ) -> Result<Decision, Status> {
        let rules = Rules::of(&self.resource);
        let mut new = match change {
            Change::Replace(object) => (*object).clone(),
            Change::Patch(patch) => self.apply_patch(patch, Some(old), options)?,
        };
        self.own_namespace(&mut new)?;
        self.check_name(&new)?;
        self.check_identity(&mut new, old, rules, matches!(change, Change::Patch(_)))?;
        self.keep_system_fields(&mut new, old);
        self.normalise(&mut new);
        self.keep_other_endpoints(&mut new, old);
        if !matches!(change, Change::Patch(Patch::Apply { .. })) {
            new = self.record(Some(old), new, options);
        }
        let attributes = self.attributes(admission::Operation::Update, options);
        admission::admit(&attributes, Some(old), &mut new)?;
        self.normalise(&mut new);
        // A status is not what is asked for, nor are annotations that come with it or a node.
        let reported = matches!(self.subresource, "status" | "binding");
        let policy = if reported { Generation::Once } else { rules.generation };
        bump_generation(&mut new, old, policy, self.resource.custom().is_some());
        let mut errors = meta::check(&new, self.resource.namespaced, rules.name);
        let immutable = meta::check_update(&new, old);
        if self.resource.custom().is_none() {
            // The strategies of built-in kinds check again what was checked for all.
            errors.extend(immutable.clone());
        }
        errors.extend(immutable);
        errors.extend(admission::validate(&attributes, Some(old), &new));
        if !errors.is_empty() {
            return Err(self.invalid(new.name(), &errors));
        }
        if managed::only_times_differ(old, &new) {
            return Ok(Decision::Keep);
        }
        let namespace_held = self.resource.group.is_empty()
            && self.resource.plural == "namespaces"
            && new
                .get(&["spec", "finalizers"])
                .and_then(Value::as_array)
                .is_some_and(|f| !f.is_empty());
        let grace = new.int_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or_default();
        let released = old.is_terminating()
            && new.finalizers().next().is_none()
            && grace == 0
            && !namespace_held;
        Ok(if released { Decision::Delete(new) } else { Decision::Put(new) })
    }

    /// The update must mean this object, at the revision that it names.
    fn check_identity(
        &self,
        new: &mut Object,
        old: &Object,
        rules: Rules,
        patch: bool,
    ) -> Result<(), Status> {
        let (group, plural) = (&self.resource.group, &self.resource.plural);
        if !patch && !new.uid().is_empty() && new.uid() != old.uid() {
            let key = self.key();
            let home = if self.resource.custom().is_some() { &*key.resource } else { plural };
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{home}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                key.path,
                new.uid(),
                old.uid()
            );
            return Err(Status::conflict(group, plural, self.name, &why));
        }
        let revision = new.resource_version();
        if revision.is_empty() || revision == "0" {
            if !rules.unconditional_update && !patch {
                let error = FieldError::with_value(
                    FieldErrorKind::Invalid,
                    "metadata.resourceVersion",
                    0,
                    "must be specified for an update",
                );
                return Err(Status::invalid(group, plural, self.name, &[error]));
            }
        } else if revision.parse::<u64>().is_err() {
            let quoted = go::quote(revision);
            let why = format!("strconv.ParseUint: parsing {quoted}: invalid syntax");
            return Err(Status::unclassified(why));
        } else if revision != old.resource_version() {
            return Err(self.modified());
        }
        new.set(&["metadata", "resourceVersion"], old.resource_version());
        Ok(())
    }

    fn keep_system_fields(&self, new: &mut Object, old: &Object) {
        if new.uid().is_empty() {
            keep(new, old, &["metadata", "uid"]);
        }
        let kept = ["creationTimestamp", "deletionTimestamp", "generation", "selfLink"];
        for field in kept {
            keep(new, old, &["metadata", field]);
        }
        if new.get(&["metadata", "deletionGracePeriodSeconds"]).is_none() {
            keep(new, old, &["metadata", "deletionGracePeriodSeconds"]);
        }
        if new.get(&["metadata", "generateName"]).is_none() {
            keep(new, old, &["metadata", "generateName"]);
        }
    }

    /// The main resource does not write `status`, and `/status` writes nothing else.
    fn keep_other_endpoints(&self, new: &mut Object, old: &Object) {
        match self.subresource {
            "" if self.resource.has_status() => keep(new, old, &["status"]),
            "status" if self.resource.custom().is_some() => {
                let managed = new.get(&["metadata", "managedFields"]).cloned();
                let status = new.get(&["status"]).cloned();
                *new = old.clone();
                put(new, &["status"], status);
                put(new, &["metadata", "managedFields"], managed);
            }
            "status" => {
                keep(new, old, &["spec"]);
                match self.resource.plural.as_str() {
                    "deployments" => keep(new, old, &["metadata", "labels"]),
                    "customresourcedefinitions" => {
                        let managed = new.get(&["metadata", "managedFields"]).cloned();
                        keep(new, old, &["metadata"]);
                        put(new, &["metadata", "managedFields"], managed);
                    }
                    "pods" => keep(new, old, &["metadata", "ownerReferences"]),
                    _ => {}
                }
            }
            "finalize" => {
                let finalizers = new.get(&["spec", "finalizers"]).cloned();
                keep(new, old, &["status"]);
                put(new, &["spec", "finalizers"], finalizers);
            }
            _ => {}
        }
        if self.subresource.is_empty() && self.resource.plural == "namespaces" {
            keep(new, old, &["spec", "finalizers"]);
        }
    }
}

fn keep(new: &mut Object, old: &Object, path: &[&str]) {
    put(new, path, old.get(path).cloned());
}

fn put(object: &mut Object, path: &[&str], value: Option<Value>) {
    match value {
        Some(value) => object.set(path, value),
        None => {
            object.remove(path);
        }
    }
}

fn bump_generation(new: &mut Object, old: &Object, policy: Generation, custom: bool) {
    let differs = |path: &[&str]| new.get(path) != old.get(path);
    let bump = match policy {
        Generation::None | Generation::Once => false,
        Generation::Spec => differs(&["spec"]),
        Generation::SpecOrAnnotations => {
            differs(&["spec"]) || differs(&["metadata", "annotations"])
        }
        Generation::Content => {
            let content = |object: &Object| {
                let mut fields = object.fields().clone();
                fields.remove("metadata");
                if custom {
                    fields.remove("apiVersion");
                }
                fields.remove("status");
                fields
            };
            content(new) != content(old)
        }
    };
    let Some(generation) = old.generation() else {
        if bump {
            new.set(&["metadata", "generation"], 1);
        }
        return;
    };
    new.set(&["metadata", "generation"], generation + i64::from(bump));
}
