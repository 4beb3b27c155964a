//! Charts of all repositories, with what is known of them.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use windlass_oci::{Client, Descriptor, Reference};
use windlass_semver::Version;
use windlass_tree::{ContentId, GivenChart, MemoryTree};

use crate::artifact::ArtifactRules;
use crate::cache::DiskCache;
use crate::index::{Index, choose};
use crate::repository::{Answer, shown};
use crate::{Error, MAX_ARCHIVE, MAX_INDEX, Repository, registry};

/// How long what a repository said is taken as true.
const FRESH: Duration = Duration::from_secs(120);
/// How long a tag of an exact version is taken to mean the same.
const FRESH_TAG: Duration = Duration::from_secs(600);
/// Repositories, and tags, that are remembered.
const REMEMBERED: usize = 512;
/// Downloads at once.
const DOWNLOADS: usize = 8;
/// Artifacts that are kept unpacked.
const UNPACKED: usize = 16;
/// Bytes of archives on disk.
const DISK: u64 = 4 << 30;
/// The longest that one chart may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Charts of all repositories. Cheap to share behind an [`Arc`].
pub struct Charts {
    cache: DiskCache,
    indexes: Mutex<HashMap<[u8; 32], Known<Arc<Index>>>>,
    clients: Mutex<HashMap<[u8; 32], Arc<Client>>>,
    tags: Mutex<HashMap<String, Known<String>>>,
    pub(crate) artifacts: Artifacts,
    pub(crate) rules: Mutex<ArtifactRules>,
    downloads: Semaphore,
}

/// Artifacts that were unpacked, by whose they are and their digest; the oldest goes first.
#[derive(Default)]
pub(crate) struct Artifacts(Mutex<VecDeque<(ArtifactKey, Arc<MemoryTree>)>>);

type ArtifactKey = ([u8; 32], String);

impl Artifacts {
    pub(crate) fn get(&self, key: &ArtifactKey) -> Option<Arc<MemoryTree>> {
        let mut kept = self.0.lock();
        let at = kept.iter().position(|(known, _)| known == key)?;
        let found = kept.remove(at)?;
        kept.push_back(found.clone());
        Some(found.1)
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    pub(crate) fn insert(&self, key: ArtifactKey, tree: Arc<MemoryTree>) {
        let mut kept = self.0.lock();
        if kept.len() >= UNPACKED {
            kept.pop_front();
        }
        kept.push_back((key, tree));
    }
}

#[derive(Clone)]
struct Known<T> {
    value: T,
    etag: Option<String>,
    at: Instant,
}

impl std::fmt::Debug for Charts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Charts").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl Charts {
    /// Charts that are kept below `dir`; all of it may be deleted.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            cache: DiskCache::new(dir, DISK),
            indexes: Mutex::default(),
            clients: Mutex::default(),
            tags: Mutex::default(),
            artifacts: Artifacts::default(),
            rules: Mutex::default(),
            downloads: Semaphore::new(DOWNLOADS),
        }
    }

    /// Forgets what repositories said, so that they are asked again.
    pub fn invalidate(&self) {
        // An index's ETag stays of use.
        let past = Instant::now().checked_sub(FRESH_TAG);
        for known in self.indexes.lock().values_mut() {
            known.at = past.unwrap_or(known.at);
        }
        self.tags.lock().clear();
    }

    /// The version that `wanted` means now, as Argo CD resolves it: an exact one is taken as it is.
    ///
    /// # Errors
    /// When the repository cannot be asked, or has none.
    pub async fn resolve(
        &self,
        repository: &Repository,
        name: &str,
        wanted: &str,
    ) -> Result<String, Error> {
        if Version::parse(wanted).is_ok() {
            return Ok(wanted.to_owned());
        }
        if repository.is_oci() {
            let client = self.client(repository)?;
            let reference = repository.reference(name)?;
            let versions = bounded(registry::versions(&client, &reference)).await?;
            return choose(wanted, versions.iter().map(String::as_str));
        }
        let index = self.index(repository).await?;
        let versions = index.entries.get(name).ok_or_else(|| Error::NotFound {
            chart: format!("chart {name:?}"),
            url: repository.url.clone(),
        })?;
        choose(wanted, versions.iter().map(|v| v.version.as_str()))
    }

    /// A chart in the version that `wanted` means now.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn fetch(
        &self,
        repository: &Repository,
        name: &str,
        wanted: &str,
    ) -> Result<GivenChart, Error> {
        let chart = bounded(async {
            if repository.is_oci() {
                self.pull(repository, name, wanted).await
            } else {
                self.download(repository, name, wanted).await
            }
        })
        .await?;
        let limit = self.rules.lock().max_chart_bytes;
        // No archive is read that is larger, so that there is nothing to look for.
        if limit >= ArtifactRules::default().max_chart_bytes {
            return Ok(chart);
        }
        let archive = chart.archive.clone();
        let more = tokio::task::spawn_blocking(move || holds_more(&archive, limit)).await;
        if more.map_err(|error| Error::Other(error.to_string()))? {
            let chart = format!("chart {name:?} version {:?}", chart.version);
            return Err(Error::TooLargeUnpacked { chart, limit });
        }
        Ok(chart)
    }

    async fn pull(
        &self,
        repository: &Repository,
        name: &str,
        wanted: &str,
    ) -> Result<GivenChart, Error> {
        let version = self.resolve(repository, name, wanted).await?;
        let reference = repository.reference(name)?.at_tag(&registry::tag(&version));
        let key = format!("{} {reference}", hex::encode(repository.identity()));
        let known = self.tags.lock().get(&key).filter(|k| k.at.elapsed() < FRESH_TAG).cloned();
        if let Some(known) = known
            && let Some(archive) = self.cache.get(&known.value)
        {
            return Ok(GivenChart { version, digest: ContentId::new(known.value), archive });
        }
        let client = self.client(repository)?;
        let _slot = self.downloads.acquire().await;
        let (described, manifest) = registry::manifest(&client, &reference).await?;
        repository.check_signature(&client, &reference, &described.digest).await?;
        let layer = registry::archive_layer(&manifest)?;
        let digest = layer.digest.strip_prefix("sha256:").unwrap_or_default().to_owned();
        let archive = self.layer(&client, &reference, layer).await?;
        self.remember(key, digest.clone());
        Ok(GivenChart { version, digest: ContentId::new(digest), archive })
    }

    /// A layer, from the disk if it is there.
    pub(crate) async fn layer(
        &self,
        client: &Client,
        reference: &Reference,
        layer: &Descriptor,
    ) -> Result<Arc<[u8]>, Error> {
        let digest = layer.digest.strip_prefix("sha256:").unwrap_or_default();
        if let Some(known) = self.cache.get(digest) {
            return Ok(known);
        }
        let bytes = client.blob(reference, layer).await?;
        self.keep(&bytes);
        Ok(Arc::from(&bytes[..]))
    }

    /// The digest of a tag's manifest.
    pub(crate) async fn tag_digest(
        &self,
        repository: &Repository,
        reference: &Reference,
        tag: &str,
    ) -> Result<String, Error> {
        let reference = Reference::parse(&format!("{reference}:{tag}"))?;
        let key = format!("{} manifest {reference}", hex::encode(repository.identity()));
        let known = self.tags.lock().get(&key).filter(|k| k.at.elapsed() < FRESH).cloned();
        if let Some(known) = known {
            return Ok(known.value);
        }
        let client = self.client(repository)?;
        let _slot = self.downloads.acquire().await;
        let (descriptor, _) = client.manifest(&reference).await?;
        self.remember(key, descriptor.digest.clone());
        Ok(descriptor.digest)
    }

    /// Remembers what a tag means.
    fn remember(&self, tag: String, digest: String) {
        let mut tags = self.tags.lock();
        if tags.len() >= REMEMBERED {
            tags.clear();
        }
        tags.insert(tag, Known { value: digest, etag: None, at: Instant::now() });
    }

    async fn download(
        &self,
        repository: &Repository,
        name: &str,
        wanted: &str,
    ) -> Result<GivenChart, Error> {
        let index = self.index(repository).await?;
        let found = index.get(name, wanted).map_err(|_| Error::NotFound {
            chart: if wanted.is_empty() {
                format!("chart {name:?}")
            } else {
                format!("chart {name:?} version {wanted:?}")
            },
            url: repository.url.clone(),
        })?;
        let wanted = found.digest.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let version = found.version.clone();
        if let Some(archive) = self.cache.get(&wanted) {
            return Ok(GivenChart { version, digest: ContentId::new(wanted), archive });
        }
        let url = found.urls.first().ok_or_else(|| {
            Error::Other(format!("chart {name:?} version {version:?} has no downloadable URLs"))
        })?;
        let url = repository.resolve(url)?;
        let _slot = self.downloads.acquire().await;
        if url.scheme() == "oci" {
            // An index may name a registry.
            let client = self.client(repository)?;
            let reference = windlass_oci::Reference::parse(url.as_str())?;
            let pulled = registry::pull(&client, &reference, false).await?;
            let digest = self.keep(&pulled.archive);
            let archive = Arc::from(&pulled.archive[..]);
            return Ok(GivenChart { version, digest: ContentId::new(digest), archive });
        }
        let http = repository.transport.build()?;
        let Answer::Body { body, .. } = repository.get(&http, &url, None, MAX_ARCHIVE).await?
        else {
            return Err(Error::Fetch { url: shown(&url), why: "no content".to_owned() });
        };
        let digest = self.keep(&body);
        if !wanted.is_empty() && digest != wanted {
            return Err(Error::Digest { url: shown(&url), wanted, found: digest });
        }
        Ok(GivenChart { version, digest: ContentId::new(digest), archive: Arc::from(&body[..]) })
    }

    /// Keeps an archive; a disk that refuses costs another download, no more.
    fn keep(&self, archive: &[u8]) -> String {
        use sha2::Digest as _;
        let kept = self.cache.put(archive);
        kept.unwrap_or_else(|_| hex::encode(sha2::Sha256::digest(archive)))
    }

    /// A repository's index, asked for again after a while, and then only if it changed.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn index(&self, repository: &Repository) -> Result<Arc<Index>, Error> {
        let key = repository.identity();
        let known = self.indexes.lock().get(&key).cloned();
        if let Some(known) = &known
            && known.at.elapsed() < FRESH
        {
            return Ok(known.value.clone());
        }
        let failed = |why: String| Error::Repository { url: repository.url.clone(), why };
        let url = repository.resolve("index.yaml").map_err(|e| failed(e.to_string()))?;
        let http = repository.transport.build()?;
        let _slot = self.downloads.acquire().await;
        let etag = known.as_ref().and_then(|k| k.etag.as_deref());
        let answer = bounded(repository.get(&http, &url, etag, MAX_INDEX)).await;
        let answer = answer.map_err(|e| failed(e.to_string()))?;
        let new = match (answer, known) {
            (Answer::Same, Some(known)) => Known { at: Instant::now(), ..known },
            (Answer::Same, None) => return Err(failed("no content".to_owned())),
            (Answer::Body { body, etag }, _) => {
                let parse = move || {
                    let mut index = Index::parse(&body)?;
                    index.slim();
                    Ok(index)
                };
                let index: Result<Index, Error> = tokio::task::spawn_blocking(parse)
                    .await
                    .map_err(|error| failed(error.to_string()))?;
                let value = Arc::new(index.map_err(|e| failed(e.to_string()))?);
                Known { value, etag, at: Instant::now() }
            }
        };
        let mut indexes = self.indexes.lock();
        if indexes.len() >= REMEMBERED && !indexes.contains_key(&key) {
            indexes.clear();
        }
        indexes.insert(key, new.clone());
        Ok(new.value)
    }

    pub(crate) fn client(&self, repository: &Repository) -> Result<Arc<Client>, Error> {
        let key = repository.identity();
        if let Some(client) = self.clients.lock().get(&key) {
            return Ok(client.clone());
        }
        let client = Arc::new(repository.client()?);
        let mut clients = self.clients.lock();
        if clients.len() >= REMEMBERED {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// Whether an archive is larger than so many bytes, unpacked. What is no archive is told by who reads it.
fn holds_more(archive: &[u8], limit: u64) -> bool {
    use std::io::Read as _;
    let unpacked = flate2::read::MultiGzDecoder::new(archive).take(limit.saturating_add(1));
    let mut unpacked = std::io::BufReader::new(unpacked);
    std::io::copy(&mut unpacked, &mut std::io::sink()).is_ok_and(|bytes| bytes > limit)
}

pub(crate) async fn bounded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Other(format!("no answer within {} seconds", TIMEOUT.as_secs()))),
    }
}
