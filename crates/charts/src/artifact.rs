//! Artifacts of registries whose files are rendered: manifests, overlays or a chart. Argo CD calls
//! such a source OCI.
//!
//! The artifact has one layer that is a tar file, zipped or not, of an allowed media type; layers of
//! other kinds, such as signatures, are passed over. Nothing is written to a disk but the layer
//! itself, by its digest.

use std::io::Read;
use std::sync::Arc;

use windlass_oci::{Descriptor, Manifest, Reference};
use windlass_semver::{Constraint, Version};
use windlass_tree::{EntryKind, MemoryTree, TreePath};

use crate::index::choose;
use crate::registry::{self, CHART};
use crate::store::{Charts, bounded};
use crate::{Error, Repository};

/// Layers of an artifact at most.
const MAX_LAYERS: usize = 10;
/// Bytes of all files of an artifact at most, whatever is asked for: they are kept in memory.
const MAX_UNPACKED: u64 = 1 << 30;
/// Files of an artifact.
const MAX_FILES: usize = 100_000;

/// Which artifacts and charts are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRules {
    /// Media types of layers with files.
    pub media_types: Vec<String>,
    /// Bytes of all files at most; never more than 1 GiB.
    pub max_bytes: u64,
    /// Bytes of a chart's archive, unpacked, at most. What reads charts has a bound of its own.
    pub max_chart_bytes: u64,
}

impl Default for ArtifactRules {
    /// Argo CD's media types, 256 MiB, and its bound of charts.
    fn default() -> Self {
        let media_types = [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            CHART,
        ];
        Self {
            media_types: media_types.map(str::to_owned).into(),
            max_bytes: 256 << 20,
            max_chart_bytes: 1_000_000_000,
        }
    }
}

impl Charts {
    /// From now on only these artifacts are taken.
    pub fn allow(&self, rules: ArtifactRules) {
        let mut known = self.rules.lock();
        if *known != rules {
            *known = rules;
            self.artifacts.clear();
        }
    }

    /// The digest of the artifact that a tag, a digest or a range of versions means now.
    ///
    /// # Errors
    /// When the registry cannot be asked, or has none.
    pub async fn resolve_artifact(
        &self,
        repository: &Repository,
        revision: &str,
    ) -> Result<String, Error> {
        let reference = repository.reference("")?;
        if revision.is_empty() {
            return Err(Error::Other(format!(
                "no revision of {} is named: set targetRevision to a tag, a digest or a range of \
                 versions",
                repository.url
            )));
        }
        if revision.starts_with("sha256:") {
            let whole = Reference::parse(&format!("{}@{revision}", without_name(&reference)))?;
            return Ok(whole.name().to_owned());
        }
        bounded(async {
            let denied = match self.tag_digest(repository, &reference, revision).await {
                Err(error) if is_range(revision) => error,
                other => return other.map_err(|error| unresolved(revision, &error)),
            };
            if !is_absent(&denied) {
                return Err(unresolved(revision, &denied));
            }
            let tags = self.client(repository)?.tags(&reference).await?;
            let versions: Vec<String> = tags.iter().map(|tag| tag.replace('_', "+")).collect();
            let version = choose(revision, versions.iter().map(String::as_str))?;
            let digest = self.tag_digest(repository, &reference, &registry::tag(&version)).await;
            digest.map_err(|error| unresolved(revision, &error))
        })
        .await
    }

    /// The files of an artifact.
    ///
    /// # Errors
    /// When it cannot be had, has not exactly one layer of files, or that is too large or malformed.
    pub async fn artifact(
        &self,
        repository: &Repository,
        digest: &str,
    ) -> Result<Arc<MemoryTree>, Error> {
        let reference = repository.reference("")?;
        let whole = Reference::parse(&format!("{}@{digest}", without_name(&reference)))?;
        let key = (repository.identity(), digest.to_owned());
        if let Some(known) = self.artifacts.get(&key) {
            return Ok(known);
        }
        let rules = self.rules.lock().clone();
        let tree = bounded(async {
            let client = self.client(repository)?;
            let (_, body) = client.manifest(&whole).await?;
            repository.check_signature(&client, &whole, digest).await?;
            let manifest: Manifest = serde_json::from_slice(&body).map_err(|error| {
                Error::Other(format!("error decoding oci manifest for digest {digest}: {error}"))
            })?;
            let layer = content_layer(&manifest, &rules.media_types)?.clone();
            let bytes = self.layer(&client, &whole, &layer).await?;
            let unpack = move || unpack(&layer.media_type, &bytes, rules.max_bytes);
            let unpacked = tokio::task::spawn_blocking(unpack).await;
            let unpacked = unpacked.map_err(|error| Error::Other(error.to_string()))?;
            unpacked.map_err(|why| {
                Error::Other(format!(
                    "cannot extract contents of oci image with revision {digest}: could not \
                     decompress layer: {why}"
                ))
            })
        });
        let tree = Arc::new(tree.await?);
        self.artifacts.insert(key, tree.clone());
        Ok(tree)
    }
}

fn without_name(reference: &Reference) -> String {
    format!("{}/{}", reference.registry, reference.repository)
}

fn is_range(revision: &str) -> bool {
    Version::parse(revision).is_err() && Constraint::parse(revision).is_ok()
}

fn is_absent(error: &Error) -> bool {
    matches!(
        error,
        Error::Registry(windlass_oci::Error::NotFound { .. } | windlass_oci::Error::Reference(_))
    )
}

fn unresolved(revision: &str, error: &Error) -> Error {
    Error::Other(format!("cannot get digest for revision {revision}: {error}"))
}

/// The one layer that holds files.
fn content_layer<'a>(manifest: &'a Manifest, allowed: &[String]) -> Result<&'a Descriptor, Error> {
    let layers = &manifest.layers;
    if layers.len() > MAX_LAYERS {
        let count = layers.len();
        return Err(Error::Other(format!(
            "expected no more than {MAX_LAYERS} oci layers, got {count}"
        )));
    }
    let is_content =
        |l: &&Descriptor| l.media_type.ends_with("tar+gzip") || l.media_type.ends_with("tar");
    let content: Vec<&Descriptor> = layers.iter().filter(is_content).collect();
    if let Some(other) = content.iter().find(|l| !allowed.contains(&l.media_type)) {
        return Err(Error::Other(format!(
            "oci layer media type {} is not in the list of allowed media types",
            other.media_type
        )));
    }
    match content[..] {
        [layer] => Ok(layer),
        _ => Err(Error::Other(format!(
            "expected only a single oci content layer, got {}",
            content.len()
        ))),
    }
}

/// Reads a tar file. A chart's files lose the chart's directory, which must be the only one.
fn unpack(media_type: &str, bytes: &[u8], max_bytes: u64) -> Result<MemoryTree, String> {
    let max_bytes = max_bytes.min(MAX_UNPACKED);
    // Headers count too: beyond the bound of all files, with some room for them.
    let limit = max_bytes + (64 << 20);
    let reader: Box<dyn Read> = if media_type.ends_with("gzip") {
        Box::new(flate2::read::MultiGzDecoder::new(bytes).take(limit))
    } else {
        Box::new(bytes.take(limit))
    };
    let mut archive = tar::Archive::new(reader);
    let mut tree = MemoryTree::default();
    let (mut remaining, mut count) = (max_bytes, 0);
    let mut top: Option<String> = None;
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| e.to_string())?;
        let kind = entry.header().entry_type();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let illegal = || format!("illegal filepath in archive: {name}");
        let path = TreePath::new(name.trim_start_matches('/')).map_err(|_| illegal())?;
        if path.is_root() || kind.is_pax_global_extensions() {
            continue;
        }
        let path = if media_type == CHART {
            let (first, rest) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
            let is_same = top.get_or_insert_with(|| first.to_owned()) == first;
            if !is_same || (rest.is_empty() && !kind.is_dir()) {
                return Err("expected 1 directory, found several entries".to_owned());
            }
            TreePath::new(rest).map_err(|_| illegal())?
        } else {
            path
        };
        count += 1;
        if count > MAX_FILES {
            return Err(format!("it holds more than {MAX_FILES} files"));
        }
        if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            let target = String::from_utf8_lossy(&target).into_owned();
            let parent = path.as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
            let inside = TreePath::new(parent).and_then(|parent| parent.join(&target));
            if target.starts_with('/') || inside.is_err() {
                return Err(format!("illegal filepath in symlink: {name} -> {target}"));
            }
            tree.insert_at(&path, EntryKind::Symlink, target);
        } else if kind.is_file() || kind.is_contiguous() {
            let mut data = Vec::new();
            let size = entry.by_ref().take(remaining + 1).read_to_end(&mut data);
            let size = size.map_err(|e| e.to_string())? as u64;
            if size > remaining {
                return Err(format!("its files hold more than {max_bytes} bytes, the limit"));
            }
            remaining -= size;
            tree.insert_at(&path, EntryKind::File, data);
        }
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use windlass_tree::Tree as _;

    use super::*;

    const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";
    const ZIPPED: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// A tar file; a target after ` -> ` makes a link.
    fn tar(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            // Written by hand: the library refuses what leads out of the archive.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            match text.strip_prefix("-> ") {
                Some(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_size(0);
                    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
                    header.set_cksum();
                    builder.append(&header, &[][..]).unwrap();
                }
                None => {
                    header.set_size(text.len() as u64);
                    header.set_cksum();
                    builder.append(&header, text.as_bytes()).unwrap();
                }
            }
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_layer_becomes_a_tree() {
        let read = |media_type: &str, entries: &[(&str, &str)]| {
            let tree = unpack(media_type, &tar(entries), 1000)?;
            let mut names = Vec::new();
            let mut left = vec![TreePath::root()];
            while let Some(directory) = left.pop() {
                for (name, entry) in tree.list(&directory).unwrap() {
                    let path = directory.join(&name).unwrap();
                    match entry.kind {
                        EntryKind::Directory => left.push(path),
                        _ => names.push(path.to_string()),
                    }
                }
            }
            names.sort();
            Ok::<_, String>(names.join(" "))
        };
        let plain = PLAIN;
        assert_eq!(read(plain, &[("a.yaml", "x"), ("./b/c", "y")]).unwrap(), "a.yaml b/c");
        assert_eq!(read(plain, &[("a", "-> b/c"), ("b/c", "y")]).unwrap(), "a b/c");
        for bad in ["../x", "a/../../x"] {
            assert!(read(plain, &[(bad, "x")]).unwrap_err().contains("illegal"), "{bad}");
        }
        for bad in ["-> ../x", "-> /etc/passwd"] {
            assert!(read(plain, &[("a", bad)]).unwrap_err().contains("symlink"), "{bad}");
        }
        let large = "x".repeat(1001);
        assert!(read(plain, &[("a", &large)]).unwrap_err().contains("more than 1000 bytes"));
        // A chart is never zipped twice: only the suffix tells.
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zipped, &tar(&[("web/Chart.yaml", "x")])).unwrap();
        let tree = unpack(CHART, &zipped.finish().unwrap(), MAX_UNPACKED).unwrap();
        assert!(tree.entry(&TreePath::new("Chart.yaml").unwrap()).unwrap().is_some());
    }

    #[test]
    fn one_layer_holds_files() {
        let manifest = |types: &[&str]| Manifest {
            layers: types
                .iter()
                .map(|t| Descriptor { media_type: (*t).to_owned(), ..Descriptor::default() })
                .collect(),
            ..Manifest::default()
        };
        let check = |types: &[&str], expected: &str| {
            let manifest = manifest(types);
            let found = match content_layer(&manifest, &ArtifactRules::default().media_types) {
                Ok(layer) => layer.media_type.clone(),
                Err(error) => error.to_string(),
            };
            assert!(found.contains(expected), "{found}");
        };
        check(&[ZIPPED, "application/vnd.in-toto+json"], ZIPPED);
        check(&[CHART, registry::PROVENANCE], CHART);
        check(&[], "expected only a single oci content layer, got 0");
        check(&[PLAIN, ZIPPED], "got 2");
        check(&["application/x-tar"], "not in the list of allowed");
        check(&["text/plain"; 11], "no more than 10");
    }
}
