//! What holds for every input.

use proptest::prelude::*;
use windlass_semver::{Constraint, Version};

proptest! {
    #[test]
    fn versions_are_totally_ordered(texts in prop::collection::vec(
        "[0-2](\\.[0-2]){0,2}(-[a1]{1,2}(\\.[b2])?)?", 3)) {
        let versions: Vec<Version> = texts.iter().filter_map(|t| Version::parse(t).ok()).collect();
        if let [a, b, c] = &versions[..] {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert!(!(a <= b && b <= c) || a <= c);
            let range = Constraint::parse(&format!(">={}", texts[0]));
            if let Ok(range) = range {
                let is_release = !texts[1].contains('-') || texts[0].contains('-');
                prop_assert_eq!(range.matches(b), b >= a && is_release, "{:?}", texts);
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,60}") {
        let _ = Constraint::parse(&text);
        let _ = Version::parse(&text);
        let _ = Version::parse_strict(&text);
    }
}
