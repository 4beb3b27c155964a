//! The patches of a kustomization, read.

use crate::error::{During, Result};
use crate::resource::Resource;
use crate::target::Target;
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
    pub(crate) fn load(target: &'k Target<'_>) -> Result<Self> {
        let (k, loader) = (&target.kustomization, &target.loader);
        let paths = &k.patches_strategic_merge;
        let strategic = (!paths.is_empty()).then(|| {
            let loaded = patch::load_strategic(loader, paths).during(|| {
                told::trouble("PatchStrategicMergeTransformer", &told::strategic(paths))
            });
            target.placed(loaded, "patchesStrategicMerge", None)
        });
        let either = k.patches.iter().enumerate().map(|(at, args)| {
            let loaded = patch::Loaded::new(loader, args)
                .during(|| told::trouble("PatchTransformer", &told::patch(args)));
            target.placed(loaded, "patches", Some(at))
        });
        let json = k.patches_json6902.iter().enumerate().map(|(at, args)| {
            let (of, path, patch) = (args.target.as_ref(), &args.path, &args.patch);
            let loaded = json6902::Loaded::new(loader, of, path, patch)
                .during(|| told::trouble("PatchJson6902Transformer", &told::json6902(args)));
            target.placed(loaded, "patchesJson6902", Some(at))
        });
        Ok(Self {
            strategic: strategic.transpose()?,
            either: either.collect::<Result<_>>()?,
            json: json.collect::<Result<_>>()?,
        })
    }
}
