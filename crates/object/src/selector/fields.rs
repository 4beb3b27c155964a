//! Field selectors: `metadata.name=a,status.phase!=Running`.

use std::fmt;
use std::str::FromStr;

use super::SelectorError;

/// What a field is compared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldOperator {
    /// `=` or `==`.
    Equals,
    /// `!=`.
    NotEquals,
}

/// One term of a field selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldRequirement {
    /// The field's path, such as `metadata.name`.
    pub field: String,
    /// How it is compared.
    pub operator: FieldOperator,
    /// With what.
    pub value: String,
}

/// A field selector: all its terms must hold. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSelector(Vec<FieldRequirement>);

impl FieldSelector {
    /// The terms.
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.0
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is selected, of which `get` tells a field's text, empty if it has none.
    pub fn matches<'v>(&self, mut get: impl FnMut(&str) -> &'v str) -> bool {
        self.0.iter().all(|r| (get(&r.field) == r.value) == (r.operator == FieldOperator::Equals))
    }

    /// The value that `field` must have, if the selector names one.
    pub fn required(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|r| r.field == field && r.operator == FieldOperator::Equals)
            .map(|r| r.value.as_str())
    }
}

impl FromStr for FieldSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut terms = split_terms(text);
        terms.sort_unstable();
        terms
            .into_iter()
            .filter(|t| !t.is_empty())
            .map(|term| {
                let at = term
                    .find(['=', '!'])
                    .filter(|at| term[*at..].starts_with('=') || term[*at..].starts_with("!="));
                let Some(at) = at else {
                    return Err(SelectorError(format!(
                        "invalid selector: '{text}'; can't understand '{term}'"
                    )));
                };
                let (field, rest) = term.split_at(at);
                let (operator, value) = if let Some(value) = rest.strip_prefix("!=") {
                    (FieldOperator::NotEquals, value)
                } else {
                    (FieldOperator::Equals, rest.strip_prefix("==").unwrap_or(&rest[1..]))
                };
                let value = unescape(value)?;
                Ok(FieldRequirement { field: field.to_owned(), operator, value })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn unescape(text: &str) -> Result<String, SelectorError> {
    let bad = |sequence: String| {
        SelectorError(format!("invalid field selector: invalid escape sequence: {sequence}"))
    };
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(bad(format!("\\{c}"))),
                None => return Err(bad("\\".to_owned())),
            },
            ',' | '=' => {
                return Err(SelectorError(format!(
                    "invalid field selector: unescaped character in value: {}",
                    u32::from(c)
                )));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let operator = if r.operator == FieldOperator::Equals { "=" } else { "!=" };
            let value = r.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{comma}{}{operator}{value}", r.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_matches_and_prints() {
        let selector: FieldSelector = "status.phase!=Running,metadata.name==a\\,b".parse().unwrap();
        assert_eq!(selector.to_string(), "metadata.name=a\\,b,status.phase!=Running");
        let get = |field: &str| if field == "metadata.name" { "a,b" } else { "Failed" };
        assert!(selector.matches(get));
        assert!(!selector.matches(|_| "Running"));
        assert_eq!(selector.required("metadata.name"), Some("a,b"));
        assert!("".parse::<FieldSelector>().unwrap().is_empty());
        for bad in ["a", "a=b=c", "a=\\x", "a=b\\"] {
            assert!(bad.parse::<FieldSelector>().is_err(), "{bad}");
        }
    }
}
