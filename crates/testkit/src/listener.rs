//! What the small HTTP servers of tests have in common: a port, a thread for each connection, an end.

use std::io::{BufRead, Result};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Accepts connections until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    address: String,
    stopped: Arc<AtomicBool>,
}

impl Listener {
    /// On a free port of 127.0.0.1; `answer` has a thread of its own for each connection.
    pub(crate) fn start(answer: impl Fn(&TcpStream) + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let stopped = Arc::new(AtomicBool::new(false));
        let (ended, answer) = (stopped.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let answer = answer.clone();
                std::thread::spawn(move || answer(&stream));
            }
        });
        Ok(Self { address, stopped })
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the one that accepts.
        let _ = TcpStream::connect(&self.address);
    }
}

/// The first line of a request, and its headers: names in lower case, values trimmed.
pub(crate) fn head(reader: &mut impl BufRead) -> Result<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok((first, headers));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}
