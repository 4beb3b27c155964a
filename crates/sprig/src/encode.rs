//! Base 64 and base 32. What cannot be decoded answers the error's text, as sprig has it.

use windlass_gotemplate::{Type, Value};

use crate::table::{Table, bytes, string};

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub(crate) fn add(t: &mut Table) {
    let one = &[Type::String];
    t.put(&["b64enc"], one, |a| string(base64(bytes(&a[0]))));
    t.put(&["b64dec"], one, |a| match decode_base64(bytes(&a[0])) {
        Ok(decoded) => Ok(Value::text(decoded)),
        Err(error) => string(error),
    });
    t.put(&["b32enc"], one, |a| string(encode(bytes(&a[0]), BASE32, 5, 8)));
    t.put(&["b32dec"], one, |a| match decode(bytes(&a[0]), BASE32, 5, 8, "base32") {
        Ok(decoded) => Ok(Value::text(decoded)),
        Err(error) => string(error),
    });
}

/// Standard base 64 with padding.
pub(crate) fn base64(data: &[u8]) -> String {
    encode(data, BASE64, 6, 4)
}

/// Standard base 64 with padding; line breaks are passed over.
///
/// # Errors
/// Go's words, which say where.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, BASE64, 6, 4, "base64")
}

fn encode(data: &[u8], alphabet: &[u8], bits: u32, group: usize) -> String {
    let mut out = String::with_capacity(data.len() * 8 / bits as usize + group);
    let (mut buffer, mut held) = (0_u32, 0);
    for byte in data {
        buffer = (buffer << 8) | u32::from(*byte);
        held += 8;
        while held >= bits {
            held -= bits;
            out.push(char::from(alphabet[(buffer >> held) as usize & (alphabet.len() - 1)]));
        }
        buffer &= (1 << held) - 1;
    }
    if held > 0 {
        out.push(char::from(alphabet[(buffer << (bits - held)) as usize & (alphabet.len() - 1)]));
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

fn decode(
    text: &[u8],
    alphabet: &[u8],
    bits: u32,
    group: usize,
    name: &str,
) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| format!("illegal {name} data at input byte {at}");
    // Base 32 drops line breaks before it counts, base 64 as it goes.
    let is_break = |b: &u8| matches!(b, b'\r' | b'\n');
    let kept: Vec<(usize, u8)> = if name == "base32" {
        text.iter().copied().filter(|b| !is_break(b)).enumerate().collect()
    } else {
        text.iter().copied().enumerate().filter(|(_, b)| !is_break(b)).collect()
    };
    let length = if name == "base32" { kept.len() } else { text.len() };
    let mut out = Vec::with_capacity(kept.len() * bits as usize / 8);
    let mut rest = &kept[..];
    while !rest.is_empty() {
        let mut digits = Vec::with_capacity(group);
        let mut next = rest.iter();
        let mut ended = false;
        while digits.len() < group {
            let Some((at, byte)) = next.next() else {
                return Err(corrupt(length - digits.len()));
            };
            if let Some(digit) = alphabet.iter().position(|a| a == byte) {
                digits.push(digit);
                continue;
            }
            if *byte != b'=' {
                return Err(corrupt(*at));
            }
            let left = group - digits.len() - 1;
            let fits = if group == 4 {
                matches!(digits.len(), 2 | 3)
            } else {
                matches!(digits.len(), 2 | 4 | 5 | 7)
            };
            if !fits {
                return Err(corrupt(*at));
            }
            for _ in 0..left {
                match next.next() {
                    Some((_, b'=')) => {}
                    Some((at, _)) => return Err(corrupt(*at)),
                    None => return Err(corrupt(length)),
                }
            }
            if let Some((at, _)) = next.next() {
                return Err(corrupt(*at));
            }
            ended = true;
            break;
        }
        let (mut buffer, mut held) = (0_u64, 0);
        for digit in &digits {
            buffer = (buffer << bits) | *digit as u64;
            held += bits;
        }
        while held >= 8 {
            held -= 8;
            out.push(u8::try_from((buffer >> held) & 0xFF).unwrap_or_default());
        }
        if ended {
            break;
        }
        rest = &rest[group..];
    }
    Ok(out)
}
