//! Archives on disk, by their digest: in the layout of Helm's own cache of contents.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::Error;

/// Files by the SHA-256 of what they hold. What is in it is checked when it is read.
#[derive(Clone, Debug)]
pub struct DiskCache {
    root: PathBuf,
    max_bytes: u64,
}

impl DiskCache {
    /// A cache below `root` of about `max_bytes`; what was not used for longest goes first.
    pub fn new(root: impl Into<PathBuf>, max_bytes: u64) -> Self {
        Self { root: root.into(), max_bytes }
    }

    fn path(&self, digest: &str, kind: &str) -> Option<PathBuf> {
        let hex = digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
        hex.then(|| self.root.join(&digest[..2]).join(format!("{digest}.{kind}")))
    }

    /// The archive with this digest, in hexadecimal.
    pub fn get(&self, digest: &str) -> Option<Arc<[u8]>> {
        let path = self.path(digest, "chart")?;
        let bytes = std::fs::read(&path).ok()?;
        if hex::encode(Sha256::digest(&bytes)) != digest {
            // Somebody else's, or broken: it is fetched anew.
            let _ = std::fs::remove_file(&path);
            return None;
        }
        // The time tells what was used; that it cannot be set harms nothing.
        if let Ok(file) = std::fs::File::options().write(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        Some(bytes.into())
    }

    /// Keeps an archive; answers its digest.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, bytes: &[u8]) -> Result<String, Error> {
        let digest = hex::encode(Sha256::digest(bytes));
        let Some(path) = self.path(&digest, "chart") else { return Ok(digest) };
        let parent = path.parent().unwrap_or(&self.root);
        let fail = |error| Error::disk(&path, error);
        std::fs::create_dir_all(parent).map_err(fail)?;
        let mut file = tempfile::NamedTempFile::new_in(parent).map_err(fail)?;
        std::io::Write::write_all(&mut file, bytes).map_err(fail)?;
        file.persist(&path).map_err(|error| fail(error.error))?;
        self.shrink();
        Ok(digest)
    }

    fn shrink(&self) {
        let mut files = Vec::new();
        for dir in read_dir(&self.root) {
            for file in read_dir(&dir) {
                if let Ok(metadata) = file.metadata() {
                    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push((used, metadata.len(), file));
                }
            }
        }
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        files.sort();
        // The newest stays, however large.
        files.pop();
        for (_, size, file) in files {
            if total <= self.max_bytes {
                return;
            }
            if std::fs::remove_file(file).is_ok() {
                total -= size;
            }
        }
    }
}

fn read_dir(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_checked_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let cache = DiskCache::new(dir.path(), 10);
        let digest = cache.put(b"12345678").unwrap();
        assert_eq!(cache.get(&digest).as_deref(), Some(&b"12345678"[..]));
        let path = cache.path(&digest, "chart").unwrap();
        std::fs::write(&path, "broken").unwrap();
        assert!(cache.get(&digest).is_none() && !path.exists());
        let digest = cache.put(b"12345678").unwrap();
        let old = SystemTime::UNIX_EPOCH;
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let newer = cache.put(b"87654321").unwrap();
        assert!(cache.get(&digest).is_none());
        assert!(cache.get(&newer).is_some());
        assert!(cache.get("../../etc/passwd").is_none());
    }
}
