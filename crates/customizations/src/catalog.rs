//! All rules, by kind.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::notation::{ParseError, Rule, parse};

const AREAS: [(&str, &str); 8] = [
    ("argo", include_str!("rules/argo.rules")),
    ("cloud", include_str!("rules/cloud.rules")),
    ("data", include_str!("rules/data.rules")),
    ("delivery", include_str!("rules/delivery.rules")),
    ("kubernetes", include_str!("rules/kubernetes.rules")),
    ("network", include_str!("rules/network.rules")),
    ("others", include_str!("rules/others.rules")),
    ("workloads", include_str!("rules/workloads.rules")),
];

/// Rules by kind, and by pattern of kinds in the order in which they are tried.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    exact: HashMap<String, usize>,
    patterns: Vec<(String, usize)>,
    rules: Vec<Rule>,
}

/// What is known. A file that cannot be read is left out; a test sees to it that there is none.
pub(crate) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let mut catalog = Catalog::default();
        for (_, text) in AREAS {
            let _ = catalog.add(text);
        }
        catalog.patterns.sort();
        catalog
    });
    &CATALOG
}

impl Catalog {
    fn add(&mut self, text: &str) -> Result<(), ParseError> {
        for (kinds, rule) in parse(text)? {
            let index = self.rules.len();
            self.rules.push(rule);
            for kind in kinds {
                if kind.contains('*') {
                    self.patterns.push((kind, index));
                } else {
                    self.exact.insert(kind, index);
                }
            }
        }
        Ok(())
    }

    /// The rule of a kind: its own, else that of the first pattern.
    pub(crate) fn rule(&self, group: &str, kind: &str) -> Option<&Rule> {
        let key = format!("{group}/{kind}");
        let index = self.exact.get(&key).or_else(|| {
            let fits = |pattern: &str| {
                let (group_pattern, kind_pattern) =
                    pattern.split_once('/').unwrap_or((pattern, "*"));
                matches(group_pattern, group) && matches(kind_pattern, kind)
            };
            self.patterns.iter().find(|(pattern, _)| fits(pattern)).map(|(_, index)| index)
        })?;
        self.rules.get(*index)
    }
}

/// Whether a name fits a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::odd;

    #[test]
    fn every_area_can_be_read_and_its_functions_exist() {
        let mut seen = std::collections::BTreeSet::new();
        for (area, text) in AREAS {
            let rules = parse(text).unwrap_or_else(|error| panic!("{area}: {error}"));
            for (kinds, rule) in rules {
                for name in rule.functions() {
                    assert!(odd::function(name).is_some(), "{area}: {kinds:?}: no function {name}");
                }
                for kind in kinds {
                    assert!(seen.insert(kind.clone()), "{area}: {kind} has two rules");
                }
            }
        }
    }

    #[test]
    fn a_kind_has_its_own_rule_or_that_of_a_pattern() {
        for (group, kind, known) in [
            ("argoproj.io", "Rollout", true),
            ("sql.cnrm.cloud.google.com", "SQLInstance", true),
            ("cnrm.cloud.google.com", "SQLInstance", false),
            ("", "ConfigMap", false),
        ] {
            assert_eq!(catalog().rule(group, kind).is_some(), known, "{group}/{kind}");
        }
    }
}
