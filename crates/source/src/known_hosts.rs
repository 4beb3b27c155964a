//! OpenSSH's `known_hosts`: which keys a host may show.
//!
//! A line is `[@marker] patterns type base64 [comment]` (sshd(8)). Patterns are comma separated,
//! with `*`, `?` and a leading `!` to exclude, or one `|1|salt|hash` of HMAC-SHA1. A port other
//! than 22 is written `[host]:port`. `@revoked` keys are never trusted; `@cert-authority` lines are
//! skipped, as host certificates are not asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The content of a `known_hosts` file.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    revoked: bool,
    hosts: Hosts,
    algorithm: String,
    key: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Hosts {
    Patterns(Vec<String>),
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

/// What the file says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the host's.
    Trusted,
    /// Others are the host's, or this one is revoked.
    Mismatch,
    /// The host is not in the file.
    Unknown,
}

impl KnownHosts {
    /// Reads `text`; lines that are not understood are left out and their numbers returned, so that
    /// one bad line does not lock every repository.
    pub fn parse(text: &str) -> (Self, Vec<usize>) {
        let (mut lines, mut bad) = (Vec::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with("@cert-authority") {
                continue;
            }
            match parse_line(line) {
                Some(line) => lines.push(line),
                None => bad.push(number + 1),
            }
        }
        (Self { lines }, bad)
    }

    /// Judges `key` (the public key in SSH wire form) shown by `host` at `port`.
    pub fn judge(&self, host: &str, port: u16, key: &[u8]) -> Verdict {
        let name = host_name(host, port);
        let mut verdict = Verdict::Unknown;
        for line in self.lines.iter().filter(|l| l.hosts.contain(&name)) {
            match (line.key == key, line.revoked) {
                (true, true) => return Verdict::Mismatch,
                (true, false) => verdict = Verdict::Trusted,
                (false, false) if verdict == Verdict::Unknown => verdict = Verdict::Mismatch,
                (false, _) => {}
            }
        }
        verdict
    }

    /// The key types known of `host` at `port`, in the file's order: a host with several keys must
    /// be asked for one of these.
    pub fn algorithms(&self, host: &str, port: u16) -> Vec<&str> {
        let name = host_name(host, port);
        let mut out: Vec<&str> = Vec::new();
        for line in self.lines.iter().filter(|l| !l.revoked && l.hosts.contain(&name)) {
            if !out.contains(&line.algorithm.as_str()) {
                out.push(&line.algorithm);
            }
        }
        out
    }

    /// A digest of the content, to tell two files apart.
    pub fn digest(&self) -> String {
        format!("{:?}", self.lines)
    }
}

/// How `known_hosts` names a host at a port.
pub fn host_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

fn parse_line(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let mut first = words.next()?;
    let revoked = first == "@revoked";
    if revoked {
        first = words.next()?;
    }
    let hosts = match first.strip_prefix("|1|") {
        Some(hashed) => {
            let (salt, hash) = hashed.split_once('|')?;
            Hosts::Hashed { salt: STANDARD.decode(salt).ok()?, hash: STANDARD.decode(hash).ok()? }
        }
        None => Hosts::Patterns(first.split(',').map(str::to_lowercase).collect()),
    };
    let algorithm = words.next()?.to_owned();
    let key = STANDARD.decode(words.next()?).ok()?;
    Some(Line { revoked, hosts, algorithm, key })
}

impl Hosts {
    fn contain(&self, name: &str) -> bool {
        match self {
            Self::Hashed { salt, hash } => {
                let key =
                    aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                aws_lc_rs::hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
            Self::Patterns(patterns) => {
                let hit = |p: &str| wild(p.as_bytes(), name.as_bytes());
                patterns.iter().any(|p| !p.starts_with('!') && hit(p))
                    && !patterns.iter().any(|p| p.strip_prefix('!').is_some_and(hit))
            }
        }
    }
}

/// `*` and `?` only: brackets stand for themselves here. Linear in time but for one `*` at a time.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_keys() {
        // The hashed line is `ssh-keygen -H` of "hashed.example" with key "AAAB".
        let salt = STANDARD.encode("0123456789abcdef0123");
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            b"0123456789abcdef0123",
        );
        let hash = STANDARD.encode(aws_lc_rs::hmac::sign(&key, b"hashed.example").as_ref());
        let text = format!(
            "# comment\n\
             github.com,GitHub.org ssh-rsa AAAA comment here\n\
             github.com ssh-ed25519 AAAB\n\
             *.corp,!bad.corp,[host]:2222 ssh-ed25519 AAAC\n\
             @revoked * ssh-ed25519 AAAD\n\
             @cert-authority * ssh-ed25519 AAAE\n\
             |1|{salt}|{hash} ssh-ed25519 AAAB\n\
             broken line\n"
        );
        let (known, bad) = KnownHosts::parse(&text);
        assert_eq!(bad, [8]);
        let check = |host: &str, port: u16, key: &str, want: Verdict| {
            let key = STANDARD.decode(key).unwrap();
            assert_eq!(known.judge(host, port, &key), want, "{host}:{port}");
        };
        check("github.com", 22, "AAAA", Verdict::Trusted);
        check("GITHUB.com", 22, "AAAB", Verdict::Trusted);
        check("github.com", 22, "AAAC", Verdict::Mismatch);
        check("github.com", 2222, "AAAA", Verdict::Unknown);
        check("a.corp", 22, "AAAC", Verdict::Trusted);
        check("bad.corp", 22, "AAAC", Verdict::Unknown);
        check("host", 2222, "AAAC", Verdict::Trusted);
        check("github.com", 22, "AAAD", Verdict::Mismatch);
        check("new.example", 22, "AAAE", Verdict::Unknown);
        check("hashed.example", 22, "AAAB", Verdict::Trusted);
        assert_eq!(known.algorithms("github.com", 22), ["ssh-rsa", "ssh-ed25519"]);
        assert!(known.algorithms("nowhere", 22).is_empty());
    }
}
