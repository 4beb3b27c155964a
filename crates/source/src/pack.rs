//! Packs, taken from the wire into a mirror.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::{Buf as _, Bytes};
use gix::error::{Class, ResourceExhaustionKind};
use gix::odb::pack;
use tokio::sync::mpsc;

use crate::objects::Objects;
use crate::wire::Part;

/// Writes the pack that comes through `parts` into the database, with its index. Blocks; `note` is
/// told the commits without parents before anything is stored. A pack that is cut short, damaged or
/// empty leaves nothing behind.
pub(crate) fn receive(
    objects: &Arc<Objects>,
    parts: mpsc::Receiver<Part>,
    object_bytes: u64,
    note: impl FnMut(&[String]) -> std::io::Result<()>,
) -> Result<(), PackError> {
    let mut stream = Stream { parts, piece: Bytes::new(), done: false, note };
    let mut reader = BufReader::with_capacity(128 << 10, &mut stream);
    // The first bytes tell whether there is anything at all.
    if std::io::BufRead::fill_buf(&mut reader)?.is_empty() {
        return Ok(());
    }
    index(&mut reader, &objects.dir().join("pack"), Some(Bases(objects.clone())), object_bytes)?;
    // Whatever stands behind the pack: at the least the mark that the remote was done.
    std::io::copy(&mut reader, &mut std::io::sink())?;
    Ok(())
}

/// Why a pack is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    /// It holds an object that would take more memory than allowed.
    #[error("an object in the pack is over the limit")]
    TooLarge,
    /// It is damaged, or cannot be written.
    #[error("{0}")]
    Broken(String),
}

impl From<gix::Error> for PackError {
    fn from(error: gix::Error) -> Self {
        let limit = Class::ResourceExhaustion(ResourceExhaustionKind::AllocationLimit);
        if error.classify().any(|cause| cause.class() == limit) {
            return Self::TooLarge;
        }
        // All of the chain: the outermost says only what was being done.
        let chain: Vec<String> =
            std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |e| {
                e.source()
            })
            .map(ToString::to_string)
            .collect();
        Self::Broken(chain.join(": "))
    }
}

impl From<std::io::Error> for PackError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Stores the pack that `reader` gives in `dir` with its index, and says where.
pub(crate) fn index(
    reader: &mut dyn std::io::BufRead,
    dir: &Path,
    bases: Option<Bases>,
    object_bytes: u64,
) -> Result<Option<PathBuf>, PackError> {
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
    )?;
    // The mark keeps other programs from removing a pack before a ref needs it; none run here.
    if let Some(keep) = outcome.keep_path {
        std::fs::remove_file(keep)?;
    }
    Ok(outcome.data_path)
}

/// Bases of a thin pack, from what is there already.
pub(crate) struct Bases(Arc<Objects>);

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
