//! The form of versions, read without regular expressions: to compile one takes longer than to
//! render a small chart.

/// A version as it is written, each part without the mark before it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts<'t> {
    /// The first number, and the two that may be left out.
    pub(crate) numbers: [Option<&'t str>; 3],
    /// What follows `-`.
    pub(crate) prerelease: Option<&'t str>,
    /// What follows `+`.
    pub(crate) metadata: Option<&'t str>,
}

impl<'t> Parts<'t> {
    /// Reads the longest version at the beginning of `text`, with what follows it. `digit` says what
    /// stands in numbers.
    pub(crate) fn read(text: &'t str, digit: fn(u8) -> bool) -> Option<(Self, &'t str)> {
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut parts = Self::default();
        for (i, number) in parts.numbers.iter_mut().enumerate() {
            let from = if i == 0 { Some(rest) } else { rest.strip_prefix('.') };
            let Some((found, after)) = from.and_then(|from| run(from, digit)) else { break };
            (*number, rest) = (Some(found), after);
        }
        parts.numbers[0]?;
        (parts.prerelease, rest) = identifiers(rest, '-');
        (parts.metadata, rest) = identifiers(rest, '+');
        Some((parts, rest))
    }
}

/// Identifiers with dots between them, if they stand behind `mark`.
fn identifiers(text: &str, mark: char) -> (Option<&str>, &str) {
    let Some(from) = text.strip_prefix(mark) else { return (None, text) };
    let Some((_, mut rest)) = run(from, is_identifier) else { return (None, text) };
    while let Some((_, after)) = rest.strip_prefix('.').and_then(|r| run(r, is_identifier)) {
        rest = after;
    }
    (Some(&from[..from.len() - rest.len()]), rest)
}

fn is_identifier(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

/// The bytes at the beginning that are of a class, which holds ASCII only; none if there are none.
fn run(text: &str, class: fn(u8) -> bool) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !class(b)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}
