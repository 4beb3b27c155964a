//! DER and PEM: as much as keys and certificates need.

use crate::encode::{base64, decode_base64};

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;

/// An element: tag, length, content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let bytes = length.to_be_bytes();
        let skip = bytes.iter().take_while(|b| **b == 0).count();
        out.push(0x80 | u8::try_from(bytes.len() - skip).unwrap_or_default());
        out.extend_from_slice(&bytes[skip..]);
    }
    out.extend_from_slice(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// A number that is not negative, from its bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeroes = bytes.iter().take_while(|b| **b == 0).count();
    let mut content = bytes[zeroes.min(bytes.len().saturating_sub(1))..].to_vec();
    if content.first().is_none_or(|b| *b >= 0x80) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// A bit string of whole bytes.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    element(BITS, &[&[0], content].concat())
}

/// An element's tag and content, the element whole, and what follows it.
pub(super) struct Read<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
    pub(super) rest: &'a [u8],
}

/// The element that `data` begins with.
pub(super) fn read(data: &[u8]) -> Option<Read<'_>> {
    let (&tag, &first) = (data.first()?, data.get(1)?);
    let (length, header) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7F);
        let bytes = data.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
        (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), 2 + count)
    };
    let content = data.get(header..header.checked_add(length)?)?;
    let (whole, rest) = data.split_at(header + length);
    Some(Read { tag, content, whole, rest })
}

/// The elements that `content` is made of, up to the first that is none.
pub(super) fn elements(mut content: &[u8]) -> Vec<Read<'_>> {
    let mut all = Vec::new();
    while let Some(one) = read(content) {
        content = one.rest;
        all.push(one);
    }
    all
}

/// A PEM block.
pub(super) fn pem(kind: &str, data: &[u8]) -> String {
    let text = base64(data);
    let mut out = format!("-----BEGIN {kind}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {kind}-----\n"));
    out
}

/// The first PEM block of a text: its kind and content.
pub(super) fn unpem(text: &str) -> Option<(&str, Vec<u8>)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        rest = after;
        let Some((kind, body)) = after.split_once("-----") else { continue };
        let Some((body, _)) = body.split_once(&format!("-----END {kind}-----")) else { continue };
        // Headers stand before an empty line.
        let body =
            body.split_once("\n\n").filter(|(head, _)| head.contains(':')).map_or(body, |b| b.1);
        let compact: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        if let Ok(data) = decode_base64(&compact) {
            return Some((kind, data));
        }
    }
}
