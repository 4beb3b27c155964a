//! pkt-lines: four hex digits of length, then the payload (gitprotocol-common(5)).

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::SourceError;

/// One packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// A payload.
    Data(Vec<u8>),
    /// End of a message.
    Flush,
    /// End of a section.
    Delimiter,
    /// End of a stateless answer.
    End,
}

/// Appends a payload as a packet.
pub(super) fn write(out: &mut Vec<u8>, payload: &str) {
    out.extend_from_slice(format!("{:04x}", payload.len() + 4).as_bytes());
    out.extend_from_slice(payload.as_bytes());
}

pub(super) const FLUSH: &[u8] = b"0000";
pub(super) const DELIMITER: &[u8] = b"0001";

/// Reads packets and counts their bytes against a limit.
pub(super) struct Packets<'a, R: ?Sized> {
    url: &'a str,
    reader: &'a mut R,
    what: &'static str,
    limit: u64,
    left: u64,
}

impl<'a, R: AsyncRead + Unpin + Send + ?Sized> Packets<'a, R> {
    /// `what` names the answer in messages.
    pub(super) fn new(url: &'a str, reader: &'a mut R, what: &'static str, limit: u64) -> Self {
        Self { url, reader, what, limit, left: limit }
    }

    fn protocol(&self, why: String) -> SourceError {
        SourceError::ProtocolError { url: self.url.to_owned(), why }
    }

    /// The next packet; an `ERR` packet is the remote's own error.
    pub(super) async fn next(&mut self) -> Result<Packet, SourceError> {
        let mut head = [0; 4];
        self.fill(&mut head).await?;
        let length = std::str::from_utf8(&head)
            .ok()
            .and_then(|h| usize::from_str_radix(h, 16).ok())
            .ok_or_else(|| {
                self.protocol(format!("{:?} is no packet length", String::from_utf8_lossy(&head)))
            })?;
        match length {
            0 => return Ok(Packet::Flush),
            1 => return Ok(Packet::Delimiter),
            2 => return Ok(Packet::End),
            3 => return Err(self.protocol("a packet of length 3".to_owned())),
            _ => {}
        }
        let length = length - 4;
        self.left = self.left.checked_sub(length as u64).ok_or_else(|| SourceError::TooLarge {
            url: self.url.to_owned(),
            what: self.what.to_owned(),
            limit: self.limit,
        })?;
        let mut data = vec![0; length];
        self.fill(&mut data).await?;
        match data.strip_prefix(b"ERR ") {
            Some(message) => Err(refused(self.url, message)),
            None => Ok(Packet::Data(data)),
        }
    }

    /// The next packet as a line of text without its line feed; `None` for any of the marks.
    pub(super) async fn line(&mut self) -> Result<Option<String>, SourceError> {
        match self.next().await? {
            Packet::Data(data) => {
                let text = String::from_utf8_lossy(&data);
                Ok(Some(text.trim_end_matches('\n').to_owned()))
            }
            _ => Ok(None),
        }
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> Result<(), SourceError> {
        self.reader.read_exact(buffer).await.map(drop).map_err(|e| {
            if e.kind() == std::io::ErrorKind::UnexpectedEof {
                self.protocol("the answer ends too early".to_owned())
            } else {
                SourceError::Unreachable { url: self.url.to_owned(), why: e.to_string() }
            }
        })
    }
}

/// A remote's own error, sorted by its words; they are the only thing that tells.
pub(super) fn refused(url: &str, message: &[u8]) -> SourceError {
    let text = String::from_utf8_lossy(message);
    let text = text.trim();
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if says(&[
        "not our ref",
        "unadvertised object",
        "not a valid object",
        "not valid",
        "no such ref",
    ]) {
        let revision =
            lower.split_whitespace().last().unwrap_or_default().trim_matches('\'').to_owned();
        return SourceError::RevisionNotFound { url: url.to_owned(), revision };
    }
    if says(&["not found", "does not exist", "does not appear to be a git repository", "no such"]) {
        return SourceError::RepositoryNotFound { url: url.to_owned() };
    }
    if says(&["access denied", "permission denied", "unauthorized", "not authorized", "forbidden"])
    {
        return SourceError::AuthenticationFailed { url: url.to_owned(), why: text.to_owned() };
    }
    let short: String = text.chars().take(300).collect();
    SourceError::ServerError { url: url.to_owned(), why: short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_packets_within_bounds() {
        let mut bytes = Vec::new();
        write(&mut bytes, "hello\n");
        bytes.extend_from_slice(DELIMITER);
        bytes.extend_from_slice(FLUSH);
        write(&mut bytes, "ERR upload-pack: not our ref abc");
        bytes.extend_from_slice(b"zzzz");
        let mut reader = bytes.as_slice();
        let mut packets = Packets::new("u", &mut reader, "answer", 100);
        assert_eq!(packets.line().await.unwrap().as_deref(), Some("hello"));
        assert_eq!(packets.next().await.unwrap(), Packet::Delimiter);
        assert_eq!(packets.next().await.unwrap(), Packet::Flush);
        let error = packets.next().await.unwrap_err();
        assert!(
            matches!(error, SourceError::RevisionNotFound { revision, .. } if revision == "abc")
        );
        assert!(matches!(packets.next().await, Err(SourceError::ProtocolError { .. })));
        assert!(matches!(packets.next().await, Err(SourceError::ProtocolError { .. })));
        let mut reader = &b"0010123456789012"[..];
        let mut packets = Packets::new("u", &mut reader, "answer", 5);
        assert!(matches!(packets.next().await, Err(SourceError::TooLarge { limit: 5, .. })));
    }
}
