//! Secret keys: unlocked with a passphrase, signing text in the clear.

use std::fmt;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, UnboundCipherKey,
};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA512,
};
use rsa::BoxedUint;
use rsa::pkcs1::EncodeRsaPrivateKey;

use crate::Error;
use crate::armor;
use crate::key::{Curve, Key, Material, left_padded};
use crate::packet::Reader;
use crate::signature::{Hash, kind};

/// How the secret part is kept.
mod usage {
    pub(super) const PLAIN: u8 = 0;
    /// Encrypted, with a SHA-1 of the content behind it.
    pub(super) const HASHED: u8 = 254;
    /// Encrypted, with a sum of the content behind it.
    pub(super) const SUMMED: u8 = 255;
}

/// Bytes that a passphrase is hashed over at most: the notation allows four times as much.
const MOST_HASHED: usize = 1 << 24;

const CHECKSUM: Error = Error::Malformed("private key checksum failure");

/// The secret part of a key's packet, as it is in the keyring; never shown.
#[derive(Clone)]
pub(crate) struct Sealed(pub(crate) Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl Sealed {
    /// Whether a passphrase is needed.
    pub(crate) fn is_locked(&self) -> bool {
        self.0.first().is_some_and(|usage| *usage != usage::PLAIN)
    }

    /// The numbers, with whatever follows them.
    fn open(&self, passphrase: &[u8]) -> Result<Vec<u8>, Error> {
        let mut reader = Reader(&self.0);
        let usage = reader.u8()?;
        if usage == usage::PLAIN {
            return checked_sum(reader.0.to_vec());
        }
        if !matches!(usage, usage::HASHED | usage::SUMMED) {
            return Err(Error::Unsupported(format!("secret key with usage {usage}")));
        }
        let (cipher, size) = cipher(reader.u8()?)?;
        let key = derived(&mut reader, passphrase, size)?;
        let iv: &[u8; 16] = reader.take(16)?.try_into().map_err(|_| CHECKSUM)?;
        let mut content = reader.0.to_vec();
        let failed = |_| Error::Malformed("secret key");
        let key = UnboundCipherKey::new(cipher, &key).map_err(failed)?;
        DecryptingKey::cfb128(key)
            .and_then(|key| {
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                key.decrypt(&mut content, context).map(|plain| plain.len())
            })
            .map_err(failed)?;
        if usage == usage::SUMMED {
            return checked_sum(content);
        }
        let at = content.len().checked_sub(20).ok_or(CHECKSUM)?;
        let hash = content.split_off(at);
        let right = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &content);
        if right.as_ref() == hash { Ok(content) } else { Err(CHECKSUM) }
    }
}

fn checked_sum(mut content: Vec<u8>) -> Result<Vec<u8>, Error> {
    let at = content.len().checked_sub(2).ok_or(CHECKSUM)?;
    let sum = content.split_off(at);
    let right = content.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    if right.to_be_bytes()[..] == sum[..] { Ok(content) } else { Err(CHECKSUM) }
}

fn cipher(number: u8) -> Result<(&'static Algorithm, usize), Error> {
    match number {
        7 => Ok((&AES_128, 16)),
        8 => Ok((&AES_192, 24)),
        9 => Ok((&AES_256, 32)),
        _ => Err(Error::Unsupported(format!("cipher {number} of a secret key"))),
    }
}

/// A cipher's key out of a passphrase, in the way that stands before it.
fn derived(reader: &mut Reader<'_>, passphrase: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let way = reader.u8()?;
    let hash = Hash::of(reader.u8()?)?.algorithm();
    let mut text = match way {
        0 => Vec::new(),
        1 | 3 => reader.take(8)?.to_vec(),
        _ => return Err(Error::Unsupported(format!("S2K function {way}"))),
    };
    text.extend_from_slice(passphrase);
    let count = match way {
        3 => {
            let coded = reader.number(1)?;
            (16 + (coded & 15)) << ((coded >> 4) + 6)
        }
        _ => text.len(),
    };
    if count > MOST_HASHED << 2 {
        return Err(Error::Unsupported("S2K count".to_owned()));
    }
    let count = count.max(text.len());
    let mut key = Vec::new();
    // What one hash does not fill is taken of another, with zeros before the text.
    for round in 0.. {
        if key.len() >= size {
            break;
        }
        let mut context = digest::Context::new(hash);
        context.update(&vec![0; round]);
        let mut left = count;
        while left > 0 && !text.is_empty() {
            let part = &text[..text.len().min(left)];
            context.update(part);
            left -= part.len();
        }
        key.extend_from_slice(context.finish().as_ref());
    }
    key.truncate(size);
    Ok(key)
}

/// A key that signs.
pub struct SigningKey {
    key: Key,
    hash: Hash,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("key", &self.key).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// From the packet's parts.
    pub(crate) fn open(key: &Key, sealed: &Sealed, passphrase: &[u8]) -> Result<Self, Error> {
        let content = sealed.open(passphrase)?;
        let mut reader = Reader(&content);
        let bad = |_| Error::Malformed("secret key");
        let (hash, pair) = match key.material() {
            Material::Rsa { n, e } => {
                let parts = [reader.mpi()?, reader.mpi()?, reader.mpi()?];
                (Hash::Sha512, Pair::Rsa(Box::new(rsa_pair(n, e, parts)?)))
            }
            Material::Ecdsa { curve, point } => {
                let (hash, algorithm, size) = match curve {
                    Curve::P256 => (Hash::Sha256, &ECDSA_P256_SHA256_FIXED_SIGNING, 32),
                    Curve::P384 => (Hash::Sha384, &ECDSA_P384_SHA384_FIXED_SIGNING, 48),
                    Curve::P521 => (Hash::Sha512, &ECDSA_P521_SHA512_FIXED_SIGNING, 66),
                };
                let scalar = left_padded(reader.mpi()?, size).ok_or(CHECKSUM)?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &scalar, point);
                (hash, Pair::Ecdsa(pair.map_err(bad)?))
            }
            Material::Ed25519(point) => {
                let seed = if key.is_modern() { reader.take(32)? } else { reader.mpi()? };
                let seed = left_padded(seed, 32).ok_or(CHECKSUM)?;
                let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, point).map_err(bad)?;
                (Hash::Sha512, Pair::Ed25519(pair))
            }
            Material::Other(algorithm) => return Err(Error::UnsupportedKey(*algorithm)),
        };
        Ok(Self { key: key.clone(), hash, pair })
    }

    /// A text, signed in the clear at a time in seconds since 1970.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn clearsign(&self, text: &str, now: i64) -> Result<String, Error> {
        let (shown, signed) = armor::cleartext(text);
        let signature = self.signature(&signed, now)?;
        let name = match self.hash {
            Hash::Sha1 => "SHA1",
            Hash::Sha256 => "SHA256",
            Hash::Sha384 => "SHA384",
            Hash::Sha512 => "SHA512",
        };
        Ok(armor::signed(name, &shown, &signature))
    }

    /// The packet of a signature over a text.
    fn signature(&self, message: &[u8], now: i64) -> Result<Vec<u8>, Error> {
        let seconds = u32::try_from(now).unwrap_or(u32::MAX).to_be_bytes();
        let id = &self.key.fingerprint[12..];
        // When, by which key, and by which key at length. The first must be understood.
        let subpackets =
            [&[5, 0x82][..], &seconds, &[9, 16], id, &[22, 33, 4], &self.key.fingerprint].concat();
        let length = u16::try_from(subpackets.len()).unwrap_or(u16::MAX).to_be_bytes();
        let head = [4, kind::TEXT, self.key.algorithm_number(), self.hash.number()];
        let head = [&head[..], &length, &subpackets].concat();
        let count = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
        let whole = [message, &head, &[4, 0xFF], &count].concat();
        let hash = digest::digest(self.hash.algorithm(), &whole);
        let numbers = self.sign(&whole, hash.as_ref())?;
        let body = [&head, &[0, 0][..], &hash.as_ref()[..2], &numbers].concat();
        Ok([&[0xC2, 0xFF][..], &u32::try_from(body.len()).unwrap_or(0).to_be_bytes(), &body]
            .concat())
    }

    fn sign(&self, message: &[u8], hash: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let failed = |_| Error::Invalid("the key does not sign");
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut number = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA512, &random, message, &mut number).map_err(failed)?;
                Ok(mpi(&number))
            }
            Pair::Ecdsa(pair) => {
                let both = pair.sign(&random, message).map_err(failed)?;
                let (r, s) = both.as_ref().split_at(both.as_ref().len() / 2);
                Ok([mpi(r), mpi(s)].concat())
            }
            Pair::Ed25519(pair) => {
                let both = pair.sign(hash);
                if self.key.is_modern() {
                    return Ok(both.as_ref().to_vec());
                }
                let (r, s) = both.as_ref().split_at(32);
                Ok([mpi(r), mpi(s)].concat())
            }
        }
    }
}

/// A multi-precision integer: its length in bits, and its bytes.
fn mpi(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let leading = bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = u16::try_from(bytes.len() * 8 - leading).unwrap_or(u16::MAX);
    [&bits.to_be_bytes()[..], bytes].concat()
}

fn rsa_pair(n: &[u8], e: &[u8], [d, p, q]: [&[u8]; 3]) -> Result<RsaKeyPair, Error> {
    let bad = || Error::Malformed("secret key");
    let number = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len() * 8).map_err(|_| bad())?;
        BoxedUint::from_be_slice(bytes, bits).map_err(|_| bad())
    };
    let primes = vec![number(p)?, number(q)?];
    let key = rsa::RsaPrivateKey::from_components(number(n)?, number(e)?, number(d)?, primes);
    let der = key.map_err(|_| bad())?.to_pkcs1_der().map_err(|_| bad())?;
    RsaKeyPair::from_der(der.as_bytes()).map_err(|_| bad())
}
