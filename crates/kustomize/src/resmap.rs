//! The resources of a build in order, found quickly by id.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::id::ResId;
use crate::openapi::OpenApi;
use crate::resource::Resource;

/// Resources in the order in which they were added. Ids are looked up in an index that is made on
/// first use and forgotten whenever a resource may have been changed, so that neither adding nor
/// finding is ever quadratic.
#[derive(Clone, Debug)]
pub struct ResMap {
    list: Vec<Resource>,
    openapi: OpenApi,
    current: OnceLock<Index>,
    any: OnceLock<Index>,
}

/// Places by id, whose namespace is the effective one.
type Index = HashMap<ResId, Vec<usize>>;

/// The id with its effective namespace alone: what two resources may not share.
pub(crate) fn key(id: &ResId) -> ResId {
    ResId {
        gvk: id.gvk.clone(),
        name: id.name.clone(),
        namespace: id.effective_namespace().to_owned(),
        cluster_scoped: false,
    }
}

impl ResMap {
    /// An empty one.
    pub fn new(openapi: &OpenApi) -> Self {
        Self {
            list: Vec::new(),
            openapi: openapi.clone(),
            current: OnceLock::new(),
            any: OnceLock::new(),
        }
    }

    /// What is known of kinds.
    pub fn openapi(&self) -> &OpenApi {
        &self.openapi
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    /// All, in order, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.forget();
        self.list.iter_mut()
    }

    /// The one at a place.
    pub fn get(&self, at: usize) -> Option<&Resource> {
        self.list.get(at)
    }

    /// The one at a place, to be changed.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut Resource> {
        self.forget();
        self.list.get_mut(at)
    }

    /// All, to be reordered or changed at will. Ids are not checked.
    pub fn list_mut(&mut self) -> &mut Vec<Resource> {
        self.forget();
        &mut self.list
    }

    /// All, in order.
    pub fn into_list(self) -> Vec<Resource> {
        self.list
    }

    fn forget(&mut self) {
        self.current.take();
        self.any.take();
    }

    fn current(&self) -> &Index {
        self.current.get_or_init(|| {
            let mut index = Index::with_capacity(self.list.len());
            for (at, resource) in self.list.iter().enumerate() {
                index.entry(key(&resource.id(&self.openapi))).or_default().push(at);
            }
            index
        })
    }

    fn any(&self) -> &Index {
        self.any.get_or_init(|| {
            let mut index = Index::with_capacity(self.list.len());
            for (at, resource) in self.list.iter().enumerate() {
                note_any(&mut index, resource, &self.openapi, at);
            }
            index
        })
    }

    /// The places of those with this id now.
    pub fn by_current_id(&self, id: &ResId) -> &[usize] {
        self.current().get(&key(id)).map_or(&[], Vec::as_slice)
    }

    /// The places of those with this id, now or before.
    pub fn by_any_id(&self, id: &ResId) -> &[usize] {
        self.any().get(&key(id)).map_or(&[], Vec::as_slice)
    }

    /// The place of the one with this id now or before.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn one_by_any_id(&self, id: &ResId) -> Result<usize> {
        let why = match self.by_any_id(id) {
            [one] => return Ok(*one),
            [] => "no matches",
            _ => "multiple matches",
        };
        Err(Error::told(format!("{why} for Id {id}; failed to find unique target for patch {id}")))
    }

    /// Adds one whose id must be new.
    ///
    /// # Errors
    /// If it is not.
    pub fn append(&mut self, resource: Resource) -> Result<()> {
        let id = resource.id(&self.openapi);
        if !self.by_current_id(&id).is_empty() {
            return Err(Error::told(format!(
                "may not add resource with an already registered id: {id}"
            )));
        }
        let at = self.list.len();
        if let Some(index) = self.current.get_mut() {
            index.entry(key(&id)).or_default().push(at);
        }
        if let Some(index) = self.any.get_mut() {
            note_any(index, &resource, &self.openapi, at);
        }
        self.list.push(resource);
        Ok(())
    }

    /// Adds all of `resources`, whose ids must be new.
    ///
    /// # Errors
    /// If one is not.
    pub fn append_all(&mut self, resources: impl IntoIterator<Item = Resource>) -> Result<()> {
        resources.into_iter().try_for_each(|r| self.append(r))
    }

    /// Drops those that were deleted.
    pub fn drop_empties(&mut self) {
        if self.list.iter().any(Resource::is_empty) {
            self.forget();
            self.list.retain(|r| !r.is_empty());
        }
    }
}

fn note_any(index: &mut Index, resource: &Resource, openapi: &OpenApi, at: usize) {
    if resource.is_empty() {
        return;
    }
    for id in resource.previous_ids().chain([resource.id(openapi)]) {
        let places = index.entry(key(&id)).or_default();
        if places.last() != Some(&at) {
            places.push(at);
        }
    }
}
