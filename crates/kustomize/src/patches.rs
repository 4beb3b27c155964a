//! The patches of a kustomization, read.

use crate::error::{During, Result};
use crate::kustomization::Kustomization;
use crate::loader::Loader;
use crate::resource::Resource;
use crate::transform::{json6902, patch, told};

/// The patches of a kustomization, all of which are read before anything is changed.
pub(crate) struct Patches<'k> {
    /// `patchesStrategicMerge`, if there are any.
    pub(crate) strategic: Option<Vec<Resource>>,
    /// `patches`.
    pub(crate) either: Vec<patch::Loaded<'k>>,
    /// `patchesJson6902`.
    pub(crate) json: Vec<json6902::Loaded<'k>>,
}

impl<'k> Patches<'k> {
    /// Reads them.
    ///
    /// # Errors
    /// If a file cannot be read, or what is there is no patch.
    pub(crate) fn load(k: &'k Kustomization, loader: &Loader<'_>) -> Result<Self> {
        let paths = &k.patches_strategic_merge;
        let strategic = (!paths.is_empty()).then(|| {
            patch::load_strategic(loader, paths)
                .during(|| told::trouble("PatchStrategicMergeTransformer", &told::strategic(paths)))
        });
        let either = k.patches.iter().map(|args| {
            patch::Loaded::new(loader, args)
                .during(|| told::trouble("PatchTransformer", &told::patch(args)))
        });
        let json = k.patches_json6902.iter().map(|args| {
            json6902::Loaded::new(loader, args.target.as_ref(), &args.path, &args.patch)
                .during(|| told::trouble("PatchJson6902Transformer", &told::json6902(args)))
        });
        Ok(Self {
            strategic: strategic.transpose()?,
            either: either.collect::<Result<_>>()?,
            json: json.collect::<Result<_>>()?,
        })
    }
}
