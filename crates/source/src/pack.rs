//! Packs: taken from the wire into a mirror, and many made one.

use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::{Buf as _, Bytes};
use gix::odb::pack;
use tokio::sync::mpsc;

use crate::objects::Objects;
use crate::wire::Part;

/// Bytes before a pack's entries (`PACK`, version, count) and behind them (SHA-1).
const HEAD: u64 = 12;
const TAIL: u64 = 20;

/// Writes the pack that comes through `parts` into the database, with its index. Blocks; `note` is
/// told the commits without parents before anything is stored. A pack that is cut short, damaged or
/// empty leaves nothing behind.
pub(crate) fn receive(
    objects: &Arc<Objects>,
    parts: mpsc::Receiver<Part>,
    object_bytes: u64,
    note: impl FnMut(&[String]) -> std::io::Result<()>,
) -> Result<(), String> {
    let mut stream = Stream { parts, piece: Bytes::new(), done: false, note };
    let mut reader = BufReader::with_capacity(128 << 10, &mut stream);
    // The first bytes tell whether there is anything at all.
    if std::io::BufRead::fill_buf(&mut reader).map_err(|e| e.to_string())?.is_empty() {
        return Ok(());
    }
    index(&mut reader, &objects.dir().join("pack"), Some(Bases(objects.clone())), object_bytes)?;
    // Whatever stands behind the pack: at the least the mark that the remote was done.
    std::io::copy(&mut reader, &mut std::io::sink()).map_err(|e| e.to_string())?;
    Ok(())
}

fn index(
    reader: &mut dyn std::io::BufRead,
    dir: &Path,
    bases: Option<Bases>,
    object_bytes: u64,
) -> Result<(), String> {
    let outcome = pack::Bundle::write_to_directory(
        reader,
        Some(dir),
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
        bases,
        gix::hash::Kind::Sha1,
        pack::bundle::write::Options {
            thread_limit: Some(2),
            iteration_mode: pack::data::input::Mode::Verify,
            alloc_limit_bytes: usize::try_from(object_bytes).ok(),
            ..Default::default()
        },
    )
    .map_err(|e| format!("{e:#}"))?;
    // The mark keeps other programs from removing a pack before a ref needs it; none run here.
    if let Some(keep) = outcome.keep_path {
        std::fs::remove_file(keep).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Bases of a thin pack, from what is there already.
struct Bases(Arc<Objects>);

impl gix::objs::Find for Bases {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> gix::Result<Option<gix::objs::Data<'a>>> {
        let id = id.to_owned();
        if !self.0.contains(&id) {
            return Ok(None);
        }
        let read = self.0.read(&id, u64::MAX, |kind, data| {
            buffer.clear();
            buffer.extend_from_slice(data);
            kind
        });
        match read {
            Ok(kind) => Ok(Some(gix::objs::Data::new(buffer, kind, gix::hash::Kind::Sha1))),
            Err(e) => Err(gix::error::message!("{e}").into()),
        }
    }
}

/// The parts of a fetch as a reader.
struct Stream<N> {
    parts: mpsc::Receiver<Part>,
    piece: Bytes,
    done: bool,
    note: N,
}

impl<N: FnMut(&[String]) -> std::io::Result<()>> Read for &mut Stream<N> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            if self.done {
                return Ok(0);
            }
            match self.parts.blocking_recv() {
                Some(Part::Pack(piece)) => self.piece = piece,
                Some(Part::Shallow(commits)) => (self.note)(&commits)?,
                Some(Part::Done) => self.done = true,
                None => return Err(std::io::Error::other("the pack was cut short")),
            }
        }
        let take = self.piece.len().min(out.len());
        out[..take].copy_from_slice(&self.piece[..take]);
        self.piece.advance(take);
        Ok(take)
    }
}

/// The packs in a database with their sizes, smallest first.
pub(crate) fn packs(objects: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(objects.join("pack"))? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "pack") {
            out.push((entry.metadata()?.len(), path));
        }
    }
    out.sort();
    Ok(out)
}

/// Makes one pack of all but the largest. Deltas are relative within a pack and every pack here is
/// complete in itself, so that the entries of several are simply put one behind the other; nothing
/// is unpacked but to index the result.
pub(crate) fn merge(objects: &Path, object_bytes: u64) -> Result<(), String> {
    let text = |e: std::io::Error| e.to_string();
    let mut all = packs(objects).map_err(text)?;
    all.pop();
    if all.len() < 2 {
        return Ok(());
    }
    let dir = objects.join("pack");
    let joined = dir.join("merge.tmp");
    let result = join(&all, &joined).map_err(text).and_then(|()| {
        let file = std::fs::File::open(&joined).map_err(text)?;
        index(&mut BufReader::with_capacity(128 << 10, file), &dir, None, object_bytes)
    });
    // A leftover is removed when the mirror is opened next.
    let _ = std::fs::remove_file(&joined);
    result?;
    for (_, old) in all {
        // First the index, so that nobody looks for a pack that is gone.
        std::fs::remove_file(old.with_extension("idx")).map_err(text)?;
        std::fs::remove_file(&old).map_err(text)?;
    }
    Ok(())
}

fn join(packs: &[(u64, PathBuf)], to: &Path) -> std::io::Result<()> {
    let mut count: u32 = 0;
    for (_, path) in packs {
        let mut head = [0; HEAD as usize];
        std::fs::File::open(path)?.read_exact(&mut head)?;
        let objects = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        count = count
            .checked_add(objects)
            .ok_or_else(|| std::io::Error::other("more objects than a pack can hold"))?;
    }
    let mut head = b"PACK\0\0\0\x02".to_vec();
    head.extend_from_slice(&count.to_be_bytes());
    let file = std::io::BufWriter::with_capacity(128 << 10, std::fs::File::create(to)?);
    let mut out = gix::hash::io::Write::new(file, gix::hash::Kind::Sha1);
    out.write_all(&head)?;
    for (size, path) in packs {
        let mut file = std::fs::File::open(path)?;
        std::io::copy(&mut (&mut file).take(HEAD), &mut std::io::sink())?;
        std::io::copy(&mut file.take(size.saturating_sub(HEAD + TAIL)), &mut out)?;
    }
    let sum = out.hash.try_finalize().map_err(|e| std::io::Error::other(e.to_string()))?;
    out.inner.write_all(sum.as_slice())?;
    out.inner.flush()
}
