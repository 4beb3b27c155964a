//! Paths with dots, as vars write them.

use serde_json::Value;

/// The parts of a path: divided by dots, but not in brackets or behind a backslash.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut depth = 0usize;
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'.') => part.extend(chars.next()),
            '[' => {
                depth += 1;
                part.push(c);
            }
            ']' => {
                depth = depth.saturating_sub(1);
                part.push(c);
            }
            '.' if depth == 0 => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts.into_iter().flat_map(split_index).collect()
}

/// `ports[0]` is `ports` and `0`; `[name=x]` and `a[b.c]` stay whole but for their key.
fn split_index(part: String) -> Vec<String> {
    let Some(open) = part.rfind('[') else { return vec![part] };
    let inner = part[open..].trim_start_matches('[').trim_end_matches(']').to_owned();
    if !part.ends_with(']') || inner.is_empty() || !inner.bytes().all(|b| b.is_ascii_digit()) {
        return vec![part];
    }
    let mut out = Vec::new();
    if open > 0 {
        out.push(part[..open].to_owned());
    }
    out.push(inner);
    out
}

/// The value at a path.
pub(crate) fn field_value<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut at = value;
    for part in split(path) {
        at = match at {
            Value::Object(fields) => {
                let key = part.strip_prefix('[').and_then(|p| p.strip_suffix(']')).unwrap_or(&part);
                fields.get(&part).or_else(|| fields.get(key))?
            }
            Value::Array(items) => {
                let condition = part.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
                match condition.and_then(|c| c.split_once('=')) {
                    Some((key, wanted)) => items.iter().find(|item| {
                        item.get(key).is_some_and(|v| crate::resource::scalar_text(v) == wanted)
                    })?,
                    None if part == "-" => items.last()?,
                    None => items.get(part.parse::<usize>().ok()?)?,
                }
            }
            _ => return None,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_sort_of_part() {
        let value = json!({"a": {"b.c": [{"name": "x.y", "v": 1}, {"name": "z", "v": 2}]}});
        let at = |path: &str| field_value(&value, path).cloned();
        assert_eq!(at("a.b\\.c[1].v"), Some(json!(2)));
        assert_eq!(at("a.b\\.c.0.v"), Some(json!(1)));
        assert_eq!(at("a.b\\.c.[name=x.y].v"), Some(json!(1)));
        assert_eq!(at("a.[b.c].-.v"), Some(json!(2)));
        assert_eq!(at("a.none"), None);
        assert_eq!(at("a.b\\.c.7"), None);
    }
}
