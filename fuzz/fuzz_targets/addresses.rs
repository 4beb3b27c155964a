//! Addresses of repositories, known hosts and versions: no text panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_source::address::Address;
use windlass_source::known_hosts::KnownHosts;

fuzz_target!(|text: &str| {
    if let Ok(address) = Address::parse(text) {
        let _ = format!("{address}");
    }
    let (hosts, _bad) = KnownHosts::parse(text);
    let _ = hosts;
});
