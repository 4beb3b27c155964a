//! Label selectors: `app=x,tier in (a,b),!old`, and the `matchLabels` and `matchExpressions` form.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::{SelectorError, parse};

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`: it has this value.
    Equals,
    /// `==`, the same.
    DoubleEquals,
    /// `!=`: it has not this value, or is not there.
    NotEquals,
    /// `in`: it has one of these values.
    In,
    /// `notin`: it has none of these values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// `!`: it is not there.
    DoesNotExist,
    /// `>`: it is an integer greater than the value.
    GreaterThan,
    /// `<`: it is an integer less than the value.
    LessThan,
}

/// One term of a label selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what, sorted.
    pub values: BTreeSet<String>,
}

/// A label selector: all its terms must hold. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector(Vec<Requirement>);

impl Requirement {
    /// Makes a term, checked as apimachinery does it.
    ///
    /// # Errors
    /// When the key is no label key, or the values do not fit the operator.
    pub fn new(
        key: impl Into<String>,
        operator: Operator,
        values: impl IntoIterator<Item = String>,
    ) -> Result<Self, SelectorError> {
        let key = key.into();
        let values: BTreeSet<String> = values.into_iter().collect();
        check_key(&key)?;
        let fail =
            |what: &str| Err(SelectorError(format!("values: Invalid value: {values:?}: {what}")));
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                return fail("for 'in', 'notin' operators, values set can't be empty");
            }
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals
                if values.len() != 1 =>
            {
                return fail("exact-match compatibility requires one single value");
            }
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
                return fail("values set must be empty for exists and does not exist");
            }
            Operator::GreaterThan | Operator::LessThan => {
                if values.len() != 1 {
                    return fail("for 'Gt', 'Lt' operators, exactly one value is required");
                }
                if values.iter().any(|v| v.parse::<i64>().is_err()) {
                    return fail("for 'Gt', 'Lt' operators, the value must be an integer");
                }
            }
            _ => {}
        }
        for value in &values {
            check_value(&key, value)?;
        }
        Ok(Self { key, operator, values })
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let compare = |holds: fn(i64, i64) -> bool| {
            let wanted = self.values.first().and_then(|v| number(v));
            value.and_then(number).zip(wanted).is_some_and(|(v, w)| holds(v, w))
        };
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => {
                value.is_some_and(|v| self.values.contains(v))
            }
            Operator::NotEquals | Operator::NotIn => value.is_none_or(|v| !self.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compare(|v, w| v > w),
            Operator::LessThan => compare(|v, w| v < w),
        }
    }
}

impl LabelSelector {
    /// From the `matchLabels` and `matchExpressions` of an object.
    ///
    /// # Errors
    /// When an expression is not well-formed.
    pub fn from_value(value: &Value) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        let labels = value.get("matchLabels").and_then(Value::as_object);
        for (key, value) in labels.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement::new(key, Operator::In, [value])?);
        }
        let expressions = value.get("matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            let text = |f: &str| expression.get(f).and_then(Value::as_str).unwrap_or_default();
            let operator = match text("operator") {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(SelectorError(format!(
                        "{other:?} is not a valid label selector operator"
                    )));
                }
            };
            let values = expression.get("values").and_then(Value::as_array);
            let values = values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            requirements.push(Requirement::new(text("key"), operator, values)?);
        }
        Ok(Self::sorted(requirements))
    }

    fn sorted(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self(requirements)
    }

    /// The terms, sorted by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.0
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is selected, of which `get` tells a label.
    pub fn matches_with<'v>(&self, mut get: impl FnMut(&str) -> Option<&'v str>) -> bool {
        self.0.iter().all(|r| r.matches(get(&r.key)))
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.matches_with(|key| labels?.get(key)?.as_str())
    }
}

impl FromStr for LabelSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        parse::requirements(text).map(Self::sorted)
    }
}

pub(super) fn check_key(key: &str) -> Result<(), SelectorError> {
    let fail = |what: &str| Err(SelectorError(format!("Invalid value: {key:?}: {what}")));
    let name = match key.split_once('/') {
        None => key,
        Some((prefix, name)) => {
            let is_label = |label: &str| {
                label.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && label.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            if prefix.len() > 253 || !prefix.split('.').all(is_label) {
                return fail("prefix part must be a lowercase RFC 1123 subdomain");
            }
            name
        }
    };
    if name.is_empty() {
        return fail("name part must be non-empty");
    }
    if name.len() > 63 {
        return fail("name part must be no more than 63 bytes");
    }
    if !is_qualified(name) {
        return fail(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start \
             and end with an alphanumeric character",
        );
    }
    Ok(())
}

fn check_value(key: &str, value: &str) -> Result<(), SelectorError> {
    let fail =
        |what: &str| Err(SelectorError(format!("values[{key}]: Invalid value: {value:?}: {what}")));
    if value.len() > 63 {
        return fail("must be no more than 63 bytes");
    }
    if !value.is_empty() && !is_qualified(value) {
        return fail(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character",
        );
    }
    Ok(())
}

fn is_qualified(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operator == Operator::DoesNotExist {
            f.write_str("!")?;
        }
        f.write_str(&self.key)?;
        let (before, after) = match self.operator {
            Operator::Exists | Operator::DoesNotExist => return Ok(()),
            Operator::Equals => ("=", ""),
            Operator::DoubleEquals => ("==", ""),
            Operator::NotEquals => ("!=", ""),
            Operator::In => (" in (", ")"),
            Operator::NotIn => (" notin (", ")"),
            Operator::GreaterThan => (">", ""),
            Operator::LessThan => ("<", ""),
        };
        f.write_str(before)?;
        for (i, value) in self.values.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{value}")?;
        }
        f.write_str(after)
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, printed: &str, yes: &Value, no: &Value) {
        let selector: LabelSelector = text.parse().unwrap();
        assert_eq!(selector.to_string(), printed, "{text}");
        assert!(selector.matches(yes.as_object()), "{text} {yes}");
        assert!(!selector.matches(no.as_object()), "{text} {no}");
    }

    #[test]
    fn reads_matches_and_prints() {
        check("x = a , y", "x=a,y", &json!({"x": "a", "y": ""}), &json!({"x": "a"}));
        check(
            "tier in (b,a),!old",
            "!old,tier in (a,b)",
            &json!({"tier": "a"}),
            &json!({"tier": "a", "old": ""}),
        );
        check("x notin (a,)", "x notin (,a)", &json!({}), &json!({"x": ""}));
        check("x!=a", "x!=a", &json!({}), &json!({"x": "a"}));
        check("n>2", "n>2", &json!({"n": "3"}), &json!({"n": "x"}));
        check("in in (in)", "in in (in)", &json!({"in": "in"}), &json!({"in": "x"}));
        check("x==", "x==", &json!({"x": ""}), &json!({}));
        check(
            "app.kubernetes.io/name=x",
            "app.kubernetes.io/name=x",
            &json!({"app.kubernetes.io/name": "x"}),
            &json!({}),
        );
        assert!("".parse::<LabelSelector>().unwrap().matches(None));
    }

    #[test]
    fn refuses() {
        for bad in [
            ",",
            "x,",
            "x in",
            "x in ()x",
            "=a",
            "x=a=b",
            "-x=a",
            "x=-a",
            "n>b",
            "!",
            "x in (a b)",
            "A/b=c",
        ] {
            assert!(bad.parse::<LabelSelector>().is_err(), "{bad}");
        }
        assert_eq!(
            "x,".parse::<LabelSelector>().unwrap_err().to_string(),
            "found '', expected: identifier after ','"
        );
    }

    #[test]
    fn from_an_object() {
        let selector = LabelSelector::from_value(&json!({
            "matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["d"]}, {"key": "e", "operator": "Exists"}],
        })).unwrap();
        assert_eq!(selector.to_string(), "a in (b),c notin (d),e");
        assert!(
            LabelSelector::from_value(
                &json!({"matchExpressions": [{"key": "a", "operator": "Has"}]})
            )
            .is_err()
        );
    }
}
