//! Go's `path.Match`: `*` and `?` stop at `/`, classes, and `\` before what is meant literally.

/// The pattern is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub(crate) struct BadPattern;

/// Whether all of `name` matches. As Go's, it may not notice what is wrong behind the first misfit.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut pattern, mut name) = (&pattern[..], &name[..]);
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = scan_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&'/'));
        }
        let matched = match_chunk(chunk, name)?;
        if let Some(rest) = matched
            && (rest.is_empty() || !pattern.is_empty())
        {
            name = rest;
            continue;
        }
        if star {
            for i in 0..name.len() {
                if name[i] == '/' {
                    break;
                }
                if let Some(rest) = match_chunk(chunk, &name[i + 1..])? {
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
            match_chunk(chunk, &[])?;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

fn scan_chunk(mut pattern: &[char]) -> (bool, &[char], &[char]) {
    let mut star = false;
    while let Some(('*', rest)) = pattern.split_first().map(|(c, r)| (*c, r)) {
        (star, pattern) = (true, rest);
    }
    let (mut in_range, mut i) = (false, 0);
    while i < pattern.len() {
        match pattern[i] {
            '\\' if i + 1 < pattern.len() => i += 1,
            '[' => in_range = true,
            ']' => in_range = false,
            '*' if !in_range => break,
            _ => {}
        }
        i += 1;
    }
    (star, &pattern[..i], &pattern[i..])
}

/// The rest of `name` behind the chunk, if it matches. A chunk is checked to its end either way.
fn match_chunk<'n>(
    mut chunk: &[char],
    mut name: &'n [char],
) -> Result<Option<&'n [char]>, BadPattern> {
    let mut failed = false;
    while let Some((&c, rest)) = chunk.split_first() {
        failed |= name.is_empty();
        match c {
            '[' => {
                let mut r = None;
                if !failed {
                    (r, name) = (Some(name[0]), &name[1..]);
                }
                chunk = rest;
                let negated = chunk.first() == Some(&'^');
                if negated {
                    chunk = &chunk[1..];
                }
                let (mut found, mut ranges) = (false, 0);
                loop {
                    if chunk.first() == Some(&']') && ranges > 0 {
                        chunk = &chunk[1..];
                        break;
                    }
                    let low;
                    (low, chunk) = escaped(chunk)?;
                    let mut high = low;
                    if chunk.first() == Some(&'-') {
                        (high, chunk) = escaped(&chunk[1..])?;
                    }
                    found |= r.is_some_and(|r| low <= r && r <= high);
                    ranges += 1;
                }
                failed |= found == negated;
            }
            '?' => {
                if !failed {
                    failed |= name[0] == '/';
                    name = &name[1..];
                }
                chunk = rest;
            }
            c => {
                let mut c = c;
                chunk = rest;
                if c == '\\' {
                    let (&next, rest) = chunk.split_first().ok_or(BadPattern)?;
                    (c, chunk) = (next, rest);
                }
                if !failed {
                    failed |= name[0] != c;
                    name = &name[1..];
                }
            }
        }
    }
    Ok((!failed).then_some(name))
}

fn escaped(chunk: &[char]) -> Result<(char, &[char]), BadPattern> {
    let (&first, mut rest) = chunk.split_first().ok_or(BadPattern)?;
    if first == '-' || first == ']' {
        return Err(BadPattern);
    }
    let mut c = first;
    if c == '\\' {
        let (&next, after) = rest.split_first().ok_or(BadPattern)?;
        (c, rest) = (next, after);
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
}
