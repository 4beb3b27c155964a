//! No keyring, no text signed in the clear and no signature panics, armoured or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_openpgp::{Cleartext, Keyring, Signature};

const NOW: i64 = 1_700_000_000;

fuzz_target!(|bytes: &[u8]| {
    // One input is all three, so that a seed of two files joined can be verified.
    let text = String::from_utf8_lossy(bytes);
    let keyring = Keyring::read(bytes).or_else(|_| Keyring::read(text.as_bytes()));
    let keyring = keyring.unwrap_or_default();
    for entity in keyring.entities() {
        let _ = (entity.id(), entity.identities(), entity.fingerprint());
    }
    if let Ok(Some(signed)) = Cleartext::find(&text) {
        let _ = keyring.verify(&signed, NOW);
    }
    if let Ok(signature) = Signature::read(bytes) {
        let _ = (signature.key_id(), signature.algorithm());
        let _ = keyring.verify_detached(&signature, b"signed", NOW);
    }
});
