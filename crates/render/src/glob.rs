//! Globs as Argo CD matches paths with them: gobwas without separators, so that `*` and `?` match
//! slashes too.

use regex::Regex;

/// How deep braces may nest.
const MAX_BRACES: usize = 32;

/// A compiled glob: `*`, `?`, `[a-z]`, `[!abc]`, `{a,b}`, `\` before what is meant literally.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

/// The text is no glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// A bracket or brace is open at the end.
    #[error("{0:?} is not closed")]
    Open(char),
    /// A range's ends are in the wrong order, or a class is empty.
    #[error("character class [{0}] matches nothing")]
    Class(String),
    /// It is too large.
    #[error("it is too complex")]
    Complex,
}

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// When something is not closed, or the glob is too large.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        let mut regex = String::from("(?s)^");
        let mut depth = 0;
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' => class(&mut chars, &mut regex)?,
                '{' => {
                    depth += 1;
                    if depth > MAX_BRACES {
                        return Err(GlobError::Complex);
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
            return Err(GlobError::Open('{'));
        }
        regex.push('$');
        Regex::new(&regex).map(Self).map_err(|_| GlobError::Complex)
    }

    /// Compiles a glob of paths: `*` and `?` stop at slashes, `**` as a whole part stands for any
    /// number of directories.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn of_paths(pattern: &str) -> Result<Self, GlobError> {
        let mut regex = String::from("(?s)^");
        let mut depth = 0;
        let mut chars = pattern.chars().peekable();
        let mut part_begins = true;
        while let Some(c) = chars.next() {
            let begins = std::mem::replace(&mut part_begins, c == '/');
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    while chars.peek() == Some(&'*') {
                        chars.next();
                    }
                    if begins && chars.peek() == Some(&'/') {
                        chars.next();
                        regex.push_str("(?:[^/]*/)*");
                        part_begins = true;
                    } else {
                        regex.push_str(if begins { ".*" } else { "[^/]*" });
                    }
                }
                '*' => regex.push_str("[^/]*"),
                '?' => regex.push_str("[^/]"),
                '[' => {
                    let rest: String = chars.clone().collect();
                    let mut inner = rest.chars();
                    class(&mut inner, &mut regex)?;
                    let used = rest.chars().count() - inner.count();
                    chars.by_ref().take(used).for_each(drop);
                }
                '{' => {
                    depth += 1;
                    if depth > MAX_BRACES {
                        return Err(GlobError::Complex);
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
            return Err(GlobError::Open('{'));
        }
        regex.push('$');
        Regex::new(&regex).map(Self).map_err(|_| GlobError::Complex)
    }

    /// Whether all of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn literal(c: char, regex: &mut String) {
    regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn class(chars: &mut std::str::Chars<'_>, regex: &mut String) -> Result<(), GlobError> {
    let mut members = Vec::new();
    let mut negated = false;
    loop {
        match chars.next().ok_or(GlobError::Open('['))? {
            ']' => break,
            '!' if members.is_empty() && !negated => negated = true,
            '\\' => members.push(chars.next().ok_or(GlobError::Open('['))?),
            c => members.push(c),
        }
    }
    let text = || members.iter().collect::<String>();
    let inner = match members.as_slice() {
        [] => return Err(GlobError::Class(text())),
        [low, '-', high] if low > high => return Err(GlobError::Class(text())),
        [low, '-', high] => format!("{}-{}", escaped(*low), escaped(*high)),
        members => members.iter().map(|c| escaped(*c)).collect(),
    };
    regex.push_str(if negated { "[^" } else { "[" });
    regex.push_str(&inner);
    regex.push(']');
    Ok(())
}

/// A character in a regular expression's class, where every sign may mean something.
fn escaped(c: char) -> String {
    if c.is_alphanumeric() { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::new(pattern).unwrap();
        for text in yes {
            assert!(glob.matches(text), "{pattern} must match {text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{pattern} must not match {text}");
        }
    }

    #[test]
    fn matches() {
        check("*.yaml", &["a.yaml", "a/b.yaml"], &["a.yml", "a.yaml.bak"]);
        check("{*.yml,sub/*}", &["x.yml", "sub/a"], &["x.yaml"]);
        check("{a,{b,c}d}?", &["ax", "bdx", "cd/"], &["b", "dx"]);
        check("[a-c]x[!0-9]", &["axy"], &["dxy", "ax1"]);
        check("a\\*b(.)+", &["a*b(.)+"], &["axb(.)+"]);
        check("**/x", &["a/b/x"], &["x"]);
    }

    #[test]
    fn matches_paths() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            let glob = Glob::of_paths(pattern).unwrap();
            for text in yes {
                assert!(glob.matches(text), "{pattern} must match {text}");
            }
            for text in no {
                assert!(!glob.matches(text), "{pattern} must not match {text}");
            }
        };
        check("env/*.yaml", &["env/a.yaml"], &["env/a/b.yaml", "a.yaml"]);
        check("**/x.yaml", &["x.yaml", "a/x.yaml", "a/b/x.yaml"], &["ax.yaml"]);
        check("a/**/x", &["a/x", "a/b/c/x"], &["a/bx", "x"]);
        check("a/**", &["a/b", "a/b/c"], &["b"]);
        check("v[0-9]/{a,b}?.yaml", &["v1/ax.yaml"], &["v1/a/.yaml", "vx/ax.yaml"]);
    }

    #[test]
    fn refuses() {
        for bad in ["{a", "[a", "[c-a]"] {
            assert!(Glob::new(bad).is_err(), "{bad}");
        }
    }
}
