//! Charts in registries.

use bytes::Bytes;
use windlass_helm::{Chart, Metadata};
use windlass_oci::{Client, Descriptor, IMAGE_INDEX, Limits, Manifest, Reference, cosign};
use windlass_semver::Version;

use crate::{Error, Repository, metadata};

/// Media type of a chart's metadata.
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// Media type of a chart's archive.
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Media type of a chart's provenance.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// What archives were called at first.
const OLD_CHART: &str = "application/tar+gzip";

/// A chart that was pulled.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What was pulled.
    pub reference: Reference,
    /// Digest of its manifest.
    pub digest: String,
    /// The archive.
    pub archive: Bytes,
    /// The provenance, if it was wanted and is there.
    pub provenance: Option<Bytes>,
}

impl Repository {
    /// A client of this registry.
    ///
    /// # Errors
    /// When the connection's settings are wrong.
    pub fn client(&self) -> Result<Client, Error> {
        let limits = Limits { blob_bytes: crate::MAX_ARCHIVE, ..Limits::default() };
        let credentials = self.credentials.clone();
        Ok(Client::new(&self.transport, credentials, self.plain_http, limits)?)
    }

    /// Checks that one of the signers signed a manifest, where there are any.
    ///
    /// # Errors
    /// When none did.
    pub(crate) async fn check_signature(
        &self,
        client: &Client,
        reference: &Reference,
        digest: &str,
    ) -> Result<(), Error> {
        if !self.signers.is_empty() {
            cosign::verify(client, reference, digest, &self.signers).await?;
        }
        Ok(())
    }

    /// The reference of a chart; a tag must not hold a plus sign.
    ///
    /// # Errors
    /// When registries have no such name.
    pub fn reference(&self, name: &str) -> Result<Reference, Error> {
        let base = self.url.trim_end_matches('/');
        Ok(Reference::parse(&if name.is_empty() {
            base.to_owned()
        } else {
            format!("{base}/{name}")
        })?)
    }
}

/// The tag of a version.
pub fn tag(version: &str) -> String {
    version.replace('+', "_")
}

/// Versions among tags, the greatest first.
///
/// # Errors
/// When the registry does not list them.
pub async fn versions(client: &Client, reference: &Reference) -> Result<Vec<String>, Error> {
    let tags = client.tags(reference).await?;
    let mut versions: Vec<Version> =
        tags.iter().filter_map(|tag| Version::parse_strict(&tag.replace('_', "+")).ok()).collect();
    versions.sort();
    Ok(versions.iter().rev().map(|version| version.original().to_owned()).collect())
}

/// Finds the layers of a chart.
///
/// # Errors
/// When it is not there or no chart.
pub async fn manifest(
    client: &Client,
    reference: &Reference,
) -> Result<(Descriptor, Manifest), Error> {
    let (descriptor, body) = client.manifest(reference).await?;
    if descriptor.media_type == IMAGE_INDEX {
        return Err(Error::Other(format!("{reference} is an index of images, no chart")));
    }
    let manifest: Manifest = serde_json::from_slice(&body)
        .map_err(|error| Error::Other(format!("{reference}: its manifest: {error}")))?;
    if manifest.config.media_type != CONFIG {
        return Err(Error::Other(format!("could not load config with mediatype {CONFIG}")));
    }
    Ok((descriptor, manifest))
}

/// The layer that holds the archive.
///
/// # Errors
/// When there is none.
pub fn archive_layer(manifest: &Manifest) -> Result<&Descriptor, Error> {
    let layers = &manifest.layers;
    layers.iter().rev().find(|l| l.media_type == CHART || l.media_type == OLD_CHART).ok_or_else(
        || Error::Other(format!("manifest does not contain a layer with mediatype {CHART}")),
    )
}

/// Pulls a chart.
///
/// # Errors
/// When it is not there, no chart, or not what its digests say.
pub async fn pull(
    client: &Client,
    reference: &Reference,
    provenance: bool,
) -> Result<Pulled, Error> {
    let (descriptor, manifest) = manifest(client, reference).await?;
    let archive = client.blob(reference, archive_layer(&manifest)?).await?;
    let layer = manifest.layers.iter().find(|layer| layer.media_type == PROVENANCE);
    let provenance = match layer.filter(|_| provenance) {
        Some(layer) => Some(client.blob(reference, layer).await?),
        None => None,
    };
    Ok(Pulled { reference: reference.clone(), digest: descriptor.digest, archive, provenance })
}

/// Pushes a chart under its name and version below the repository's place. `now` is what the
/// manifest says when it was made, RFC 3339.
///
/// # Errors
/// When it is no chart, or the registry refuses it.
pub async fn push(
    repository: &Repository,
    archive: Bytes,
    provenance: Option<Bytes>,
    now: &str,
) -> Result<(Reference, Descriptor), Error> {
    let chart = Chart::from_archive(&archive)?;
    let metadata = &chart.metadata;
    let reference = repository.reference(&metadata.name)?.at_tag(&tag(&metadata.version));
    let client = repository.client()?;
    let config = metadata::to_go_json(metadata);
    let config = client.push_blob(&reference, CONFIG, config.into_bytes().into()).await?;
    let mut layers = vec![client.push_blob(&reference, CHART, archive).await?];
    if let Some(provenance) = provenance {
        layers.push(client.push_blob(&reference, PROVENANCE, provenance).await?);
    }
    layers.sort_by(|a, b| a.digest.cmp(&b.digest));
    let manifest = Manifest {
        schema_version: 2,
        config,
        layers,
        annotations: annotations(metadata, now),
        ..Manifest::default()
    };
    let body = serde_json::to_string(&manifest).map_err(|e| Error::Other(e.to_string()))?;
    let body = metadata::go_escape(&body).into_bytes();
    let kind = windlass_oci::IMAGE_MANIFEST;
    let descriptor = client.push_manifest(&reference, kind, body.into()).await?;
    Ok((reference, descriptor))
}

fn annotations(chart: &Metadata, now: &str) -> std::collections::BTreeMap<String, String> {
    const PREFIX: &str = "org.opencontainers.image.";
    let mut all = std::collections::BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        if !value.trim().is_empty() {
            all.insert(format!("{PREFIX}{name}"), value.to_owned());
        }
    };
    add("description", &chart.description);
    add("title", &chart.name);
    add("version", &chart.version);
    add("url", &chart.home);
    add("created", now);
    add("source", chart.sources.first().map_or("", String::as_str));
    let authors: Vec<String> = chart
        .maintainers
        .iter()
        .map(|m| match m.email.as_str() {
            "" => m.name.clone(),
            email => format!("{} ({email})", m.name),
        })
        .collect();
    add("authors", &authors.join(", "));
    for (name, value) in &chart.annotations {
        if !matches!(name.strip_prefix(PREFIX), Some("title" | "version")) {
            all.insert(name.clone(), value.clone());
        }
    }
    all
}
