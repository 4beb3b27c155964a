//! Ports for servers that must be told theirs before they start.
//!
//! Asking the system for any port and giving it back leaves a moment in which another test's
//! server, or any outgoing connection, is given the same one. So ports are handed out in turn from
//! a range that Linux gives to nobody by itself (its own begins at 32768), by a count that all
//! test processes of this machine share.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

const PORTS: Range<u16> = 20_000..32_000;

/// A loopback port that nothing listens on, and that no other test is given before some twelve
/// thousand others were.
///
/// # Errors
/// When all are taken, or the shared count cannot be written.
pub fn free_port() -> Result<u16> {
    next(&std::env::temp_dir().join("windlass-test-ports"))
}

fn next(count: &Path) -> Result<u16> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(count)
        .with_context(|| format!("open {}", count.display()))?;
    file.lock().context("wait for another test's port")?;
    let mut last = String::new();
    file.read_to_string(&mut last)?;
    let mut port = last.trim().parse().unwrap_or(PORTS.start);
    for _ in PORTS {
        port += 1;
        if !PORTS.contains(&port) {
            port = PORTS.start;
        }
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            file.rewind()?;
            file.set_len(0)?;
            write!(file, "{port}")?;
            return Ok(port);
        }
    }
    bail!("no port of {PORTS:?} is free on loopback")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("ports");
        std::fs::write(&count, "31900").unwrap();
        let given: BTreeSet<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..50).map(|_| next(&count).unwrap()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(given.len(), 400);
        assert!(given.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn what_listens_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("ports");
        let first = next(&count).unwrap();
        let _listens = TcpListener::bind(("127.0.0.1", first)).unwrap();
        std::fs::write(&count, (first - 1).to_string()).unwrap();
        assert_ne!(next(&count).unwrap(), first);
    }
}
