//! Random draws, all from one seed. They are Go's in kind and range, not in value.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use windlass_gotemplate::{CallError, Type, Value};

use crate::encode::base64;
use crate::table::{Answer, MAX_TEXT, Table, int, string, text};
use crate::text::too_long;

use Type::{Int, String as Str};

/// A stream of bytes that follows from a seed: SHA-256 over the seed and a counter. A clone draws
/// from the same stream.
#[derive(Clone)]
pub(crate) struct Random(Rc<RefCell<Stream>>);

struct Stream {
    seed: [u8; 32],
    block: [u8; 32],
    counter: u64,
    used: usize,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(Rc::new(RefCell::new(Stream { seed, block: [0; 32], counter: 0, used: 32 })))
    }

    pub(crate) fn fill(&self, out: &mut [u8]) {
        let mut stream = self.0.borrow_mut();
        for byte in out {
            if stream.used == stream.block.len() {
                let mut hash = Sha256::new();
                hash.update(stream.seed);
                hash.update(stream.counter.to_le_bytes());
                stream.block = hash.finalize().into();
                stream.counter += 1;
                stream.used = 0;
            }
            *byte = stream.block[stream.used];
            stream.used += 1;
        }
    }

    /// A number below `bound`, each as likely.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        let limit = u64::MAX - u64::MAX % bound.max(1);
        loop {
            let mut bytes = [0; 8];
            self.fill(&mut bytes);
            let drawn = u64::from_le_bytes(bytes);
            if drawn < limit {
                return drawn % bound.max(1);
            }
        }
    }

    /// A text of letters out of `alphabet`; of none if `length` is negative.
    fn text(&self, length: i64, alphabet: &[u8]) -> Answer {
        let Ok(length) = usize::try_from(length) else { return string("") };
        if length > MAX_TEXT {
            return Err(too_long());
        }
        let one = |_| {
            let at = self.below(alphabet.len() as u64);
            char::from(alphabet[usize::try_from(at).unwrap_or_default()])
        };
        string((0..length).map(one).collect::<String>())
    }
}

pub(crate) fn add(t: &mut Table, random: &Random) {
    let range = |ranges: &[std::ops::RangeInclusive<u8>]| -> Vec<u8> {
        ranges.iter().cloned().flatten().collect()
    };
    let letters = [b'A'..=b'Z', b'a'..=b'z'];
    let all = [b'0'..=b'9', b'A'..=b'Z', b'a'..=b'z'];
    for (name, alphabet) in [
        ("randAlphaNum", range(&all)),
        ("randAlpha", range(&letters)),
        ("randNumeric", range(&all[..1])),
        ("randAscii", range(&[b' '..=b'~'])),
    ] {
        let random = random.clone();
        t.put(&[name], &[Int], move |a| random.text(int(&a[0]), &alphabet));
    }
    let r = random.clone();
    t.put(&["randBytes"], &[Int], move |a| {
        let bytes = usize::try_from(int(&a[0])).ok().filter(|n| *n <= MAX_TEXT);
        let Some(length) = bytes else {
            return Err("runtime error: makeslice: len out of range".into());
        };
        let mut out = vec![0; length];
        r.fill(&mut out);
        string(base64(&out))
    });
    let r = random.clone();
    t.put(&["randInt"], &[Int, Int], move |a| Ok(Value::Int(between(&r, int(&a[0]), int(&a[1]))?)));
    let r = random.clone();
    t.put(&["shuffle"], &[Str], move |a| {
        let mut letters: Vec<char> = text(&a[0]).chars().collect();
        for i in (1..letters.len()).rev() {
            let with = r.below(i as u64 + 1);
            letters.swap(i, usize::try_from(with).unwrap_or_default());
        }
        string(letters.into_iter().collect::<String>())
    });
    let r = random.clone();
    t.put(&["uuidv4"], &[], move |_| {
        let mut bytes = [0; 16];
        r.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0F | 0x40;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        string([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
    });
}

fn between(random: &Random, low: i64, high: i64) -> Result<i64, CallError> {
    let width = high.wrapping_sub(low);
    match u64::try_from(width) {
        Ok(width @ 1..) => {
            let drawn = i64::try_from(random.below(width)).unwrap_or_default();
            Ok(low.wrapping_add(drawn))
        }
        _ => Err("invalid argument to Intn".into()),
    }
}
