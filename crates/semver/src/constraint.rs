//! Constraints: alternatives of conditions on a version.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::grammar::Parts;
use crate::version::{Version, compare_prereleases};

// The same grammar as the library's; `|` inside the brackets is a character to it as well.
const PARTIAL: &str = concat!(
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
);
/// The longer before those that they begin with; none is one as well.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::AtLeast),
    ("=>", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("=<", Operator::AtMost),
    ("~>", Operator::Tilde),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
    ("", Operator::Equal),
];

/// What Go's regular expressions call a blank.
const S: &str = r"[\t\n\f\r ]";
/// Bytes that a constraint may have.
const MAX_LENGTH: usize = 512;
/// Alternatives that a constraint may have.
const MAX_GROUPS: usize = 32;

static HYPHEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"{S}*({PARTIAL}){S}+-{S}+({PARTIAL}){S}*")));

/// The pattern is a constant, and a test compiles it.
fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Alternatives of conditions that all must hold.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Vec<Condition>>,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    version: Version,
    /// Some part of the version is left out or an `x`; these say which is the first.
    partial: bool,
    minor_open: bool,
    patch_open: bool,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

/// Why a text is no constraint, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// Not of the form; the alternative that is not.
    #[error("improper constraint: {0:?}")]
    Improper(String),
    /// Of the form, but its version is none.
    #[error("constraint parser error")]
    Version,
    /// More than 512 bytes.
    #[error("constraint string is too long (max {MAX_LENGTH} bytes)")]
    TooLong,
    /// More than 32 alternatives.
    #[error("too many constraint groups (max {MAX_GROUPS})")]
    TooManyGroups,
}

impl Constraint {
    /// Reads `text`. A plain version is a constraint, too.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > MAX_LENGTH {
            return Err(ConstraintError::TooLong);
        }
        let text = hyphens(text);
        if text.split("||").count() > MAX_GROUPS {
            return Err(ConstraintError::TooManyGroups);
        }
        Ok(Self { groups: text.split("||").map(conditions).collect::<Result<_, _>>()? })
    }

    /// Whether `version` fulfils it.
    pub fn matches(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let with_pre = group.iter().any(|c| !c.version.prerelease.is_empty());
            (with_pre || version.prerelease.is_empty()) && group.iter().all(|c| c.matches(version))
        })
    }
}

/// What Go's regular expressions call a blank.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ')
}

/// `a - b` as `>= a, <= b`.
fn hyphens(text: &str) -> String {
    let mut out = text.to_owned();
    let blank = |b: u8| is_blank(char::from(b));
    if !text.as_bytes().windows(3).any(|w| blank(w[0]) && w[1] == b'-' && blank(w[2])) {
        return out;
    }
    for found in HYPHEN.iter().flat_map(|h| h.captures_iter(text)) {
        // Groups 1 and 11 are the two versions: each holds nine inner ones.
        let part = |i: usize| found.get(i).map_or("", |m| m.as_str());
        out = out.replacen(part(0), &format!(">= {}, <= {} ", part(1), part(11)), 1);
    }
    out
}

/// Conditions with blanks or commas between them.
fn conditions(group: &str) -> Result<Vec<Condition>, ConstraintError> {
    let improper = || ConstraintError::Improper(group.to_owned());
    let mut found = Vec::new();
    let mut rest = group.trim_start_matches(is_blank);
    loop {
        let with = |(sign, operator)| Some((rest.strip_prefix(sign)?, operator));
        let (after, operator) = OPERATORS.into_iter().find_map(with).ok_or_else(improper)?;
        let text = after.trim_start_matches(is_blank);
        let (parts, after) = Parts::read(text, is_digit).ok_or_else(improper)?;
        found.push((operator, parts, &text[..text.len() - after.len()]));
        rest = after.trim_start_matches(is_blank);
        if rest.is_empty() {
            break;
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start_matches(is_blank),
            None if rest.len() < after.len() => {}
            None => return Err(improper()),
        }
    }
    // What is not of the form is told before a version that is none.
    found
        .into_iter()
        .map(|(operator, parts, text)| Condition::new(operator, &parts, text))
        .collect()
}

/// A digit, or what stands for one; `|` is a character to the library as well.
fn is_digit(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'|' | b'x' | b'X' | b'*')
}

impl Condition {
    fn new(operator: Operator, parts: &Parts<'_>, text: &str) -> Result<Self, ConstraintError> {
        let number = |i: usize| parts.numbers[i].unwrap_or_default();
        let open = |i: usize| matches!(number(i), "" | "x" | "X" | "*");
        let pre = parts.prerelease.map(|pre| format!("-{pre}")).unwrap_or_default();
        let (text, partial, minor_open, patch_open) = if open(0) {
            (format!("0.0.0{pre}"), true, false, false)
        } else if open(1) {
            (format!("{}.0.0{pre}", number(0)), true, true, false)
        } else if open(2) {
            (format!("{}.{}.0{pre}", number(0), number(1)), true, false, true)
        } else {
            (text.to_owned(), false, false, false)
        };
        let version = Version::parse(&text).map_err(|_| ConstraintError::Version)?;
        Ok(Self { operator, version, partial, minor_open, patch_open })
    }

    fn matches(&self, v: &Version) -> bool {
        let c = &self.version;
        match self.operator {
            Operator::Equal if self.partial => self.tilde(v),
            Operator::Equal => v == c,
            Operator::NotEqual => self.differs(v),
            Operator::Greater if !self.partial => v > c,
            Operator::Greater if v.major != c.major => v.major > c.major,
            Operator::Greater if self.minor_open => false,
            Operator::Greater if self.patch_open => v.minor > c.minor,
            Operator::Greater => v > c,
            Operator::Less => v < c,
            Operator::AtLeast => v >= c,
            Operator::AtMost if !self.partial => v <= c,
            Operator::AtMost => {
                v.major < c.major || (v.major == c.major && (v.minor <= c.minor || self.minor_open))
            }
            Operator::Tilde => self.tilde(v),
            Operator::Caret => self.caret(v),
        }
    }

    fn differs(&self, v: &Version) -> bool {
        let c = &self.version;
        if !self.partial {
            return v != c;
        }
        if c.major != v.major || (c.minor != v.minor && !self.minor_open) {
            return true;
        }
        if self.minor_open {
            return false;
        }
        if c.patch != v.patch && !self.patch_open {
            return true;
        }
        if self.patch_open {
            return compare_prereleases(&v.prerelease, &c.prerelease) != Ordering::Equal;
        }
        v != c
    }

    fn tilde(&self, v: &Version) -> bool {
        let c = &self.version;
        if v < c {
            return false;
        }
        let zero = (c.major, c.minor, c.patch) == (0, 0, 0);
        if zero && !self.minor_open && !self.patch_open {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.minor_open)
    }

    fn caret(&self, v: &Version) -> bool {
        let c = &self.version;
        if v < c {
            return false;
        }
        if c.major > 0 || self.minor_open {
            return v.major == c.major;
        }
        if v.major > 0 {
            return false;
        }
        if c.minor > 0 || self.patch_open {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_compiles() {
        assert!(HYPHEN.is_some());
    }

    proptest::proptest! {
        #[test]
        fn what_is_of_the_form_is_what_the_patterns_of_the_library_take(
            text in "([v0-2xX*.,<>=!~^ +a-]|1[.]2| ~1|, >=|-a[.]b|[|]1){0,9}"
        ) {
            let one = format!(r"(=||!=|>|<|>=|=>|<=|=<|~|~>|\^){S}*({PARTIAL}){S}*");
            let group = Regex::new(&format!(r"^({S}*{one})((?:{S}+|,{S}*){one})*$")).unwrap();
            let hyphens = hyphens(&text);
            let every = hyphens.split("||").all(|part| group.is_match(part));
            let improper = matches!(Constraint::parse(&text), Err(ConstraintError::Improper(_)));
            // The first alternative that is none of the form may come behind one of no version.
            let version = matches!(Constraint::parse(&text), Err(ConstraintError::Version));
            proptest::prop_assert!(improper != every || (version && !every), "{text:?}");
            let version = Regex::new(&format!("^{}$", PARTIAL.replace(r"|x|X|\*", ""))).unwrap();
            let read = Version::parse(&text);
            let refused = matches!(read, Err(crate::VersionError::Invalid));
            let pipes = text.contains('|');
            proptest::prop_assert!(pipes || refused != version.is_match(&text), "{text:?}");
        }
    }

    #[test]
    fn constraints_match_as_in_the_library() {
        let check = |constraint: &str, yes: &str, no: &str| {
            let c = Constraint::parse(constraint).unwrap();
            for (text, want) in
                yes.split(' ').map(|v| (v, true)).chain(no.split(' ').map(|v| (v, false)))
            {
                if !text.is_empty() {
                    let v = Version::parse(text).unwrap();
                    assert_eq!(c.matches(&v), want, "{constraint} {text}");
                }
            }
        };
        check("1.x", "1.0.0 1.9.9 v1.2", "2.0.0 0.9.0 1.2.0-rc1");
        check("*", "0.0.0 9.9.9", "1.0.0-a");
        check(">=1.0 <2", "1.0.0 1.99.0", "2.0.0 0.1.0");
        check(">=1.0, <2", "1.0.0", "2.0.0");
        check("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.9");
        check("~1", "1.0.0 1.9.0", "2.0.0");
        check("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0");
        check("^1", "1.0.0 1.9.9", "2.0.0");
        check("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2");
        check("^0.0.3", "0.0.3", "0.0.4");
        check("^0", "0.5.0", "1.0.0");
        check("1.2 - 1.4", "1.2.0 1.4.9", "1.5.0 1.1.0");
        check("1.0.0 - 2.0.0 || 4.x", "1.5.0 2.0.0 4.1.0", "3.0.0 2.0.1");
        check(">1.0.0-0", "1.0.1-rc1 1.0.0", "0.9.0");
        check("!=1.2.x", "1.3.0", "1.2.0 1.2.5");
        check(">1", "2.0.0", "1.5.0");
        check("<=1", "1.9.0", "2.0.0");
        check("=1.2.3", "1.2.3 v1.2.3+build", "1.2.4");
        check("v1.x", "1.5.0", "2.0.0");
        for bad in ["main", "", "feature/x", ">=", "1.2.3.4", "abc1234"] {
            let error = Constraint::parse(bad).unwrap_err().to_string();
            assert_eq!(error, format!("improper constraint: {bad:?}"));
        }
    }

    #[test]
    fn a_constraint_has_bounds() {
        let long = format!("1{}", " ".repeat(600));
        assert_eq!(Constraint::parse(&long).unwrap_err(), ConstraintError::TooLong);
        let many = vec!["1"; 33].join("||");
        assert_eq!(Constraint::parse(&many).unwrap_err(), ConstraintError::TooManyGroups);
        let big = Constraint::parse(">99999999999999999999").unwrap_err();
        assert_eq!(big.to_string(), "constraint parser error");
    }
}
