//! OpenPGP: keyrings and detached signatures, to be verified.
//!
//! ```text
//! Keyring::read (armoured or binary) ──┐
//! signature (armoured or binary) ──────┼─> Keyring::verify ─> Verification: verdict, key, cipher
//! what was signed, and now ────────────┘
//! ```
//!
//! What is here is what a verifier of commits, tags and charts needs of RFC 4880 and RFC 9580: public
//! keys and signatures of version 4 with RSA, ECDSA and Ed25519. Anything else is told and is never a
//! good signature. Nothing signs, nothing decrypts, no clock is read.

mod armour;
mod key;
mod packet;
mod signature;
mod verify;

pub use armour::dearmour;
pub use key::{Key, Keyring};
pub use packet::Malformed;
pub use signature::Signature;
pub use verify::{Verdict, Verification};
