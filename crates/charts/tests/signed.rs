//! Charts of a registry that somebody must have signed.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use windlass_charts::{Charts, Repository, registry};
use windlass_oci::cosign::{self, PublicKey};
use windlass_oci::{Credentials, Descriptor, IMAGE_MANIFEST, Manifest};
use windlass_testkit::{DockerRegistry, available};

/// What `docker-registry` keeps for the password `secret`.
const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

fn public(pair: &EcdsaKeyPair) -> PublicKey {
    let mut der = BASE64_STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap();
    der.extend_from_slice(&pair.public_key().as_ref()[1..]);
    let text = BASE64_STANDARD.encode(der);
    let text = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
    PublicKey::from_pem(&text).unwrap()
}

fn archive() -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let text: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.2.3\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "web/Chart.yaml", text).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn a_chart_that_nobody_signed_is_refused() {
    if !available(&["docker-registry"]) {
        return;
    }
    let server = DockerRegistry::start("me", HASH).unwrap();
    let credentials =
        Credentials::Basic { username: "me".to_owned(), password: "secret".to_owned().into() };
    let plain = Repository {
        credentials,
        plain_http: true,
        ..Repository::anonymous(format!("oci://{}/charts", server.host()))
    };
    let now = "2024-01-01T00:00:00Z";
    let (reference, pushed) = registry::push(&plain, archive().into(), None, now).await.unwrap();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let signed = Repository { signers: vec![public(&pair)], ..plain.clone() };
    let dir = tempfile::tempdir().unwrap();
    let charts = Charts::new(dir.path());
    let why = |answer: Result<_, windlass_charts::Error>| match answer {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    // What is kept on the disk for who asks for no signature is nothing to who does.
    assert_eq!(why(charts.fetch(&plain, "web", "1.2.3").await), "");
    let text = why(charts.fetch(&signed, "web", "1.2.3").await);
    assert!(text.contains("has no signature"), "{text}");

    let payload = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"x"}},"image":{{"docker-manifest-digest":"{}"}},"type":"cosign container image signature"}},"optional":null}}"#,
        pushed.digest
    );
    let signature = pair.sign(&SystemRandom::new(), payload.as_bytes()).unwrap();
    let client = plain.client().unwrap();
    let tag = format!("{}.sig", pushed.digest.replace(':', "-"));
    let beside = reference.at_tag(&tag);
    let kind = "application/vnd.oci.image.config.v1+json";
    let config = client.push_blob(&beside, kind, "{}".into()).await.unwrap();
    let layer = client.push_blob(&beside, cosign::PAYLOAD, payload.into()).await.unwrap();
    let annotations =
        BTreeMap::from([(cosign::SIGNATURE.to_owned(), BASE64_STANDARD.encode(signature))]);
    let manifest = Manifest {
        schema_version: 2,
        media_type: IMAGE_MANIFEST.to_owned(),
        config,
        layers: vec![Descriptor { annotations, ..layer }],
        ..Manifest::default()
    };
    let text = serde_json::to_vec(&manifest).unwrap();
    client.push_manifest(&beside, IMAGE_MANIFEST, text.into()).await.unwrap();
    assert_eq!(why(charts.fetch(&signed, "web", "1.2.3").await), "");
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let other = Repository { signers: vec![public(&other)], ..plain };
    let text = why(charts.fetch(&other, "web", "1.2.3").await);
    assert!(text.contains("of none of the keys"), "{text}");
}
