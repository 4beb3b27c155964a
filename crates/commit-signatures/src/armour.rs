//! ASCII armour: packets in base64 between two lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::packet::Malformed;

/// The packets of a text in armour; what has none is taken as it is. Of several blocks all are taken
/// that are of the same kind as the first.
///
/// # Errors
/// When a block has no end, or is not base64.
pub fn dearmour(data: &[u8]) -> Result<Vec<u8>, Malformed> {
    const BEGIN: &str = "-----BEGIN PGP ";
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| text.contains(BEGIN)) else {
        return Ok(data.to_vec());
    };
    let mut packets = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        if !line.trim_start().starts_with(BEGIN) {
            continue;
        }
        // Headers such as `Version:` end with an empty line.
        let mut body = String::new();
        let mut headers = true;
        let mut ended = false;
        for line in lines.by_ref().map(str::trim) {
            if line.starts_with("-----END PGP ") {
                ended = true;
                break;
            }
            headers &= line.contains(": ");
            // A line with = in front is a checksum, which guards against noise only.
            if !headers && !line.starts_with('=') {
                body.push_str(line);
            }
        }
        if !ended {
            return Err(Malformed("the armour has no end".into()));
        }
        let block = STANDARD.decode(body);
        packets
            .extend(block.map_err(|error| Malformed(format!("the armour is no base64: {error}")))?);
    }
    Ok(packets)
}
