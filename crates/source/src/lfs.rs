//! Large files (Git LFS): a pointer in the tree is replaced by what it points at, fetched when it is
//! read for the first time and kept beside the mirror.
//!
//! The pointer format and the batch API are those of git-lfs (`docs/spec.md`, `docs/api/batch.md`).
//! What comes is accepted only with the size and SHA-256 that the pointer names.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use sha2::{Digest as _, Sha256};
use windlass_tree::{TreeError, TreePath};

use crate::address::Address;
use crate::wire::{Client, Host, quote, ssh_run, text_of};
use crate::{Limits, Repository, SourceError};

const MEDIA: &str = "application/vnd.git-lfs+json";
/// A pointer is never longer.
const POINTER: usize = 1024;
/// Bytes of an answer of the batch API about one file.
const ANSWER: usize = 1 << 20;

/// The large files of one repository.
#[derive(Debug)]
pub(crate) struct LargeFiles {
    pub(crate) repository: Repository,
    /// Where they are kept.
    pub(crate) dir: PathBuf,
    /// Whether that is ours to write: not in a local repository.
    pub(crate) ours: bool,
    /// `lfs.url` of the tree's `.lfsconfig`.
    pub(crate) endpoint: Option<String>,
    pub(crate) limits: Limits,
    /// Where downloads run: readers are threads of their own.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// A pointer's content.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer {
    oid: String,
    size: u64,
}

impl Pointer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > POINTER {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        if !version.ends_with("git-lfs.github.com/spec/v1") && !version.ends_with("hawser/spec/v1")
        {
            return None;
        }
        let (mut oid, mut size) = (None, None);
        for line in lines {
            if let Some(value) = line.strip_prefix("oid sha256:") {
                let hex = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
                oid = hex.then(|| value.to_ascii_lowercase());
            } else if let Some(value) = line.strip_prefix("size ") {
                size = value.parse().ok();
            }
        }
        Some(Self { oid: oid?, size: size? })
    }
}

#[derive(serde::Deserialize)]
struct Batch {
    #[serde(default)]
    objects: Vec<Answer>,
}

#[derive(serde::Deserialize)]
struct Answer {
    #[serde(default)]
    actions: BTreeMap<String, Action>,
    error: Option<Refusal>,
}

/// Where to go; also what `git-lfs-authenticate` answers.
#[derive(serde::Deserialize)]
struct Action {
    #[serde(default)]
    href: String,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
struct Refusal {
    code: u16,
    message: String,
}

impl LargeFiles {
    /// `bytes` as they are, or what they point at. Blocks while that is fetched.
    pub(crate) fn resolve(
        self: &Arc<Self>,
        path: &TreePath,
        bytes: Arc<[u8]>,
        limit: u64,
    ) -> Result<Arc<[u8]>, TreeError> {
        let Some(pointer) = Pointer::parse(&bytes) else { return Ok(bytes) };
        let limit = limit.min(self.limits.lfs_bytes);
        if pointer.size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: pointer.size, limit });
        }
        let failed = |reason: String| TreeError::Store { path: path.clone(), reason };
        let kept = self.place(&pointer);
        if let Ok(bytes) = std::fs::read(&kept)
            && is_whole(&bytes, &pointer)
        {
            return Ok(bytes.into());
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let (this, wanted) = (self.clone(), pointer.clone());
        self.runtime.spawn(async move {
            let limit = this.limits.fetch_timeout;
            let result = tokio::time::timeout(limit, this.download(&wanted)).await;
            // The reader has gone if nobody takes it.
            let _ = sender.send(result);
        });
        let grace = self.limits.fetch_timeout + Duration::from_secs(5);
        let bytes = match receiver.recv_timeout(grace) {
            Ok(Ok(Ok(bytes))) => bytes,
            Ok(Ok(Err(error))) => return Err(failed(format!("large file: {error}"))),
            _ => return Err(failed("large file: the download took too long".to_owned())),
        };
        if self.ours {
            self.keep(&kept, &bytes).map_err(|e| failed(format!("large file: {e}")))?;
        }
        Ok(bytes.into())
    }

    fn place(&self, pointer: &Pointer) -> PathBuf {
        self.dir.join(&pointer.oid[..2]).join(&pointer.oid[2..4]).join(&pointer.oid)
    }

    fn keep(&self, place: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
        if size_of(&self.dir) + bytes.len() as u64 > self.limits.mirror_bytes {
            std::fs::remove_dir_all(&self.dir)?;
        }
        let dir = place.parent().unwrap_or(&self.dir);
        std::fs::create_dir_all(dir)?;
        let unique = format!("{:?}", std::thread::current().id());
        let next = place.with_extension(unique.replace(['(', ')'], ""));
        std::fs::File::create(&next)?.write_all(bytes)?;
        std::fs::rename(next, place)
    }

    fn refused(&self, why: impl Into<String>) -> SourceError {
        SourceError::ServerError { url: self.repository.shown(), why: why.into() }
    }

    async fn download(&self, pointer: &Pointer) -> Result<Vec<u8>, SourceError> {
        let client = Client::new(&self.repository).await?;
        let server = self.server().await?;
        let body = serde_json::json!({
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{ "oid": pointer.oid, "size": pointer.size }],
        });
        let mut request = client
            .request(Method::POST, &format!("{}/objects/batch", server.href))
            .header(reqwest::header::ACCEPT, MEDIA)
            .header(reqwest::header::CONTENT_TYPE, MEDIA)
            .body(body.to_string());
        for (name, value) in &server.header {
            request = request.header(name, value);
        }
        let url = self.repository.shown();
        let answer = text_of(&url, client.send(request).await?, ANSWER).await?;
        let batch: Batch = serde_json::from_slice(&answer)
            .map_err(|e| self.refused(format!("its LFS answer is not understood: {e}")))?;
        let answer = batch.objects.into_iter().next();
        let answer = answer.ok_or_else(|| self.refused("its LFS answer names no object"))?;
        if let Some(refusal) = answer.error {
            return Err(self.refused(format!("LFS {}: {}", refusal.code, refusal.message)));
        }
        let action = answer.actions.get("download");
        let action = action.ok_or_else(|| self.refused("its LFS answer offers no download"))?;
        let mut request = client.request(Method::GET, &action.href);
        for (name, value) in &action.header {
            request = request.header(name, value);
        }
        let limit = usize::try_from(pointer.size).unwrap_or(usize::MAX);
        let bytes = text_of(&url, client.send(request).await?, limit).await?;
        if is_whole(&bytes, pointer) {
            return Ok(bytes);
        }
        Err(self.refused(format!("{} bytes came that are not what the pointer names", bytes.len())))
    }

    /// The LFS server: what `.lfsconfig` says, what the ssh host says, or below the repository.
    async fn server(&self) -> Result<Action, SourceError> {
        let header = BTreeMap::new();
        if let Some(url) = &self.endpoint {
            let secure = url.starts_with("https://") || url.starts_with("http://");
            if !secure {
                return Err(SourceError::NotSupported {
                    url: self.repository.shown(),
                    what: "an lfs.url that is not http".to_owned(),
                });
            }
            return Ok(Action { href: url.trim_end_matches('/').to_owned(), header });
        }
        match Address::parse(&self.repository.url)? {
            Address::Http { url, .. } => {
                let url = url.trim_end_matches('/');
                let dot_git = if url.ends_with(".git") { "" } else { ".git" };
                Ok(Action { href: format!("{url}{dot_git}/info/lfs"), header })
            }
            Address::Ssh { user, host, port, path } => {
                let command = format!(
                    "git-lfs-authenticate {} download",
                    quote(path.trim_start_matches('/'))
                );
                let at = Host { user, host, port };
                let out = ssh_run(&self.repository, &at, &command, ANSWER as u64).await?;
                serde_json::from_slice(&out)
                    .map_err(|e| self.refused(format!("git-lfs-authenticate: {e}")))
            }
            Address::File { .. } => Err(self.refused("the large file is not in the repository")),
        }
    }
}

/// Bytes of the files below `dir`; what cannot be read counts for nothing.
fn size_of(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn is_whole(bytes: &[u8], pointer: &Pointer) -> bool {
    bytes.len() as u64 == pointer.size && hex::encode(Sha256::digest(bytes)) == pointer.oid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pointers() {
        let oid = "a".repeat(64);
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12\n");
        assert_eq!(Pointer::parse(text.as_bytes()), Some(Pointer { oid, size: 12 }));
        for none in ["", "kind: Secret\n", "version https://git-lfs.github.com/spec/v1\nsize 1\n"] {
            assert_eq!(Pointer::parse(none.as_bytes()), None, "{none}");
        }
        assert_eq!(Pointer::parse(&[b'v'; 2000]), None);
    }
}
