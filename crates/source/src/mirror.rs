//! A repository's mirror on disk.
//!
//! `CACHE/mirrors/NAME/gN` is a bare repository. Every commit in it came with its whole tree, by
//! itself or with history, so a commit that is present can be read. Three files say the rest:
//! `shallow` (Git's own: commits whose parents are absent), `recent` (the commits fetched last, to
//! name when fetching the next) and the packs. `shallow` is written before the pack it is about; to
//! take a whole commit for a shallow one costs bytes, never correctness. A generation that is
//! damaged or has grown too large is followed by an empty one and removed when its last reader is
//! done.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gix::ObjectId;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::objects::Objects;
use crate::pack::PackError;
use crate::{Limits, SourceError, merge, pack};

/// Commits remembered, and how many of them are named to a remote.
const REMEMBERED: usize = 64;
const NAMED: usize = 16;
/// Mirrors kept over a restart, and how long one is kept into which nothing comes.
const MIRRORS: usize = 2048;
const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);

/// One repository's mirror, shared by all that use it.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// The address, for messages.
    url: String,
    dir: PathBuf,
    limits: Limits,
    current: Mutex<Option<Generation>>,
    /// Held while something is fetched: the next in line finds it done.
    pub(crate) fetching: tokio::sync::Mutex<()>,
    /// Connections to this repository.
    pub(crate) connections: Arc<tokio::sync::Semaphore>,
}

#[derive(Clone, Debug)]
struct Generation {
    dir: PathBuf,
    objects: Arc<Objects>,
}

/// What a mirror has that is worth naming.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) haves: Vec<String>,
    pub(crate) shallow: Vec<String>,
}

impl Mirror {
    /// The mirror of the repository with `key` below `cache`.
    pub(crate) fn new(cache: &Path, key: &str, url: String, limits: &Limits) -> Self {
        let digest = hex::encode(&Sha256::digest(key)[..8]);
        let tail = key.rsplit('/').next().unwrap_or_default();
        let tail: String = tail
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .take(40)
            .collect();
        Self {
            url,
            dir: cache.join("mirrors").join(format!("{digest}-{tail}")),
            limits: limits.clone(),
            current: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            connections: Arc::new(tokio::sync::Semaphore::new(limits.connections_per_repository)),
        }
    }

    /// Where large files are kept; they do not depend on the generation.
    pub(crate) fn lfs_dir(&self) -> PathBuf {
        self.dir.join("lfs")
    }

    fn failed(&self, why: impl std::fmt::Display) -> SourceError {
        SourceError::StorageFailed { url: self.url.clone(), why: format!("{why}") }
    }

    /// The objects. Blocks.
    pub(crate) fn objects(&self) -> Result<Arc<Objects>, SourceError> {
        Ok(self.generation()?.objects)
    }

    /// Gives back the memory of caches that nobody uses.
    pub(crate) fn rest(&self, idle: Duration) {
        // While it is being opened it is in use.
        if let Some(Some(generation)) = self.current.try_lock().as_deref() {
            generation.objects.rest(idle);
        }
    }

    fn generation(&self) -> Result<Generation, SourceError> {
        let mut current = self.current.lock();
        if let Some(generation) = &*current
            && !generation.objects.is_damaged()
            && generation.dir.is_dir()
        {
            return Ok(generation.clone());
        }
        let next = match current.take() {
            Some(old) => {
                tracing::warn!(repository = %self.url, "the mirror is damaged and is fetched anew");
                self.follow(&old)
            }
            None => self.open(),
        };
        let next = next.map_err(|e| self.failed(e))?;
        *current = Some(next.clone());
        Ok(next)
    }

    /// Opens the newest generation that is whole and removes all else.
    fn open(&self) -> Result<Generation, String> {
        std::fs::create_dir_all(&self.dir).map_err(|e| e.to_string())?;
        let mut numbers: Vec<u64> = std::fs::read_dir(&self.dir)
            .map_err(|e| e.to_string())?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix('g')?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let newest = numbers.pop();
        for old in numbers {
            let _ = std::fs::remove_dir_all(self.dir.join(format!("g{old}")));
        }
        let Some(number) = newest else { return self.create(1) };
        let dir = self.dir.join(format!("g{number}"));
        match sweep(&dir.join("objects")) {
            Ok(()) => self.opened(dir),
            Err(why) => {
                tracing::warn!(repository = %self.url, why, "the mirror is damaged and is fetched anew");
                let _ = std::fs::remove_dir_all(dir);
                self.create(number + 1)
            }
        }
    }

    fn create(&self, number: u64) -> Result<Generation, String> {
        let dir = self.dir.join(format!("g{number}"));
        let make = || {
            std::fs::create_dir_all(dir.join("objects/pack"))?;
            std::fs::create_dir_all(dir.join("refs"))?;
            std::fs::write(dir.join("config"), "[core]\n\tbare = true\n")?;
            std::fs::write(dir.join("HEAD"), "ref: refs/heads/main\n")
        };
        make().map_err(|e| e.to_string())?;
        self.opened(dir)
    }

    fn opened(&self, dir: PathBuf) -> Result<Generation, String> {
        let objects = Objects::open(&dir.join("objects"), self.limits.object_bytes)?;
        Ok(Generation { dir, objects: Arc::new(objects) })
    }

    fn follow(&self, old: &Generation) -> Result<Generation, String> {
        let name = old.dir.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let number: u64 = name.trim_start_matches('g').parse().unwrap_or(1);
        let next = self.create(number + 1)?;
        old.objects.doom(old.dir.clone());
        Ok(next)
    }

    /// What may be named to a remote: for a shallow fetch commits with or without parents, for one
    /// with history only those with.
    pub(crate) fn holdings(&self, with_history: bool) -> Result<Holdings, SourceError> {
        let generation = self.generation()?;
        let shallow: HashSet<String> = lines(&generation.dir.join("shallow")).into_iter().collect();
        let mut out = Holdings::default();
        for commit in lines(&generation.dir.join("recent")).into_iter().rev() {
            let is_shallow = shallow.contains(&commit);
            let present = ObjectId::from_hex(commit.as_bytes())
                .is_ok_and(|id| generation.objects.contains(&id));
            if !present || (with_history && is_shallow) || out.haves.contains(&commit) {
                continue;
            }
            if is_shallow {
                out.shallow.push(commit.clone());
            }
            out.haves.push(commit);
            if out.haves.len() == NAMED {
                break;
            }
        }
        Ok(out)
    }

    /// Takes in a pack. Blocks.
    pub(crate) fn receive(
        &self,
        parts: tokio::sync::mpsc::Receiver<crate::wire::Part>,
        commits: &[String],
    ) -> Result<(), SourceError> {
        let generation = self.generation()?;
        let shallow = generation.dir.join("shallow");
        let note = |commits: &[String]| append(&shallow, commits);
        let limit = self.limits.object_bytes;
        pack::receive(&generation.objects, parts, limit, note).map_err(|e| match e {
            PackError::TooLarge => {
                SourceError::TooLarge { url: self.url.clone(), what: "an object".to_owned(), limit }
            }
            PackError::Broken(why) => self.failed(why),
        })?;
        let recent = generation.dir.join("recent");
        append(&recent, commits).map_err(|e| self.failed(e))?;
        let known = lines(&recent);
        if known.len() > 2 * REMEMBERED {
            let keep = &known[known.len() - REMEMBERED..];
            replace(&recent, keep).map_err(|e| self.failed(e))?;
        }
        Ok(())
    }

    /// Keeps the number of packs and the bytes within their bounds. Blocks; nothing may be fetched
    /// meanwhile.
    pub(crate) fn tidy(&self) -> Result<(), SourceError> {
        let generation = self.generation()?;
        let objects = generation.dir.join("objects");
        let packs = merge::packs(&objects).map_err(|e| self.failed(e))?;
        let bytes: u64 = packs.iter().map(|(size, _)| size).sum();
        if bytes > self.limits.mirror_bytes && packs.len() > 1 {
            let next = self.follow(&generation).map_err(|e| self.failed(e))?;
            *self.current.lock() = Some(next);
        } else if packs.len() > self.limits.packs {
            merge::merge(&objects, self.limits.object_bytes).map_err(|e| self.failed(e))?;
        }
        Ok(())
    }
}

/// Removes mirrors into which nothing has come for a month, and of the others all but the newest
/// [`MIRRORS`]. One that is still in use is fetched anew; that is all a cache owes.
pub(crate) fn prune(cache: &Path) {
    let Ok(entries) = std::fs::read_dir(cache.join("mirrors")) else { return };
    let mut all: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let generations = std::fs::read_dir(&path).ok()?.filter_map(Result::ok);
            let times = generations.filter_map(|g| {
                let recent = g.path().join("recent").metadata().or_else(|_| g.metadata());
                recent.ok()?.modified().ok()
            });
            Some((times.max()?, path))
        })
        .collect();
    all.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    for (index, (time, path)) in all.iter().enumerate() {
        if index >= MIRRORS || time.elapsed().is_ok_and(|age| age > UNUSED) {
            // What stays is tried again next time.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Removes what a killed process left and checks that every pack belongs to its index.
fn sweep(objects: &Path) -> Result<(), String> {
    let text = |e: std::io::Error| e.to_string();
    for entry in std::fs::read_dir(objects.join("pack")).map_err(text)? {
        let path = entry.map_err(text)?.path();
        let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let lone = (kind == "pack" && !path.with_extension("idx").is_file())
            || (kind == "idx" && !path.with_extension("pack").is_file());
        if lone || !matches!(kind, "pack" | "idx") {
            std::fs::remove_file(&path).map_err(text)?;
        } else if kind == "pack" && tail(&path, 20)? != tail(&path.with_extension("idx"), 40)? {
            return Err(format!("{} does not belong to its index", path.display()));
        }
    }
    Ok(())
}

/// The 20 bytes that begin `back` bytes before the end.
fn tail(path: &Path, back: i64) -> Result<[u8; 20], String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut out = [0; 20];
    std::fs::File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::End(-back))?;
            file.read_exact(&mut out)
        })
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(out)
}

/// The commit ids in a file, one a line; whatever else stands there (a line cut short) is left out.
fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|l| crate::revision::is_commit(l)).map(str::to_owned).collect()
}

fn append(path: &Path, commits: &[String]) -> std::io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    if commits.is_empty() {
        return Ok(());
    }
    let mut file = std::fs::File::options().create(true).read(true).append(true).open(path)?;
    let mut text = commits.join("\n") + "\n";
    // A line that a crash cut short must not swallow the next one.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())
}

fn replace(path: &Path, commits: &[String]) -> std::io::Result<()> {
    let next = path.with_extension("next");
    std::fs::write(&next, commits.join("\n") + "\n")?;
    std::fs::rename(next, path)
}
