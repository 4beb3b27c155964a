//! `--resource GROUP:KIND:NAME`, as argocd reads it.

use std::fmt;
use std::str::FromStr;

use windlass_object::ResourceKey;

use crate::cli::failure::Failure;

/// One `--resource`: `*` is any, a leading `!` leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    exclude: bool,
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// Those of a command line.
///
/// # Errors
/// When one is none: not an error of the command line, as in argocd.
pub(crate) fn patterns(texts: &[String]) -> anyhow::Result<Vec<Pattern>> {
    texts.iter().map(|text| text.parse().map_err(|error: String| Failure::generic(error))).collect()
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (exclude, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let fields: Vec<&str> = text.split(':').collect();
        let [group, kind, name] = fields.as_slice() else {
            return Err(format!("resource should have GROUP:KIND:NAME, but instead got: {text}"));
        };
        let (namespace, name) = match name.split_once('/') {
            None => (None, *name),
            Some((_, name)) if name.contains('/') => {
                return Err(format!(
                    "resource with namespace should have GROUP:KIND:NAMESPACE/NAME, but instead \
                     got: {text}"
                ));
            }
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
        };
        Ok(Self {
            exclude,
            group: (*group).to_owned(),
            kind: (*kind).to_owned(),
            namespace,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exclude = if self.exclude { "!" } else { "" };
        write!(f, "{exclude}{}:{}:", self.group, self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

impl Pattern {
    fn matches(&self, key: &ResourceKey) -> bool {
        let is = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        is(&self.group, &key.group)
            && is(&self.kind, &key.kind)
            && is(&self.name, &key.name)
            && self.namespace.as_deref().is_none_or(|n| n.is_empty() || n == key.namespace)
    }
}

/// Whether the patterns take an object: some pattern that includes matches, and none that excludes;
/// with patterns that exclude only, what they do not match is taken.
pub(crate) fn includes(patterns: &[Pattern], key: &ResourceKey) -> bool {
    let mut including = patterns.iter().filter(|pattern| !pattern.exclude).peekable();
    let is_included = including.peek().is_none() || including.any(|pattern| pattern.matches(key));
    is_included && !patterns.iter().any(|pattern| pattern.exclude && pattern.matches(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_argocd_does() {
        let service = ResourceKey::new("", "Service", "a", "web");
        let deployment = ResourceKey::new("apps", "Deployment", "a", "web");
        let check = |patterns: &[&str], wanted: (bool, bool)| {
            let patterns: Vec<Pattern> = patterns.iter().map(|p| p.parse().unwrap()).collect();
            let got = (includes(&patterns, &service), includes(&patterns, &deployment));
            assert_eq!(got, wanted, "{patterns:?}");
        };
        check(&[], (true, true));
        check(&[":Service:web"], (true, false));
        check(&[":Service:b/web"], (false, false));
        check(&["*:*:web", "!apps:*:*"], (true, false));
        check(&["!*:Service:*"], (false, true));
        check(&[":Service:web", "!*:Service:*"], (false, false));
        check(&["!*:Service:*", "!apps:*:*"], (false, false));
        assert!("a:b".parse::<Pattern>().is_err());
    }
}
