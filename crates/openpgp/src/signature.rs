//! Signatures of version 4.

use aws_lc_rs::digest;

use crate::Error;
use crate::packet::Reader;

/// How a message is hashed. SHA-1 holds for what keys sign of themselves, never for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(number: u8) -> Result<Self, Error> {
        match number {
            2 => Ok(Self::Sha1),
            8 => Ok(Self::Sha256),
            9 => Ok(Self::Sha384),
            10 => Ok(Self::Sha512),
            _ => Err(Error::Unsupported(format!("hash function {number}"))),
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Sha1 => 2,
            Self::Sha256 => 8,
            Self::Sha384 => 9,
            Self::Sha512 => 10,
        }
    }

    pub(crate) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// What a signature consists of.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    Rsa(Vec<u8>),
    Two(Vec<u8>, Vec<u8>),
}

/// What is signed.
pub(crate) mod kind {
    /// Bytes.
    pub(crate) const BINARY: u8 = 0x00;
    /// Text.
    pub(crate) const TEXT: u8 = 0x01;
    /// A user id, with more or less care.
    pub(crate) const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    /// A subkey, by the primary key.
    pub(crate) const BINDING: u8 = 0x18;
    /// The primary key, by a subkey that signs.
    pub(crate) const BACK: u8 = 0x19;
    /// The primary key itself.
    pub(crate) const DIRECT: u8 = 0x1F;
    /// That the key holds no more.
    pub(crate) const KEY_REVOCATION: u8 = 0x20;
    /// That the subkey holds no more.
    pub(crate) const SUBKEY_REVOCATION: u8 = 0x28;
}

/// A signature.
#[derive(Clone, Debug)]
pub struct Signature {
    pub(crate) kind: u8,
    /// The number of the algorithm that made it.
    pub(crate) algorithm: u8,
    /// What it is computed from; or what of it is not known here, so that it never holds.
    pub(crate) scheme: Result<(Hash, Numbers), Error>,
    /// The last eight bytes of the key's fingerprint.
    pub(crate) issuer: Option<[u8; 8]>,
    pub(crate) fingerprint: Option<[u8; 20]>,
    /// When it was made, in seconds since 1970.
    pub(crate) created: i64,
    /// For how many seconds it holds, from when it was made; 0 is for ever.
    pub(crate) lifetime: i64,
    /// For how many seconds the key holds, from when that was made; 0 is for ever.
    pub(crate) key_lifetime: i64,
    /// What the key may do, if that is said.
    pub(crate) flags: Option<u8>,
    /// That of a subkey that signs, over the primary key.
    pub(crate) embedded: Option<Vec<u8>>,
    /// What is hashed behind the message.
    trailer: Vec<u8>,
}

impl Signature {
    /// From the body of a packet.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        let version = reader.u8()?;
        if version != 4 {
            return Err(Error::Unsupported(format!("signature packet version {version}")));
        }
        let (kind, algorithm, hash) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let length = reader.number(2)?;
        let hashed = reader.take(length)?;
        let head = &bytes[..6 + length];
        // The head is read from a packet: its length fits.
        let count = u32::try_from(head.len()).unwrap_or(u32::MAX);
        let trailer = [head, &[4, 0xFF], &count.to_be_bytes()].concat();
        let length = reader.number(2)?;
        let unhashed = reader.take(length)?;
        // The first two bytes of the hash, which say nothing that the signature does not.
        reader.take(2)?;
        let numbers = match algorithm {
            1 | 3 => Ok(Numbers::Rsa(reader.mpi()?.to_vec())),
            17 | 19 | 22 => Ok(Numbers::Two(reader.mpi()?.to_vec(), reader.mpi()?.to_vec())),
            27 => Ok(Numbers::Two(reader.take(32)?.to_vec(), reader.take(32)?.to_vec())),
            _ => Err(Error::Unsupported(format!("public key algorithm {algorithm}"))),
        };
        let mut signature = Self {
            kind,
            algorithm,
            scheme: Hash::of(hash).and_then(|hash| Ok((hash, numbers?))),
            issuer: None,
            fingerprint: None,
            created: 0,
            lifetime: 0,
            key_lifetime: 0,
            flags: None,
            embedded: None,
            trailer,
        };
        signature.subpackets(hashed, true)?;
        signature.subpackets(unhashed, false)?;
        if signature.created == 0 {
            return Err(Error::Malformed("no creation time in signature"));
        }
        Ok(signature)
    }

    /// Takes in what stands in a signature; what is not hashed says only whose it is.
    fn subpackets(&mut self, bytes: &[u8], is_hashed: bool) -> Result<(), Error> {
        let mut reader = Reader(bytes);
        while !reader.0.is_empty() {
            let (kind, is_critical, content) = reader.subpacket()?;
            let number = || Reader(content).number(4).map(|n| n as i64);
            match kind {
                16 => self.issuer = self.issuer.or(content.try_into().ok()),
                32 => self.embedded = self.embedded.take().or_else(|| Some(content.to_vec())),
                33 if content.first() == Some(&4) => {
                    self.fingerprint = self.fingerprint.or(content[1..].try_into().ok());
                }
                _ if !is_hashed => {}
                2 => self.created = number()?,
                3 => self.lifetime = number()?,
                9 => self.key_lifetime = number()?,
                27 => self.flags = content.first().copied(),
                // Preferences, notations, reasons and the like, which change nothing here.
                4 | 5 | 7 | 11 | 20..=26 | 28..=31 | 34 | 35 => {}
                _ if is_critical => {
                    self.scheme = Err(Error::Unsupported(format!("signature subpacket {kind}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The identity of the key that it names, which are the last eight bytes of its fingerprint.
    pub(crate) fn issuer_id(&self) -> Option<&[u8]> {
        let long = self.fingerprint.as_ref().map(|fingerprint| &fingerprint[12..]);
        long.or(self.issuer.as_ref().map(|id| &id[..]))
    }

    /// What is hashed for a message.
    pub(crate) fn hashed(&self, message: &[u8]) -> Vec<u8> {
        [message, &self.trailer].concat()
    }

    /// Whether it held no more at a time.
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        self.lifetime != 0 && self.created.saturating_add(self.lifetime) <= now
    }
}
