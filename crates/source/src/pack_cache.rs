//! Delta bases kept while a pack is read: without them each object of a chain unpacks all before it.

use std::collections::{HashMap, VecDeque};

use gix::objs::Kind;
use gix::odb::pack::cache::DecodeEntry;

/// Bytes kept per reader.
const BYTES: usize = 4 << 20;
/// Larger bases are not kept: one would push out all others.
const LARGEST: usize = 1 << 20;

/// Recently unpacked bases; the oldest goes first.
#[derive(Default)]
pub(crate) struct Bases {
    known: HashMap<(u32, u64), (Vec<u8>, Kind, usize)>,
    order: VecDeque<(u32, u64)>,
    bytes: usize,
}

impl DecodeEntry for Bases {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed: usize) {
        let key = (pack, offset);
        if data.len() > LARGEST || self.known.contains_key(&key) {
            return;
        }
        self.bytes += data.len();
        self.order.push_back(key);
        self.known.insert(key, (data.to_vec(), kind, compressed));
        while self.bytes > BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some((gone, ..)) = self.known.remove(&oldest) {
                self.bytes -= gone.len();
            }
        }
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let (data, kind, compressed) = self.known.get(&(pack, offset))?;
        out.clear();
        out.extend_from_slice(data);
        Some((*kind, *compressed))
    }
}
