//! Signatures.

use crate::packet::{Malformed, Reader, SIGNATURE, malformed};
use crate::{dearmour, key};

/// A signature of version 4.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What it is of: 0 is a document, 1 a text.
    pub(crate) kind: u8,
    pub(crate) algorithm: u8,
    pub(crate) hash: u8,
    /// The head, up to the end of what is signed of it.
    pub(crate) hashed: Vec<u8>,
    /// One or two numbers.
    pub(crate) numbers: Vec<Vec<u8>>,
    pub(crate) hashed_parts: Parts,
    pub(crate) unhashed_parts: Parts,
}

/// What subpackets say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    /// Seconds since 1970.
    pub(crate) created: Option<u32>,
    /// Seconds after it was made, zero is never.
    pub(crate) expires: Option<u32>,
    pub(crate) key_expires: Option<u32>,
    pub(crate) key_flags: Option<u8>,
    /// The last eight bytes of the fingerprint of the key that made it.
    pub(crate) issuer: Option<[u8; 8]>,
    pub(crate) embedded: Option<Box<Signature>>,
    /// Whether it has a critical part that is not known here.
    pub(crate) unknown: bool,
}

impl Signature {
    /// The first signature of some packets, in armour or without.
    ///
    /// # Errors
    /// When there is none of version 4.
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        let packets = dearmour(data)?;
        let mut reader = Reader(&packets);
        while !reader.is_empty() {
            let (kind, body) = reader.packet()?;
            if kind == SIGNATURE {
                return Self::parse(body, true);
            }
        }
        malformed("there is no signature in it")
    }

    /// From the body of a packet; a signature within must not have another one.
    pub(crate) fn parse(body: &[u8], nests: bool) -> Result<Self, Malformed> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return malformed("a signature is not of version 4");
        }
        let (kind, algorithm, hash) = (reader.byte()?, reader.byte()?, reader.byte()?);
        let count = reader.number(2)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let hashed_parts = Parts::parse(reader.take(count)?, nests)?;
        let hashed = body[..6 + count].to_vec();
        let count = usize::try_from(reader.number(2)?).unwrap_or(usize::MAX);
        let unhashed_parts = Parts::parse(reader.take(count)?, nests)?;
        // Two bytes of the digest, to be rid of noise early.
        reader.take(2)?;
        let mut numbers = Vec::new();
        if algorithm == key::ED25519 {
            numbers.push(reader.take(64)?.to_vec());
        }
        while !reader.is_empty() {
            numbers.push(reader.integer()?.to_vec());
        }
        Ok(Self { kind, algorithm, hash, hashed, numbers, hashed_parts, unhashed_parts })
    }

    /// The identity of the key that made it: 16 hexadecimal digits in capitals.
    pub fn key_id(&self) -> Option<String> {
        let issuer = self.hashed_parts.issuer.or(self.unhashed_parts.issuer)?;
        Some(key::hex(&issuer))
    }

    /// When it was made, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.hashed_parts.created.map(i64::from)
    }

    /// What follows the signed data in what is hashed.
    pub(crate) fn trailer(&self) -> Vec<u8> {
        let mut trailer = self.hashed.clone();
        trailer.extend([4, 0xff]);
        let length = u32::try_from(self.hashed.len()).unwrap_or(u32::MAX);
        trailer.extend(length.to_be_bytes());
        trailer
    }
}

impl Parts {
    fn parse(data: &[u8], nests: bool) -> Result<Self, Malformed> {
        let mut parts = Self::default();
        let mut reader = Reader(data);
        while !reader.is_empty() {
            let length = reader.length()?;
            let mut part = Reader(reader.take(length)?);
            let head = part.byte()?;
            match head & 0x7f {
                2 => parts.created = Some(part.number(4)?),
                3 => parts.expires = Some(part.number(4)?),
                9 => parts.key_expires = Some(part.number(4)?),
                16 => parts.issuer = part.take(8)?.try_into().ok(),
                27 => parts.key_flags = part.0.first().copied(),
                32 if nests => parts.embedded = Self::embedded(part.0),
                33 => {
                    if part.byte()? == 4 {
                        let fingerprint = part.take(20)?;
                        parts.issuer = fingerprint[12..].try_into().ok();
                    }
                }
                // Preferences, features, notations, policies, reasons: nothing to a verifier.
                4..=7 | 10..=12 | 20..=26 | 28..=31 | 34 | 35 | 39 => {}
                _ => parts.unknown |= head & 0x80 != 0,
            }
        }
        Ok(parts)
    }

    fn embedded(data: &[u8]) -> Option<Box<Signature>> {
        Signature::parse(data, false).ok().map(Box::new)
    }
}
