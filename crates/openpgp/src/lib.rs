//! OpenPGP (RFC 4880, and of RFC 9580 what keys of version 4 use) as far as a verifier of charts,
//! commits and tags needs it: public keys, text that is signed in the clear, detached signatures.
//!
//! ```text
//! keyring file -> packets -> entities    user ids and subkeys that the primary key signed
//! text         -> Cleartext              what was signed, and the signature
//! signature    -> Signature              of bytes that are elsewhere
//! Keyring + Cleartext + time         -> the entity that signed it
//! Keyring + Signature + bytes + time -> the entity that signed them
//! Entity + passphrase -> SigningKey
//! SigningKey + text + time           -> the text, signed in the clear
//! ```
//!
//! Pure: the time is an argument; only what ECDSA draws for a signature comes from the system. RSA, ECDSA on NIST's curves and
//! Ed25519 are known; the arithmetic is aws-lc's. Whatever is not understood in a keyring is passed
//! over, so that one odd key does not hide the others; a signature that is not understood never holds.
//! Errors have the words of the library that Helm uses.

#![forbid(unsafe_code)]

mod armor;
mod detached;
mod key;
mod keyring;
mod packet;
mod secret;
mod signature;

pub use armor::Cleartext;
pub use keyring::{Entity, Keyring};
pub use secret::SigningKey;
pub use signature::Signature;

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No key that may sign made it.
    #[error("openpgp: signature made by unknown entity")]
    UnknownIssuer,
    /// It is none of what it stands at.
    #[error("openpgp: invalid signature: {0}")]
    Invalid(&'static str),
    /// It held until some time in the past.
    #[error("openpgp: signature expired")]
    ExpiredSignature,
    /// Its key held until some time in the past.
    #[error("openpgp: key expired")]
    ExpiredKey,
    /// The key was revoked.
    #[error("openpgp: signature made by revoked key")]
    Revoked,
    /// The bytes are no OpenPGP.
    #[error("openpgp: invalid data: {0}")]
    Malformed(&'static str),
    /// It is of a kind that is not known here.
    #[error("openpgp: unsupported feature: {0}")]
    Unsupported(String),
    /// The key that it names computes in a way that is not known here; the algorithm's number.
    #[error("openpgp: unsupported feature: public key algorithm {0}")]
    UnsupportedKey(u8),
    /// It could be forged.
    #[error("openpgp: unsupported feature: {0}")]
    Weak(&'static str),
    /// A keyring holds no key.
    #[error("no keys found")]
    NoKeys,
}
