//! No kustomization file panics, read to build or to edit; an edit that changes nothing is stable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_kustomize::edit::Document;
use windlass_kustomize::kustomization;

fuzz_target!(|text: &str| {
    let _ = kustomization::read(text.as_bytes(), "dir");
    if let Ok(document) = Document::read(text) {
        let written = document.write();
        if let Ok(again) = Document::read(&written) {
            assert_eq!(document.kustomization, again.kustomization, "{written}");
        }
    }
});
