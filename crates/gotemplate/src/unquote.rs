//! Go's string and character literals.

/// The value of the literal that `text` is, with its quotes: `"…"` or `` `…` ``. `None` when it is
/// none. An escape that makes bytes which are no UTF-8 becomes U+FFFD.
pub fn unquote(text: &str) -> Option<String> {
    Some(crate::fmt::lossy(&unquote_bytes(text)?).into_owned())
}

/// As [`unquote`], the bytes as they are.
pub(crate) fn unquote_bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(inner) = text.strip_prefix('`') {
        let inner = inner.strip_suffix('`')?;
        return (!inner.contains('`')).then(|| inner.replace('\r', "").into_bytes());
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return (!inner.contains(['"', '\n'])).then(|| inner.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let byte_escape = rest.starts_with("\\x")
            || rest.strip_prefix('\\').is_some_and(|r| r.starts_with(|c: char| c.is_digit(8)));
        let (value, next) = character(rest, '"')?;
        if byte_escape {
            bytes.push(u8::try_from(value).ok()?);
        } else {
            let c = char::from_u32(value)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rest = next;
    }
    Some(bytes)
}

/// The first character of a literal's inside, and what follows it.
pub(crate) fn character(text: &str, quote: char) -> Option<(u32, &str)> {
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    if first == quote || first == '\n' {
        return None;
    }
    if first != '\\' {
        return Some((u32::from(first), rest));
    }
    let escape = rest.chars().next()?;
    let after = &rest[escape.len_utf8()..];
    let number = |length: usize, radix: u32, from: &'_ str| {
        let digits = from.get(..length)?;
        digits.chars().all(|c| c.is_digit(radix)).then_some(())?;
        u32::from_str_radix(digits, radix).ok()
    };
    let simple = |c: u32| Some((c, after));
    match escape {
        'a' => simple(7),
        'b' => simple(8),
        'f' => simple(12),
        'n' => simple(10),
        'r' => simple(13),
        't' => simple(9),
        'v' => simple(11),
        '\\' => simple(u32::from('\\')),
        c if c == quote => simple(u32::from(c)),
        'x' => Some((number(2, 16, after)?, &after[2..])),
        'u' => {
            let value = number(4, 16, after)?;
            char::from_u32(value).map(|_| (value, &after[4..]))
        }
        'U' => {
            let value = number(8, 16, after)?;
            char::from_u32(value).map(|_| (value, &after[8..]))
        }
        '0'..='7' => {
            let value = number(3, 8, rest)?;
            (value <= 255).then(|| (value, &rest[3..]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        let ok = |t: &str| unquote(t).unwrap();
        assert_eq!(ok(r#""a\tb\"c\x41\101\u00e9\U0001F600""#), "a\tb\"cAAé😀");
        assert_eq!(ok("`raw \\n`"), "raw \\n");
        assert_eq!(ok(r#""\xc3\xa9""#), "é");
        for bad in [r#""\q""#, r#""\'""#, r#""\400""#, r#""\ud800""#, "\"a", "\"a\nb\""] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }
}
