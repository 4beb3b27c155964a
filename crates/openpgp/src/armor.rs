//! Text around bytes: armour, and text that is signed in the clear.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
/// What every block begins with.
const BEGIN: &str = "-----BEGIN PGP ";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A text that is signed in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleartext {
    /// What a person reads, each line with its end.
    pub text: String,
    /// What is hashed: without blanks at ends of lines, between which stand `\r\n`.
    pub(crate) signed: Vec<u8>,
    /// The signature's packets.
    pub(crate) signature: Vec<u8>,
}

impl Cleartext {
    /// Finds a signed text in a file.
    ///
    /// # Errors
    /// When its signature is no armour; without a signed text `None` is answered.
    pub fn find(file: &str) -> Result<Option<Self>, Error> {
        let mut lines = file.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        if !lines.any(|line| line.trim_end() == SIGNED) {
            return Ok(None);
        }
        // Headers name the hash, which the signature itself does as well.
        if !lines.any(|line| line.trim().is_empty()) {
            return Ok(None);
        }
        let (mut text, mut signed) = (String::new(), Vec::new());
        let mut is_first = true;
        for line in lines.by_ref() {
            if line.trim_end() == SIGNATURE {
                let rest: Vec<&str> = std::iter::once(SIGNATURE).chain(lines).collect();
                let signature = blocks(&rest.join("\n"))?.into_iter().next();
                let signature = signature.ok_or(Error::Malformed("no signature"))?;
                return Ok(Some(Self { text, signed, signature }));
            }
            let line = line.strip_prefix("- ").unwrap_or(line);
            if !is_first {
                signed.extend(b"\r\n");
            }
            is_first = false;
            signed.extend(line.trim_end_matches([' ', '\t', '\r']).as_bytes());
            text.push_str(line);
            text.push('\n');
        }
        Ok(None)
    }
}

/// A text as it is shown in the clear, and as it is hashed.
pub(crate) fn cleartext(text: &str) -> (String, Vec<u8>) {
    let (mut shown, mut signed) = (String::new(), Vec::new());
    for (i, line) in text.split('\n').enumerate() {
        let line = line.trim_end_matches([' ', '\t', '\r']);
        if i > 0 {
            signed.extend(b"\r\n");
        }
        signed.extend(line.as_bytes());
        shown.push_str(if line.starts_with('-') { "- " } else { "" });
        shown.push_str(line);
        shown.push('\n');
    }
    (shown, signed)
}

/// A text with its signature's packet, as a file.
pub(crate) fn signed(hash: &str, shown: &str, signature: &[u8]) -> String {
    let coded = STANDARD.encode(signature);
    // Base64 is ASCII.
    let lines: Vec<String> = coded
        .as_bytes()
        .chunks(64)
        .map(|line| line.iter().copied().map(char::from).collect())
        .collect();
    let end = SIGNATURE.replacen("BEGIN", "END", 1);
    format!("{SIGNED}\nHash: {hash}\n\n{shown}{SIGNATURE}\n\n{}\n{end}", lines.join("\n"))
}

/// The content of every armoured block of a text; none if it is no armour. Packets begin with a byte
/// that no text begins with.
pub(crate) fn dearmor(data: &[u8]) -> Result<Option<Vec<Vec<u8>>>, Error> {
    if !data.trim_ascii_start().first().is_some_and(u8::is_ascii) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(data);
    text.contains(BEGIN).then(|| blocks(&text)).transpose()
}

/// The content of every armoured block.
pub(crate) fn blocks(text: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(begin) = lines.find(|line| line.starts_with(BEGIN)) {
        let end = begin.replacen("BEGIN", "END", 1);
        // Headers end with an empty line.
        let headers = lines.by_ref().take_while(|line| !line.is_empty());
        if headers.take(100).any(|line| line == end) {
            return Err(Error::Malformed("armor without content"));
        }
        let mut content = String::new();
        let closed = lines.by_ref().any(|line| {
            // A checksum, which protects against nothing that the signature does not.
            if line != end && !line.starts_with('=') {
                content.push_str(line);
            }
            line == end
        });
        if !closed {
            return Err(Error::Malformed("armor without an end"));
        }
        found.push(STANDARD.decode(content).map_err(|_| Error::Malformed("armor"))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_text_is_found() {
        let check = |file: &str, expected: Option<(&str, &str)>| {
            let found = Cleartext::find(file).unwrap();
            let found = found.map(|c| (c.text, String::from_utf8(c.signed).unwrap()));
            assert_eq!(found, expected.map(|(t, s)| (t.to_owned(), s.to_owned())), "{file}");
        };
        let tail = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n=abcd\n-----END PGP SIGNATURE-----\n";
        let file = format!("noise\n{SIGNED}\nHash: SHA512\n\na \n- -b\n\n{tail}");
        check(&file, Some(("a \n-b\n\n", "a\r\n-b\r\n")));
        check(&file.replace('\n', "\r\n"), Some(("a \n-b\n\n", "a\r\n-b\r\n")));
        check("a: b\n", None);
        check(&format!("{SIGNED}\n\na\n"), None);
        assert!(
            Cleartext::find(&format!("{SIGNED}\n\na\n-----BEGIN PGP SIGNATURE-----\n\nA")).is_err()
        );
    }
}
