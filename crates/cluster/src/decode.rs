//! From an object on the wire to what is kept of it.
//!
//! The identity is read first, skipping everything else. Only objects that are managed, or whose
//! kind has something to show (health, images, network), are decoded further; the others never
//! become a tree of values. Managed objects are kept whole, as compressed JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use windlass_object::{GroupKind, Object, Value};

use crate::changes::FieldChange;
use crate::connection::Tracker;
use crate::describe::{self, Detail};
use crate::discovery::ApiKind;
use windlass_engine::state::Health;

/// An object's identity in time: its UID in 16 bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(u128);

impl Uid {
    /// From the text of a UID. One that is no UUID is hashed.
    pub fn of(text: &str) -> Self {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if hex.len() == 32
            && text.len() == 36
            && let Ok(number) = u128::from_str_radix(&hex, 16)
        {
            return Self(number);
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let high = hasher.finish();
        text.len().hash(&mut hasher);
        Self((u128::from(high) << 64) | u128::from(hasher.finish()))
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Uid {
    /// As a UUID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

/// What an object says of itself, before anything else of it is read.
#[derive(Debug)]
pub struct Identity<'a> {
    /// Its kind.
    pub kind: &'a ApiKind,
    /// Its namespace, or empty.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Its annotations.
    pub annotations: &'a BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

/// An owner as the object names it.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) kind: GroupKind,
    pub(crate) name: Arc<str>,
    pub(crate) uid: Uid,
}

/// An object, decoded.
pub(crate) struct Decoded {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) uid: Uid,
    pub(crate) resource_version: Box<str>,
    pub(crate) created: Box<str>,
    pub(crate) terminating: bool,
    pub(crate) owners: Box<[Owner]>,
    pub(crate) app: Option<String>,
    pub(crate) health: Option<Health>,
    pub(crate) detail: Option<Box<Detail>>,
    pub(crate) body: Option<Box<[u8]>>,
    pub(crate) by: Option<FieldChange>,
    /// Digest of what concerns anybody.
    pub(crate) digest: Option<u64>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    resource_version: Cow<'a, str>,
    #[serde(borrow, default)]
    creation_timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(default)]
    annotations: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    owner_references: Option<Vec<OwnerRef<'a>>>,
    #[serde(borrow, default)]
    managed_fields: Option<Vec<FieldsEntry<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerRef<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
}

#[derive(Deserialize)]
struct FieldsEntry<'a> {
    #[serde(borrow, default)]
    manager: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    subresource: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
}

/// Decodes an object of a kind. In lists objects come without `apiVersion` and `kind`, so both are
/// taken from `kind`.
pub(crate) fn decode(
    raw: &RawValue,
    kind: &ApiKind,
    tracker: &dyn Tracker,
) -> Result<Decoded, serde_json::Error> {
    let Head { metadata: meta } = serde_json::from_str(raw.get())?;
    let labels = meta.labels.unwrap_or_default();
    let annotations = meta.annotations.unwrap_or_default();
    let owners = meta.owner_references.unwrap_or_default();
    // What has an owner is its owner's, although it may have inherited the owner's marks.
    let identity = Identity {
        kind,
        namespace: &meta.namespace,
        name: &meta.name,
        labels: &labels,
        annotations: &annotations,
    };
    let app = owners.is_empty().then(|| tracker.application(&identity)).flatten();
    let managed = app.is_some();
    let digests = tracker.digests(&identity);
    let (mut health, mut detail, mut body, mut digest) = (None, None, None, None);
    if managed || digests || describe::has_detail(kind) {
        let mut object: Object = serde_json::from_str(raw.get())?;
        complete(&mut object, kind);
        health = tracker.health(&object);
        detail = describe::detail(&object, tracker);
        if managed {
            body = Some(compress(&object)?);
        }
        if digests {
            digest = tracker.digest(object);
        }
    }
    let by = meta.managed_fields.filter(|_| managed).and_then(last_writer);
    Ok(Decoded {
        namespace: (&*meta.namespace).into(),
        name: (&*meta.name).into(),
        uid: Uid::of(&meta.uid),
        resource_version: (&*meta.resource_version).into(),
        created: meta.creation_timestamp.as_deref().unwrap_or_default().into(),
        terminating: meta.deletion_timestamp.is_some(),
        owners: owners.iter().map(owner).collect(),
        app,
        health,
        detail,
        body,
        by,
        digest,
    })
}

fn owner(reference: &OwnerRef<'_>) -> Owner {
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    Owner {
        kind: GroupKind::new(group, &*reference.kind),
        name: (&*reference.name).into(),
        uid: Uid::of(&reference.uid),
    }
}

/// The entry with the latest time; of equals the last.
fn last_writer(entries: Vec<FieldsEntry<'_>>) -> Option<FieldChange> {
    let last = entries.into_iter().max_by(|a, b| a.time.cmp(&b.time))?;
    Some(FieldChange {
        manager: (&*last.manager).into(),
        operation: (&*last.operation).into(),
        subresource: (&*last.subresource).into(),
        time: last.time.as_deref().unwrap_or_default().into(),
    })
}

/// Gives an object of a list the `apiVersion` and `kind` that it lacks.
pub(crate) fn complete(object: &mut Object, kind: &ApiKind) {
    let fields = object.fields_mut();
    fields.entry("apiVersion").or_insert_with(|| Value::String(kind.gvk().api_version()));
    fields.entry("kind").or_insert_with(|| Value::String(kind.kind.clone()));
}

fn compress(object: &Object) -> Result<Box<[u8]>, serde_json::Error> {
    let json = serde_json::to_vec(object)?;
    Ok(lz4_flex::compress_prepend_size(&json).into_boxed_slice())
}

/// The object that [`decode`] kept whole.
pub(crate) fn decompress(body: &[u8]) -> Option<Object> {
    let json = lz4_flex::decompress_size_prepended(body).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_keep_their_text() {
        let text = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        assert_eq!(Uid::of(text).to_string(), text);
        assert_ne!(Uid::of("x"), Uid::of("y"));
    }
}
