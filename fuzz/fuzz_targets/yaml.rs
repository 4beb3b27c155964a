//! No text makes the YAML reader panic, and what it has read it reads again from what it writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_object::yaml::{self, Options};

fuzz_target!(|text: &[u8]| {
    for options in [Options::default(), Options::strict(), Options::kustomize()] {
        let parsed = yaml::parse(text, &options);
        for document in &parsed.documents {
            let written = yaml::to_string(&document.value);
            // A key that reads as the merge key, and YAML 1.1's further line breaks, do not
            // survive the trip in Go either.
            if written.contains("<<") || written.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
                continue;
            }
            let again = yaml::parse_one(written.as_bytes(), &Options::default());
            assert_eq!(again.as_ref(), Ok(&document.value), "{written:?}");
        }
    }
});
