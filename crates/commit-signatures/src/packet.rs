//! Packets, and the numbers in them.

/// Data that is no OpenPGP, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no OpenPGP data that can be read: {0}")]
pub struct Malformed(pub(crate) String);

pub(crate) fn malformed<T>(why: &str) -> Result<T, Malformed> {
    Err(Malformed(why.to_owned()))
}

/// Kinds of packets that are looked at.
pub(crate) const SIGNATURE: u8 = 2;
pub(crate) const PUBLIC_KEY: u8 = 6;
pub(crate) const USER_ID: u8 = 13;
pub(crate) const PUBLIC_SUBKEY: u8 = 14;

/// What is left to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let Some((taken, left)) = self.0.split_at_checked(count) else {
            return malformed("it ends too early");
        };
        self.0 = left;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A number of so many bytes, four at most.
    pub(crate) fn number(&mut self, bytes: usize) -> Result<u32, Malformed> {
        Ok(self.take(bytes)?.iter().fold(0, |n, byte| (n << 8) | u32::from(*byte)))
    }

    fn counted(&mut self, bytes: usize) -> Result<&'a [u8], Malformed> {
        let count = self.number(bytes)?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// A length in the form of new packets and of subpackets.
    pub(crate) fn length(&mut self) -> Result<usize, Malformed> {
        Ok(match self.byte()? {
            short @ 0..=191 => usize::from(short),
            first @ 192..=223 => {
                ((usize::from(first) - 192) << 8) + usize::from(self.byte()?) + 192
            }
            255 => usize::try_from(self.number(4)?).unwrap_or(usize::MAX),
            224..=254 => return malformed("a packet comes in parts"),
        })
    }

    /// A multiprecision integer, without leading zeros.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let bits = self.number(2)?;
        let bytes = self.take(usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX))?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok(&bytes[zeros..])
    }

    /// The next packet: its kind and its body.
    pub(crate) fn packet(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let header = self.byte()?;
        if header & 0x80 == 0 {
            return malformed("where a packet is to begin there is none");
        }
        if header & 0x40 != 0 {
            let length = self.length()?;
            return Ok((header & 0x3f, self.take(length)?));
        }
        let kind = (header >> 2) & 0xf;
        Ok((
            kind,
            match header & 3 {
                0 => self.counted(1)?,
                1 => self.counted(2)?,
                2 => self.counted(4)?,
                _ => std::mem::take(&mut self.0),
            },
        ))
    }
}
