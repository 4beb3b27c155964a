//! Go's `filepath.Match`.

use crate::error::{Error, Result};

/// Whether a path matches a pattern of `*`, `?`, `[a-z]` and `\`, of which none matches a slash.
///
/// # Errors
/// For a pattern whose brackets are not closed.
pub fn matches(pattern: &str, path: &str) -> Result<bool> {
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    at(&pattern, &path)
}

fn bad() -> Error {
    Error::told("syntax error in pattern")
}

fn at(pattern: &[char], path: &[char]) -> Result<bool> {
    // Where the last star stands, and how much of the path it has taken.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut t) = (0, 0);
    loop {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
            continue;
        }
        match (pattern.get(p), path.get(t)) {
            (None, None) => return Ok(true),
            (Some(_), Some(&c)) => {
                let (matched, length) = one(&pattern[p..], c)?;
                if matched {
                    p += length;
                    t += 1;
                    continue;
                }
            }
            (Some(_), None) => {
                one(&pattern[p..], ' ')?;
            }
            (None, Some(_)) => {}
        }
        match star {
            Some((s, from)) if path.get(from).is_some_and(|c| *c != '/') => {
                star = Some((s, from + 1));
                (p, t) = (s + 1, from + 1);
            }
            _ => return Ok(false),
        }
    }
}

/// Whether the first element of a pattern matches a character, and how long that element is.
fn one(pattern: &[char], c: char) -> Result<(bool, usize)> {
    match pattern[0] {
        '?' => Ok((c != '/', 1)),
        '\\' => pattern.get(1).map(|p| (*p == c, 2)).ok_or_else(bad),
        '[' => {
            let negated = pattern.get(1) == Some(&'^');
            let mut i = 1 + usize::from(negated);
            let mut matched = false;
            let mut first = true;
            loop {
                let low = *pattern.get(i).ok_or_else(bad)?;
                if low == ']' && !first {
                    return Ok(((matched != negated) && c != '/', i + 1));
                }
                first = false;
                i += 1;
                let low = if low == '\\' { escaped(pattern, &mut i)? } else { low };
                let mut high = low;
                if pattern.get(i) == Some(&'-') {
                    i += 1;
                    high = *pattern.get(i).ok_or_else(bad)?;
                    i += 1;
                    if high == '\\' {
                        high = escaped(pattern, &mut i)?;
                    }
                }
                matched |= (low..=high).contains(&c);
            }
        }
        p => Ok((p == c, 1)),
    }
}

fn escaped(pattern: &[char], i: &mut usize) -> Result<char> {
    let c = *pattern.get(*i).ok_or_else(bad)?;
    *i += 1;
    Ok(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_go_does() {
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
            assert_eq!(matches(pattern, path).unwrap(), expected, "{pattern} {path}");
        }
        assert!(matches("[a", "a").is_err());
    }
}
