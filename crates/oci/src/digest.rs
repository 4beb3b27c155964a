//! Digests.

use sha2::{Digest as _, Sha256};

use crate::Error;

/// The SHA-256 digest of `bytes`, as `sha256:…`.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Checks `bytes` against a digest.
pub(crate) fn check(what: &str, wanted: &str, bytes: &[u8]) -> Result<(), Error> {
    let found = match wanted.split_once(':') {
        Some(("sha256", _)) => digest(bytes),
        Some(("sha512", _)) => format!("sha512:{}", hex::encode(sha2::Sha512::digest(bytes))),
        _ => {
            return Err(Error::Malformed {
                what: what.to_owned(),
                why: format!("{wanted:?} is no digest that can be checked"),
            });
        }
    };
    if found == wanted {
        return Ok(());
    }
    Err(Error::Digest { what: what.to_owned(), wanted: wanted.to_owned(), found })
}
