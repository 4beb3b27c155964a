//! No version and no constraint panics, and versions have one order.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use windlass_semver::{Constraint, Version};

fuzz_target!(|text: &str| {
    let constraints: Vec<_> = text.lines().take(4).flat_map(Constraint::parse).collect();
    let versions: Vec<_> = text.lines().take(6).flat_map(Version::parse).collect();
    for version in &versions {
        let again = Version::parse(&version.to_string());
        assert_eq!(again.as_ref(), Ok(version), "{version}");
        for constraint in &constraints {
            let _ = constraint.matches(version);
        }
    }
    for a in &versions {
        for b in &versions {
            assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a} {b}");
            assert_eq!(a.cmp(b) == Ordering::Equal, a == b, "{a} {b}");
            for c in &versions {
                assert!(!(a <= b && b <= c) || a <= c, "{a} {b} {c}");
            }
        }
    }
    let _ = text.lines().take(6).map(Version::parse_strict).count();
});
