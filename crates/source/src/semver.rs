//! Versions and constraints as Masterminds/semver v3 reads them, which is what Argo CD resolves
//! `targetRevision` with. Unlike Cargo's, versions may have a leading `v`, leave out minor and
//! patch, and constraints know `||`, hyphen ranges, `x` and `~` for a bare partial version.
//!
//! A version with a prerelease matches only a constraint group that names one.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

// The same grammar as the library's; `|` inside the brackets is a character to it as well.
const PARTIAL: &str = concat!(
    r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?",
    r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?",
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
);
const OPERATOR: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";

static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(concat!(
        r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?",
        r"(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?",
        r"(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?$"
    ))
});
static ONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"^\s*({OPERATOR})\s*({PARTIAL})\s*$")));
static FIND: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"({OPERATOR})\s*({PARTIAL})")));
static GROUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(&format!(
        r"^(\s*({OPERATOR})\s*({PARTIAL})\s*)((?:\s+|,\s*)({OPERATOR})\s*({PARTIAL})\s*)*$"
    ))
});
static HYPHEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(&format!(r"\s*({PARTIAL})\s+-\s+({PARTIAL})\s*")));

/// The patterns are constants, and a test compiles them all.
fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// A version. Build metadata is kept out: it does not take part in any comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    pre: String,
}

impl Version {
    /// Reads `text`, leniently; `None` if it is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let found = VERSION.as_ref()?.captures(text)?;
        let number = |i: usize| found.get(i).map_or(Some(0), |m| m.as_str().parse::<u64>().ok());
        let pre = found.get(4).map_or("", |m| m.as_str());
        // A prerelease's numbers have no leading zero.
        let valid = |part: &str| {
            part.is_empty()
                || part.len() == 1
                || !part.starts_with('0')
                || !part.bytes().all(|b| b.is_ascii_digit())
        };
        if !pre.split('.').all(valid) {
            return None;
        }
        Some(Self { major: number(1)?, minor: number(2)?, patch: number(3)?, pre: pre.to_owned() })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| prerelease(&self.pre, &other.pre))
    }
}

fn prerelease(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut l, mut r) = (left.split('.'), right.split('.'));
    loop {
        let order = match (l.next(), r.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
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

impl Constraint {
    /// Reads `text`; `None` if it is no constraint. A plain version is one, too.
    pub fn parse(text: &str) -> Option<Self> {
        let text = hyphens(text)?;
        let group = |part: &str| {
            if !GROUP.as_ref()?.is_match(part) {
                return None;
            }
            FIND.as_ref()?.find_iter(part).map(|m| Condition::parse(m.as_str())).collect()
        };
        Some(Self { groups: text.split("||").map(group).collect::<Option<_>>()? })
    }

    /// Whether `version` fulfils it.
    pub fn matches(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let with_pre = group.iter().any(|c| !c.version.pre.is_empty());
            (with_pre || version.pre.is_empty()) && group.iter().all(|c| c.matches(version))
        })
    }
}

/// `a - b` as `>= a, <= b`.
fn hyphens(text: &str) -> Option<String> {
    let mut out = text.to_owned();
    for found in HYPHEN.as_ref()?.captures_iter(text) {
        // Groups 1 and 11 are the two versions: each holds nine inner ones.
        let low = found.get(1)?.as_str();
        let high = found.get(11)?.as_str();
        out = out.replacen(found.get(0)?.as_str(), &format!(">= {low}, <= {high} "), 1);
    }
    Some(out)
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let found = ONE.as_ref()?.captures(text)?;
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
        Some(Self { operator, version: Version::parse(&text)?, partial, minor_open, patch_open })
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
            return prerelease(&v.pre, &c.pre) != Ordering::Equal;
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

/// The tag that `revision` means among `tags` (Argo CD's `versions.MaxVersion`): itself if it is a
/// plain version, the greatest match if it is a constraint; `None` if it is neither or nothing
/// matches. With a `prefix` only tags that begin with it count, and it is no part of the version.
pub fn max_version(revision: &str, tags: &[&str], prefix: &str) -> Option<String> {
    if Version::parse(revision).is_some() {
        return Some(format!("{prefix}{revision}"));
    }
    let constraint = Constraint::parse(revision)?;
    let mut best: Option<(Version, &str)> = None;
    for tag in tags.iter().filter_map(|t| t.strip_prefix(prefix)) {
        let Some(version) = Version::parse(tag) else { continue };
        if constraint.matches(&version) && best.as_ref().is_none_or(|(b, _)| version > *b) {
            best = Some((version, tag));
        }
    }
    best.map(|(_, tag)| format!("{prefix}{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for pattern in [&VERSION, &ONE, &FIND, &GROUP, &HYPHEN] {
            assert!(pattern.is_some());
        }
    }

    #[test]
    fn constraints_match_as_in_the_library() {
        let check = |constraint: &str, yes: &str, no: &str| {
            let c = Constraint::parse(constraint).unwrap_or_else(|| panic!("{constraint}"));
            for (text, want) in
                yes.split(' ').map(|v| (v, true)).chain(no.split(' ').map(|v| (v, false)))
            {
                if !text.is_empty() {
                    let v = Version::parse(text).unwrap_or_else(|| panic!("{text}"));
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
            assert!(Constraint::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn versions_are_ordered() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.0.1",
            "v2",
        ];
        for pair in order.windows(2) {
            assert!(Version::parse(pair[0]) < Version::parse(pair[1]), "{pair:?}");
        }
        for bad in ["", "v", "1.2.3-01", "a", "1.2.3.4", "99999999999999999999"] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_greatest_tag_wins() {
        let tags = ["v1.0.0", "v1.2.0", "v1.2.0-rc1", "1.1", "nightly", "app-2.0.0", "app-1.0.0"];
        let max = |revision: &str, prefix: &str| max_version(revision, &tags, prefix);
        assert_eq!(max("1.x", "").as_deref(), Some("v1.2.0"));
        assert_eq!(max("<1.2", "").as_deref(), Some("1.1"));
        assert_eq!(max("v9.9.9", "").as_deref(), Some("v9.9.9"));
        assert_eq!(max("main", ""), None);
        assert_eq!(max(">=1", "app-").as_deref(), Some("app-2.0.0"));
        assert_eq!(max("3.x", ""), None);
    }
}
