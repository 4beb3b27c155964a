//! DELETE, of one object and of many.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use windlass_object::Object;

use super::rules::{Collection, Rules};
use super::{Call, ListOptions, timestamp};
use crate::admission;
use crate::http::query::{Query, WriteOptions, check_dry_run};
use crate::status::{FieldError, FieldErrorKind, Status};
use crate::store::{Encoded, Expect};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";
const ATTEMPTS: usize = 20;
/// Namespaces that a cluster cannot be without.
const PROTECTED: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Options of a deletion, from its body or its query.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// Everything but the write.
    pub dry_run: bool,
    /// Seconds that the object gets to end.
    pub grace_period: Option<i64>,
    /// The uid that the object must have.
    pub uid: Option<String>,
    /// The resourceVersion that it must have.
    pub resource_version: Option<String>,
    /// `Orphan`, `Background` or `Foreground`.
    pub propagation: Option<String>,
    /// The older way to say so.
    pub orphan_dependents: Option<bool>,
}

/// What a deletion leaves.
pub enum Deleted {
    /// The object is gone, or its removal has begun; it is answered.
    Object(Object),
    /// The object is gone; a success is answered.
    Success(Value),
}

/// How a deletion goes on.
enum Step {
    Now,
    Mark(Object),
    Pending,
}

impl DeleteOptions {
    /// From a body that is a `DeleteOptions`, or from the query when there is none.
    pub fn parse(query: &Query, body: Option<&Object>) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let mut options = Self::default();
        match body {
            Some(body) => {
                if body.kind() != "DeleteOptions" && !body.kind().is_empty() {
                    return Err(Status::bad_request(
                        "decoded object cannot be converted to DeleteOptions",
                    ));
                }
                let dry_run = body.get(&["dryRun"]).and_then(Value::as_array);
                options.dry_run = check_dry_run(
                    dry_run.into_iter().flatten().filter_map(Value::as_str),
                    &mut errors,
                );
                let text =
                    |path: &[&str]| body.get(path).and_then(Value::as_str).map(str::to_owned);
                options.grace_period = body.int_at(&["gracePeriodSeconds"]);
                options.uid = text(&["preconditions", "uid"]);
                options.resource_version = text(&["preconditions", "resourceVersion"]);
                options.propagation = text(&["propagationPolicy"]);
                options.orphan_dependents =
                    body.get(&["orphanDependents"]).and_then(Value::as_bool);
            }
            None => {
                options.dry_run = crate::http::query::dry_run(query, &mut errors);
                options.grace_period = query.int("gracePeriodSeconds")?;
                options.propagation = query.get("propagationPolicy").map(str::to_owned);
                options.orphan_dependents = query.bool("orphanDependents");
            }
        }
        if options.propagation.is_some() && options.orphan_dependents.is_some() {
            errors.push(FieldError::with_value(
                FieldErrorKind::Invalid,
                "propagationPolicy",
                options.propagation.clone().unwrap_or_default(),
                "orphanDependents and deletionPropagation cannot be both set",
            ));
        }
        if let Some(policy) = &options.propagation
            && !matches!(policy.as_str(), "Orphan" | "Background" | "Foreground")
        {
            errors.push(FieldError::with_value(
                FieldErrorKind::NotSupported,
                "propagationPolicy",
                policy.clone(),
                "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
            ));
        }
        if errors.is_empty() {
            return Ok(options);
        }
        Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors))
    }
}

impl Call<'_> {
    /// Deletes the named object.
    pub async fn delete(&self, options: &DeleteOptions) -> Result<Deleted, Status> {
        self.delete_named(self.name, options).await
    }

    /// Deletes all that are selected; answers them as they were.
    pub async fn delete_collection(
        &self,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<super::Page, Status> {
        let page = self.list(list).await?;
        for (_, entry) in &page.items {
            let object = entry.object();
            match self.delete_named(object.name(), options).await {
                Err(status) if status.reason != "NotFound" => return Err(status),
                _ => {}
            }
        }
        Ok(page)
    }

    async fn delete_named(&self, name: &str, options: &DeleteOptions) -> Result<Deleted, Status> {
        let (group, plural) = (&self.resource.group, &self.resource.plural);
        let mut options = options.clone();
        for _ in 0..ATTEMPTS {
            let key = self.key_of(name);
            let Some(found) = self.registry.store.latest(&key) else {
                return Err(Status::not_found(group, plural, name));
            };
            let old = found.object();
            self.check_preconditions(&old, &options)?;
            if self.is_namespace() && PROTECTED.contains(&name) {
                let why = "this namespace may not be deleted";
                return Err(Status::forbidden(group, plural, name, why));
            }
            let write = WriteOptions { dry_run: options.dry_run, ..WriteOptions::default() };
            admission::admit_delete(&self.attributes(admission::Operation::Delete, &write), &old)?;
            match self.step(&old, &options) {
                Step::Pending => {
                    self.registry
                        .store
                        .kept(&key, found.revision)
                        .await
                        .map_err(Status::internal)?;
                    return Ok(Deleted::Object(old));
                }
                Step::Mark(new) if options.dry_run => return Ok(Deleted::Object(new)),
                Step::Mark(new) => {
                    let expect = Expect::Revision(found.revision);
                    let accepted = self.registry.store.put(key, expect, &Encoded::new(&new));
                    if let Ok(accepted) = accepted {
                        let object = self.settle(accepted).await?;
                        let (new, old) = (Some(&object), Some(&old));
                        admission::written(self.registry, &self.resource, old, new);
                        if ends_now(&object) && !self.is_namespace() {
                            // It is this deletion that has moved the revision.
                            options.resource_version = None;
                            continue;
                        }
                        return Ok(Deleted::Object(object));
                    }
                }
                Step::Now if options.dry_run => return Ok(self.deleted(old)),
                Step::Now => {
                    if let Ok(accepted) = self.registry.store.delete(key, found.revision) {
                        let object = self.settle(accepted).await?;
                        admission::written(self.registry, &self.resource, Some(&old), None);
                        return Ok(self.deleted(object));
                    }
                }
            }
        }
        Err(Status::modified(group, plural, name))
    }

    fn is_namespace(&self) -> bool {
        self.resource.group.is_empty() && self.resource.plural == "namespaces"
    }

    fn deleted(&self, object: Object) -> Deleted {
        if Rules::of(&self.resource).returns_deleted {
            return Deleted::Object(object);
        }
        let mut details = json!({
            "name": object.name(), "kind": self.resource.plural, "uid": object.uid(),
        });
        if !self.resource.group.is_empty() {
            details["group"] = json!(self.resource.group);
        }
        Deleted::Success(json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details,
        }))
    }

    fn check_preconditions(&self, old: &Object, options: &DeleteOptions) -> Result<(), Status> {
        let conflict = |why: String| {
            Err(Status::conflict(&self.resource.group, &self.resource.kind, old.name(), &why))
        };
        if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != old.uid()) {
            return conflict(format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                old.uid()
            ));
        }
        let version = options.resource_version.as_deref();
        if let Some(version) = version.filter(|version| *version != old.resource_version()) {
            return conflict(format!(
                "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
                old.resource_version()
            ));
        }
        Ok(())
    }

    fn step(&self, old: &Object, options: &DeleteOptions) -> Step {
        let mut new = old.clone();
        if self.is_namespace() {
            return self.namespace_step(new, options);
        }
        admission::guard_deletion(self.registry, &self.resource, &mut new, self.now);
        let finalizers = self.set_finalizers(&mut new, options);
        let grace = self.grace(old, options);
        let now = self.now;
        let Some(grace) = grace.filter(|grace| *grace > 0) else {
            // What could have ended gracefully is seen to end before it is gone.
            let seen = old.is_terminating() || grace.is_none();
            if !finalizers && seen {
                return Step::Now;
            }
            if old.is_terminating() && new == *old {
                return Step::Pending;
            }
            mark(&mut new, now, 0);
            return Step::Mark(new);
        };
        if old.is_terminating() {
            let set = old.int_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or_default();
            if set == 0 {
                return if finalizers { Step::Pending } else { Step::Now };
            }
            if options.grace_period.is_none() || grace >= set {
                return Step::Pending;
            }
        }
        mark(&mut new, now, grace);
        Step::Mark(new)
    }

    /// Only pods end gracefully, and only where something runs them.
    fn grace(&self, old: &Object, options: &DeleteOptions) -> Option<i64> {
        if !self.resource.group.is_empty() || self.resource.plural != "pods" {
            return None;
        }
        let over = matches!(old.str_at(&["status", "phase"]), "Failed" | "Succeeded");
        if old.str_at(&["spec", "nodeName"]).is_empty() || over {
            return Some(0);
        }
        let asked = options.grace_period.or_else(|| {
            old.int_at(&["metadata", "deletionGracePeriodSeconds"])
                .or_else(|| old.int_at(&["spec", "terminationGracePeriodSeconds"]))
        });
        asked.map(|seconds| if seconds < 0 { 1 } else { seconds })
    }

    /// A namespace stays until its content is gone, which its finalizers stand for.
    fn namespace_step(&self, mut new: Object, options: &DeleteOptions) -> Step {
        let held = |object: &Object| {
            object
                .get(&["spec", "finalizers"])
                .and_then(Value::as_array)
                .is_some_and(|f| !f.is_empty())
        };
        if new.is_terminating() {
            let done = !held(&new) && new.finalizers().next().is_none();
            return if done { Step::Now } else { Step::Pending };
        }
        let finalizers = self.set_finalizers(&mut new, options);
        if !held(&new) && !finalizers {
            return Step::Now;
        }
        new.set(&["metadata", "deletionTimestamp"], timestamp(self.now));
        new.set(&["status", "phase"], "Terminating");
        Step::Mark(new)
    }

    /// Sets the finalizers that the garbage collector answers to, and tells whether any are left.
    fn set_finalizers(&self, object: &mut Object, options: &DeleteOptions) -> bool {
        let policy = Rules::of(&self.resource).collection;
        let (orphan, foreground) = cascade(policy, object, options);
        let old: Vec<String> = object.finalizers().map(str::to_owned).collect();
        let mut new: Vec<String> =
            old.iter().filter(|f| *f != ORPHAN && *f != FOREGROUND).cloned().collect();
        new.extend(orphan.then(|| ORPHAN.to_owned()));
        new.extend(foreground.then(|| FOREGROUND.to_owned()));
        let same = old.len() == new.len() && old.iter().all(|f| new.contains(f));
        let any = !new.is_empty();
        if !same {
            if any {
                object.set(&["metadata", "finalizers"], new);
            } else {
                object.remove(&["metadata", "finalizers"]);
            }
        }
        any
    }
}

/// Whether nothing holds a terminating object any more.
fn ends_now(object: &Object) -> bool {
    object.finalizers().next().is_none()
        && object.int_at(&["metadata", "deletionGracePeriodSeconds"]) == Some(0)
}

/// Whether dependents are to be orphaned, and whether they are to go first.
fn cascade(policy: Collection, object: &Object, options: &DeleteOptions) -> (bool, bool) {
    if policy == Collection::Unsupported {
        return (false, false);
    }
    if let Some(orphan) = options.orphan_dependents {
        return (orphan, false);
    }
    match options.propagation.as_deref() {
        Some("Orphan") => return (true, false),
        Some("Foreground") => return (false, true),
        Some(_) => return (false, false),
        None => {}
    }
    match object.finalizers().find(|f| *f == ORPHAN || *f == FOREGROUND) {
        Some(ORPHAN) => (true, false),
        Some(_) => (false, true),
        None => (policy == Collection::Orphan, false),
    }
}

fn mark(object: &mut Object, now: Timestamp, grace: i64) {
    if !object.is_terminating()
        && let Some(generation) = object.generation().filter(|generation| *generation > 0)
    {
        object.set(&["metadata", "generation"], generation + 1);
    }
    let end = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
    let end = timestamp(end);
    let sooner = object.str_at(&["metadata", "deletionTimestamp"]);
    if sooner.is_empty() || *sooner > *end {
        object.set(&["metadata", "deletionTimestamp"], end);
    }
    object.set(&["metadata", "deletionGracePeriodSeconds"], grace);
}
