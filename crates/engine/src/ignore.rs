//! Fields that the application or settings do not compare.

mod jq;

use std::sync::Arc;

pub use jq::{BadJq, Jq};
use windlass_object::{Object, Pointer, Value};
use windlass_tree::glob_matches;

use crate::normalize::IgnoreDifferences;

/// Fields to ignore in some objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// API group, a glob.
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
        glob_matches(&self.group, object.group())
            && glob_matches(&self.kind, object.kind())
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
