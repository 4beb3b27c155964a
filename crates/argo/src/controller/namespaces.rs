//! Namespaces by patterns: globs, or regular expressions between slashes.

use regex::Regex;
use windlass_tree::Glob;

/// Patterns of namespaces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces {
    written: Vec<String>,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Glob(Glob),
    Regex(Regex),
}

impl PartialEq for Namespaces {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Namespaces {
    /// From a setting: patterns with commas between them.
    pub(crate) fn read(text: &str) -> Self {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        Self::of(&words.map(ToOwned::to_owned).collect::<Vec<_>>())
    }

    /// From a list of patterns. One that cannot be read matches nothing.
    pub(crate) fn of(list: &[String]) -> Self {
        let mut patterns = Vec::new();
        for word in list {
            let inner = word.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
            patterns.extend(inner.and_then(|inner| Regex::new(inner).ok()).map(Pattern::Regex));
            patterns.extend(Glob::new(word).ok().map(Pattern::Glob));
        }
        Self { written: list.to_vec(), patterns }
    }

    /// Whether there is no pattern.
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether a pattern matches. A regular expression need match only a part.
    pub(crate) fn contains(&self, namespace: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::Glob(glob) => glob.matches(namespace),
            Pattern::Regex(regex) => regex.is_match(namespace),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_and_expressions() {
        let check = |text: &str, namespace: &str, expected: bool| {
            assert_eq!(Namespaces::read(text).contains(namespace), expected, "{text} {namespace}");
        };
        check("", "a", false);
        check("a, team-*", "team-a", true);
        check("a, team-*", "other", false);
        check("/^team-[0-9]+$/", "team-12", true);
        check("/^team-[0-9]+$/", "team-x", false);
        check("/eam/", "team-x", true);
        check("/(/", "a", false);
        // The comma ends the first; the end of it closes its brace.
        check("{a,b}", "a", true);
        check("{a,b}", "b", false);
        check("[", "a", false);
    }
}
