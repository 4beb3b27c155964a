//! Signatures that gpg made, with its keys in `tests/data`.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use windlass_commit_signatures::{Keyring, Signature, Verdict};

/// 2026-12-01.
const NOW: i64 = 1_796_083_200;

fn data(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/");
    std::fs::read(format!("{path}{name}")).unwrap()
}

fn keys(names: &[&str]) -> Keyring {
    let mut ring = Keyring::default();
    for name in names {
        ring.extend(Keyring::read(&data(&format!("{name}.asc"))).unwrap());
    }
    ring
}

#[track_caller]
fn check(signature: &str, ring: &[&str], payload: &[u8], verdict: Verdict, rest: [&str; 3]) {
    let signature = Signature::read(&data(signature)).unwrap();
    let found = keys(ring).verify(&signature, payload, NOW);
    assert_eq!(found.verdict, verdict);
    assert_eq!([&found.key_id, found.cipher, &found.user], rest);
}

#[test]
fn as_gpg() {
    let payload = data("payload");
    let all = ["robot", "curve", "nist", "sub", "gone", "old"];
    let robot = ["4685AA86F9B64E4B", "RSA", "Trusted Robot <robot@windlass.dev>"];
    check("robot.sig", &all, &payload, Verdict::Good, robot);
    let curve = ["1760A935F31AC3B8", "EDDSA", "Curve Robot <curve@windlass.dev>"];
    check("curve.sig", &all, &payload, Verdict::Good, curve);
    let nist = ["A6C9D756F972F3EB", "ECDSA", "Nist Robot <nist@windlass.dev>"];
    check("nist.sig", &all, &payload, Verdict::Good, nist);
    let sub = ["54B5E1FBB9469306", "EDDSA", "Sub Robot <sub@windlass.dev>"];
    check("sub.sig", &all, &payload, Verdict::Good, sub);
    let stranger = ["732257A1125E981B", "EDDSA", ""];
    check("stranger.sig", &all, &payload, Verdict::MissingKey, stranger);
    let old = ["9C0E4128D9F80BBE", "EDDSA", "Old Robot <old@windlass.dev>"];
    check("old.sig", &all, &payload, Verdict::ExpiredKey, old);
    let gone = ["1215D30318ABB321", "EDDSA", "Gone Robot <gone@windlass.dev>"];
    check("gone.sig", &all, &payload, Verdict::RevokedKey, gone);
}

#[test]
fn what_was_changed_or_is_weak_is_bad() {
    let mut payload = data("payload");
    payload[3] ^= 1;
    let robot = ["4685AA86F9B64E4B", "RSA", "Trusted Robot <robot@windlass.dev>"];
    check("robot.sig", &["robot"], &payload, Verdict::Bad, robot);
    let curve = ["1760A935F31AC3B8", "EDDSA", "Curve Robot <curve@windlass.dev>"];
    check("curve.sig", &["curve"], &payload, Verdict::Bad, curve);
    // SHA-1, which gpg still takes for data.
    check("weak.sig", &["robot"], &data("payload"), Verdict::Bad, robot);
}

#[test]
fn keys_are_read() {
    let ring = keys(&["robot", "sub"]);
    let found: Vec<_> = ring.keys().iter().map(|k| (k.id(), k.user().to_owned())).collect();
    let expected = [
        ("4685AA86F9B64E4B", "Trusted Robot <robot@windlass.dev>"),
        ("4EECC6D4F62F07E3", "Sub Robot <sub@windlass.dev>"),
    ];
    assert_eq!(found, expected.map(|(id, user)| (id.to_owned(), user.to_owned())));
    assert_eq!(ring.keys()[0].fingerprint(), "252E732D4FDB7D84F5DE458D4685AA86F9B64E4B");
    assert!(Signature::read(&data("robot.asc")).is_ok(), "a key has signatures of itself");
    assert!(Signature::read(b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n").is_err());
    assert!(Keyring::read(b"nothing").is_err());
}

/// Where the packets of an export of gpg begin, which have old headers.
fn packets(data: &[u8]) -> Vec<usize> {
    let (mut at, mut begins) = (0, Vec::new());
    while at < data.len() {
        begins.push(at);
        let wide = data[at] & 1;
        let length = |i: usize| usize::from(data[at + i]);
        at += match wide {
            0 => 2 + length(1),
            _ => 3 + (length(1) << 8) + length(2),
        };
    }
    begins
}

#[test]
fn a_subkey_that_the_key_has_not_bound_is_not_its_own() {
    let sub = windlass_commit_signatures::dearmour(&data("sub.asc")).unwrap();
    let begin = packets(&sub).into_iter().find(|at| sub[*at] >> 2 & 0xf == 14).unwrap();
    let mut grafted = windlass_commit_signatures::dearmour(&data("robot.asc")).unwrap();
    grafted.extend(&sub[begin..]);
    let signature = Signature::read(&data("sub.sig")).unwrap();
    let found = Keyring::read(&grafted).unwrap().verify(&signature, &data("payload"), NOW);
    assert_eq!(found.verdict, Verdict::MissingKey);
}

#[test]
fn a_key_that_has_not_signed_its_name_is_left_out() {
    let robot = windlass_commit_signatures::dearmour(&data("robot.asc")).unwrap();
    let at = robot.windows(5).position(|window| window == b"Robot").unwrap();
    let mut renamed = robot.clone();
    renamed[at..at + 5].copy_from_slice(b"Other");
    assert!(Keyring::read(&renamed).unwrap().keys().is_empty());
}

proptest! {
    #[test]
    fn any_data_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Keyring::read(&bytes);
        let _ = Signature::read(&bytes);
    }

    #[test]
    fn a_signature_with_any_change_is_never_another_ones(at in 0_usize..500, bit in 0_u8..8) {
        let mut binary = windlass_commit_signatures::dearmour(&data("robot.sig")).unwrap();
        let at = at % binary.len();
        binary[at] ^= 1 << bit;
        if let Ok(signature) = Signature::read(&binary) {
            let found = keys(&["curve", "nist"]).verify(&signature, &data("payload"), NOW);
            prop_assert_ne!(found.verdict, Verdict::Good);
        }
    }
}
