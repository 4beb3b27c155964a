//! OCI artifacts of scenarios: a registry that is a directory of files.

use std::path::Path;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use windlass_object::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Packs files (path, text) and puts them under a tag of `name` into the registry whose files are below
/// `root`; gives the digest.
pub(crate) fn push(
    root: &Path,
    name: &str,
    tag: &str,
    files: &[(String, String)],
) -> Result<String> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(text.len())?);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes())?;
    }
    let layer = archive.into_inner()?.finish()?;
    let place = root.join("v2").join(name);
    for part in ["blobs", "manifests", "tags"] {
        std::fs::create_dir_all(place.join(part))?;
    }
    let blob = |bytes: &[u8], media_type: &str| -> Result<Value> {
        let digest = digest(bytes);
        std::fs::write(place.join("blobs").join(&digest), bytes)?;
        Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
    };
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": blob(b"{}", CONFIG)?,
        "layers": [blob(&layer, LAYER)?],
    });
    let bytes = serde_json::to_vec(&manifest)?;
    let digest = digest(&bytes);
    for reference in [tag, &digest] {
        let file = place.join("manifests").join(reference);
        std::fs::write(&file, &bytes)?;
        let headers = format!("Content-Type: {MANIFEST}\r\nDocker-Content-Digest: {digest}\r\n");
        std::fs::write(file.with_file_name(format!("{reference}.headers")), headers)?;
    }
    let mut tags: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(place.join("manifests"))? {
        let entry = entry?.file_name().into_string().unwrap_or_default();
        if !entry.contains(':') && !entry.ends_with(".headers") {
            tags.push(entry);
        }
    }
    tags.sort();
    std::fs::write(place.join("tags/list"), json!({"name": name, "tags": tags}).to_string())?;
    Ok(digest)
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
