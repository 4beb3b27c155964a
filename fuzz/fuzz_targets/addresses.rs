//! Addresses of repositories, known hosts and versions: no text panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_source::address::{self, Address};
use windlass_source::known_hosts::KnownHosts;

fuzz_target!(|text: &str| {
    if let Ok(address) = Address::parse(text) {
        let _ = address.host();
    }
    let _ = (address::normalize(text), address::sanitize(text));
    assert!(text.is_empty() || address::same(text, text));
    let (hosts, _bad) = KnownHosts::parse(text);
    let _ = hosts;
});
