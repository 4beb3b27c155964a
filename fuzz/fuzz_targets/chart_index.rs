//! No index of a chart repository panics, and what is written of one reads as the same index.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_charts::Index;

fuzz_target!(|text: &[u8]| {
    let Ok(index) = Index::parse(text) else { return };
    for (name, versions) in &index.entries {
        for wanted in versions.iter().map(|version| version.version.as_str()).chain(["", ">1-0"]) {
            let _ = index.get(name, wanted);
        }
    }
    let written = index.to_value().to_string();
    let Ok(again) = Index::parse(written.as_bytes()) else { panic!("{written}") };
    assert_eq!(again.to_value().to_string(), written);
    let mut merged = index.clone();
    merged.merge(again);
    merged.sort();
});
