//! Hashes, passwords, encryption, keys and certificates. Whatever is drawn comes from the
//! environment's seed.

mod certificate;
mod der;
mod key;
mod password;

use aws_lc_rs::digest;
use windlass_gotemplate::Type;

use crate::environment::Environment;
use crate::random::Random;
use crate::table::{Table, bytes, string, text};
use key::PrivateKey;

pub(crate) fn add(t: &mut Table, random: &Random, environment: &Environment) {
    for (name, algorithm) in [
        ("sha1sum", &digest::SHA1_FOR_LEGACY_USE_ONLY),
        ("sha256sum", &digest::SHA256),
        ("sha512sum", &digest::SHA512),
    ] {
        t.put(&[name], &[Type::String], move |a| {
            string(hex(digest::digest(algorithm, bytes(&a[0])).as_ref()))
        });
    }
    t.put(&["adler32sum"], &[Type::String], |a| {
        let (mut low, mut high) = (1_u32, 0_u32);
        for byte in bytes(&a[0]) {
            low = (low + u32::from(*byte)) % 65_521;
            high = (high + low) % 65_521;
        }
        string((high << 16 | low).to_string())
    });
    password::add(t, random);
    certificate::add(t, random, environment);
    let r = random.clone();
    t.put(&["genPrivateKey"], &[Type::String], move |a| {
        let key = match &*text(&a[0]) {
            "" | "rsa" => PrivateKey::rsa(&r, 4096),
            "ecdsa" => PrivateKey::p256(&r),
            "ed25519" => PrivateKey::ed25519(&r),
            other => return string(format!("Unknown type {other}")),
        };
        string(key.map_or_else(
            |error| format!("failed to generate private key: {error}"),
            |key| key.to_pem(),
        ))
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
