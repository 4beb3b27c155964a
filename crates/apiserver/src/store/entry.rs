//! One stored object: serialised once, shared by every reader.
//!
//! The revision is assigned under the store's lock, when the object is long serialised, so the
//! text is made in two parts, before and after `metadata.resourceVersion`, and joined then. The
//! same seam lets a deletion event carry the deletion's revision without parsing anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_object::Object;

/// Labels of an object, kept beside its text so that selecting needs no parsing.
pub type Labels = BTreeMap<Box<str>, Box<str>>;

/// An object at a revision.
#[derive(Clone)]
pub struct Entry {
    /// Revision of the write, as in `metadata.resourceVersion`.
    pub revision: u64,
    /// The object as JSON.
    pub json: Bytes,
    /// Its labels; shared by all objects without any.
    pub labels: Arc<Labels>,
    seam: u32,
}

/// An object's text without its resourceVersion.
#[derive(Clone)]
pub struct Encoded {
    text: Vec<u8>,
    seam: u32,
    labels: Arc<Labels>,
}

impl Entry {
    /// The object, parsed.
    pub fn object(&self) -> Object {
        // The store holds only what `encode` wrote: a JSON object.
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// An entry as it was kept: its text without resourceVersion, and where that belongs. None if
    /// the parts do not make an object.
    pub(super) fn restore(text: Vec<u8>, seam: u32, revision: u64) -> Option<Self> {
        if seam as usize > text.len() {
            return None;
        }
        let mut entry = Encoded { text, seam, labels: share(Labels::new()) }.at(revision);
        entry.labels = parse_labels(&entry.json)?;
        Some(entry)
    }

    /// The same text at another revision.
    pub fn at(&self, revision: u64) -> Self {
        Encoded { text: self.without_revision(), seam: self.seam, labels: Arc::clone(&self.labels) }
            .at(revision)
    }

    /// The text without its resourceVersion.
    pub(super) fn without_revision(&self) -> Vec<u8> {
        let seam = self.seam as usize;
        let end = seam + revision_field(self.revision).len();
        let mut text = Vec::with_capacity(self.json.len());
        text.extend_from_slice(&self.json[..seam]);
        text.extend_from_slice(&self.json[end..]);
        text
    }

    /// Where the resourceVersion stands in the text.
    pub(super) fn seam(&self) -> u32 {
        self.seam
    }
}

fn revision_field(revision: u64) -> String {
    format!("\"resourceVersion\":\"{revision}\"")
}

impl Encoded {
    /// Serialises an object, `kind` and `apiVersion` first; its own resourceVersion is left out.
    pub fn new(object: &Object) -> Self {
        let mut text = Vec::with_capacity(1024);
        text.push(b'{');
        for key in ["kind", "apiVersion"] {
            if let Some(value) = object.fields().get(key) {
                write_field(&mut text, key, value);
            }
        }
        let empty = Map::new();
        let metadata = object.get(&["metadata"]).and_then(Value::as_object).unwrap_or(&empty);
        let seam = write_metadata(&mut text, metadata);
        let written = ["kind", "apiVersion", "metadata"];
        for (key, value) in object.fields() {
            if !written.contains(&key.as_str()) {
                write_field(&mut text, key, value);
            }
        }
        text.push(b'}');
        Self { text, seam: u32::try_from(seam).unwrap_or(u32::MAX), labels: labels_of(metadata) }
    }

    /// An object's text as readers get it, with its own resourceVersion if it has one.
    pub fn verbatim(object: &Object) -> Bytes {
        let encoded = Self::new(object);
        match object.resource_version().parse() {
            Ok(revision) => encoded.at(revision).json,
            Err(_) => encoded.unversioned(),
        }
    }

    /// The text of an object that has no revision.
    fn unversioned(&self) -> Bytes {
        let seam = self.seam as usize;
        let (head, tail) = self.text.split_at(seam);
        // One of the commas around the seam goes with it.
        let (head, tail) = match (head.strip_suffix(b","), tail.strip_prefix(b",")) {
            (Some(head), _) => (head, tail),
            (None, Some(tail)) => (head, tail),
            (None, None) => (head, tail),
        };
        [head, tail].concat().into()
    }

    /// Whether this text is what the entry holds, whatever the revision.
    pub fn is_text_of(&self, entry: &Entry) -> bool {
        let seam = self.seam as usize;
        let field = revision_field(entry.revision).len();
        self.seam == entry.seam
            && self.text.len() + field == entry.json.len()
            && self.text[..seam] == entry.json[..seam]
            && self.text[seam..] == entry.json[seam + field..]
    }

    /// The entry at a revision.
    pub fn at(&self, revision: u64) -> Entry {
        let field = revision_field(revision);
        let seam = self.seam as usize;
        let mut json = Vec::with_capacity(self.text.len() + field.len());
        json.extend_from_slice(&self.text[..seam]);
        json.extend_from_slice(field.as_bytes());
        json.extend_from_slice(&self.text[seam..]);
        Entry { revision, json: json.into(), labels: Arc::clone(&self.labels), seam: self.seam }
    }
}

/// Writes `"metadata":{…}` and returns where `"resourceVersion":"N"` is to be inserted; commas
/// around that place are already there.
fn write_metadata(text: &mut Vec<u8>, metadata: &Map<String, Value>) -> usize {
    separate(text);
    text.extend_from_slice(b"\"metadata\":{");
    let mut seam = None;
    let own = "resourceVersion";
    for (key, value) in metadata.iter().filter(|(key, _)| *key != own) {
        if seam.is_none() && key.as_str() > own {
            separate(text);
            seam = Some(text.len());
            text.push(b',');
            write_pair(text, key, value);
        } else {
            write_field(text, key, value);
        }
    }
    let seam = seam.unwrap_or_else(|| {
        separate(text);
        text.len()
    });
    text.push(b'}');
    seam
}

fn separate(text: &mut Vec<u8>) {
    if text.last() != Some(&b'{') {
        text.push(b',');
    }
}

fn write_field(text: &mut Vec<u8>, key: &str, value: &Value) {
    separate(text);
    write_pair(text, key, value);
}

fn write_pair(text: &mut Vec<u8>, key: &str, value: &Value) {
    // Writing a string or a value to memory cannot fail.
    let _ = serde_json::to_writer(&mut *text, key);
    text.push(b':');
    let _ = serde_json::to_writer(&mut *text, value);
}

fn labels_of(metadata: &Map<String, Value>) -> Arc<Labels> {
    let labels: Labels = metadata
        .get("labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| Some((k.as_str().into(), v.as_str()?.into())))
        .collect();
    share(labels)
}

fn parse_labels(json: &[u8]) -> Option<Arc<Labels>> {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        labels: Labels,
    }
    #[derive(Deserialize)]
    struct Holder {
        metadata: Metadata,
    }
    serde_json::from_slice::<Holder>(json).ok().map(|holder| share(holder.metadata.labels))
}

fn share(labels: Labels) -> Arc<Labels> {
    static NONE: std::sync::LazyLock<Arc<Labels>> = std::sync::LazyLock::new(Arc::default);
    if labels.is_empty() { Arc::clone(&NONE) } else { Arc::new(labels) }
}
