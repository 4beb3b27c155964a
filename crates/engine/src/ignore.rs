//! Fields that the application or settings do not compare.

mod jq;

use std::sync::Arc;

pub use jq::{BadJq, Jq};
use windlass_object::{Object, Pointer, Value};

use crate::normalize::IgnoreDifferences;

/// Fields to ignore in some objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// API group; `*` stands for any text, `?` for any character.
    pub group: String,
    /// Kind, likewise.
    pub kind: String,
    /// Name, or empty for all.
    pub name: String,
    /// Namespace, or empty for all.
    pub namespace: String,
    /// The fields by place.
    pub pointers: Vec<Pointer>,
    /// The fields by jq path.
    pub paths: Vec<Arc<Jq>>,
    /// The fields that these field managers set.
    pub managers: Vec<String>,
}

/// Rules, all of which apply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(pub Vec<Rule>);

impl Rule {
    fn concerns(&self, object: &Object) -> bool {
        let exact = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
        matches(&self.group, object.group())
            && matches(&self.kind, object.kind())
            && exact(&self.name, object.name())
            && exact(&self.namespace, object.namespace())
    }
}

impl IgnoreDifferences for Rules {
    fn strip(&self, object: &mut Object) {
        let rules: Vec<&Rule> = self.0.iter().filter(|rule| rule.concerns(object)).collect();
        if rules.is_empty() {
            return;
        }
        let mut value = Value::Object(std::mem::take(object.fields_mut()));
        for pointer in rules.iter().flat_map(|rule| &rule.pointers) {
            pointer.remove(&mut value);
        }
        for path in rules.iter().flat_map(|rule| &rule.paths) {
            path.remove(&mut value);
        }
        if let Value::Object(fields) = value {
            *object.fields_mut() = fields;
        }
    }

    fn managers(&self, object: &Object) -> Vec<&str> {
        let rules = self.0.iter().filter(|rule| !rule.managers.is_empty() && rule.concerns(object));
        rules.flat_map(|rule| rule.managers.iter().map(String::as_str)).collect()
    }
}

/// Whether a text matches a pattern in which `*` stands for any text and `?` for any character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    match (pattern.next(), text.chars().next()) {
        (None, first) => first.is_none(),
        (Some('*'), _) => {
            let rest = pattern.as_str();
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }
        (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
            matches(pattern.as_str(), &text[found.len_utf8()..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("apps", "apps", true),
            ("apps", "app", false),
            ("*", "", true),
            ("*.example.com", "a.example.com", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("Pod?", "Pods", true),
            ("Pod?", "Pod", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
