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
pub struct Rules {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Why there is one that could not be read, if there is. Nothing is compared then: a sync might
    /// overwrite what the rule was to protect.
    pub problem: Option<String>,
}

impl Rule {
    fn concerns(&self, object: &Object) -> bool {
        let exact = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
        matches(&self.group, object.group())
            && matches(&self.kind, object.kind())
            && exact(&self.name, object.name())
            && exact(&self.namespace, object.namespace())
    }
}

impl Rule {
    /// What of the rule matches nothing in any of these objects, in the words in which it was
    /// written: pointers, paths, managers. The whole rule, by its kind, where it concerns none.
    pub fn idle(&self, objects: &[&Object]) -> Vec<String> {
        let concerned: Vec<&Object> =
            objects.iter().copied().filter(|object| self.concerns(object)).collect();
        if concerned.is_empty() {
            return vec![format!("any object of the kind {:?}", self.kind)];
        }
        let values: Vec<Value> = concerned.iter().map(|object| object.to_value()).collect();
        let manages = |name: &str| {
            concerned.iter().any(|object| {
                let entries = object.get(&["metadata", "managedFields"]).and_then(Value::as_array);
                entries.into_iter().flatten().any(|entry| entry["manager"] == name)
            })
        };
        let pointers = self.pointers.iter().filter(|p| values.iter().all(|v| p.get(v).is_none()));
        let paths = self.paths.iter().filter(|path| values.iter().all(|v| !path.matches(v)));
        let managers = self.managers.iter().filter(|name| !manages(name));
        pointers
            .map(ToString::to_string)
            .chain(paths.map(|path| path.text().to_owned()))
            .chain(managers.map(|name| format!("the manager {name}")))
            .collect()
    }
}

impl IgnoreDifferences for Rules {
    fn strip(&self, object: &mut Object) {
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.concerns(object)).collect();
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

    fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn managers(&self, object: &Object) -> Vec<&str> {
        let rules =
            self.rules.iter().filter(|rule| !rule.managers.is_empty() && rule.concerns(object));
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
