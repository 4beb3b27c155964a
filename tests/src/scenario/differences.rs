//! How two observations differ, and which differences are known.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde::Deserialize;
use windlass_object::{Value, yaml};

/// One place at which Windlass gives something else than Argo CD.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// Keys from the observation's root; items of lists by what identifies them.
    pub(crate) at: Vec<String>,
    pub(crate) argocd: Option<Value>,
    pub(crate) windlass: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |v: &Option<Value>| v.as_ref().map_or("nothing".to_owned(), Value::to_string);
        let at = self.at.join(" > ");
        write!(
            f,
            "{at}\n      argocd   {}\n      windlass {}",
            shown(&self.argocd),
            shown(&self.windlass)
        )
    }
}

/// All differences between the two.
pub(crate) fn between(argocd: &Value, windlass: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), Some(argocd), Some(windlass), &mut found);
    found
}

fn walk(
    at: &mut Vec<String>,
    argocd: Option<&Value>,
    windlass: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    if argocd == windlass {
        return;
    }
    let mut difference = |at: &[String], argocd: Option<&Value>, windlass: Option<&Value>| {
        found.push(Difference {
            at: at.to_vec(),
            argocd: argocd.cloned(),
            windlass: windlass.cloned(),
        });
    };
    // A list that is absent is told item by item.
    let nothing = Value::Array(Vec::new());
    let (argocd, windlass) = match (argocd, windlass) {
        (None, Some(Value::Array(_))) => (Some(&nothing), windlass),
        (Some(Value::Array(_)), None) => (argocd, Some(&nothing)),
        both => both,
    };
    let (left, right, order) = match (argocd, windlass) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let pairs = |map: &windlass_object::Map<String, Value>| {
                map.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<BTreeMap<_, _>>()
            };
            (pairs(left), pairs(right), false)
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            let order = |items: &[Value]| items.iter().map(identity).collect::<Vec<_>>();
            let (a, b) = (order(left), order(right));
            let sorted = |mut list: Vec<String>| {
                list.sort();
                list
            };
            let reordered = a != b && sorted(a.clone()) == sorted(b.clone());
            (keyed(left), keyed(right), reordered)
        }
        _ => return difference(at, argocd, windlass),
    };
    if order {
        at.push("order".to_owned());
        difference(at, argocd, windlass);
        at.pop();
    }
    let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        at.push(key.clone());
        walk(at, left.get(key), right.get(key), found);
        at.pop();
    }
}

fn keyed(items: &[Value]) -> BTreeMap<String, Value> {
    let mut keyed = BTreeMap::new();
    for item in items {
        let (identity, mut number) = (identity(item), 1);
        let mut key = identity.clone();
        while keyed.contains_key(&key) {
            number += 1;
            key = format!("{identity} #{number}");
        }
        keyed.insert(key, item.clone());
    }
    keyed
}

/// What an item of a list is told by.
fn identity(item: &Value) -> String {
    if !item.is_object() {
        return item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    }
    let parts: Vec<&str> = ["type", "kind", "namespace", "name", "syncPhase", "hookType"]
        .iter()
        .filter_map(|key| item[*key].as_str())
        .collect();
    if parts.is_empty() {
        return item["id"].as_i64().map_or("item".to_owned(), |id| id.to_string());
    }
    parts.join(" ")
}

/// The table of known differences.
#[derive(Debug)]
pub(crate) struct Known {
    entries: Vec<Entry>,
    used: Mutex<Vec<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Scenario names with `*`; all when there is none.
    #[serde(default)]
    scenarios: Vec<String>,
    /// Keys with `*`, of the place or of something above it.
    at: Vec<String>,
    /// What Argo CD gives there; anything unless said.
    #[serde(default)]
    argocd: Option<Value>,
    /// What Windlass gives there; anything unless said.
    #[serde(default)]
    windlass: Option<Value>,
    /// Why, and what users gain if it is meant.
    reason: String,
}

impl Known {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path)?;
        let value = yaml::parse_one(&text, &yaml::Options::strict())?;
        let entries: Vec<Entry> = match value {
            Value::Null => Vec::new(),
            value => {
                serde_json::from_value(value).with_context(|| format!("{}", path.display()))?
            }
        };
        let used = Mutex::new(vec![false; entries.len()]);
        Ok(Self { entries, used })
    }

    /// Whether the table has it.
    pub(crate) fn has(&self, scenario: &str, difference: &Difference) -> bool {
        let mut any = false;
        for (number, entry) in self.entries.iter().enumerate() {
            let here = entry.scenarios.is_empty()
                || entry.scenarios.iter().any(|pattern| glob(pattern, scenario));
            let place = entry.at.len() <= difference.at.len()
                && entry.at.iter().zip(&difference.at).all(|(pattern, key)| glob(pattern, key));
            let is = |wanted: &Option<Value>, found: &Option<Value>| {
                wanted.as_ref().is_none_or(|wanted| found.as_ref() == Some(wanted))
            };
            let values =
                is(&entry.argocd, &difference.argocd) && is(&entry.windlass, &difference.windlass);
            if here && place && values {
                self.used.lock()[number] = true;
                any = true;
            }
        }
        any
    }

    /// Entries that nothing differed by.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.lock();
        let unused = self.entries.iter().zip(used.iter()).filter(|(_, used)| !**used);
        unused
            .map(|(e, _)| {
                format!("{} of {}: {}", e.at.join(" > "), e.scenarios.join(","), e.reason)
            })
            .collect()
    }
}

/// `*` is any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(place) => text = &text[place + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[test]
    fn items_of_lists_are_told_by_what_they_are() {
        let argocd = json!({"c": [{"type": "A", "m": 1}, {"type": "B"}], "l": ["x", "y"]});
        let windlass = json!({"c": [{"type": "B"}, {"type": "A", "m": 2}], "l": ["y"]});
        let found: Vec<String> =
            between(&argocd, &windlass).iter().map(|d| d.at.join("/")).collect();
        assert_eq!(found, ["c/order", "c/A/m", "l/x"]);
    }

    #[test]
    fn stars() {
        for (pattern, text, is) in [
            ("*", "any", true),
            ("a*", "abc", true),
            ("a*c", "abd", false),
            ("*b*", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(glob(pattern, text), is, "{pattern} {text}");
        }
    }
}
