//! A directory served by HTTP, some of it to those who sign in.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::listener::{Listener, head};

/// A running server. What lies below `/private/` asks for a user and a password. A file beside
/// another that is named as it with `.headers` behind has lines for the head of the answer. Ends when
/// dropped.
#[derive(Debug)]
pub struct FileServer {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    login: String,
    served: AtomicUsize,
}

impl FileServer {
    /// Serves `root` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(root: &Path, username: &str, password: &str) -> Result<Self> {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        let shared = Arc::new(Shared {
            root: root.to_path_buf(),
            login: format!("basic {pair}").to_lowercase(),
            served: AtomicUsize::new(0),
        });
        let own = shared.clone();
        let listener = Listener::start(move |stream| {
            // A client that has gone away has its answer.
            let _ = answer(&own, stream);
        })?;
        Ok(Self { listener, shared })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// How many files have been sent.
    pub fn served(&self) -> usize {
        self.shared.served.load(Ordering::SeqCst)
    }
}

fn answer(shared: &Shared, stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (first, headers) = head(&mut reader)?;
    let mut signed_in = false;
    let mut known = String::new();
    for (name, value) in headers {
        match name.as_str() {
            "authorization" => signed_in = value.to_lowercase() == shared.login,
            "if-none-match" => known = value,
            _ => {}
        }
    }
    let path = first.split(' ').nth(1).unwrap_or("/");
    let path = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let (path, private) = match path.strip_prefix("private/") {
        Some(rest) => (rest, true),
        None => (path, false),
    };
    let mut out = stream;
    if private && !signed_in {
        return out.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        );
    }
    let inside = !path.split('/').any(|part| part == "..");
    let file = inside.then(|| std::fs::read(shared.root.join(path)).ok()).flatten();
    let Some(body) = file else {
        return out.write_all(
            b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        );
    };
    let sum = body.iter().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let etag = format!("\"{sum:x}\"");
    if known == etag {
        let head =
            format!("HTTP/1.1 304 Not Modified\r\nConnection: close\r\nETag: {etag}\r\n\r\n");
        return out.write_all(head.as_bytes());
    }
    shared.served.fetch_add(1, Ordering::SeqCst);
    let more = shared.root.join(format!("{path}.headers"));
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: {etag}\r\nContent-Length: {}\r\n{}\r\n",
        body.len(),
        std::fs::read_to_string(more).unwrap_or_default(),
    );
    out.write_all(head.as_bytes())?;
    if first.starts_with("HEAD ") { Ok(()) } else { out.write_all(&body) }
}
