//! Go's `path.Match`: `*` and `?` stop at `/`, classes, and `\` before what is meant literally.

/// The pattern is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether all of `name` matches. As Go's, it may not notice what is wrong behind the first misfit.
///
/// # Errors
/// For a pattern that is none: brackets that are not closed, a range without ends.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let special = |b: u8| matches!(b, b'[' | b'\\' | b'?');
    if pattern.bytes().any(special) { general(pattern, name) } else { Ok(stars(pattern, name)) }
}

/// The same for a pattern of nothing but stars and what is meant literally, as nearly all are.
fn stars(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        // As far as the star before the part goes.
        let reach = rest.find('/').unwrap_or(rest.len());
        if parts.peek().is_none() {
            return rest.strip_suffix(part).is_some_and(|skipped| skipped.len() <= reach);
        }
        match rest.find(part) {
            Some(at) if at <= reach => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

fn general(mut pattern: &str, mut name: &str) -> Result<bool, BadPattern> {
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = scan_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains('/'));
        }
        let matched = match_chunk(chunk, name)?;
        if let Some(rest) = matched
            && (rest.is_empty() || !pattern.is_empty())
        {
            name = rest;
            continue;
        }
        if star {
            let mut from = name;
            while let Some((c, after)) = first(from) {
                if c == '/' {
                    break;
                }
                from = after;
                if let Some(rest) = match_chunk(chunk, from)? {
                    if pattern.is_empty() && !rest.is_empty() {
                        continue;
                    }
                    name = rest;
                    continue 'pattern;
                }
            }
        }
        // Before it answers no, Go looks whether the rest is well formed.
        while !pattern.is_empty() {
            let (_, chunk, rest) = scan_chunk(pattern);
            pattern = rest;
            match_chunk(chunk, "")?;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

fn first(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.as_str()))
}

fn scan_chunk(pattern: &str) -> (bool, &str, &str) {
    let chunk = pattern.trim_start_matches('*');
    let (mut in_range, mut escaped) = (false, false);
    let mut end = chunk.len();
    for (i, b) in chunk.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_range = true,
            b']' => in_range = false,
            b'*' if !in_range => {
                end = i;
                break;
            }
            _ => {}
        }
    }
    (chunk.len() < pattern.len(), &chunk[..end], &chunk[end..])
}

/// The rest of `name` behind the chunk, if it matches. A chunk is checked to its end either way.
fn match_chunk<'n>(mut chunk: &str, mut name: &'n str) -> Result<Option<&'n str>, BadPattern> {
    let mut failed = false;
    while let Some((c, rest)) = first(chunk) {
        chunk = rest;
        let next = first(name).filter(|_| !failed);
        failed |= next.is_none();
        if let Some((_, rest)) = next {
            name = rest;
        }
        let next = next.map(|(c, _)| c);
        match c {
            '[' => {
                let negated = chunk.strip_prefix('^');
                chunk = negated.unwrap_or(chunk);
                let (mut found, mut ranges) = (false, 0);
                loop {
                    if let Some(rest) = chunk.strip_prefix(']').filter(|_| ranges > 0) {
                        chunk = rest;
                        break;
                    }
                    let low;
                    (low, chunk) = escaped(chunk)?;
                    let mut high = low;
                    if let Some(rest) = chunk.strip_prefix('-') {
                        (high, chunk) = escaped(rest)?;
                    }
                    found |= next.is_some_and(|c| low <= c && c <= high);
                    ranges += 1;
                }
                failed |= found == negated.is_some();
            }
            '?' => failed |= next == Some('/'),
            c => {
                let mut c = c;
                if c == '\\' {
                    (c, chunk) = first(chunk).ok_or(BadPattern)?;
                }
                failed |= next != Some(c);
            }
        }
    }
    Ok((!failed).then_some(name))
}

fn escaped(chunk: &str) -> Result<(char, &str), BadPattern> {
    let (mut c, mut rest) = first(chunk).ok_or(BadPattern)?;
    if c == '-' || c == ']' {
        return Err(BadPattern);
    }
    if c == '\\' {
        (c, rest) = first(rest).ok_or(BadPattern)?;
    }
    if rest.is_empty() {
        return Err(BadPattern);
    }
    Ok((c, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for name in yes {
            assert_eq!(matches(pattern, name), Ok(true), "{pattern} {name}");
        }
        for name in no {
            assert_eq!(matches(pattern, name), Ok(false), "{pattern} {name}");
        }
    }

    /// All texts of up to so many of the letters.
    fn texts(letters: &str, length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..length {
            let to = all.len();
            for i in from..to {
                all.extend(letters.chars().map(|c| format!("{}{c}", all[i])).collect::<Vec<_>>());
            }
            from = to;
        }
        all
    }

    #[test]
    fn stars_are_matched_as_in_general() {
        for pattern in texts("a*/", 5) {
            for name in texts("ab/", 4) {
                assert_eq!(
                    Ok(stars(&pattern, &name)),
                    general(&pattern, &name),
                    "{pattern} {name}"
                );
            }
        }
    }

    #[test]
    fn as_go() {
        check("*", &["abc", ""], &["a/b"]);
        check("a*/b", &["a/b", "abc/b"], &["a/c/b"]);
        check("a*b*c*d*e*/f", &["axbxcxdxe/f", "axbxcxdxexxx/f"], &["axbxcxdxe/xxx/f"]);
        check("ab[c-e]", &["abc"], &["abf"]);
        check("a[^a]b", &["axb"], &["aab"]);
        check("a\\*b", &["a*b"], &["ab"]);
        check("*x", &["xxx"], &["xy"]);
        check("templates/.?*", &["templates/.a"], &["templates/a", "templates/."]);
        for bad in ["[]a]", "[-]", "[x-]", "[a-b-c]", "[", "a[", "[^", "\\"] {
            assert_eq!(matches(bad, "ab"), Err(BadPattern), "{bad}");
        }
    }

    #[test]
    fn files_are_named_by_patterns() {
        for (pattern, path, expected) in [
            ("a", "a", true),
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "d/a.yaml", false),
            ("d/*", "d/a.yaml", true),
            ("d/*/x", "d/a/b/x", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("\\*", "*", true),
            ("a*b*c", "aXbYbZc", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, path), Ok(expected), "{pattern} {path}");
        }
        assert!(matches("[a", "a").is_err());
    }
}
