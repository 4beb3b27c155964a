//! `namePrefix` and `nameSuffix`, and the PrefixTransformer and SuffixTransformer.

use serde_json::Value;

use super::fields::{Create, Fields, set_scalar};
use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::id::Gvk;
use crate::resmap::ResMap;
use crate::resource::{Resource, scalar_text};

/// Puts `prefix` before the fields of `specs` and notes it for name references.
///
/// # Errors
/// Where a field is not what its path says.
pub fn prefix(map: &mut ResMap, prefix: &str, specs: &[FieldSpec]) -> Result<()> {
    transform(map, specs, prefix, |r| &mut r.prefixes, |name| format!("{prefix}{name}"))
}

/// Puts `suffix` behind the fields of `specs` and notes it for name references.
///
/// # Errors
/// Where a field is not what its path says.
pub fn suffix(map: &mut ResMap, suffix: &str, specs: &[FieldSpec]) -> Result<()> {
    transform(map, specs, suffix, |r| &mut r.suffixes, |name| format!("{name}{suffix}"))
}

fn transform(
    map: &mut ResMap,
    specs: &[FieldSpec],
    addition: &str,
    notes: impl Fn(&mut Resource) -> &mut Vec<String>,
    renamed: impl Fn(&str) -> String,
) -> Result<()> {
    let openapi = map.openapi().clone();
    let fields: Vec<_> = specs.iter().map(|spec| (spec, Fields::new([spec]))).collect();
    for resource in map.iter_mut() {
        let original = resource.original_id(&openapi).gvk;
        if keeps_its_name(&original) {
            continue;
        }
        for (spec, fields) in &fields {
            if !original.is_selected(&spec.gvk) {
                continue;
            }
            if spec.path == "metadata/name" && !addition.is_empty() {
                notes(resource).push(addition.to_owned());
                resource.store_previous_id(&openapi);
            }
            fields.apply(&mut resource.value, Some(Create::Scalar), &mut |value| {
                let new = match &*value {
                    Value::String(name) => renamed(name),
                    other => renamed(&scalar_text(other)),
                };
                set_scalar(value, Value::String(new))
            })?;
        }
    }
    Ok(())
}

fn keeps_its_name(gvk: &Gvk) -> bool {
    match &*gvk.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}
