//! One fetch: what is wanted, what is there, and the pack that comes back.

use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use super::Session;
use super::advert::Greeting;
use super::packet::{DELIMITER, FLUSH, Packet, Packets, refused, write};
use crate::SourceError;

const AGENT: &str = concat!("agent=windlass/", env!("CARGO_PKG_VERSION"));

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Objects wanted.
    pub(crate) wants: Vec<String>,
    /// Commits that are there with everything they need.
    pub(crate) haves: Vec<String>,
    /// Those of `haves` whose parents are not there.
    pub(crate) shallow: Vec<String>,
    /// Commits of history to get; `None` for all.
    pub(crate) depth: Option<u32>,
    /// Bytes of pack to accept.
    pub(crate) limit: u64,
}

/// What comes of it, in order.
#[derive(Debug)]
pub(crate) enum Part {
    /// Commits whose parents will not be there; comes before the pack if at all.
    Shallow(Vec<String>),
    /// A piece of the pack.
    Pack(Bytes),
    /// The remote has said that it is done; without this the pack is cut short.
    Done,
}

/// Carries out `request`, handing its parts to `sink`. A remote that cannot fetch shallowly sends
/// all history.
pub(crate) async fn fetch(
    session: &mut Session,
    request: &Request,
    sink: &mpsc::Sender<Part>,
) -> Result<(), SourceError> {
    let shallow = session.greeting.shallow();
    let request = if shallow {
        request.clone()
    } else {
        // Without the extension commits that lack their parents cannot be named.
        let whole = |h: &String| !request.shallow.contains(h);
        let haves = request.haves.iter().filter(|h| whole(h)).cloned().collect();
        Request { haves, shallow: Vec::new(), depth: None, ..request.clone() }
    };
    let second = matches!(session.greeting, Greeting::V2(_));
    let side_band = second || session.greeting.has("side-band-64k");
    let body = if second { body_v2(&request) } else { body_old(&request, &session.greeting) };
    let url = session.url.clone();
    let mut reader = session.ask(body).await?;
    if second {
        read_v2(&url, &mut reader, &request, sink).await
    } else {
        read_old(&url, &mut reader, &request, side_band, sink).await
    }
}

fn body_v2(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, "command=fetch");
    write(&mut out, AGENT);
    out.extend_from_slice(DELIMITER);
    for word in ["thin-pack", "no-progress", "ofs-delta"] {
        write(&mut out, word);
    }
    body_rest(&mut out, request);
    for want in &request.wants {
        write(&mut out, &format!("want {want}\n"));
    }
    for have in &request.haves {
        write(&mut out, &format!("have {have}\n"));
    }
    write(&mut out, "done\n");
    out.extend_from_slice(FLUSH);
    out
}

fn body_rest(out: &mut Vec<u8>, request: &Request) {
    for commit in &request.shallow {
        write(out, &format!("shallow {commit}\n"));
    }
    if let Some(depth) = request.depth {
        write(out, &format!("deepen {depth}\n"));
    }
}

fn body_old(request: &Request, greeting: &Greeting) -> Vec<u8> {
    let mut out = Vec::new();
    let mut capabilities = String::new();
    for word in ["multi_ack_detailed", "side-band-64k", "thin-pack", "no-progress", "ofs-delta"] {
        if greeting.has(word) {
            capabilities.push_str(&format!(" {word}"));
        }
    }
    if request.depth.is_some() || !request.shallow.is_empty() {
        capabilities.push_str(" shallow");
    }
    for (index, want) in request.wants.iter().enumerate() {
        let capabilities = if index == 0 { capabilities.as_str() } else { "" };
        write(&mut out, &format!("want {want}{capabilities}\n"));
    }
    body_rest(&mut out, request);
    out.extend_from_slice(FLUSH);
    for have in &request.haves {
        write(&mut out, &format!("have {have}\n"));
    }
    write(&mut out, "done\n");
    out
}

type Answer<'a> = Pin<&'a mut (dyn AsyncRead + Send)>;

async fn read_v2(
    url: &str,
    reader: &mut Answer<'_>,
    request: &Request,
    sink: &mpsc::Sender<Part>,
) -> Result<(), SourceError> {
    let mut packets = Packets::new(url, reader, "the pack", request.limit);
    loop {
        match packets.line().await?.as_deref() {
            Some("shallow-info") => {
                let mut shallow = Vec::new();
                while let Some(line) = packets.line().await? {
                    shallow.extend(line.strip_prefix("shallow ").map(str::to_owned));
                }
                send(url, sink, Part::Shallow(shallow)).await?;
            }
            Some("packfile") => break,
            Some("acknowledgments" | "wanted-refs" | "packfile-uris") => {
                while packets.line().await?.is_some() {}
            }
            other => return Err(unexpected(url, other.unwrap_or("an end"))),
        }
    }
    bands(url, &mut packets, sink).await
}

async fn read_old(
    url: &str,
    reader: &mut Answer<'_>,
    request: &Request,
    side_band: bool,
    sink: &mpsc::Sender<Part>,
) -> Result<(), SourceError> {
    let mut packets = Packets::new(url, reader, "the pack", request.limit);
    if request.depth.is_some() {
        let mut shallow = Vec::new();
        while let Some(line) = packets.line().await? {
            shallow.extend(line.strip_prefix("shallow ").map(str::to_owned));
        }
        send(url, sink, Part::Shallow(shallow)).await?;
    }
    // With `done` sent at once the last word is NAK, or an ACK that promises no further one.
    loop {
        let line = packets.line().await?;
        let line = line.as_deref().unwrap_or("an end");
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["NAK"] => break,
            ["ACK", _, "common" | "ready" | "continue"] => {}
            ["ACK", _] => break,
            _ => return Err(unexpected(url, line)),
        }
    }
    if side_band {
        return bands(url, &mut packets, sink).await;
    }
    raw(url, reader, request.limit, sink).await
}

/// The pack in side bands: 1 is data, 2 progress, 3 the remote's error.
async fn bands<R: AsyncRead + Unpin + Send + ?Sized>(
    url: &str,
    packets: &mut Packets<'_, R>,
    sink: &mpsc::Sender<Part>,
) -> Result<(), SourceError> {
    loop {
        let Packet::Data(data) = packets.next().await? else { break };
        let data = Bytes::from(data);
        match data.first() {
            Some(1) => send(url, sink, Part::Pack(data.slice(1..))).await?,
            Some(2) | None => {}
            Some(3) => return Err(refused(url, &data[1..])),
            Some(other) => return Err(unexpected(url, &format!("side band {other}"))),
        }
    }
    send(url, sink, Part::Done).await
}

/// The pack as it is, to the end of the answer.
async fn raw(
    url: &str,
    reader: &mut Answer<'_>,
    limit: u64,
    sink: &mpsc::Sender<Part>,
) -> Result<(), SourceError> {
    use tokio::io::AsyncReadExt as _;
    let mut left = limit;
    loop {
        let mut piece = Vec::with_capacity(64 << 10);
        let read = reader
            .read_buf(&mut piece)
            .await
            .map_err(|e| SourceError::Unreachable { url: url.to_owned(), why: e.to_string() })?;
        if read == 0 {
            return send(url, sink, Part::Done).await;
        }
        left = left.checked_sub(read as u64).ok_or_else(|| SourceError::TooLarge {
            url: url.to_owned(),
            what: "the pack".to_owned(),
            limit,
        })?;
        send(url, sink, Part::Pack(piece.into())).await?;
    }
}

/// The receiver hangs up only when it has failed, and then its own error is the one to tell.
async fn send(url: &str, sink: &mpsc::Sender<Part>, part: Part) -> Result<(), SourceError> {
    sink.send(part).await.map_err(|_| SourceError::Cancelled { url: url.to_owned() })
}

fn unexpected(url: &str, what: &str) -> SourceError {
    let short: String = what.chars().take(80).collect();
    SourceError::ProtocolError { url: url.to_owned(), why: format!("{short:?} before the pack") }
}
