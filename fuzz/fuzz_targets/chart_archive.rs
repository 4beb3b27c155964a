//! No chart's archive panics, leaves its directory or grows over the bound: bytes as they are, and
//! tar files made of them with names, links and sizes of all sorts.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use windlass_helm::{Chart, MAX_CHART_BYTES, unpack};

fuzz_target!(|entries: Vec<(u8, String, String, Vec<u8>, u16)>| {
    if let Some((_, _, _, bytes, _)) = entries.first() {
        let _ = Chart::from_archive(bytes);
    }
    let mut tar = Vec::new();
    for (kind, name, link, content, repeated) in &entries {
        let content = match kind & 0x80 {
            0 => content.clone(),
            _ => content.repeat(usize::from(*repeated)).into_iter().take(1 << 22).collect(),
        };
        let mut header = [0_u8; 512];
        let put = |header: &mut [u8; 512], at: usize, length: usize, text: &[u8]| {
            let length = length.min(text.len());
            header[at..at + length].copy_from_slice(&text[..length]);
        };
        put(&mut header, 0, 100, name.as_bytes());
        put(&mut header, 100, 8, b"0000644");
        // A size that lies now and then.
        let size = if kind & 0x40 == 0 { content.len() } else { usize::from(*repeated) << 20 };
        put(&mut header, 124, 12, format!("{size:011o}").as_bytes());
        header[156] = b"0012345678xgLKVS"[usize::from(kind & 0xf)];
        put(&mut header, 157, 100, link.as_bytes());
        put(&mut header, 257, 8, b"ustar\x0000");
        put(&mut header, 148, 8, b"        ");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        put(&mut header, 148, 8, format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(&content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    if packed.write_all(&tar).is_err() {
        return;
    }
    let Ok(packed) = packed.finish() else { return };
    if let Ok(files) = unpack(&packed) {
        let total: u64 = files.iter().map(|file| file.data.len() as u64).sum();
        assert!(total <= MAX_CHART_BYTES, "{total} bytes");
        for file in &files {
            let name = &file.name;
            let leaves = name.starts_with('/') || name.split('/').any(|part| part == "..");
            assert!(!leaves, "{name:?}");
        }
        let _ = Chart::from_files(files);
    }
});
