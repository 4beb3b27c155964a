//! Difference between an object in Git and in the cluster.
//!
//! All ways to compare answer the same two questions: what would the object be after a sync
//! (*predicted*), and what is it now, both in one form. They differ when a sync would change
//! something. Built-in kinds are compared with the API server's defaults filled in on both sides;
//! of custom resources only what was ever applied counts.

mod field;
mod merge;

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::patch::{apply_merge_patch, three_way_merge_patch};
use windlass_object::{GroupVersionKind, Map, Object, Value};
use windlass_schema::managed::{self, Write};
use windlass_schema::{Schema, Schemas, defaults, strategic};

use crate::annotation::{self, LAST_APPLIED};
use crate::mask::{self, last_applied};
use crate::normalize::Normalizer;
use crate::tracking::Tracking;

/// Field manager of everything that is applied.
pub const MANAGER: &str = "argocd-controller";

/// How two objects are compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Mode {
    /// By what was last applied, as `kubectl apply` would patch.
    #[default]
    ThreeWay,
    /// As server-side apply would merge, worked out here. Also taken for an object that asks to be
    /// applied on the server.
    StructuredMerge,
    /// By what the API answered to a server-side apply in dry-run mode.
    ServerSide {
        /// The answer.
        answer: Arc<Object>,
        /// Whether what others than we changed in the answer (webhooks) counts.
        include_webhooks: bool,
    },
    /// By that answer, and there is none: why not, in the API's words.
    Refused(String),
}

/// What comparison goes by.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Types of built-in kinds and of the cluster's custom resources.
    pub schemas: &'a Schemas,
    /// What makes no difference.
    pub normalizer: Normalizer<'a>,
    /// How objects are marked.
    pub tracking: &'a Tracking,
}

/// Outcome of comparing one object. The two versions are kept where they differ, and where there is
/// only one; most objects of an application are in sync, and need no memory here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// Whether a sync would change the object.
    pub modified: bool,
    /// What the object would be after a sync; none if it would be gone.
    pub predicted: Option<Object>,
    /// What it is, with what makes no difference taken out; none if it is not there.
    pub live: Option<Object>,
}

/// One field in which an object differs. Values of secrets are masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The field, as Kubernetes prints paths: `.spec.containers[name="web"].image`.
    pub path: String,
    /// What it would be after a sync; none if it would be gone.
    pub desired: Option<Value>,
    /// What it is; none if it is not there.
    pub live: Option<Value>,
    /// Who set it to what it is; none if nobody is recorded, or it is not there.
    pub owner: Option<Owner>,
}

/// Who last set a field, by `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Field manager.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Subresource through which it was set, or empty.
    pub subresource: String,
    /// When the manager last changed any of its fields.
    pub since: Option<Timestamp>,
}

/// Two versions of an object cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// The desired object does not have the shape of its kind.
    #[error("{object}: {reason}; correct the manifest")]
    Shape {
        /// Kind, namespace and name.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// A rule of what is ignored cannot be understood: what it would have ignored is not known.
    #[error("failed to create diff normalizer: {0}")]
    Rules(String),
    /// The API does not say what the object would be.
    #[error(
        "failed to calculate diff: error calculating server side diff: serverSideDiff error: error \
         running server side apply in dryrun mode for resource {object}: {reason}"
    )]
    Refused {
        /// Kind and name.
        object: String,
        /// The API's words.
        reason: String,
    },
    /// The kind has no schema, and its comparison needs one.
    #[error("unable to resolve parseableType for GroupVersionKind: {0}")]
    NoSchema(GroupVersionKind),
}

impl Diff {
    fn between(predicted: Object, live: Object) -> Self {
        if predicted == live {
            return Self::default();
        }
        Self { modified: true, predicted: Some(predicted), live: Some(live) }
    }

    /// The fields that differ. `live` is the whole live object, which says who owns them.
    pub fn differences(&self, live: Option<&Object>, sensitive: &[String]) -> Vec<Difference> {
        let (mut predicted, mut shown) = (self.predicted.clone(), self.live.clone());
        let mut versions: Vec<&mut Object> = predicted.iter_mut().chain(shown.iter_mut()).collect();
        mask::mask(&mut versions, sensitive);
        for object in predicted.iter_mut().chain(shown.iter_mut()) {
            object.remove(&["metadata", "managedFields"]);
            object.remove_annotation(LAST_APPLIED);
        }
        field::differences(predicted.as_ref(), shown.as_ref(), live)
    }
}

/// Compares one object. At least one of both is there.
pub fn diff(
    target: Option<&Object>,
    live: Option<&Object>,
    mode: &Mode,
    settings: &Settings<'_>,
) -> Result<Diff, DiffError> {
    if let Some(problem) = settings.normalizer.ignore.problem() {
        return Err(DiffError::Rules(problem.to_owned()));
    }
    let (target, live) = match (target, live) {
        (Some(target), Some(live)) => (target, live),
        (target, live) => {
            let normal = |object: &Object| {
                let mut object = object.clone();
                settings.normalizer.normalize(&mut object);
                object
            };
            let modified = target.is_some();
            return Ok(Diff { modified, predicted: target.map(normal), live: live.map(normal) });
        }
    };
    let mut live = live.clone();
    settings.tracking.smooth_migration(target, &mut live);
    let mut target = target.clone();
    let on_server = annotation::sync_option(&target, "ServerSideApply=true");
    let trusted = settings.normalizer.ignore.managers(&target);
    match mode {
        Mode::ServerSide { answer, include_webhooks } => {
            let mut answer = Object::clone(answer);
            let theirs = set_by(&trusted, &answer, &live);
            take_out(&mut answer, &theirs);
            take_out(&mut live, &theirs);
            Ok(server_side(&answer, live, *include_webhooks, settings))
        }
        Mode::Refused(reason) => Err(DiffError::Refused {
            object: format!("{}/{}", target.kind(), target.name()),
            reason: reason.clone(),
        }),
        mode => {
            let theirs = set_by(&trusted, &target, &live);
            take_out(&mut target, &theirs);
            take_out(&mut live, &theirs);
            settings.normalizer.normalize(&mut target);
            settings.normalizer.normalize(&mut live);
            if on_server || *mode == Mode::StructuredMerge {
                structured_merge(&target, live, settings)
            } else {
                three_way(target, &live, &theirs, settings)
            }
        }
    }
}

/// The target with the live values of the fields that are ignored, so that a sync leaves them as
/// they are (`RespectIgnoreDifferences=true`). Status is its controller's, and stays out.
pub fn respect_ignored(target: &Object, live: &Object, settings: &Settings<'_>) -> Object {
    let ignore = settings.normalizer.ignore;
    let theirs = set_by(&ignore.managers(target), target, live);
    let mut rest = live.clone();
    take_out(&mut rest, &theirs);
    ignore.strip(&mut rest);
    let mut respectful = target.clone();
    take_out(&mut respectful, &theirs);
    ignore.strip(&mut respectful);
    let mut value = respectful.to_value();
    let (rest, live) = (rest.into_value(), live.to_value());
    let mut grown: Vec<(Vec<field::Step>, &str)> = Vec::new();
    field::walk(Some(&rest), Some(&live), &mut Vec::new(), &mut |path, without, here| {
        if path.first() == Some(&field::Step::Field("status".into())) {
            return;
        }
        field::put(&mut value, path, here.cloned());
        if let (Some((field::Step::Item(key, _), list)), None) = (path.split_last(), without)
            && !grown.iter().any(|(known, _)| known == list)
        {
            grown.push((list.to_vec(), *key));
        }
    });
    // What is put back into a list stands where it stands now: order may mean something.
    for (list, key) in grown {
        if let Some(Value::Array(now)) = field::at(&live, &list)
            && let Some(Value::Array(items)) = field::at(&value, &list)
        {
            let mut items = items.clone();
            field::order_as(&mut items, key, now);
            field::put(&mut value, &list, Some(Value::Array(items)));
        }
    }
    Object::try_from(value).unwrap_or(respectful)
}

/// Fields in which the object differs from the live one and that one of these managers set there.
fn set_by(managers: &[&str], object: &Object, live: &Object) -> Vec<Vec<field::Step>> {
    if managers.is_empty() {
        return Vec::new();
    }
    let owners = field::owners(live);
    let mut found = Vec::new();
    let (wanted, actual) = (object.to_value(), live.to_value());
    field::walk(Some(&wanted), Some(&actual), &mut Vec::new(), &mut |path, _, _| {
        if field::holders(&owners, path).any(|owner| managers.contains(&owner.manager.as_str())) {
            found.push(path.to_vec());
        }
    });
    found
}

fn take_out(object: &mut Object, fields: &[Vec<field::Step>]) {
    if fields.is_empty() {
        return;
    }
    let mut value = object.to_value();
    for path in fields.iter().rev() {
        field::put(&mut value, path, None);
    }
    if let Ok(without) = Object::try_from(value) {
        *object = without;
    }
}

fn three_way(
    mut target: Object,
    live: &Object,
    theirs: &[Vec<field::Step>],
    settings: &Settings<'_>,
) -> Result<Diff, DiffError> {
    strip_placement(&mut target);
    let original = last_applied(live).map(|mut original| {
        take_out(&mut original, theirs);
        settings.normalizer.normalize(&mut original);
        strip_placement(&mut original);
        original
    });
    // Most objects are as they were applied, which is cheaply told.
    if original.as_ref() == Some(&target) && merge::holds(live.fields(), target.fields()) {
        return Ok(Diff::default());
    }
    if let Some(original) = original
        && let Ok(diff) = merged(&original.into_value(), &target, live, settings)
    {
        return Ok(diff);
    }
    merged(&target.to_value(), &target, live, settings)
}

/// Takes out what is always in the live object and not always in the others.
fn strip_placement(object: &mut Object) {
    object.remove(&["metadata", "namespace"]);
    let annotations = object.get(&["metadata", "annotations"]);
    if annotations.is_some_and(|a| a.is_null() || a.as_object().is_some_and(Map::is_empty)) {
        object.remove(&["metadata", "annotations"]);
    }
}

fn merged(
    original: &Value,
    target: &Object,
    live: &Object,
    settings: &Settings<'_>,
) -> Result<Diff, DiffError> {
    let (target_value, live_value) = (target.to_value(), live.to_value());
    let shape = |reason: String| DiffError::Shape { object: name(target), reason };
    let Some(schema) = built_in(&target.gvk(), settings.schemas) else {
        let known = merge::restrict(original, &live_value);
        let patch = three_way_merge_patch(original, &target_value, &known)
            .map_err(|error| shape(error.to_string()))?;
        if is_empty(&patch) {
            return Ok(Diff::default());
        }
        let mut predicted = live_value;
        apply_merge_patch(&mut predicted, &patch);
        return Ok(Diff::between(object(predicted, target)?, live.clone()));
    };
    let basis = without_claim_defaults(original, live);
    let basis = basis.as_ref().unwrap_or(&live_value);
    let patch = strategic::three_way(original, &target_value, basis, &schema, true)
        .map_err(|error| shape(error.to_string()))?;
    if is_empty(&patch) {
        return Ok(Diff::default());
    }
    let predicted =
        strategic::apply(&live_value, &patch, &schema).map_err(|error| shape(error.to_string()))?;
    let unknown = unknown_fields(&predicted, &schema);
    let (mut predicted, mut live) = (object(predicted, target)?, live.clone());
    defaults::builtin(&mut predicted);
    defaults::builtin(&mut live);
    if !unknown.is_empty() {
        let mut value = predicted.into_value();
        for (path, found) in unknown {
            field::put(&mut value, &path, found);
        }
        predicted = object(value, target)?;
    }
    Ok(Diff::between(predicted, live))
}

/// Fields that the kind does not have, and what they hold. A sync would send them again and again,
/// and the API drop them: such an object never is as Git wants it.
fn unknown_fields(value: &Value, schema: &Schema) -> Vec<(Vec<field::Step>, Option<Value>)> {
    let mut known = value.clone();
    let mut found = Vec::new();
    if !windlass_schema::prune(&mut known, schema).is_empty() {
        field::walk(Some(value), Some(&known), &mut Vec::new(), &mut |path, value, _| {
            found.push((path.to_vec(), value.cloned()));
        });
    }
    found
}

fn is_empty(patch: &Value) -> bool {
    patch.as_object().is_some_and(Map::is_empty)
}

/// The live object without what the API server fills into the volume claims of a stateful set:
/// the list is replaced as a whole, so that it would always differ.
fn without_claim_defaults(original: &Value, live: &Object) -> Option<Value> {
    let path = ["spec", "volumeClaimTemplates"];
    if live.kind() != "StatefulSet" {
        return None;
    }
    let wanted = original.get(path[0])?.get(path[1])?;
    let claims = merge::restrict(wanted, live.get(&path)?);
    let mut live = live.clone();
    live.set(&path, claims);
    Some(live.into_value())
}

fn structured_merge(
    target: &Object,
    live: Object,
    settings: &Settings<'_>,
) -> Result<Diff, DiffError> {
    let gvk = target.gvk();
    let schema = settings.schemas.of(&gvk).ok_or_else(|| DiffError::NoSchema(gvk.clone()))?;
    let write = Write {
        manager: MANAGER,
        subresource: "",
        time: "1970-01-01T00:00:00Z",
        reset: &managed::reset_fields(&gvk, "", true),
    };
    let mut target = target.clone();
    target.remove(&["metadata", "managedFields"]);
    let merged = managed::apply(Some(&live), &target, &write, true, &schema)
        .map_err(|error| DiffError::Shape { object: name(&target), reason: error.to_string() })?;
    if merged == live {
        return Ok(Diff::default());
    }
    Ok(finish(merged, live))
}

fn server_side(
    answer: &Object,
    mut live: Object,
    include_webhooks: bool,
    settings: &Settings<'_>,
) -> Diff {
    let mut predicted = answer.clone();
    if !include_webhooks {
        revert_others(&mut predicted, &live);
    }
    settings.normalizer.normalize(&mut predicted);
    settings.normalizer.normalize(&mut live);
    predicted.remove(&["metadata", "resourceVersion"]);
    live.remove(&["metadata", "resourceVersion"]);
    finish(predicted, live)
}

/// Takes back what the API changed and we do not own: a webhook's doing.
fn revert_others(predicted: &mut Object, live: &Object) {
    let owners = field::owners(predicted);
    let mut reverted: Vec<(Vec<field::Step>, Option<Value>)> = Vec::new();
    let (desired, actual) = (predicted.to_value(), live.to_value());
    field::walk(Some(&desired), Some(&actual), &mut Vec::new(), &mut |path, desired, live| {
        let owned = field::holders(&owners, path).any(|owner| owner.manager == MANAGER);
        if desired.is_some() && !owned {
            reverted.push((path.to_vec(), live.cloned()));
        }
    });
    let mut value = desired;
    for (path, old) in reverted.into_iter().rev() {
        field::put(&mut value, &path, old);
    }
    if let Ok(object) = Object::try_from(value) {
        *predicted = object;
    }
}

/// Both sides with defaults and without bookkeeping.
fn finish(mut predicted: Object, mut live: Object) -> Diff {
    for object in [&mut predicted, &mut live] {
        object.remove(&["metadata", "managedFields"]);
        object.remove_annotation(LAST_APPLIED);
        defaults::builtin(object);
    }
    Diff::between(predicted, live)
}

/// The type of a kind that kubectl knows: those merge strategically. CRDs and API services are not
/// among them.
fn built_in(gvk: &GroupVersionKind, schemas: &Schemas) -> Option<Schema> {
    let schema = schemas.of(gvk)?;
    schema.definition().is_some_and(|name| name.starts_with("io.k8s.api.")).then_some(schema)
}

fn object(value: Value, named: &Object) -> Result<Object, DiffError> {
    Object::try_from(value)
        .map_err(|error| DiffError::Shape { object: name(named), reason: error.to_string() })
}

fn name(object: &Object) -> String {
    format!("{} {}/{}", object.kind(), object.namespace(), object.name())
}
