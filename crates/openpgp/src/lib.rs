//! OpenPGP (RFC 4880, and of RFC 9580 what keys of version 4 use) as far as Helm's provenance needs
//! it: public keys, and text that is signed in the clear.
//!
//! ```text
//! keyring file -> packets -> entities    user ids and subkeys that the primary key signed
//! text         -> Cleartext              what was signed, and the signature
//! Keyring + Cleartext + time -> the entity that signed it
//! ```
//!
//! Pure: the time is an argument. RSA, ECDSA on NIST's curves and Ed25519 are known; the arithmetic is
//! aws-lc's. Whatever is not understood in a keyring is passed over, so that one odd key does not hide
//! the others; in a signature it is an error. Errors have the words of the library that Helm uses.

#![forbid(unsafe_code)]

mod armor;
mod key;
mod keyring;
mod packet;
mod signature;

pub use armor::Cleartext;
pub use keyring::{Entity, Keyring};

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No key that may sign made it.
    #[error("openpgp: signature made by unknown entity")]
    UnknownIssuer,
    /// It is none of what it stands at.
    #[error("openpgp: invalid signature: {0}")]
    Invalid(&'static str),
    /// It, or its key, held until some time in the past.
    #[error("openpgp: {0} expired")]
    Expired(&'static str),
    /// The key was revoked.
    #[error("openpgp: signature made by revoked key")]
    Revoked,
    /// The bytes are no OpenPGP.
    #[error("openpgp: invalid data: {0}")]
    Malformed(&'static str),
    /// It is of a kind that is not known here.
    #[error("openpgp: unsupported feature: {0}")]
    Unsupported(String),
    /// A keyring holds no key.
    #[error("no keys found")]
    NoKeys,
}
