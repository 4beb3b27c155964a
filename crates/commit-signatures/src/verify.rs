//! Whether a signature holds.

use aws_lc_rs::digest;
use aws_lc_rs::signature as lc;

use crate::key::{self, Curve, Key, Keyring, Material, Numbers, Terms};
use crate::signature::Signature;

/// What came of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was made by the key of what was signed.
    Good,
    /// It was not made of this, or not by the key it names.
    Bad,
    /// It was, and is no longer valid.
    ExpiredSignature,
    /// It was, and the key is no longer valid.
    ExpiredKey,
    /// It was, and the key was withdrawn.
    RevokedKey,
    /// The keyring has no such key, or one of a kind that cannot be computed with.
    MissingKey,
}

/// What is known of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What came of it.
    pub verdict: Verdict,
    /// The key or subkey that it names: 16 hexadecimal digits in capitals; empty if it names none.
    pub key_id: String,
    /// The key's algorithm, in gpg's word: `RSA`, `ECDSA`, `EDDSA`.
    pub cipher: &'static str,
    /// The key's owner; empty if the key is not there.
    pub user: String,
}

impl Keyring {
    /// Whether a signature is one of `data`, at a time in seconds since 1970. A signature of a text
    /// is taken with the line ends that the standard asks for.
    pub fn verify(&self, signature: &Signature, data: &[u8], now: i64) -> Verification {
        let key_id = signature.key_id().unwrap_or_default();
        let cipher = match signature.algorithm {
            key::RSA | key::RSA_SIGN => "RSA",
            17 => "DSA",
            key::ECDSA => "ECDSA",
            key::EDDSA | key::ED25519 => "EDDSA",
            _ => "unknown",
        };
        let said = |verdict, user: &str| Verification {
            verdict,
            key_id: key_id.clone(),
            cipher,
            user: user.to_owned(),
        };
        let Some((owner, material, revoked, terms)) = self.find(&key_id) else {
            return said(Verdict::MissingKey, "");
        };
        let user = owner.user();
        if matches!(material.numbers, Numbers::Other) {
            return said(Verdict::MissingKey, user);
        }
        let text;
        let data = match signature.kind {
            0 => data,
            1 => {
                text = with_line_ends(data);
                &text
            }
            _ => return said(Verdict::Bad, user),
        };
        if !holds(&material.numbers, signature, data) {
            return said(Verdict::Bad, user);
        }
        let ends = |made: u32, after: Option<u32>| {
            after.is_some_and(|after| after > 0 && i64::from(made) + i64::from(after) <= now)
        };
        let Some(made) = signature.hashed_parts.created else { return said(Verdict::Bad, user) };
        let expired = |material: &Material, terms: Option<Terms>| {
            ends(material.created, terms.and_then(|terms| terms.expires))
        };
        let verdict = if revoked || owner.revoked {
            Verdict::RevokedKey
        } else if !terms.is_some_and(|terms| terms.signs) {
            Verdict::Bad
        } else if ends(made, signature.hashed_parts.expires) {
            Verdict::ExpiredSignature
        } else if expired(material, terms) || expired(&owner.primary, owner.terms) {
            Verdict::ExpiredKey
        } else {
            Verdict::Good
        };
        said(verdict, user)
    }

    /// The key or subkey of an identity: its owner, itself, whether it was withdrawn, its terms.
    fn find(&self, id: &str) -> Option<(&Key, &Material, bool, Option<Terms>)> {
        self.keys().iter().find_map(|key| {
            if key.primary.id() == id {
                return Some((key, &key.primary, key.revoked, key.terms));
            }
            let subkey = key.subkeys.iter().find(|subkey| subkey.material.id() == id)?;
            Some((key, &subkey.material, subkey.revoked, subkey.terms))
        })
    }
}

/// Lines that end with CR LF, without what is blank before that.
fn with_line_ends(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(data.len());
    for (i, line) in data.split(|byte| *byte == b'\n').enumerate() {
        if i > 0 {
            text.extend(b"\r\n");
        }
        text.extend(line.strip_suffix(b"\r").unwrap_or(line));
    }
    text
}

/// Whether the key of some numbers made a signature of `data`.
fn holds(numbers: &Numbers, signature: &Signature, data: &[u8]) -> bool {
    made(numbers, signature, data, false)
}

/// Whether a key made a signature of a key. Old keys have signed themselves with SHA-1; nobody gains
/// by forging what the owner of a trusted key says of it without having another key signed alike.
pub(crate) fn certifies(numbers: &Numbers, signature: &Signature, data: &[u8]) -> bool {
    made(numbers, signature, data, true)
}

fn made(numbers: &Numbers, signature: &Signature, data: &[u8], sha1: bool) -> bool {
    if signature.hashed_parts.unknown {
        return false;
    }
    let mut message = data.to_vec();
    message.extend(signature.trailer());
    let given: Vec<&[u8]> = signature.numbers.iter().map(Vec::as_slice).collect();
    match (numbers, signature.algorithm, given.as_slice()) {
        (Numbers::Rsa { n, e }, key::RSA | key::RSA_SIGN, [number]) => {
            let Some(parameters) = rsa(signature.hash, sha1) else { return false };
            // As long as the modulus.
            let Some(padded) = pad(number, n.len()) else { return false };
            let key = lc::RsaPublicKeyComponents { n, e };
            key.verify(parameters, &message, &padded).is_ok()
        }
        (Numbers::Ecdsa { curve, point }, key::ECDSA, [r, s]) => {
            let Some((algorithm, size)) = ecdsa(*curve, signature.hash) else { return false };
            let (Some(mut fixed), Some(s)) = (pad(r, size), pad(s, size)) else { return false };
            fixed.extend(s);
            lc::UnparsedPublicKey::new(algorithm, point).verify(&message, &fixed).is_ok()
        }
        (Numbers::Ed25519(point), key::EDDSA, [r, s]) => {
            let (Some(mut fixed), Some(s)) = (pad(r, 32), pad(s, 32)) else { return false };
            fixed.extend(s);
            ed25519(point, signature.hash, &message, &fixed)
        }
        (Numbers::Ed25519(point), key::ED25519, [fixed]) => {
            ed25519(point, signature.hash, &message, fixed)
        }
        _ => false,
    }
}

fn ed25519(point: &[u8; 32], hash: u8, message: &[u8], fixed: &[u8]) -> bool {
    let Some(algorithm) = digest_of(hash) else { return false };
    let digest = digest::digest(algorithm, message);
    lc::UnparsedPublicKey::new(&lc::ED25519, point).verify(digest.as_ref(), fixed).is_ok()
}

fn pad(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut padded = vec![0; size.checked_sub(number.len())?];
    padded.extend(number);
    Some(padded)
}

/// SHA-256 and what is stronger: others are forged, or soon will be.
fn digest_of(hash: u8) -> Option<&'static digest::Algorithm> {
    match hash {
        8 => Some(&digest::SHA256),
        9 => Some(&digest::SHA384),
        10 => Some(&digest::SHA512),
        _ => None,
    }
}

fn rsa(hash: u8, sha1: bool) -> Option<&'static lc::RsaParameters> {
    match hash {
        2 if sha1 => Some(&lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        8 => Some(&lc::RSA_PKCS1_2048_8192_SHA256),
        9 => Some(&lc::RSA_PKCS1_2048_8192_SHA384),
        10 => Some(&lc::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

fn ecdsa(curve: Curve, hash: u8) -> Option<(&'static lc::EcdsaVerificationAlgorithm, usize)> {
    match (curve, hash) {
        (Curve::P256, 8) => Some((&lc::ECDSA_P256_SHA256_FIXED, 32)),
        (Curve::P384, 9) => Some((&lc::ECDSA_P384_SHA384_FIXED, 48)),
        (Curve::P521, 10) => Some((&lc::ECDSA_P521_SHA512_FIXED, 66)),
        _ => None,
    }
}
