//! Versions.

use std::cmp::Ordering;
use std::fmt;

use crate::grammar::Parts;

/// Bytes that a version may have.
const MAX_LENGTH: usize = 256;

/// Why a text is no version, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not of the form at all.
    #[error("invalid semantic version")]
    Invalid,
    /// Nothing.
    #[error("version string empty")]
    Empty,
    /// More than 256 bytes.
    #[error("version string is too long (max {MAX_LENGTH} bytes)")]
    TooLong,
    /// Something other than digits where a number is to be.
    #[error("invalid characters in version")]
    Characters,
    /// A leading zero, which numbers must not have.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// A bad prerelease.
    #[error("invalid prerelease string")]
    Prerelease,
    /// Bad build metadata.
    #[error("invalid metadata string")]
    Metadata,
    /// A number beyond 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing {0:?}: value out of range")]
    Range(String),
}

/// A version. Build metadata takes no part in comparisons.
#[derive(Clone, Debug)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number; 0 if left out.
    pub minor: u64,
    /// Third number; 0 if left out.
    pub patch: u64,
    /// What follows `-`.
    pub prerelease: String,
    /// What follows `+`.
    pub metadata: String,
    original: String,
}

impl Version {
    /// Reads `text` leniently: `v1`, `1.2`, leading zeroes.
    ///
    /// # Errors
    /// When it is no version.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.len() > MAX_LENGTH {
            return Err(VersionError::TooLong);
        }
        let (parts, rest) =
            Parts::read(text, |b| b.is_ascii_digit()).ok_or(VersionError::Invalid)?;
        if !rest.is_empty() {
            return Err(VersionError::Invalid);
        }
        let number = |i: usize| match parts.numbers[i] {
            None => Ok(0),
            Some(n) => n.parse::<u64>().map_err(|_| VersionError::Range(n.to_owned())),
        };
        let version = Self {
            major: number(0)?,
            minor: number(1)?,
            patch: number(2)?,
            prerelease: parts.prerelease.unwrap_or_default().to_owned(),
            metadata: parts.metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        };
        version.check_prerelease()?;
        Ok(version)
    }

    /// Reads `text` as the specification of semantic versions has it: three numbers, no `v`.
    ///
    /// # Errors
    /// When it is no such version.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(VersionError::TooLong);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(VersionError::Invalid);
        };
        let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(r, m)| (r, Some(m)));
        if metadata.is_some_and(|m| !m.split('.').all(is_identifier)) {
            return Err(VersionError::Metadata);
        }
        let (patch, pre) = rest.split_once('-').map_or((rest, None), |(r, p)| (r, Some(p)));
        let version = |major, minor, patch| Self {
            major,
            minor,
            patch,
            prerelease: pre.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        };
        if let Some(pre) = pre {
            if !pre.split('.').all(is_identifier) {
                return Err(VersionError::Prerelease);
            }
            version(0, 0, 0).check_prerelease()?;
        }
        for part in [major, minor, patch] {
            if !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(VersionError::Characters);
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(VersionError::LeadingZero);
            }
        }
        let number =
            |part: &str| part.parse::<u64>().map_err(|_| VersionError::Range(part.to_owned()));
        Ok(version(number(major)?, number(minor)?, number(patch)?))
    }

    /// The text that it was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// A prerelease's numbers have no leading zero.
    fn check_prerelease(&self) -> Result<(), VersionError> {
        let bad = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit())
        };
        if self.prerelease.split('.').any(bad) { Err(VersionError::LeadingZero) } else { Ok(()) }
    }
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |v: &Self| (v.major, v.minor, v.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }
}

/// Part by part: a missing part is less than any, a number less than a word.
pub(crate) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut l, mut r) = (left.split('.'), right.split('.'));
    loop {
        let (a, b) = match (l.next(), r.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or_default(), b.unwrap_or_default()),
        };
        if a == b {
            continue;
        }
        return match (a.is_empty(), b.is_empty(), a.parse::<u64>(), b.parse::<u64>()) {
            (true, ..) => Ordering::Less,
            (_, true, ..) => Ordering::Greater,
            (_, _, Ok(a), Ok(b)) => a.cmp(&b),
            (_, _, Ok(_), Err(_)) => Ordering::Less,
            (_, _, Err(_), Ok(_)) => Ordering::Greater,
            (_, _, Err(_), Err(_)) => a.cmp(b),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let version = |t| Version::parse(t).unwrap();
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_version_says_why() {
        let check = |text: &str, lenient: &str, strict: &str| {
            let of = |r: Result<Version, VersionError>| match r {
                Ok(v) => v.to_string(),
                Err(e) => e.to_string(),
            };
            assert_eq!(of(Version::parse(text)), lenient, "{text}");
            assert_eq!(of(Version::parse_strict(text)), strict, "{text}");
        };
        let invalid = "invalid semantic version";
        check("v1.2", "1.2.0", invalid);
        check("01.2.3", "1.2.3", "version segment starts with 0");
        check("1.2.3-rc.1+b.7", "1.2.3-rc.1+b.7", "1.2.3-rc.1+b.7");
        check("", invalid, "version string empty");
        check("v", invalid, invalid);
        check("1.2.3-01", "version segment starts with 0", "version segment starts with 0");
        check("1.2.3.4", invalid, "invalid characters in version");
        check("1.2.3-a..b", invalid, "invalid prerelease string");
        check("1.2.3+a..b", invalid, "invalid metadata string");
        let range = "error parsing version segment: strconv.ParseUint: parsing \
            \"99999999999999999999\": value out of range";
        check("99999999999999999999", range, invalid);
        let long = "1".repeat(257);
        let too_long = "version string is too long (max 256 bytes)";
        check(&long, too_long, too_long);
    }
}
