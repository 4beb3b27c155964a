//! Numbers that look drawn, and what is done to objects with them.

use serde_json::Value;

/// Unless `WINDLASS_SEED` names another.
const SEED: usize = 20_261_127;

/// Numbers that look drawn (xorshift).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn seeded() -> Self {
        Self(number("WINDLASS_SEED", SEED) as u64)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }
}

/// Pointers to the values below a value that are of a sort.
pub(crate) fn pointers(
    value: &Value,
    at: &str,
    wanted: &dyn Fn(&Value) -> bool,
    found: &mut Vec<String>,
) {
    if wanted(value) && !at.is_empty() {
        found.push(at.to_owned());
    }
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(value, &format!("{at}/{key}"), wanted, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), wanted, found);
            }
        }
        _ => {}
    }
}

pub(crate) fn remove(object: &mut Value, at: &str) {
    let (parent, last) = at.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap() {
        Value::Object(fields) => {
            fields.remove(&last.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(last.parse().unwrap());
        }
        _ => {}
    }
}

pub(crate) fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Whether an object is of one of some kinds: `group/Kind`, `*` for any kind or any start of a group.
pub(crate) fn is_of(object: &Value, kinds: &[&str]) -> bool {
    let group =
        object["apiVersion"].as_str().unwrap().rsplit_once('/').map_or("", |(group, _)| group);
    kinds.iter().any(|pattern| {
        let (groups, kind) = pattern.split_once('/').unwrap();
        let fits = match groups.strip_prefix('*') {
            Some(end) => group.ends_with(end),
            None => group == groups,
        };
        fits && (kind == "*" || object["kind"] == kind)
    })
}
