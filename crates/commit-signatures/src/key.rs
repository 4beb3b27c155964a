//! Public keys.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::packet::{Malformed, PUBLIC_KEY, PUBLIC_SUBKEY, Reader, SIGNATURE, USER_ID, malformed};
use crate::signature::Signature;
use crate::{dearmour, verify};

/// Algorithms by their numbers.
pub(crate) const RSA: u8 = 1;
pub(crate) const RSA_SIGN: u8 = 3;
pub(crate) const ECDSA: u8 = 19;
pub(crate) const EDDSA: u8 = 22;
pub(crate) const ED25519: u8 = 27;

/// Keys that a keyring holds at most, subkeys included.
const MOST: usize = 10_000;
/// Key flag: it may sign data.
const MAY_SIGN: u8 = 2;

/// A public key with its subkeys.
#[derive(Clone, Debug)]
pub struct Key {
    pub(crate) primary: Material,
    pub(crate) subkeys: Vec<Subkey>,
    /// Names of the owner, the main one first.
    pub(crate) users: Vec<String>,
    pub(crate) revoked: bool,
    /// What its newest signature of itself says; a key without one is not taken in.
    pub(crate) terms: Option<Terms>,
}

/// What a key's own signature says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    made: u32,
    /// Seconds after the key was made at which it ends.
    pub(crate) expires: Option<u32>,
    /// Whether it may sign data.
    pub(crate) signs: bool,
}

/// A subkey that its primary key has bound.
#[derive(Clone, Debug)]
pub(crate) struct Subkey {
    pub(crate) material: Material,
    pub(crate) revoked: bool,
    pub(crate) terms: Option<Terms>,
}

/// What of a key is mathematics.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    pub(crate) created: u32,
    pub(crate) numbers: Numbers,
    fingerprint: Vec<u8>,
    /// The packet's body as it is hashed.
    hashed: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ecdsa {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519([u8; 32]),
    /// An algorithm that is not known here.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// Keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: Vec<Key>,
}

/// In hexadecimal, with capitals.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

impl Material {
    fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return malformed("a key is not of version 4");
        }
        let created = reader.number(4)?;
        let numbers = match reader.byte()? {
            RSA | RSA_SIGN => {
                Numbers::Rsa { n: reader.integer()?.to_vec(), e: reader.integer()?.to_vec() }
            }
            ECDSA | EDDSA => {
                let length = usize::from(reader.byte()?);
                let curve = reader.take(length)?;
                let point = reader.integer()?;
                match (curve, point) {
                    ([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], _) => {
                        Numbers::Ecdsa { curve: Curve::P256, point: point.to_vec() }
                    }
                    ([0x2b, 0x81, 4, 0, 0x22], _) => {
                        Numbers::Ecdsa { curve: Curve::P384, point: point.to_vec() }
                    }
                    ([0x2b, 0x81, 4, 0, 0x23], _) => {
                        Numbers::Ecdsa { curve: Curve::P521, point: point.to_vec() }
                    }
                    ([0x2b, 6, 1, 4, 1, 0xda, 0x47, 0xf, 1], [0x40, key @ ..]) => {
                        match key.try_into() {
                            Ok(key) => Numbers::Ed25519(key),
                            Err(_) => return malformed("a key of Ed25519 has not 32 bytes"),
                        }
                    }
                    _ => Numbers::Other,
                }
            }
            ED25519 => match reader.take(32)?.try_into() {
                Ok(key) => Numbers::Ed25519(key),
                Err(_) => return malformed("a key of Ed25519 has not 32 bytes"),
            },
            _ => Numbers::Other,
        };
        let length =
            u16::try_from(body.len()).map_err(|_| Malformed("a key is too large".into()))?;
        let mut hashed = vec![0x99];
        hashed.extend(length.to_be_bytes());
        hashed.extend(body);
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &hashed);
        let fingerprint = digest.as_ref().to_vec();
        Ok(Self { created, numbers, fingerprint, hashed })
    }

    /// 16 hexadecimal digits in capitals.
    pub(crate) fn id(&self) -> String {
        hex(&self.fingerprint[12..])
    }
}

impl Key {
    /// The key's identity: 16 hexadecimal digits in capitals.
    pub fn id(&self) -> String {
        self.primary.id()
    }

    /// The key's fingerprint: 40 hexadecimal digits in capitals.
    pub fn fingerprint(&self) -> String {
        hex(&self.primary.fingerprint)
    }

    /// The owner, as `Name <address>`; empty if the key names none.
    pub fn user(&self) -> &str {
        self.users.first().map_or("", String::as_str)
    }

    /// Takes a signature in that says something of the key itself.
    fn take(&mut self, signature: &Signature, about: Option<&str>) {
        let mut signed = self.primary.hashed.clone();
        match (signature.kind, about) {
            (0x10..=0x13, Some(user)) => {
                signed.push(0xb4);
                signed.extend(u32::try_from(user.len()).unwrap_or(0).to_be_bytes());
                signed.extend(user.as_bytes());
            }
            (0x1f | 0x20, None) => {}
            _ => return,
        }
        if !verify::certifies(&self.primary.numbers, signature, &signed) {
            return;
        }
        if signature.kind == 0x20 {
            self.revoked = true;
            return;
        }
        let flags = signature.hashed_parts.key_flags;
        let signs = flags.is_none_or(|flags| flags & MAY_SIGN != 0);
        self.terms = newest(self.terms, Terms::of(signature, signs));
    }

    /// Binds a subkey, or withdraws it. One that may sign has signed its primary key in return.
    fn take_subkey(&mut self, material: &Material, signature: &Signature) {
        let mut signed = self.primary.hashed.clone();
        signed.extend(&material.hashed);
        if !matches!(signature.kind, 0x18 | 0x28)
            || !verify::certifies(&self.primary.numbers, signature, &signed)
        {
            return;
        }
        let same = |subkey: &Subkey| subkey.material.fingerprint == material.fingerprint;
        let at = self.subkeys.iter().position(same).unwrap_or_else(|| {
            let material = material.clone();
            self.subkeys.push(Subkey { material, revoked: false, terms: None });
            self.subkeys.len() - 1
        });
        let subkey = &mut self.subkeys[at];
        if signature.kind == 0x28 {
            subkey.revoked = true;
            return;
        }
        let parts = &signature.hashed_parts;
        let back = parts.embedded.as_ref().or(signature.unhashed_parts.embedded.as_ref());
        let returned = back.is_some_and(|back| {
            back.kind == 0x19 && verify::certifies(&material.numbers, back, &signed)
        });
        let signs = parts.key_flags.is_some_and(|flags| flags & MAY_SIGN != 0) && returned;
        subkey.terms = newest(subkey.terms, Terms::of(signature, signs));
    }
}

impl Terms {
    fn of(signature: &Signature, signs: bool) -> Self {
        let parts = &signature.hashed_parts;
        let expires = parts.key_expires.filter(|seconds| *seconds > 0);
        Self { made: parts.created.unwrap_or(0), expires, signs }
    }
}

fn newest(known: Option<Terms>, found: Terms) -> Option<Terms> {
    Some(known.filter(|known| known.made > found.made).unwrap_or(found))
}

impl Keyring {
    /// All keys of some packets, in armour or without. Keys of other versions, and those that have
    /// not signed themselves, are left out.
    ///
    /// # Errors
    /// When it is no OpenPGP data, or has too many keys.
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        let packets = dearmour(data)?;
        let mut reader = Reader(&packets);
        let mut keys: Vec<Key> = Vec::new();
        let mut key: Option<Key> = None;
        let (mut user, mut subkey) = (None, None);
        let mut count = 0;
        while !reader.is_empty() {
            let (kind, body) = reader.packet()?;
            match kind {
                PUBLIC_KEY | PUBLIC_SUBKEY => {
                    count += 1;
                    if count > MOST {
                        return malformed("it has too many keys");
                    }
                    user = None;
                    if kind == PUBLIC_SUBKEY {
                        subkey = Material::parse(body).ok();
                        continue;
                    }
                    subkey = None;
                    keys.extend(key.take());
                    key = Material::parse(body).ok().map(|primary| Key {
                        primary,
                        subkeys: Vec::new(),
                        users: Vec::new(),
                        revoked: false,
                        terms: None,
                    });
                }
                USER_ID => {
                    let name = String::from_utf8_lossy(body).into_owned();
                    if let Some(key) = &mut key {
                        key.users.push(name.clone());
                    }
                    user = Some(name);
                }
                SIGNATURE => {
                    if let (Some(key), Ok(signature)) = (&mut key, Signature::parse(body, true)) {
                        match &subkey {
                            Some(subkey) => key.take_subkey(subkey, &signature),
                            None => key.take(&signature, user.as_deref()),
                        }
                    }
                }
                _ => {}
            }
        }
        keys.extend(key);
        keys.retain(|key| key.terms.is_some() || key.revoked);
        Ok(Self { keys })
    }

    /// Adds the keys of another one.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
    }

    /// The keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}
