//! A chart's archive. Nothing is ever written to a disk; what leads out of the chart is refused, and
//! the size is bounded while it is unpacked.

use std::io::Read;

use super::MAX_CHART_BYTES;
use crate::chart::File;
use crate::error::LoadError;

/// How many files an archive may hold. Helm has no such bound.
const MAX_FILES: usize = 100_000;

/// Unpacks a chart's archive. Names lose their first part, which is the chart's directory.
///
/// # Errors
/// When it is no gzipped tar, a name leads out of the chart, or it is too large.
pub fn unpack(bytes: &[u8]) -> Result<Vec<File>, LoadError> {
    let fail = |text: String| LoadError::Archive(text);
    if !bytes.starts_with(b"\x1f\x8b") {
        return Err(fail("gzip: invalid header".to_owned()));
    }
    // Directories and headers count too: beyond the bound of all files, with some room for them.
    let unzipped = flate2::read::MultiGzDecoder::new(bytes).take(MAX_CHART_BYTES + (64 << 20));
    let mut archive = tar::Archive::new(unzipped);
    let too_large =
        || fail(format!("decompressed chart is larger than the maximum size {MAX_CHART_BYTES}"));
    let mut remaining = MAX_CHART_BYTES;
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|e| fail(e.to_string()))? {
        let mut entry = entry.map_err(|e| fail(e.to_string()))?;
        let kind = entry.header().entry_type();
        let full = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if kind.is_dir() || full.ends_with('/') || kind.is_pax_global_extensions() {
            continue;
        }
        let name = place(&full).map_err(fail)?;
        if files.len() >= MAX_FILES {
            return Err(fail(format!("chart archive holds more than {MAX_FILES} files")));
        }
        if entry.size() > remaining {
            return Err(too_large());
        }
        let mut data = Vec::new();
        // A link is a file without content to Helm, and to us.
        if kind.is_file() || kind.is_contiguous() {
            entry.read_to_end(&mut data).map_err(|e| fail(e.to_string()))?;
        }
        let read = data.len() as u64;
        if read >= remaining {
            return Err(too_large());
        }
        remaining -= read;
        let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&data);
        files.push(File::new(name, data));
    }
    if files.is_empty() {
        return Err(fail("no files in chart archive".to_owned()));
    }
    Ok(files)
}

/// The path in the chart of an entry's name.
fn place(full: &str) -> Result<String, String> {
    let delimiter = if full.contains('\\') { '\\' } else { '/' };
    let (first, rest) = full.split_once(delimiter).unwrap_or((full, ""));
    let name = rest.replace(delimiter, "/");
    if name.starts_with('/') {
        return Err("chart illegally contains absolute paths".to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let name = parts.join("/");
    if name.is_empty() {
        let full = windlass_gotemplate::fmt::quote(full);
        return Err(format!("chart illegally contains content outside the base directory: {full}"));
    }
    if name.starts_with("..") {
        return Err("chart illegally references parent directory".to_owned());
    }
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == b":/" {
        return Err("chart contains illegally named files".to_owned());
    }
    if first == "Chart.yaml" {
        return Err("chart yaml not in base directory".to_owned());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(place("c/templates/a").as_deref(), Ok("templates/a"));
        assert_eq!(place("c\\templates\\a").as_deref(), Ok("templates/a"));
        assert_eq!(place("c/a/../b").as_deref(), Ok("b"));
        for bad in ["c//etc/x", "c/../x", "c", "c/C:/x", "Chart.yaml", "Chart.yaml/x", "c/..x"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
