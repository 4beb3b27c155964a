//! What holds of the pure parts for every input.

use proptest::prelude::*;
use windlass_source::address::{self, Address};
use windlass_source::known_hosts::{KnownHosts, Verdict};

fn address() -> impl Strategy<Value = String> {
    let user = prop_oneof![Just(String::new()), "[a-z]{1,4}@", "[a-z]{1,4}:s3cr3t@"];
    let scheme = prop_oneof![Just("https://"), Just("http://"), Just("ssh://")];
    let url = (
        scheme,
        user,
        "[a-zA-Z]{1,5}(\\.[a-z]{1,3})?",
        "(:[0-9]{1,4})?",
        "(/[a-zA-Z0-9_-]{1,4}){1,3}(\\.git)?",
    )
        .prop_map(|(s, u, h, p, path)| format!("{s}{u}{h}{p}{path}"));
    let scp = "[a-z]{1,4}@[a-zA-Z]{1,5}:[a-zA-Z0-9]{1,4}(/[a-z]{1,4})?(\\.git)?";
    prop_oneof![url, scp, "file:///[a-zA-Z]{1,4}(/[a-z]{1,4})?"]
}

proptest! {
    #[test]
    fn addresses_have_one_canonical_form(url in address()) {
        let canonical = address::canonical(&url);
        prop_assert_eq!(address::canonical(&canonical), canonical.clone());
        prop_assert!(address::same(&url, &url));
        prop_assert!(Address::parse(&url).is_ok(), "{}", url);
        prop_assert!(Address::parse(&canonical).is_ok(), "{} {}", url, canonical);
        let git = if url.ends_with(".git") { url.clone() } else { format!("{url}.git") };
        prop_assert_eq!(address::canonical(&git), canonical);
    }

    #[test]
    fn shown_addresses_hold_no_password(url in address()) {
        prop_assert!(!address::sanitize(&url).contains("s3cr3t"));
        if let Err(error) = Address::parse(&format!("{url} ")) {
            prop_assert!(!error.to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn no_text_is_too_strange(text in ".{0,60}") {
        let _ = Address::parse(&text);
        let _ = address::normalize(&text);
        let _ = address::canonical(&text);
        let _ = address::sanitize(&text);
        let (known, _) = KnownHosts::parse(&text);
        prop_assert_eq!(known.judge("host", 22, b"key") == Verdict::Trusted, false);
    }
}
