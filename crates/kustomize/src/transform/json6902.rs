//! `patchesJson6902`, and the PatchJson6902Transformer.

use windlass_object::patch::JsonPatch;

use super::patch::{apply_to, json_patch};
use super::select::select;
use crate::error::{During, Error, Result};
use crate::kustomization::Selector;
use crate::loader::Loader;
use crate::resmap::ResMap;

/// Applies the JSON patch in the file `path`, or `inline`, to the resources that `target` names.
///
/// # Errors
/// If there is not exactly one of path and text, the patch is none, the target has no name, or an
/// operation fails.
pub fn transform(
    map: &mut ResMap,
    loader: &Loader<'_>,
    target: Option<&Selector>,
    path: &str,
    inline: &str,
) -> Result<()> {
    Loaded::new(loader, target, path, inline)?.apply(map)
}

/// A JSON patch that has been read.
#[derive(Debug)]
pub(crate) struct Loaded<'p> {
    target: &'p Selector,
    patch: JsonPatch,
}

impl<'p> Loaded<'p> {
    /// Reads it.
    ///
    /// # Errors
    /// If there is not exactly one of path and text, the patch is none, or the target has no name.
    pub(crate) fn new(
        loader: &Loader<'_>,
        target: Option<&'p Selector>,
        path: &str,
        inline: &str,
    ) -> Result<Self> {
        let target = target.filter(|target| !target.name.is_empty());
        let Some(target) = target else {
            return Err(Error::told("must specify the target name"));
        };
        let text = match (path.is_empty(), inline.is_empty()) {
            (true, true) => return Err(Error::told("empty file path and empty jsonOp")),
            (false, false) => {
                return Err(Error::told("must specify a file path or jsonOp, not both"));
            }
            (true, false) => inline.to_owned(),
            (false, true) => {
                let text = String::from_utf8_lossy(&loader.load(path)?).into_owned();
                if text.is_empty() {
                    let text = format!("patch file '{path}' empty seems to be empty");
                    return Err(Error::told(text));
                }
                text
            }
        };
        let patch = json_patch(&text).during(|| format!("decoding {text}"))?;
        if patch.operations().is_empty() {
            let text = format!("patch appears to be empty; file={path}, JsonOp={text}");
            return Err(Error::told(text));
        }
        Ok(Self { target, patch })
    }

    /// Applies it.
    ///
    /// # Errors
    /// If an operation fails.
    pub(crate) fn apply(&self, map: &mut ResMap) -> Result<()> {
        for at in select(map, self.target)? {
            if let Some(resource) = map.get_mut(at) {
                apply_to(resource, &self.patch)?;
            }
        }
        Ok(())
    }
}
