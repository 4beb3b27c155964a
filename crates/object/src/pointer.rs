//! JSON pointers (RFC 6901).

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A JSON pointer, decoded: the names and indices on the way to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

/// The text is no JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is neither empty nor does it begin with a slash.
    #[error("JSON pointer {0:?} must be empty or begin with \"/\"")]
    NoSlash(String),
    /// A tilde stands alone.
    #[error("in JSON pointer {0:?}, write ~0 for \"~\" and ~1 for \"/\"")]
    Escape(String),
}

impl Pointer {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// From tokens that are not escaped.
    pub fn from_tokens<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Self {
        Self(tokens.into_iter().map(Into::into).collect())
    }

    /// The tokens, unescaped.
    pub fn tokens(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(String::as_str)
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The pointer one step up, and the last token.
    pub fn split_last(&self) -> Option<(Self, &str)> {
        let (last, parent) = self.0.split_last()?;
        Some((Self(parent.to_vec()), last))
    }

    /// Adds a step.
    pub fn push(&mut self, token: impl Into<String>) {
        self.0.push(token.into());
    }

    /// Takes the last step back.
    pub fn pop(&mut self) -> Option<String> {
        self.0.pop()
    }

    /// Whether `self` is `other` or leads to something in it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value it leads to.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |v, token| match v {
            Value::Object(fields) => fields.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        })
    }

    /// The value it leads to, to change.
    pub fn get_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |v, token| match v {
            Value::Object(fields) => fields.get_mut(token),
            Value::Array(items) => items.get_mut(index(token)?),
            _ => None,
        })
    }

    /// Takes the value it leads to out of its parent. The root stays.
    pub fn remove(&self, value: &mut Value) -> Option<Value> {
        let (parent, last) = self.split_last()?;
        match parent.get_mut(value)? {
            Value::Object(fields) => fields.remove(last),
            Value::Array(items) => {
                let at = index(last).filter(|i| *i < items.len())?;
                Some(items.remove(at))
            }
            _ => None,
        }
    }
}

/// An array index as RFC 6901 has it: digits without a leading zero.
pub(crate) fn index(token: &str) -> Option<usize> {
    let plain =
        token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let rest = text.strip_prefix('/').ok_or_else(|| PointerError::NoSlash(text.to_owned()))?;
        rest.split('/')
            .map(|token| unescape(token).ok_or_else(|| PointerError::Escape(text.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leads_to_values() {
        let doc = json!({"a/b": [{"m~n": 1}, 2], "": 3});
        let check = |text: &str, wanted: Option<Value>| {
            let pointer: Pointer = text.parse().unwrap();
            assert_eq!(pointer.get(&doc).cloned(), wanted, "{text}");
            assert_eq!(pointer.to_string(), text);
        };
        check("", Some(doc.clone()));
        check("/", Some(json!(3)));
        check("/a~1b/0/m~0n", Some(json!(1)));
        check("/a~1b/01", None);
        check("/a~1b/-", None);
        check("/a~1b/1/x", None);
        assert!("a".parse::<Pointer>().is_err());
        assert!("/~2".parse::<Pointer>().is_err());
        assert!("/~".parse::<Pointer>().is_err());
    }
}
