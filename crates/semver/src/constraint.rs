//! Constraints: alternatives of conditions on a version.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::version::{Version, compare_prereleases};

// The same grammar as the library's; `|` inside the brackets is a character to it as well.
const PARTIAL: &str = concat!(
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
);
const OPERATOR: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

/// What Go's regular expressions call a blank.
const S: &str = r"[\t\n\f\r ]";
/// Bytes that a constraint may have.
const MAX_LENGTH: usize = 512;
/// Alternatives that a constraint may have.
const MAX_GROUPS: usize = 32;

static ONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"^{S}*({OPERATOR}){S}*({PARTIAL}){S}*$")));
static FIND: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"({OPERATOR}){S}*({PARTIAL})")));
static GROUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let one = format!(r"({OPERATOR}){S}*({PARTIAL}){S}*");
    compile(&format!(r"^({S}*{one})((?:{S}+|,{S}*){one})*$"))
});
static HYPHEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"{S}*({PARTIAL}){S}+-{S}+({PARTIAL}){S}*")));

/// The patterns are constants, and a test compiles them all.
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
        let group = |part: &str| {
            let improper = || ConstraintError::Improper(part.to_owned());
            if !GROUP.as_ref().is_some_and(|g| g.is_match(part)) {
                return Err(improper());
            }
            let find = FIND.as_ref().ok_or_else(improper)?;
            find.find_iter(part).map(|m| Condition::parse(m.as_str())).collect()
        };
        Ok(Self { groups: text.split("||").map(group).collect::<Result<_, _>>()? })
    }

    /// Whether `version` fulfils it.
    pub fn matches(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let with_pre = group.iter().any(|c| !c.version.prerelease.is_empty());
            (with_pre || version.prerelease.is_empty()) && group.iter().all(|c| c.matches(version))
        })
    }
}

/// `a - b` as `>= a, <= b`.
fn hyphens(text: &str) -> String {
    let mut out = text.to_owned();
    for found in HYPHEN.iter().flat_map(|h| h.captures_iter(text)) {
        // Groups 1 and 11 are the two versions: each holds nine inner ones.
        let part = |i: usize| found.get(i).map_or("", |m| m.as_str());
        out = out.replacen(part(0), &format!(">= {}, <= {} ", part(1), part(11)), 1);
    }
    out
}

impl Condition {
    fn parse(text: &str) -> Result<Self, ConstraintError> {
        let found = ONE
            .as_ref()
            .and_then(|one| one.captures(text))
            .ok_or_else(|| ConstraintError::Improper(text.to_owned()))?;
        let part = |i: usize| found.get(i).map_or("", |m| m.as_str()).trim_start_matches('.');
        let open = |i: usize| matches!(part(i), "" | "x" | "X" | "*");
        let pre = found.get(6).map_or("", |m| m.as_str());
        let (text, partial, minor_open, patch_open) = if open(3) {
            (format!("0.0.0{pre}"), true, false, false)
        } else if open(4) {
            (format!("{}.0.0{pre}", part(3)), true, true, false)
        } else if open(5) {
            (format!("{}.{}.0{pre}", part(3), part(4)), true, false, true)
        } else {
            (part(2).to_owned(), false, false, false)
        };
        let operator = match part(1) {
            "" | "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            ">=" | "=>" => Operator::AtLeast,
            "<=" | "=<" => Operator::AtMost,
            "~" | "~>" => Operator::Tilde,
            _ => Operator::Caret,
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
    fn every_pattern_compiles() {
        for pattern in [&ONE, &FIND, &GROUP, &HYPHEN] {
            assert!(pattern.is_some());
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
