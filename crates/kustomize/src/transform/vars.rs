//! `vars`: values put in the place of `$(NAME)`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::Fields;
use crate::error::{Error, Result};
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;
use crate::resource::scalar_text;

/// Puts the values in the fields of `specs`; the names that were never met come back.
///
/// # Errors
/// Where a field is not what its path says.
pub fn resolve(
    map: &mut ResMap,
    values: &BTreeMap<String, Value>,
    specs: &[FieldSpec],
) -> Result<Vec<String>> {
    let mut expansion = Expansion { values, used: BTreeSet::new() };
    let fields = Fields::new(specs);
    for resource in map.iter_mut() {
        fields.apply(&mut resource.value, None, &mut |value| expansion.field(value))?;
    }
    let used = expansion.used;
    Ok(values.keys().filter(|name| !used.contains(*name)).cloned().collect())
}

struct Expansion<'a> {
    values: &'a BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

impl Expansion<'_> {
    fn field(&mut self, value: &mut Value) -> Result<()> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| {
                if !item.is_string() {
                    return Err(Error::told("invalid value type expect a string"));
                }
                self.scalar(item);
                Ok(())
            }),
            Value::Object(fields) => {
                fields.values_mut().for_each(|value| self.scalar(value));
                Ok(())
            }
            scalar => {
                self.scalar(scalar);
                Ok(())
            }
        }
    }

    fn scalar(&mut self, value: &mut Value) {
        if let Value::String(text) = value
            && text.contains('$')
        {
            *value = self.expand(text);
        }
    }

    /// The value of a name: none for what is unknown or no scalar.
    fn value(&mut self, name: &str) -> Option<&Value> {
        let value = self.values.get(name).filter(|v| !v.is_object() && !v.is_array())?;
        if !self.used.contains(name) {
            self.used.insert(name.to_owned());
        }
        Some(value)
    }

    /// Replaces `$(NAME)`; `$$` is `$`. What is nothing but one reference keeps the value's type.
    fn expand(&mut self, text: &str) -> Value {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|&b| b == b'$') {
            let Some(&next) = rest.get(at + 1) else { break };
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 2..];
            match next {
                b'$' => out.push(b'$'),
                b'(' => match rest.iter().position(|&b| b == b')') {
                    None => out.extend_from_slice(b"$("),
                    Some(end) => {
                        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
                        rest = &rest[end + 1..];
                        match self.value(&name) {
                            Some(value) if text.len() == name.len() + 3 => return value.clone(),
                            Some(value) => out.extend_from_slice(scalar_text(value).as_bytes()),
                            None => out.extend_from_slice(format!("$({name})").as_bytes()),
                        }
                    }
                },
                // kustomize takes a byte for a character here.
                other => out.extend_from_slice(format!("${}", char::from(other)).as_bytes()),
            }
        }
        out.extend_from_slice(rest);
        Value::String(String::from_utf8_lossy(&out).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expands_references() {
        let values = BTreeMap::from([
            ("A".to_owned(), json!("a")),
            ("N".to_owned(), json!(8080)),
            ("M".to_owned(), json!({"x": 1})),
        ]);
        let mut expansion = Expansion { values: &values, used: BTreeSet::new() };
        for (text, expected) in [
            ("$(A)", json!("a")),
            ("$(N)", json!(8080)),
            ("x-$(N)-$(A)", json!("x-8080-a")),
            ("$(M) $(B)", json!("$(M) $(B)")),
            ("$$(A)", json!("$(A)")),
            ("$$$(A)", json!("$a")),
            ("$(A", json!("$(A")),
            ("cost $5 $", json!("cost $5 $")),
            ("$(A)$(A)", json!("aa")),
        ] {
            assert_eq!(expansion.expand(text), expected, "{text}");
        }
        assert_eq!(expansion.used, BTreeSet::from(["A".to_owned(), "N".to_owned()]));
    }
}
