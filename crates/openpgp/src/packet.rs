//! Packets, and the numbers in them.

use crate::Error;

/// A packet: its kind and its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

/// Reads from the front of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

const SHORT: Error = Error::Malformed("it ends too early");

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    /// A big-endian number of at most four bytes.
    pub(crate) fn number(&mut self, bytes: usize) -> Result<usize, Error> {
        Ok(self.take(bytes)?.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    }

    /// A multi-precision integer, without leading zeros.
    pub(crate) fn mpi(&mut self) -> Result<&'a [u8], Error> {
        let bits = self.number(2)?;
        let bytes = self.take(bits.div_ceil(8))?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok(&bytes[zeros..])
    }

    /// The length before a packet of the new format, or a subpacket.
    fn length(&mut self, is_packet: bool) -> Result<usize, Error> {
        match self.u8()? {
            first @ 0..=191 => Ok(usize::from(first)),
            first @ 192..=223 => {
                Ok(((usize::from(first) - 192) << 8) + usize::from(self.u8()?) + 192)
            }
            first @ 224..=254 if !is_packet => {
                Ok(((usize::from(first) - 192) << 8) + usize::from(self.u8()?) + 192)
            }
            255 => self.number(4),
            _ => Err(Error::Unsupported("packets in parts".to_owned())),
        }
    }

    /// A subpacket of a signature: its kind, whether it must be understood, and its content.
    pub(crate) fn subpacket(&mut self) -> Result<(u8, bool, &'a [u8]), Error> {
        let length = self.length(false)?;
        let mut inner = Reader(self.take(length)?);
        let kind = inner.u8()?;
        Ok((kind & 0x7F, kind & 0x80 != 0, inner.0))
    }

    fn packet(&mut self) -> Result<Packet<'a>, Error> {
        let head = self.u8()?;
        if head & 0x80 == 0 {
            return Err(Error::Malformed("tag byte does not have MSB set"));
        }
        if head & 0x40 != 0 {
            let length = self.length(true)?;
            return Ok(Packet { tag: head & 0x3F, body: self.take(length)? });
        }
        let length = match head & 3 {
            kind @ 0..=2 => self.number(1 << kind)?,
            _ => self.0.len(),
        };
        Ok(Packet { tag: head >> 2 & 0xF, body: self.take(length)? })
    }
}

/// All packets of some bytes.
pub(crate) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, Error> {
    let mut reader = Reader(bytes);
    let mut all = Vec::new();
    while !reader.0.is_empty() {
        all.push(reader.packet()?);
    }
    Ok(all)
}
