//! Of an X.509 certificate the subject, in Go's words, and the algorithm of its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is shown of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// Such as `CN=example.com,O=Example`.
    pub(super) subject: String,
    /// Such as `rsa`.
    pub(super) algorithm: &'static str,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;

/// Attributes in the order in which Go writes them.
const ATTRIBUTES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 5], "SERIALNUMBER"),
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 17], "POSTALCODE"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 6], "C"),
];

const ALGORITHMS: [(&[u8], &str); 4] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "rsa"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "ecdsa"),
    (&[0x2b, 0x65, 0x70], "ed25519"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], "dsa"),
];

/// One element of DER: its tag and content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = (count <= 4).then(|| rest.split_at_checked(count))??;
        (digits.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// Reads a PEM block; `None` if it is no certificate.
pub(super) fn read(pem: &str) -> Option<Certificate> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body.trim()).ok()?;
    let (certificate, _) = expect(&der, SEQUENCE)?;
    let (mut rest, _) = expect(certificate, SEQUENCE)?;
    // The version is optional; then serial number, algorithm, issuer, validity.
    if let (0xa0, _, after) = element(rest)? {
        rest = after;
    }
    for _ in 0..4 {
        rest = element(rest)?.2;
    }
    let (subject, rest) = expect(rest, SEQUENCE)?;
    let (key, _) = expect(rest, SEQUENCE)?;
    let (algorithm, _) = expect(key, SEQUENCE)?;
    let (id, _) = expect(algorithm, OBJECT_ID)?;
    let algorithm = ALGORITHMS.iter().find(|(known, _)| *known == id).map_or("0", |(_, name)| name);
    Some(Certificate { subject: name(subject)?, algorithm })
}

fn name(mut rest: &[u8]) -> Option<String> {
    let mut found: Vec<(&[u8], String)> = Vec::new();
    while !rest.is_empty() {
        let (mut set, after) = expect(rest, SET)?;
        rest = after;
        while !set.is_empty() {
            let (attribute, more) = expect(set, SEQUENCE)?;
            set = more;
            let (id, value) = expect(attribute, OBJECT_ID)?;
            found.push((id, String::from_utf8_lossy(element(value)?.1).into_owned()));
        }
    }
    let parts = ATTRIBUTES.iter().filter_map(|(id, name)| {
        let values = found.iter().filter(|(known, _)| known == id);
        let values: Vec<String> = values.map(|(_, v)| format!("{name}={}", escaped(v))).collect();
        (!values.is_empty()).then(|| values.join("+"))
    });
    Some(parts.collect::<Vec<_>>().join(","))
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        let special =
            ",+\"\\<>;".contains(c) || (c == '#' && i == 0) || (c == ' ' && (i == 0 || i == last));
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
