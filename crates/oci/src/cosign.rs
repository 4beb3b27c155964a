//! Signatures of cosign, with keys: whether somebody whose key is given signed a manifest.
//!
//! A signature lies beside what it signs, as an image of its own under a tag made of the digest:
//! each layer is a payload (Red Hat's "simple signing" document, which names the digest), and the
//! layer's annotation holds the signature of the payload's bytes. Certificates, the transparency
//! log and the newer bundles, which lie among an image's referrers, are not read: what is only
//! signed so counts as unsigned.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::{Client, Descriptor, Manifest, Reference};

/// Media type of a payload.
pub const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation of a payload's layer that holds its signature, in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What a payload says it is.
const TYPE: &str = "cosign container image signature";
/// Signatures of one manifest that are looked at.
const MAX_SIGNATURES: usize = 64;
/// Bytes of a payload.
const MAX_PAYLOAD: u64 = 64 << 10;
/// What stands before the point in a public key of P-256 (RFC 5480): its DER is always this.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Why nothing is verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be used as a key.
    #[error("the public key cannot be used: {0}; wanted is what cosign writes to cosign.pub")]
    Key(&'static str),
    /// The registry does not give the signatures.
    #[error("the signatures of {reference}: {error}")]
    Registry {
        /// Where they are.
        reference: String,
        /// What it says.
        error: crate::Error,
    },
    /// There are none.
    #[error("{0} has no signature: sign it with cosign sign --key")]
    Unsigned(String),
    /// There are some, none of them good.
    #[error("no signature of {reference} is good: {why}")]
    Mismatch {
        /// What was to be signed.
        reference: String,
        /// What is wrong with each.
        why: String,
    },
}

/// A public key, ECDSA on P-256, which is what `cosign generate-key-pair` makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// From PEM: `cosign.pub`.
    ///
    /// # Errors
    /// [`Error::Key`] when it is another kind of key, or none.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let body = text
            .split_once("-----BEGIN PUBLIC KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PUBLIC KEY-----"))
            .ok_or(Error::Key("it has no PUBLIC KEY in PEM"))?
            .0;
        let body: String = body.split_whitespace().collect();
        let der = BASE64_STANDARD.decode(body).map_err(|_| Error::Key("it is no base64"))?;
        let point = der.strip_prefix(&P256).ok_or(Error::Key("it is not ECDSA on P-256"))?;
        if point.len() != 65 || point[0] != 4 {
            return Err(Error::Key("its point is not 65 bytes"));
        }
        Ok(Self(point.to_vec()))
    }

    /// All keys of a text that holds one or more in PEM.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`], for the first that is wrong.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, Error> {
        let blocks = text.split_inclusive("-----END PUBLIC KEY-----");
        let blocks: Vec<&str> = blocks.filter(|block| !block.trim().is_empty()).collect();
        blocks.into_iter().map(Self::from_pem).collect()
    }

    fn signed(&self, payload: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(payload, signature).is_ok()
    }
}

/// Red Hat's document, as far as it is read.
#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// Checks that one of `keys` signed the manifest with this digest in the reference's repository.
/// What was fetched must be of that digest, not of a tag, which may have moved since.
///
/// # Errors
/// When there is no signature of that digest by one of the keys.
pub async fn verify(
    client: &Client,
    reference: &Reference,
    digest: &str,
    keys: &[PublicKey],
) -> Result<(), Error> {
    let what = format!("{}/{}@{digest}", reference.registry, reference.repository);
    let beside = reference.at_tag(&format!("{}.sig", digest.replacen(':', "-", 1)));
    let registry = |error| Error::Registry { reference: what.clone(), error };
    let text = match client.manifest(&beside).await {
        Ok((_, text)) => text,
        Err(crate::Error::NotFound { .. }) => return Err(Error::Unsigned(what)),
        Err(error) => return Err(registry(error)),
    };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
        registry(crate::Error::Malformed { what: beside.to_string(), why: error.to_string() })
    })?;
    let mut why = Vec::new();
    for layer in manifest.layers.iter().filter(|l| l.media_type == PAYLOAD).take(MAX_SIGNATURES) {
        match one(client, &beside, layer, digest, keys).await.map_err(registry)? {
            Ok(()) => return Ok(()),
            Err(fault) => why.push(fault),
        }
    }
    if why.is_empty() {
        return Err(Error::Unsigned(what));
    }
    why.dedup();
    Err(Error::Mismatch { reference: what, why: why.join("; ") })
}

/// Checks one signature: the inner error says what is wrong with it.
async fn one(
    client: &Client,
    beside: &Reference,
    layer: &Descriptor,
    digest: &str,
    keys: &[PublicKey],
) -> Result<Result<(), &'static str>, crate::Error> {
    let signature = layer.annotations.get(SIGNATURE).map(|text| BASE64_STANDARD.decode(text));
    let Some(Ok(signature)) = signature else {
        return Ok(Err("a layer has no signature in base64"));
    };
    if layer.size > MAX_PAYLOAD {
        return Ok(Err("a payload is larger than 64 KiB"));
    }
    let payload = client.blob(beside, layer).await?;
    // First the signature, so that nothing is read that no known key signed.
    if !keys.iter().any(|key| key.signed(&payload, &signature)) {
        return Ok(Err("a signature is of none of the keys"));
    }
    Ok(match serde_json::from_slice::<Payload>(&payload) {
        Err(_) => Err("a payload is no simple signing document"),
        Ok(p) if p.critical.kind != TYPE => Err("a payload is of another type"),
        Ok(p) if p.critical.image.digest != digest => Err("a payload names another digest"),
        Ok(_) => Ok(()),
    })
}
