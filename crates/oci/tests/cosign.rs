//! Signatures as cosign lays them beside an image, in a real registry.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use windlass_oci::cosign::{self, PublicKey, verify};
use windlass_oci::{
    Client, Credentials, Descriptor, IMAGE_MANIFEST, Limits, Manifest, Reference, Transport, digest,
};
use windlass_testkit::{DockerRegistry, available};

/// What `docker-registry` keeps for the password `secret`.
const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    /// As in `cosign.pub`.
    fn public(&self) -> PublicKey {
        PublicKey::from_pem(&pem(&self.0)).unwrap()
    }

    fn sign(&self, payload: &str) -> String {
        let signature = self.0.sign(&SystemRandom::new(), payload.as_bytes()).unwrap();
        BASE64_STANDARD.encode(signature)
    }
}

fn pem(pair: &EcdsaKeyPair) -> String {
    let mut der = BASE64_STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap();
    der.extend_from_slice(&pair.public_key().as_ref()[1..]);
    let text = BASE64_STANDARD.encode(der);
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

fn payload(digest: &str, kind: &str) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"r/charts/web"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"{kind}"}},"optional":null}}"#
    )
}

struct Store {
    client: Client,
    repository: Reference,
}

impl Store {
    /// Puts an image with these layers under a tag: its digest.
    async fn put(&self, tag: &str, layers: &[(String, String)]) -> String {
        let at = self.repository.at_tag(tag);
        let config = "application/vnd.oci.image.config.v1+json";
        let config = self.client.push_blob(&at, config, "{}".into()).await.unwrap();
        let mut described: Vec<Descriptor> = Vec::new();
        for (content, signature) in layers {
            let content = content.clone().into_bytes();
            let pushed = self.client.push_blob(&at, cosign::PAYLOAD, content.into()).await.unwrap();
            let annotations = BTreeMap::from([(cosign::SIGNATURE.to_owned(), signature.clone())]);
            described.push(Descriptor { annotations, ..pushed });
        }
        let manifest = Manifest {
            schema_version: 2,
            media_type: IMAGE_MANIFEST.to_owned(),
            config,
            layers: described,
            annotations: BTreeMap::from([("tag".to_owned(), tag.to_owned())]),
        };
        let text = serde_json::to_vec(&manifest).unwrap();
        let pushed = self.client.push_manifest(&at, IMAGE_MANIFEST, text.into()).await.unwrap();
        pushed.digest
    }

    /// Lays signatures beside an image and verifies it: nothing, or what is wrong.
    async fn check(
        &self,
        digest: &str,
        layers: &[(String, String)],
        keys: &[PublicKey],
        wanted: &str,
    ) {
        self.put(&format!("{}.sig", digest.replace(':', "-")), layers).await;
        self.answers(digest, keys, wanted).await;
    }

    async fn answers(&self, digest: &str, keys: &[PublicKey], wanted: &str) {
        let answer = verify(&self.client, &self.repository, digest, keys).await;
        let text = answer.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(
            if wanted.is_empty() { text.is_empty() } else { text.contains(wanted) },
            "{text:?}, wanted {wanted:?}"
        );
    }
}

#[tokio::test]
async fn who_signed_an_image() {
    if !available(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start("me", HASH).unwrap();
    let credentials =
        Credentials::Basic { username: "me".to_owned(), password: "secret".to_owned().into() };
    let client = Client::new(&Transport::default(), credentials, true, Limits::default()).unwrap();
    let repository = Reference::parse(&format!("{}/charts/web", registry.host())).unwrap();
    let store = Store { client, repository };
    let (ours, other) = (Signer::new(), Signer::new());
    let image = store.put("1.2.3", &[]).await;
    store.answers(&image, &[ours.public()], "has no signature").await;

    let kind = "cosign container image signature";
    let good = payload(&image, kind);
    let elsewhere = payload(&digest(b"another"), kind);
    let foreign = payload(&image, "atomic container signature");
    let signed = |signer: &Signer, text: &str| (text.to_owned(), signer.sign(text));
    let keys = [ours.public()];
    store.check(&image, &[signed(&ours, &good)], &keys, "").await;
    store.answers(&image, &[other.public(), ours.public()], "").await;
    store.answers(&image, &[other.public()], "of none of the keys").await;
    store.answers(&image, &[], "of none of the keys").await;
    let two = [signed(&other, &good), signed(&ours, &good)];
    store.check(&image, &two, &keys, "").await;
    store.check(&image, &[], &keys, "has no signature").await;
    store.check(&image, &[signed(&other, &good)], &keys, "of none of the keys").await;
    store.check(&image, &[signed(&ours, &elsewhere)], &keys, "names another digest").await;
    store.check(&image, &[signed(&ours, &foreign)], &keys, "of another type").await;
    store.check(&image, &[signed(&ours, "[]")], &keys, "no simple signing document").await;
    store.check(&image, &[(good.clone(), "%".to_owned())], &keys, "no signature in base64").await;
    // A signature of one text does not make another one good.
    let moved = (good, ours.sign(&elsewhere));
    store.check(&image, &[moved], &keys, "of none of the keys").await;
    let large = format!("{elsewhere}{}", " ".repeat(64 << 10));
    store.check(&image, &[signed(&ours, &large)], &keys, "larger than 64 KiB").await;
}

#[test]
fn keys() {
    let good = pem(&Signer::new().0);
    let check = |text: &str, wanted: &str| {
        let answer = PublicKey::from_pem(text);
        let text = answer.map_or_else(|error| error.to_string(), |_| String::new());
        assert!(text.contains(wanted) && text.is_empty() == wanted.is_empty(), "{text:?}");
    };
    check(&good, "");
    check(&format!("a comment\n{}", good.replace('\n', "\r\n")), "");
    check("", "no PUBLIC KEY");
    check(&good.replace("PUBLIC", "PRIVATE"), "no PUBLIC KEY");
    check(&good.replace("MFk", "!"), "no base64");
    check(&good.replace("MFk", "MFg"), "not ECDSA on P-256");
    // Ed25519.
    let other = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    let other = format!("-----BEGIN PUBLIC KEY-----\n{other}\n-----END PUBLIC KEY-----\n");
    check(&other, "not ECDSA on P-256");
}
