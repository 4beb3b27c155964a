//! Renders at rest.

use windlass_object::{CompactObject, Object};
use windlass_tree::{GivenRecord, ReadRecord};

use crate::{Diagnostic, Rendered, SourceType};

/// What a render came to, in little memory.
#[derive(Clone, Debug)]
pub struct Kept {
    /// How the directory was understood; none if that could not be told.
    pub source_type: Option<SourceType>,
    objects: Box<[CompactObject]>,
    /// What is bad. With any, the objects are not all that were meant.
    pub diagnostics: Vec<Diagnostic>,
    /// What was read, and was not there to be read.
    pub read: ReadRecord,
    /// What was used of what was given beside the tree.
    pub given: GivenRecord,
}

impl Kept {
    /// The objects, in the order of files and documents.
    pub fn objects(&self) -> impl Iterator<Item = Object> + '_ {
        self.objects.iter().map(Object::from)
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl From<Rendered> for Kept {
    fn from(rendered: Rendered) -> Self {
        let Rendered { source_type, manifests, diagnostics, warnings: _, read, given } = rendered;
        let objects = manifests.into_iter().map(|manifest| manifest.object.into()).collect();
        Self { source_type, objects, diagnostics, read, given }
    }
}

impl FromIterator<Object> for Kept {
    /// Objects that were not rendered, but came from elsewhere.
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        Self {
            source_type: None,
            objects: objects.into_iter().map(CompactObject::from).collect(),
            diagnostics: Vec::new(),
            read: ReadRecord::default(),
            given: GivenRecord::default(),
        }
    }
}
