//! No answer of a Git remote panics or hangs: greetings, lists of refs and packs, as bytes as they
//! come, and as packs whose frame and checksum are right around entries of all sorts.
#![no_main]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use libfuzzer_sys::{arbitrary, fuzz_target};
use sha1::{Digest, Sha1};
use windlass_source::{Limits, Options, Repository, Sources};

/// What the remote says.
#[derive(arbitrary::Arbitrary, Clone, Debug, Default)]
struct Remote {
    old: bool,
    greeting: Option<Vec<u8>>,
    refs: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    entries: Vec<(u8, Vec<u8>, Option<u16>)>,
    side_band: bool,
}

const COMMIT: &str = "8c5d8a1d4b0c3c1b4f9d8e7f6a5b4c3d2e1f0a9b";

fn packet(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend_from_slice(format!("{:04x}", payload.len() + 4).as_bytes());
    out.extend_from_slice(payload);
}

/// A pack of entries whose types, sizes, deltas and bases are anything.
fn pack(entries: &[(u8, Vec<u8>, Option<u16>)]) -> Vec<u8> {
    let mut out = b"PACK\0\0\0\x02".to_vec();
    out.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(0).to_be_bytes());
    for (kind, data, declared) in entries {
        let kind = kind % 8;
        let mut size = declared.map_or(data.len(), usize::from);
        let mut byte = (kind << 4) | u8::try_from(size & 0xf).unwrap_or(0);
        size >>= 4;
        while size > 0 {
            out.push(byte | 0x80);
            byte = u8::try_from(size & 0x7f).unwrap_or(0);
            size >>= 7;
        }
        out.push(byte);
        match kind {
            6 => out.push(data.first().copied().unwrap_or(1) & 0x7f),
            7 => out.extend_from_slice(&Sha1::digest(data)),
            _ => {}
        }
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let _ = packed.write_all(data);
        out.extend_from_slice(&packed.finish().unwrap_or_default());
    }
    let sum = Sha1::digest(&out);
    out.extend_from_slice(&sum);
    out
}

fn greeting(remote: &Remote) -> Vec<u8> {
    if let Some(bytes) = &remote.greeting {
        return bytes.clone();
    }
    let mut out = Vec::new();
    packet(&mut out, b"# service=git-upload-pack\n");
    out.extend_from_slice(b"0000");
    if remote.old {
        let first = format!("{COMMIT} HEAD\0side-band-64k shallow ofs-delta\n");
        packet(&mut out, first.as_bytes());
        packet(&mut out, format!("{COMMIT} refs/heads/main\n").as_bytes());
    } else {
        for line in ["version 2\n", "ls-refs\n", "fetch=shallow\n"] {
            packet(&mut out, line.as_bytes());
        }
    }
    out.extend_from_slice(b"0000");
    out
}

fn answer(remote: &Remote, asked: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if asked.windows(15).any(|w| w == b"command=ls-refs") {
        if let Some(refs) = &remote.refs {
            return refs.clone();
        }
        packet(&mut out, format!("{COMMIT} HEAD symref-target:refs/heads/main\n").as_bytes());
        packet(&mut out, format!("{COMMIT} refs/heads/main\n").as_bytes());
        out.extend_from_slice(b"0000");
        return out;
    }
    if let Some(bytes) = &remote.answer {
        return bytes.clone();
    }
    let pack = pack(&remote.entries);
    if remote.old {
        packet(&mut out, b"NAK\n");
    } else {
        packet(&mut out, b"packfile\n");
    }
    for piece in pack.chunks(60_000) {
        packet(&mut out, &[&[1_u8 + u8::from(remote.side_band) * 2][..], piece].concat());
    }
    out.extend_from_slice(b"0000");
    out
}

static REMOTE: LazyLock<Mutex<Remote>> = LazyLock::new(Mutex::default);

/// Answers as [`REMOTE`] says, and says where.
static PORT: LazyLock<u16> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = serve(stream);
        }
    });
    port
});

fn serve(mut stream: std::net::TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    let body = loop {
        let count = stream.read(&mut buffer)?;
        asked.extend_from_slice(&buffer[..count]);
        if let Some(at) = asked.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if count == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&asked[..body]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|r| r.split('\r').next());
    let length: usize = length.and_then(|l| l.parse().ok()).unwrap_or(0);
    while asked.len() < body + length {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        asked.extend_from_slice(&buffer[..count]);
    }
    let remote = REMOTE.lock().map(|remote| remote.clone()).unwrap_or_default();
    let (kind, said) = match head.starts_with("get") {
        true => ("advertisement", greeting(&remote)),
        false => ("result", answer(&remote, &asked)),
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-{kind}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        said.len()
    )?;
    stream.write_all(&said)
}

fuzz_target!(|remote: Remote| {
    let port = *PORT;
    if let Ok(mut place) = REMOTE.lock() {
        *place = remote;
    }
    let Ok(directory) = tempfile::tempdir() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let limits = Limits {
            request_timeout: Duration::from_secs(3),
            fetch_timeout: Duration::from_secs(3),
            pack_bytes: 1 << 20,
            object_bytes: 1 << 20,
            ..Limits::default()
        };
        let options = Options { limits, ..Options::new(directory.path()) };
        let Ok(sources) = Sources::new(options) else { return };
        let repository = Repository::anonymous(format!("http://127.0.0.1:{port}/r.git"));
        if let Ok(resolved) = sources.resolve(&repository, "main").await {
            let _ = sources.tree(&repository, &resolved.commit).await;
        }
    });
});
