//! Private keys: made from the seed, written and read as PEM, signing.

use std::convert::Infallible;

use aws_lc_rs::agreement;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use rsa::pkcs1::EncodeRsaPrivateKey;

use super::der::{
    OCTETS, OID, SEQUENCE, bits, element, elements, integer, pem, read, sequence, unpem,
};
use crate::random::Random;

/// `rsaEncryption` with its null parameter.
const RSA: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];
/// `sha256WithRSAEncryption` with its null parameter.
const RSA_SHA256: &[u8] =
    &[0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00];
/// `Ed25519`.
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70];
/// `ecPublicKey`.
const EC: &[u8] = &[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];

/// A curve: its OID's content, how Go signs with it, and the OID's content of that.
pub(super) struct Curve {
    oid: &'static [u8],
    algorithm: &'static EcdsaSigningAlgorithm,
    signature: &'static [u8],
}

static CURVES: [Curve; 3] = [
    Curve {
        oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
        algorithm: &ECDSA_P256_SHA256_ASN1_SIGNING,
        signature: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02],
    },
    Curve {
        oid: &[0x2B, 0x81, 0x04, 0x00, 0x22],
        algorithm: &ECDSA_P384_SHA384_ASN1_SIGNING,
        signature: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03],
    },
    Curve {
        oid: &[0x2B, 0x81, 0x04, 0x00, 0x23],
        algorithm: &ECDSA_P521_SHA512_ASN1_SIGNING,
        signature: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04],
    },
];

/// A private key.
pub(super) enum PrivateKey {
    /// As PKCS #1.
    Rsa { der: Vec<u8>, pair: RsaKeyPair },
    /// As SEC 1.
    Ec { der: Vec<u8>, pair: EcdsaKeyPair, curve: &'static Curve },
    /// As its seed.
    Ed25519 { seed: [u8; 32], pair: Ed25519KeyPair },
}

/// The seed's stream, for key generation.
struct Source<'a>(&'a Random);

impl rand_core::TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Source<'_> {}

impl PrivateKey {
    pub(super) fn rsa(random: &Random, size: usize) -> Result<Self, String> {
        let key = rsa::RsaPrivateKey::new(&mut Source(random), size).map_err(|e| e.to_string())?;
        let der = key.to_pkcs1_der().map_err(|e| e.to_string())?;
        Self::from_pkcs1(der.as_bytes().to_vec())
    }

    pub(super) fn p256(random: &Random) -> Result<Self, String> {
        loop {
            let mut scalar = [0; 32];
            random.fill(&mut scalar);
            // Out of range is as good as impossible, and then another is drawn.
            let key = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, &scalar);
            let Ok(key) = key else { continue };
            let public = key.compute_public_key().map_err(|e| e.to_string())?;
            let oid = element(OID, CURVES[0].oid);
            let der = sequence(&[
                &integer(&[1]),
                &element(OCTETS, &scalar),
                &element(0xA0, &oid),
                &element(0xA1, &bits(public.as_ref())),
            ]);
            return Self::from_sec1(der, None);
        }
    }

    pub(super) fn ed25519(random: &Random) -> Result<Self, String> {
        let mut seed = [0; 32];
        random.fill(&mut seed);
        Self::from_seed(seed)
    }

    fn from_seed(seed: [u8; 32]) -> Result<Self, String> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|e| e.to_string())?;
        Ok(Self::Ed25519 { seed, pair })
    }

    fn from_pkcs1(der: Vec<u8>) -> Result<Self, String> {
        let pair = RsaKeyPair::from_der(&der).map_err(|e| e.to_string())?;
        Ok(Self::Rsa { der, pair })
    }

    /// `named` is the curve's OID, where the key's container has it.
    fn from_sec1(der: Vec<u8>, named: Option<&[u8]>) -> Result<Self, String> {
        let body = read(&der).map(|r| elements(r.content)).unwrap_or_default();
        let own = body.iter().find(|e| e.tag == 0xA0).and_then(|e| read(e.content));
        let oid = named.or(own.map(|o| o.content)).ok_or("x509: unknown elliptic curve")?;
        let curve = CURVES.iter().find(|c| c.oid == oid).ok_or("x509: unknown elliptic curve")?;
        let pair = EcdsaKeyPair::from_private_key_der(curve.algorithm, &der);
        let pair = pair.map_err(|e| e.to_string())?;
        Ok(Self::Ec { der, pair, curve })
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let malformed = || "asn1: structure error".to_owned();
        let parts = read(der).map(|r| elements(r.content)).ok_or_else(malformed)?;
        let [_, algorithm, key, ..] = &parts[..] else { return Err(malformed()) };
        if algorithm.whole == RSA {
            return Self::from_pkcs1(key.content.to_vec());
        }
        if algorithm.whole == ED25519 {
            let seed = read(key.content).and_then(|s| s.content.try_into().ok());
            return Self::from_seed(seed.ok_or_else(malformed)?);
        }
        let names = elements(algorithm.content);
        match &names[..] {
            [kind, curve, ..] if kind.whole == EC => {
                Self::from_sec1(key.content.to_vec(), Some(curve.content))
            }
            _ => {
                Err("x509: PKCS#8 wrapping contained private key with unknown algorithm".to_owned())
            }
        }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// In sprig's words.
    pub(super) fn from_pem(text: &str) -> Result<Self, String> {
        let Some((kind, der)) = unpem(text) else {
            return Err("no PEM data in input".to_owned());
        };
        if kind == "PRIVATE KEY" {
            return Self::from_pkcs8(&der).map_err(|e| format!("decoding PEM as PKCS#8: {e}"));
        }
        match kind.strip_suffix(" PRIVATE KEY") {
            None => Err(format!("no private key data in PEM block of type {kind}")),
            Some("RSA") => {
                Self::from_pkcs1(der).map_err(|e| format!("parsing RSA private key from PEM: {e}"))
            }
            Some("EC") => Self::from_sec1(der, None)
                .map_err(|e| format!("parsing EC private key from PEM: {e}")),
            Some(other) => Err(format!("invalid private key type {other}")),
        }
    }

    pub(super) fn to_pem(&self) -> String {
        match self {
            Self::Rsa { der, .. } => pem("RSA PRIVATE KEY", der),
            Self::Ec { der, .. } => pem("EC PRIVATE KEY", der),
            Self::Ed25519 { seed, .. } => {
                let key = element(OCTETS, &element(OCTETS, seed));
                pem("PRIVATE KEY", &sequence(&[&integer(&[0]), ED25519, &key]))
            }
        }
    }

    /// The bits of the public key.
    pub(super) fn public(&self) -> &[u8] {
        match self {
            Self::Rsa { pair, .. } => pair.public_key().as_ref(),
            Self::Ec { pair, .. } => pair.public_key().as_ref(),
            Self::Ed25519 { pair, .. } => pair.public_key().as_ref(),
        }
    }

    /// `SubjectPublicKeyInfo`.
    pub(super) fn public_info(&self) -> Vec<u8> {
        let key = bits(self.public());
        match self {
            Self::Rsa { .. } => sequence(&[RSA, &key]),
            Self::Ec { curve, .. } => sequence(&[&sequence(&[EC, &element(OID, curve.oid)]), &key]),
            Self::Ed25519 { .. } => sequence(&[ED25519, &key]),
        }
    }

    /// The identifier of how it signs.
    pub(super) fn algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa { .. } => RSA_SHA256.to_vec(),
            Self::Ec { curve, .. } => element(SEQUENCE, &element(OID, curve.signature)),
            Self::Ed25519 { .. } => ED25519.to_vec(),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa { pair, .. } => {
                let mut out = vec![0; pair.public_modulus_len()];
                let encoding = &signature::RSA_PKCS1_SHA256;
                pair.sign(encoding, &random, message, &mut out).map_err(|e| e.to_string())?;
                Ok(out)
            }
            Self::Ec { pair, .. } => {
                pair.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(|e| e.to_string())
            }
            Self::Ed25519 { pair, .. } => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}
