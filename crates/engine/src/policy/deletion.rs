//! Deletion of an application with its objects: wave by wave, the last first.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::{Object, ResourceKey};

use crate::annotation;
use crate::hook;
use crate::tracking::is_crd;

/// How an application's objects are deleted.
#[derive(Clone, Debug)]
pub struct DeletionSettings<'a> {
    /// The application object, which is not its own to delete.
    pub key: ResourceKey,
    /// Application-wide value of `Delete`.
    pub delete_default: Option<&'a str>,
    /// Application-wide value of `Prune`.
    pub prune_default: Option<&'a str>,
    /// Whether a person has agreed to delete what needs their agreement.
    pub confirmed: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Deletion {
    /// These objects are being deleted: wait until they are gone.
    Await(Vec<ResourceKey>),
    /// A person must agree to the deletion of this object first.
    Confirm(ResourceKey),
    /// Delete these, all of one wave.
    Delete(Vec<Arc<Object>>),
    /// Nothing is left to delete.
    Done,
}

/// The next step of deleting an application's live objects. CRDs, the application itself, objects
/// with `Delete=false` and those that Helm keeps are spared.
pub fn next_deletion<'a>(
    live: impl IntoIterator<Item = &'a Arc<Object>>,
    settings: &DeletionSettings<'_>,
) -> Deletion {
    let (delete, prune) = (settings.delete_default, settings.prune_default);
    let mut doomed: Vec<&Arc<Object>> = Vec::new();
    for object in live {
        let option = annotation::value(object, annotation::SYNC_OPTIONS, "Delete").or(delete);
        let spared = is_crd(object)
            || object.key() == settings.key
            || option == Some("false")
            || hook::helm_keeps(object);
        if !spared {
            doomed.push(object);
        }
    }
    let going: Vec<ResourceKey> =
        doomed.iter().filter(|o| o.is_terminating()).map(|o| o.key()).collect();
    if !going.is_empty() {
        return Deletion::Await(going);
    }
    let asks = |object: &&&Arc<Object>| {
        let option = |name: &str, default: Option<&str>| {
            annotation::value(object, annotation::SYNC_OPTIONS, name).or(default) == Some("confirm")
        };
        option("Delete", delete) || option("Prune", prune)
    };
    if !settings.confirmed
        && let Some(object) = doomed.iter().find(asks)
    {
        return Deletion::Confirm(object.key());
    }
    let Some(last) = doomed.iter().map(|object| hook::wave(object)).max() else {
        return Deletion::Done;
    };
    let wave = doomed.into_iter().filter(|object| hook::wave(object) == last);
    Deletion::Delete(wave.cloned().collect())
}

/// Whether the value of `argocd.argoproj.io/deletion-approved` agrees to what began at a time.
pub fn is_confirmed(approved: Option<&str>, began: Timestamp) -> bool {
    approved.and_then(|text| text.parse::<Timestamp>().ok()).is_some_and(|at| at >= began)
}
