//! The fields of a kustomization as kustomize tells them in errors: as the configuration of the
//! transformer that they are for.

use serde_json::json;
use windlass_object::yaml;

use crate::kustomization::encode::Encode as _;
use crate::kustomization::{Patch, ReplacementField};

/// What a transformer was doing that could not read its configuration.
pub(crate) fn trouble(transformer: &str, config: &str) -> String {
    format!("trouble configuring builtin {transformer} with config: `\n{config}`")
}

/// The configuration of a PatchTransformer.
pub(crate) fn patch(patch: &Patch) -> String {
    yaml::to_string(&patch.whole())
}

/// The configuration of a PatchJson6902Transformer.
pub(crate) fn json6902(patch: &Patch) -> String {
    let mut config = Patch { options: None, ..patch.clone() }.whole();
    if let Some(fields) = config.as_object_mut()
        && let Some(operations) = fields.remove("patch")
    {
        fields.insert("jsonOp".to_owned(), operations);
    }
    yaml::to_string(&config)
}

/// The configuration of a PatchStrategicMergeTransformer.
pub(crate) fn strategic(paths: &[String]) -> String {
    yaml::to_string(&json!({ "paths": paths }))
}

/// The configuration of a ReplacementTransformer.
pub(crate) fn replacements(replacements: &[ReplacementField]) -> String {
    let all: Vec<_> = replacements.iter().map(ReplacementField::whole).collect();
    yaml::to_string(&json!({ "Replacements": all }))
}
