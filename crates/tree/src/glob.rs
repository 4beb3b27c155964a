//! Globs of paths: `*`, `?`, `[a-z]`, `[!abc]`, `{a,b}`, `\` before what is meant literally. They are
//! one language in three dialects, which differ in what stops at a slash.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// How deep braces may nest.
const MAX_BRACES: usize = 32;

/// What stops at a slash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Nothing.
    Plain,
    /// `*` and `?`; `**` does not.
    Separated,
    /// `*` and `?`; `**` as a whole part stands for any number of directories, else for `*`.
    Parts,
}

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
    /// As Argo CD matches paths: gobwas without separators, so that `*` and `?` match slashes too.
    ///
    /// # Errors
    /// When something is not closed, or the glob is too large.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern, Dialect::Plain)
    }

    /// As Helm's `.Files.Glob` takes them: gobwas with `/` as its separator.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn separated(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern, Dialect::Separated)
    }

    /// Compiles a glob of paths: `*` and `?` stop at slashes, `**` as a whole part stands for any
    /// number of directories.
    ///
    /// # Errors
    /// As [`Glob::new`].
    pub fn of_paths(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern, Dialect::Parts)
    }

    fn compile(pattern: &str, dialect: Dialect) -> Result<Self, GlobError> {
        let mut regex = String::from("(?s)^");
        let mut depth = 0;
        let mut chars = pattern.chars().peekable();
        let mut part_begins = true;
        while let Some(c) = chars.next() {
            let begins = std::mem::replace(&mut part_begins, c == '/');
            match c {
                '*' => {
                    let mut two = false;
                    while chars.next_if_eq(&'*').is_some() {
                        two = true;
                    }
                    let part = dialect == Dialect::Parts && two && begins;
                    if part && chars.next_if_eq(&'/').is_some() {
                        regex.push_str("(?:[^/]*/)*");
                        part_begins = true;
                    } else if part || dialect.crosses(two) {
                        regex.push_str(".*");
                    } else {
                        regex.push_str("[^/]*");
                    }
                }
                '?' => regex.push_str(if dialect == Dialect::Plain { "." } else { "[^/]" }),
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
        if depth > 0 && dialect == Dialect::Parts {
            return Err(GlobError::Open('{'));
        }
        // gobwas takes the end for what closes a brace.
        regex.extend(std::iter::repeat_n(')', depth));
        regex.push('$');
        Regex::new(&regex).map(Self).map_err(|_| GlobError::Complex)
    }

    /// Whether all of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Whether all of `text` matches a glob that nothing stops ([`Glob::new`]); what is no glob matches
/// nothing. Plain texts, `*` and `?` cost no compilation.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    if glob.contains(['[', '{', '\\']) {
        return Glob::new(glob).is_ok_and(|glob| glob.matches(text));
    }
    if !glob.contains(['*', '?']) {
        return glob == text;
    }
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut here) = (0, 0);
    // The last star, and how far what it stands for goes.
    let mut star: Option<(usize, usize)> = None;
    while here < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[here] => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((begin, taken)) = star else { return false };
                star = Some((begin, taken + 1));
                (at, here) = (begin + 1, taken + 1);
            }
        }
    }
    glob[at..].iter().all(|rest| *rest == '*')
}

impl Dialect {
    /// Whether stars go beyond a slash: one, or `two` or more.
    fn crosses(self, two: bool) -> bool {
        match self {
            Self::Plain => true,
            Self::Separated => two,
            Self::Parts => false,
        }
    }
}

fn literal(c: char, regex: &mut String) {
    regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn class(chars: &mut Peekable<Chars<'_>>, regex: &mut String) -> Result<(), GlobError> {
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

    #[test]
    fn without_compilation() {
        let check = |glob: &str, text: &str, expected: bool| {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
            let compiled = Glob::new(glob).is_ok_and(|glob| glob.matches(text));
            assert_eq!(compiled, expected, "{glob} {text}, compiled");
        };
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("*", "", true),
            ("*", "a/b", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("?", "", false),
            ("?", "ä", true),
            ("*?", "ä", true),
            ("a**", "a", true),
            ("*.io", "x.io.io", true),
            ("{a,b}*", "bc", true),
            ("[!a]", "b", true),
            ("{a", "a", true),
            ("{a", "{a", false),
            ("[a", "[a", false),
            ("\\*", "*", true),
        ] {
            check(glob, text, expected);
        }
    }

    type Compile = fn(&str) -> Result<Glob, GlobError>;

    #[track_caller]
    fn check(compile: Compile, pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = compile(pattern).unwrap();
        for text in yes {
            assert!(glob.matches(text), "{pattern} must match {text}");
        }
        for text in no {
            assert!(!glob.matches(text), "{pattern} must not match {text}");
        }
    }

    #[test]
    fn matches() {
        check(Glob::new, "*.yaml", &["a.yaml", "a/b.yaml"], &["a.yml", "a.yaml.bak"]);
        check(Glob::new, "{*.yml,sub/*}", &["x.yml", "sub/a"], &["x.yaml"]);
        check(Glob::new, "{a,{b,c}d}?", &["ax", "bdx", "cd/"], &["b", "dx"]);
        check(Glob::new, "[a-c]x[!0-9]", &["axy"], &["dxy", "ax1"]);
        check(Glob::new, "a\\*b(.)+", &["a*b(.)+"], &["axb(.)+"]);
        check(Glob::new, "**/x", &["a/b/x"], &["x"]);
    }

    #[test]
    fn matches_paths() {
        check(Glob::of_paths, "env/*.yaml", &["env/a.yaml"], &["env/a/b.yaml", "a.yaml"]);
        check(Glob::of_paths, "**/x.yaml", &["x.yaml", "a/x.yaml", "a/b/x.yaml"], &["ax.yaml"]);
        check(Glob::of_paths, "a/**/x", &["a/x", "a/b/c/x"], &["a/bx", "x"]);
        check(Glob::of_paths, "a/**", &["a/b", "a/b/c"], &["b"]);
        check(Glob::of_paths, "v[0-9]/{a,b}?.yaml", &["v1/ax.yaml"], &["v1/a/.yaml", "vx/ax.yaml"]);
    }

    #[test]
    fn matches_with_separators() {
        let compile: Compile = Glob::separated;
        check(compile, "*.txt", &["a.txt"], &["d/a.txt"]);
        check(compile, "**.txt", &["a.txt", "d/a.txt"], &["a.tx"]);
        check(compile, "d/**", &["d/a", "d/e/a"], &["a"]);
        check(compile, "d/{a,b*}.?", &["d/a.x", "d/bc.y"], &["d/c.x", "d/a.xy"]);
        check(compile, "[a-c]*", &["a1", "c"], &["d", "a/b"]);
        check(compile, "[!a]x", &["bx"], &["ax"]);
    }

    #[test]
    fn refuses() {
        for bad in ["[a", "[]", "[c-a]"] {
            assert!(Glob::new(bad).is_err(), "{bad}");
        }
        // gobwas takes the end for what closes a brace; doublestar does not.
        assert!(Glob::of_paths("{a").is_err());
        check(Glob::new, "x{a", &["xa"], &["x{a"]);
        check(Glob::new, "{a,b", &["a", "b"], &["{a", "a,b"]);
    }
}
