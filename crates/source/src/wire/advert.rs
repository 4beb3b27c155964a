//! Greetings and lists of refs (gitprotocol-v2(5), gitprotocol-pack(5)).

use tokio::io::AsyncRead;

use super::packet::{DELIMITER, FLUSH, Packet, Packets, write};
use crate::{Refs, SourceError};

/// Which refs to ask for. A remote of version 0 always tells all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// HEAD, branches and tags.
    Common,
    /// One ref elsewhere, such as `refs/pull/1/head`.
    Exact(String),
}

/// What a remote says first.
#[derive(Debug)]
pub(super) enum Greeting {
    /// Version 2: capabilities, one a line.
    V2(Vec<String>),
    /// Version 0 or 1: the refs, and capabilities separated by blanks.
    Old { refs: Refs, capabilities: Vec<String> },
}

impl Greeting {
    /// Whether fetches may be shallow.
    pub(super) fn shallow(&self) -> bool {
        match self {
            Self::V2(lines) => lines.iter().any(|l| {
                l.strip_prefix("fetch=").is_some_and(|f| f.split(' ').any(|w| w == "shallow"))
            }),
            Self::Old { .. } => self.has("shallow"),
        }
    }

    /// Whether a remote of version 0 has `capability`.
    pub(super) fn has(&self, capability: &str) -> bool {
        matches!(self, Self::Old { capabilities, .. } if capabilities.iter().any(|c| c == capability))
    }
}

/// Reads the greeting.
pub(super) async fn read<R: AsyncRead + Unpin + Send>(
    url: &str,
    reader: &mut R,
    limit: u64,
) -> Result<Greeting, SourceError> {
    let mut packets = Packets::new(url, reader, "the list of refs", limit);
    let mut first = packets.line().await?;
    if first.as_deref().is_some_and(|l| l.starts_with("# service=")) {
        while packets.next().await? != Packet::Flush {}
        first = packets.line().await?;
    }
    if first.as_deref() == Some("version 2") {
        let mut lines = Vec::new();
        while let Some(line) = packets.line().await? {
            lines.push(line);
        }
        if lines.iter().any(|l| l.starts_with("object-format=") && l != "object-format=sha1") {
            let what = "a repository of SHA-256 objects".to_owned();
            return Err(SourceError::NotSupported { url: url.to_owned(), what });
        }
        return Ok(Greeting::V2(lines));
    }
    if first.as_deref() == Some("version 1") {
        first = packets.line().await?;
    }
    let (mut refs, mut capabilities) = (Refs::default(), Vec::new());
    while let Some(line) = first {
        let (line, words) = line.split_once('\0').unwrap_or((&line, ""));
        capabilities.extend(words.split(' ').filter(|w| !w.is_empty()).map(str::to_owned));
        let (id, name) = line.split_once(' ').ok_or_else(|| unexpected(url, line))?;
        match name.strip_suffix("^{}") {
            Some("capabilities") => {}
            Some(tag) => {
                refs.peeled.insert(tag.to_owned(), checked(url, id)?);
            }
            None if id == "shallow" => {}
            None => {
                refs.objects.insert(name.to_owned(), checked(url, id)?);
            }
        }
        first = packets.line().await?;
    }
    refs.head = capabilities.iter().find_map(|c| c.strip_prefix("symref=HEAD:")).map(str::to_owned);
    Ok(Greeting::Old { refs, capabilities })
}

/// The request for a list of refs, version 2.
pub(super) fn list_request(scope: &Scope) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, "command=ls-refs\n");
    write(&mut out, concat!("agent=windlass/", env!("CARGO_PKG_VERSION"), "\n"));
    out.extend_from_slice(DELIMITER);
    write(&mut out, "peel\n");
    write(&mut out, "symrefs\n");
    match scope {
        Scope::Common => {
            for prefix in ["HEAD", "refs/heads/", "refs/tags/"] {
                write(&mut out, &format!("ref-prefix {prefix}\n"));
            }
        }
        Scope::Exact(name) => write(&mut out, &format!("ref-prefix {name}\n")),
    }
    out.extend_from_slice(FLUSH);
    out
}

/// Reads the answer to [`list_request`].
pub(super) async fn read_list<R: AsyncRead + Unpin + Send>(
    url: &str,
    mut reader: R,
    limit: u64,
) -> Result<Refs, SourceError> {
    let mut packets = Packets::new(url, &mut reader, "the list of refs", limit);
    let mut refs = Refs::default();
    while let Some(line) = packets.line().await? {
        let mut words = line.split(' ');
        let (Some(id), Some(name)) = (words.next(), words.next()) else {
            return Err(unexpected(url, &line));
        };
        if id != "unborn" {
            refs.objects.insert(name.to_owned(), checked(url, id)?);
        }
        for word in words {
            if let Some(target) = word.strip_prefix("symref-target:") {
                if name == "HEAD" {
                    refs.head = Some(target.to_owned());
                }
            } else if let Some(peeled) = word.strip_prefix("peeled:") {
                refs.peeled.insert(name.to_owned(), checked(url, peeled)?);
            }
        }
    }
    Ok(refs)
}

fn checked(url: &str, id: &str) -> Result<String, SourceError> {
    if id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(id.to_ascii_lowercase());
    }
    Err(unexpected(url, id))
}

fn unexpected(url: &str, line: &str) -> SourceError {
    let short: String = line.chars().take(80).collect();
    SourceError::ProtocolError { url: url.to_owned(), why: format!("{short:?} in a list of refs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn packets(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            match *line {
                "0000" => out.extend_from_slice(FLUSH),
                line => write(&mut out, line),
            }
        }
        out
    }

    #[tokio::test]
    async fn reads_the_old_greeting() {
        let bytes = packets(&[
            "# service=git-upload-pack\n",
            "0000",
            &format!("{A} HEAD\0shallow side-band-64k symref=HEAD:refs/heads/main\n"),
            &format!("{A} refs/heads/main\n"),
            &format!("{B} refs/tags/v1\n"),
            &format!("{A} refs/tags/v1^{{}}\n"),
            "0000",
        ]);
        let greeting = read("u", &mut bytes.as_slice(), 1000).await.unwrap();
        assert!(greeting.shallow() && greeting.has("side-band-64k") && !greeting.has("x"));
        let Greeting::Old { refs, .. } = greeting else { panic!("{greeting:?}") };
        assert_eq!(refs.head.as_deref(), Some("refs/heads/main"));
        assert_eq!(refs.objects["refs/tags/v1"], B);
        assert_eq!(refs.peeled["refs/tags/v1"], A);
    }

    #[tokio::test]
    async fn reads_version_2_and_empty_repositories() {
        let bytes = packets(&["version 2\n", "ls-refs=unborn\n", "fetch=shallow filter\n", "0000"]);
        assert!(read("u", &mut bytes.as_slice(), 1000).await.unwrap().shallow());
        let empty = packets(&[&format!("{} capabilities^{{}}\0shallow\n", "0".repeat(40)), "0000"]);
        let greeting = read("u", &mut empty.as_slice(), 1000).await.unwrap();
        assert!(matches!(greeting, Greeting::Old { refs, .. } if refs.objects.is_empty()));
        let list = packets(&[
            &format!("{A} HEAD symref-target:refs/heads/x\n"),
            &format!("{B} refs/tags/t peeled:{A}\n"),
            "0000",
        ]);
        let refs = read_list("u", list.as_slice(), 1000).await.unwrap();
        assert_eq!(refs.head.as_deref(), Some("refs/heads/x"));
        assert_eq!(refs.peeled["refs/tags/t"], A);
        let bad = packets(&["<html>\n", "0000"]);
        assert!(read("u", &mut bad.as_slice(), 1000).await.is_err());
    }
}
