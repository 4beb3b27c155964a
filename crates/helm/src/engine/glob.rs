//! gobwas globs with `/` as their separator, as `.Files.Glob` takes them: `*` and `?` stop at it,
//! `**` does not.

use regex::Regex;

/// How deep braces may nest.
const MAX_BRACES: usize = 32;

/// A compiled glob.
pub(super) struct Glob(Regex);

impl Glob {
    /// Compiles a glob.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let mut regex = String::from("(?s)^");
        let mut depth = 0;
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' => {
                    let mut any = false;
                    while chars.next_if_eq(&'*').is_some() {
                        any = true;
                    }
                    regex.push_str(if any { ".*" } else { "[^/]*" });
                }
                '?' => regex.push_str("[^/]"),
                '[' => class(&mut chars, &mut regex)?,
                '{' => {
                    depth += 1;
                    if depth > MAX_BRACES {
                        return Err("braces nest too deep".to_owned());
                    }
                    regex.push_str("(?:");
                }
                '}' if depth > 0 => {
                    depth -= 1;
                    regex.push(')');
                }
                ',' if depth > 0 => regex.push('|'),
                '\\' => literal(chars.next().unwrap_or('\\'), &mut regex),
                c => literal(c, &mut regex),
            }
        }
        if depth > 0 {
            return Err("a brace is not closed".to_owned());
        }
        regex.push('$');
        Regex::new(&regex).map(Self).map_err(|e| e.to_string())
    }

    /// Whether all of `name` matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

fn literal(c: char, regex: &mut String) {
    regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn class(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    regex: &mut String,
) -> Result<(), String> {
    let open = || "a bracket is not closed".to_owned();
    let negated = chars.next_if_eq(&'!').is_some();
    let mut members = Vec::new();
    loop {
        match chars.next().ok_or_else(open)? {
            ']' => break,
            '\\' => members.push(chars.next().ok_or_else(open)?),
            c => members.push(c),
        }
    }
    let escaped = |c: char| format!("\\x{{{:x}}}", u32::from(c));
    let inner = match members.as_slice() {
        [] => return Err("a class is empty".to_owned()),
        [low, '-', high] if low > high => return Err("a range runs backwards".to_owned()),
        [low, '-', high] => format!("{}-{}", escaped(*low), escaped(*high)),
        members => members.iter().map(|c| escaped(*c)).collect(),
    };
    regex.push_str(if negated { "[^" } else { "[" });
    regex.push_str(&inner);
    regex.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::new(pattern).unwrap();
        for name in yes {
            assert!(glob.matches(name), "{pattern} must match {name}");
        }
        for name in no {
            assert!(!glob.matches(name), "{pattern} must not match {name}");
        }
    }

    #[test]
    fn separators() {
        check("*.txt", &["a.txt"], &["d/a.txt"]);
        check("**.txt", &["a.txt", "d/a.txt"], &["a.tx"]);
        check("d/**", &["d/a", "d/e/a"], &["a"]);
        check("d/{a,b*}.?", &["d/a.x", "d/bc.y"], &["d/c.x", "d/a.xy"]);
        check("[a-c]*", &["a1", "c"], &["d", "a/b"]);
        check("[!a]x", &["bx"], &["ax"]);
        for bad in ["{a", "[a", "[]"] {
            assert!(Glob::new(bad).is_err(), "{bad}");
        }
    }
}
