//! Public keys of version 4.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    self as sig, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::Error;
use crate::packet::Reader;
use crate::signature::{Hash, Numbers, Signature};

/// A public key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// All of it, as fingerprints and signatures take it.
    pub(crate) body: Vec<u8>,
    pub(crate) fingerprint: [u8; 20],
    /// When it was made, in seconds since 1970.
    pub(crate) created: i64,
    material: Material,
    algorithm: u8,
}

#[derive(Clone, Debug)]
pub(crate) enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ecdsa {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    /// One that signs in a way that is not known here, or does not sign.
    Other(u8),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// The curves' object identifiers.
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01];

impl Key {
    /// What it is, in GnuPG's words.
    pub(crate) fn algorithm(&self) -> String {
        match &self.material {
            Material::Rsa { n, .. } => {
                let leading = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
                format!("rsa{}", (n.len() * 8).saturating_sub(leading))
            }
            Material::Ecdsa { curve: Curve::P256, .. } => "nistp256".to_owned(),
            Material::Ecdsa { curve: Curve::P384, .. } => "nistp384".to_owned(),
            Material::Ecdsa { curve: Curve::P521, .. } => "nistp521".to_owned(),
            Material::Ed25519(_) => "ed25519".to_owned(),
            Material::Other(17) => "dsa".to_owned(),
            Material::Other(number) => format!("unknown_{number}"),
        }
    }

    /// Reads a public key; of a secret key its public part.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        let version = reader.u8()?;
        if version != 4 {
            return Err(Error::Unsupported(format!("public key version {version}")));
        }
        let created = reader.number(4)? as i64;
        let algorithm = reader.u8()?;
        let oid = |reader: &mut Reader<'_>| {
            let length = reader.number(1)?;
            reader.take(length).map(<[u8]>::to_vec)
        };
        let material = match algorithm {
            1..=3 => {
                let (n, e) = (reader.mpi()?.to_vec(), reader.mpi()?.to_vec());
                if algorithm == 2 { Material::Other(2) } else { Material::Rsa { n, e } }
            }
            16 | 17 => {
                for _ in 0..if algorithm == 17 { 4 } else { 3 } {
                    reader.mpi()?;
                }
                Material::Other(algorithm)
            }
            18 => {
                oid(&mut reader)?;
                reader.mpi()?;
                let length = reader.number(1)?;
                reader.take(length)?;
                Material::Other(algorithm)
            }
            19 => {
                let curve = oid(&mut reader)?;
                let point = reader.mpi()?.to_vec();
                match &curve[..] {
                    P256 => Material::Ecdsa { curve: Curve::P256, point },
                    P384 => Material::Ecdsa { curve: Curve::P384, point },
                    P521 => Material::Ecdsa { curve: Curve::P521, point },
                    _ => Material::Other(algorithm),
                }
            }
            22 => {
                let curve = oid(&mut reader)?;
                let point = reader.mpi()?;
                match (&curve[..], point.strip_prefix(&[0x40])) {
                    (ED25519, Some(point)) => Material::Ed25519(point.to_vec()),
                    _ => Material::Other(algorithm),
                }
            }
            27 => Material::Ed25519(reader.take(32)?.to_vec()),
            25 | 26 | 28 => {
                reader.take([32, 56, 57][usize::from(algorithm) / 2 - 12])?;
                Material::Other(algorithm)
            }
            _ => return Err(Error::Unsupported(format!("public key type {algorithm}"))),
        };
        let body = bytes[..bytes.len() - reader.0.len()].to_vec();
        let mut fingerprint = [0; 20];
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &prefixed(&body));
        fingerprint.copy_from_slice(hash.as_ref());
        Ok(Self { body, fingerprint, created, material, algorithm })
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// The number of its algorithm.
    pub(crate) fn algorithm_number(&self) -> u8 {
        self.algorithm
    }

    /// Whether its numbers are plain bytes, as RFC 9580 has them.
    pub(crate) fn is_modern(&self) -> bool {
        self.algorithm == 27
    }

    /// Whether a signature names this key.
    pub(crate) fn made(&self, signature: &Signature) -> bool {
        match &signature.fingerprint {
            Some(fingerprint) => fingerprint[..] == self.fingerprint[..],
            None => signature.issuer_id().is_some_and(|id| id == &self.fingerprint[12..]),
        }
    }

    /// Whether it is of RSA below 2048 bits.
    pub(crate) fn is_short(&self) -> bool {
        matches!(&self.material, Material::Rsa { n, .. } if n.len() < 256)
    }

    /// The key as signatures over keys take it.
    pub(crate) fn signed(&self) -> Vec<u8> {
        prefixed(&self.body)
    }

    /// Checks a signature of this key over a message.
    pub(crate) fn verify(&self, signature: &Signature, message: &[u8]) -> Result<(), Error> {
        let (hash, numbers) = signature.scheme.as_ref().map_err(Clone::clone)?;
        let message = signature.hashed(message);
        match (&self.material, numbers) {
            (Material::Rsa { n, e }, Numbers::Rsa(number)) => {
                let padded = left_padded(number, n.len())
                    .ok_or(Error::Invalid("RSA verification failure"))?;
                RsaPublicKeyComponents { n: &n[..], e: &e[..] }
                    .verify(rsa(*hash), &message, &padded)
                    .map_err(|_| Error::Invalid("RSA verification failure"))
            }
            (Material::Ecdsa { curve, point }, Numbers::Two(r, s)) => {
                let failure = || Error::Invalid("ECDSA verification failure");
                let (algorithm, size, hash) = ecdsa(*curve, *hash, &message)?;
                let r = left_padded(r, size).ok_or_else(failure)?;
                let s = left_padded(s, size).ok_or_else(failure)?;
                UnparsedPublicKey::new(algorithm, point)
                    .verify_digest(&hash, &[r, s].concat())
                    .map_err(|_| failure())
            }
            (Material::Ed25519(point), Numbers::Two(r, s)) => {
                let failure = || Error::Invalid("EdDSA verification failure");
                let r = left_padded(r, 32).ok_or_else(failure)?;
                let s = left_padded(s, 32).ok_or_else(failure)?;
                let hash = digest::digest(hash.algorithm(), &message);
                UnparsedPublicKey::new(&sig::ED25519, point)
                    .verify(hash.as_ref(), &[r, s].concat())
                    .map_err(|_| failure())
            }
            (Material::Other(algorithm), _) => Err(Error::UnsupportedKey(*algorithm)),
            _ => Err(Error::Invalid("public key and signature use different algorithms")),
        }
    }
}

/// In hexadecimal, with capitals.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// As fingerprints and signatures take a key: with a mark and its length.
fn prefixed(body: &[u8]) -> Vec<u8> {
    // A key is read from a packet and never this long.
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    [&[0x99][..], &length.to_be_bytes(), body].concat()
}

pub(crate) fn left_padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let zeros = size.checked_sub(number.len())?;
    Some([vec![0; zeros], number.to_vec()].concat())
}

fn rsa(hash: Hash) -> &'static RsaParameters {
    match hash {
        Hash::Sha1 => &sig::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &sig::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        Hash::Sha384 => &sig::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &sig::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    }
}

/// How a curve's signatures are checked, the size of each of their numbers, and the hash as that
/// check takes it. A curve takes as many of a hash's first bits as it has itself, and a shorter hash
/// as the smaller number that it is, so that each hash is good for each curve.
fn ecdsa(
    curve: Curve,
    hash: Hash,
    message: &[u8],
) -> Result<(&'static EcdsaVerificationAlgorithm, usize, digest::Digest), Error> {
    let unsupported = || Error::Unsupported(format!("ECDSA on {curve:?} with {hash:?}"));
    if hash == Hash::Sha1 {
        return Err(unsupported());
    }
    let (algorithm, size, own) = match curve {
        Curve::P256 => (&sig::ECDSA_P256_SHA256_FIXED, 32, &digest::SHA256),
        Curve::P384 => (&sig::ECDSA_P384_SHA384_FIXED, 48, &digest::SHA384),
        Curve::P521 => (&sig::ECDSA_P521_SHA512_FIXED, 66, &digest::SHA512),
    };
    let found = digest::digest(hash.algorithm(), message);
    let length = own.output_len();
    let kept = &found.as_ref()[..length.min(found.as_ref().len())];
    let taken = left_padded(kept, length).ok_or_else(unsupported)?;
    let taken = digest::Digest::import_less_safe(&taken, own).map_err(|_| unsupported())?;
    Ok((algorithm, size, taken))
}
