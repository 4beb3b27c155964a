//! No replacement panics, whatever its paths say: an object, the path to read, the path to write, the
//! delimiter, the index with `c` behind it to create, a line each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_kustomize::kustomization::{
    FieldOptions, ReplacementField, Selector, SourceSelector, TargetSelector,
};
use windlass_kustomize::transform::replacements;
use windlass_kustomize::{OpenApi, ResMap, Resource};

fuzz_target!(|input: &str| {
    let mut lines = input.lines();
    let mut line = || lines.next().unwrap_or_default();
    let (object, from, to, delimiter, index) = (line(), line(), line(), line(), line());
    let Ok(value) = serde_json::from_str::<Value>(object) else { return };
    let mut map = ResMap::new(&OpenApi::builtin());
    if map.append(Resource::new(value)).is_err() {
        return;
    }
    let options = Some(FieldOptions {
        delimiter: delimiter.into(),
        index: index.trim_end_matches('c').parse().unwrap_or_default(),
        encoding: String::new(),
        create: index.ends_with('c'),
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
