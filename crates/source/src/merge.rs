//! Many packs made one, so that they do not pile up.
//!
//! Every pack here is complete in itself: the base of each delta stands before it. So entries are
//! copied as they are, still compressed; an object that several packs hold is taken from the first,
//! and only the distance from a delta to its base is written anew.

use std::collections::{HashMap, HashSet};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::odb::pack;
use gix::odb::pack::data::entry::Header;

use crate::pack::{PackError, index};

const SHA1: gix::hash::Kind = gix::hash::Kind::Sha1;
/// Bytes before a pack's first entry: `PACK`, version, count.
const HEAD: u64 = 12;

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

/// Makes one pack of all but the largest. Blocks; nothing may be stored meanwhile, readers may read.
pub(crate) fn merge(objects: &Path, object_bytes: u64) -> Result<(), PackError> {
    let mut all = packs(objects)?;
    all.pop();
    if all.len() < 2 {
        return Ok(());
    }
    let dir = objects.join("pack");
    let joined = dir.join("merge.tmp");
    let result = join(&all, &joined).and_then(|()| {
        let file = std::fs::File::open(&joined)?;
        index(&mut BufReader::with_capacity(128 << 10, file), &dir, None, object_bytes)
    });
    // A leftover is removed when the mirror is opened next.
    let _ = std::fs::remove_file(&joined);
    let merged = result?;
    for (_, old) in all.iter().filter(|(_, old)| Some(old) != merged.as_ref()) {
        // First the index, so that nobody looks for a pack that is gone.
        std::fs::remove_file(old.with_extension("idx"))?;
        std::fs::remove_file(old)?;
    }
    Ok(())
}

fn broken(why: &str) -> PackError {
    PackError::Broken(why.to_owned())
}

struct Open {
    index: pack::index::File,
    data: pack::data::File,
}

fn join(packs: &[(u64, PathBuf)], to: &Path) -> Result<(), PackError> {
    let mut open = Vec::new();
    let mut known = HashSet::new();
    for (_, path) in packs {
        let index = pack::index::File::at(path.with_extension("idx"), SHA1);
        let index = index?;
        known.extend(index.iter().map(|entry| entry.oid));
        let data = pack::data::File::at(path, SHA1)?;
        open.push(Open { index, data });
    }
    let count =
        u32::try_from(known.len()).map_err(|_| broken("more objects than a pack can hold"))?;
    let file = BufWriter::with_capacity(128 << 10, std::fs::File::create(to)?);
    let mut out = Output {
        inner: gix::hash::io::Write::new(file, SHA1),
        at: 0,
        places: HashMap::with_capacity(known.len()),
    };
    out.write_all(b"PACK\0\0\0\x02")?;
    out.write_all(&count.to_be_bytes())?;
    debug_assert_eq!(out.at, HEAD);
    for open in &open {
        copy(open, &mut out)?;
    }
    let sum = out.inner.hash.try_finalize()?;
    out.inner.inner.write_all(sum.as_slice())?;
    out.inner.inner.flush()?;
    Ok(())
}

/// The pack that is written, and where in it each object stands.
struct Output {
    inner: gix::hash::io::Write<BufWriter<std::fs::File>>,
    at: u64,
    places: HashMap<ObjectId, u64>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn copy(open: &Open, out: &mut Output) -> Result<(), PackError> {
    let mut entries: Vec<(u64, ObjectId)> =
        open.index.iter().map(|entry| (entry.pack_offset, entry.oid)).collect();
    entries.sort_unstable();
    let ids: HashMap<u64, ObjectId> = entries.iter().copied().collect();
    let ends = entries.iter().skip(1).map(|(offset, _)| *offset);
    let ends: Vec<u64> = ends.chain([open.data.pack_end() as u64]).collect();
    for ((offset, id), end) in entries.into_iter().zip(ends) {
        if out.places.contains_key(&id) {
            continue;
        }
        let entry = open.data.entry(offset)?;
        let base = match entry.header {
            Header::OfsDelta { base_distance } => {
                let base = offset.checked_sub(base_distance).and_then(|at| ids.get(&at));
                Some(*base.ok_or_else(|| broken(&format!("object {id} has no base")))?)
            }
            Header::RefDelta { base_id } => Some(base_id),
            _ => None,
        };
        let header = match base.map(|base| (base, out.places.get(&base))) {
            None => entry.header,
            Some((_, Some(place))) => Header::OfsDelta { base_distance: out.at - place },
            // It comes later: the reader finds it by its name.
            Some((base_id, None)) => Header::RefDelta { base_id },
        };
        out.places.insert(id, out.at);
        header.write_to(entry.decompressed_size, out)?;
        let body = open.data.entry_slice(entry.data_offset..end);
        let body = body.ok_or_else(|| broken(&format!("object {id} ends too early")))?;
        out.write_all(body)?;
    }
    Ok(())
}
