//! No replacement panics, whatever its paths say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_kustomize::kustomization::{
    FieldOptions, ReplacementField, Selector, SourceSelector, TargetSelector,
};
use windlass_kustomize::transform::replacements;
use windlass_kustomize::{OpenApi, ResMap, Resource};

fuzz_target!(|input: (&str, &str, &str, &str, i8, bool)| {
    let (object, from, to, delimiter, index, create) = input;
    let Ok(value) = serde_json::from_str::<Value>(object) else { return };
    let mut map = ResMap::new(&OpenApi::builtin());
    if map.append(Resource::new(value)).is_err() {
        return;
    }
    let options = Some(FieldOptions {
        delimiter: delimiter.into(),
        index: index.into(),
        encoding: String::new(),
        create,
    });
    let source = SourceSelector {
        field_path: from.into(),
        options: options.clone(),
        ..SourceSelector::default()
    };
    let target = TargetSelector {
        select: Some(Selector::default()),
        field_paths: vec![to.into()],
        options,
        ..TargetSelector::default()
    };
    let replacement =
        ReplacementField { source: Some(source), targets: vec![target], ..Default::default() };
    let _ = replacements::replace(&mut map, &replacement);
});
