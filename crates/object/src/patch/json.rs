//! JSON Patch, with the habits of the Go library that Kubernetes uses: `replace` and `test` take a
//! key that is not there for null, indices may be negative and count from the end.

use std::fmt;

use serde_json::Value;

use super::merge::same;
use crate::{Pointer, PointerError};

/// How many operations one patch may have.
pub const MAX_OPERATIONS: usize = 10_000;
/// How many bytes of JSON the `copy` operations of one patch may add.
pub const MAX_COPIED_BYTES: usize = 3 << 20;

/// A JSON Patch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonPatch(Vec<Operation>);

/// One operation of a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Where it acts.
    pub path: Pointer,
    /// What it does.
    pub kind: OperationKind,
}

/// What an operation does.
#[derive(Clone, PartialEq)]
pub enum OperationKind {
    /// Sets a field or inserts an item.
    Add(Value),
    /// Takes a value away.
    Remove,
    /// Sets a field or an item that is there.
    Replace(Value),
    /// Takes the value at the pointer away and adds it here.
    Move(Pointer),
    /// Adds a copy of the value at the pointer here.
    Copy(Pointer),
    /// Fails unless the value here is this one.
    Test(Value),
}

impl fmt::Debug for OperationKind {
    /// Without the values: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(_) => f.write_str("add"),
            Self::Remove => f.write_str("remove"),
            Self::Replace(_) => f.write_str("replace"),
            Self::Move(from) => write!(f, "move from {from}"),
            Self::Copy(from) => write!(f, "copy from {from}"),
            Self::Test(_) => f.write_str("test"),
        }
    }
}

/// Why a patch could not be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// It is no list of operations.
    #[error("a JSON patch is a list of operations")]
    NotAList,
    /// It has too many operations.
    #[error("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {0}")]
    TooMany(usize),
    /// An operation is not well-formed.
    #[error("operation {index} of the JSON patch: {problem}")]
    Malformed {
        /// Its place in the list, from zero.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An operation cannot be applied to this value.
    #[error("{what}: {reason}")]
    Apply {
        /// Its place in the list, from zero.
        index: usize,
        /// Which operation on which path.
        what: String,
        /// Why not.
        reason: Reason,
    },
}

/// Why an operation does not apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// `test` found another value.
    #[error("test failed")]
    TestFailed,
    /// Nothing is there.
    #[error("missing value")]
    Missing,
    /// The list has no such item.
    #[error("invalid index referenced")]
    Index,
    /// A list's index is a number.
    #[error("value was not a proper array index")]
    NotAnIndex,
    /// The whole document can only become an object or a list.
    #[error("value must be object or array")]
    Root,
    /// Copies add up to too much.
    #[error("the accumulated size increase of copy is {0}, exceeding the limit {MAX_COPIED_BYTES}")]
    CopiedTooMuch(usize),
}

impl JsonPatch {
    /// Reads a patch.
    ///
    /// # Errors
    /// When it is no list of well-formed operations, or has more than [`MAX_OPERATIONS`].
    pub fn from_value(value: &Value) -> Result<Self, JsonPatchError> {
        let operations = value.as_array().ok_or(JsonPatchError::NotAList)?;
        if operations.len() > MAX_OPERATIONS {
            return Err(JsonPatchError::TooMany(operations.len()));
        }
        operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                read(operation).map_err(|problem| JsonPatchError::Malformed { index, problem })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The operations in order.
    pub fn operations(&self) -> &[Operation] {
        &self.0
    }

    /// Applies the patch: all of it, or nothing.
    ///
    /// # Errors
    /// [`JsonPatchError::Apply`] for the first operation that does not apply.
    pub fn apply(&self, target: &mut Value) -> Result<(), JsonPatchError> {
        let mut work = target.clone();
        let mut copied = 0;
        for (index, operation) in self.0.iter().enumerate() {
            step(&mut work, operation, &mut copied)
                .map_err(|(what, reason)| JsonPatchError::Apply { index, what, reason })?;
        }
        *target = work;
        Ok(())
    }
}

fn read(operation: &Value) -> Result<Operation, String> {
    let pointer = |field: &str| -> Result<Pointer, String> {
        let text = operation
            .get(field)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("{field:?} must be a JSON pointer"))?;
        text.parse().map_err(|e: PointerError| e.to_string())
    };
    // Where null is meant, Go cannot tell it from nothing.
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    let op = operation.get("op").and_then(Value::as_str).unwrap_or_default();
    let path = pointer("path")?;
    let kind = match op {
        "add" => OperationKind::Add(value()),
        "remove" => OperationKind::Remove,
        "replace" => OperationKind::Replace(value()),
        "move" => OperationKind::Move(pointer("from")?),
        "copy" => OperationKind::Copy(pointer("from")?),
        "test" => OperationKind::Test(value()),
        other => return Err(format!("Unexpected kind: {other}")),
    };
    Ok(Operation { path, kind })
}

type Failure = (String, Reason);

fn step(doc: &mut Value, operation: &Operation, copied: &mut usize) -> Result<(), Failure> {
    let path = &operation.path;
    match &operation.kind {
        OperationKind::Add(value) => {
            let (parent, key) = parent(doc, path).ok_or_else(|| {
                missing(format!("add operation does not apply: doc is missing path: \"{path}\""))
            })?;
            add(parent, key, value.clone())
                .map_err(|r| (format!("error in add for path: '{path}'"), r))
        }
        OperationKind::Remove => {
            let (parent, key) = parent(doc, path).ok_or_else(|| {
                missing(format!("remove operation does not apply: doc is missing path: \"{path}\""))
            })?;
            remove(parent, key)
                .map(drop)
                .map_err(|r| (format!("error in remove for path: '{path}'"), r))
        }
        OperationKind::Replace(value) if path.is_root() => {
            if !(value.is_object() || value.is_array()) {
                return Err(("replace operation".to_owned(), Reason::Root));
            }
            *doc = value.clone();
            Ok(())
        }
        OperationKind::Replace(value) => {
            let (parent, key) = parent(doc, path).ok_or_else(|| {
                missing(format!("replace operation does not apply: doc is missing path: {path}"))
            })?;
            match parent {
                Value::Array(items) => match place(key, items.len()) {
                    Ok(at) if at < items.len() => items[at] = value.clone(),
                    _ => {
                        return Err(missing(format!(
                            "replace operation does not apply: doc is missing key: {path}"
                        )));
                    }
                },
                Value::Object(fields) => {
                    fields.insert(key.to_owned(), value.clone());
                }
                _ => {}
            }
            Ok(())
        }
        OperationKind::Move(from) => {
            let (source, key) = parent(doc, from).ok_or_else(|| {
                missing(format!("move operation does not apply: doc is missing from path: {from}"))
            })?;
            let value =
                remove(source, key).map_err(|r| (format!("error in move for path: '{key}'"), r))?;
            let (parent, key) = parent(doc, path).ok_or_else(|| {
                missing(format!(
                    "move operation does not apply: doc is missing destination path: {path}"
                ))
            })?;
            add(parent, key, value).map_err(|r| (format!("error in move for path: '{path}'"), r))
        }
        OperationKind::Copy(from) => {
            let (source, key) = parent(doc, from).ok_or_else(|| {
                missing(format!("copy operation does not apply: doc is missing from path: {from}"))
            })?;
            let value = get(source, key)
                .map_err(|r| (format!("error in copy for from: '{from}'"), r))?
                .cloned()
                .unwrap_or(Value::Null);
            *copied += value.to_string().len();
            if *copied > MAX_COPIED_BYTES {
                let what = "Unable to complete the copy".to_owned();
                return Err((what, Reason::CopiedTooMuch(*copied)));
            }
            let (parent, key) = parent(doc, path).ok_or_else(|| {
                missing(format!(
                    "copy operation does not apply: doc is missing destination path: {path}"
                ))
            })?;
            add(parent, key, value)
                .map_err(|r| ("error while adding value during copy".to_owned(), r))
        }
        OperationKind::Test(value) => {
            let found = if path.is_root() {
                Some(&*doc)
            } else {
                let (parent, key) = parent(doc, path).ok_or_else(|| {
                    missing(format!("test operation does not apply: is missing path: {path}"))
                })?;
                get(parent, key).map_err(|r| (format!("error in test for path: '{path}'"), r))?
            };
            if same(found.unwrap_or(&Value::Null), value) {
                return Ok(());
            }
            Err((format!("testing value {path} failed"), Reason::TestFailed))
        }
    }
}

fn missing(what: String) -> Failure {
    (what, Reason::Missing)
}

/// The object or list that holds what `path` names, and the name in it.
fn parent<'v, 'p>(doc: &'v mut Value, path: &'p Pointer) -> Option<(&'v mut Value, &'p str)> {
    let mut tokens = path.tokens();
    let last = tokens.next_back()?;
    let mut at = doc;
    for token in tokens {
        at = match at {
            Value::Object(fields) => fields.get_mut(token)?,
            Value::Array(items) => {
                let place = place(token, items.len()).ok()?;
                items.get_mut(place)?
            }
            _ => return None,
        };
    }
    (at.is_object() || at.is_array()).then_some((at, last))
}

/// An index that may count from the end, before the check against that end.
fn place(key: &str, len: usize) -> Result<usize, Reason> {
    let index: isize = key.parse().map_err(|_| Reason::NotAnIndex)?;
    if index < 0 {
        return len.checked_sub(index.unsigned_abs()).ok_or(Reason::Index);
    }
    Ok(index.unsigned_abs())
}

fn get<'v>(parent: &'v Value, key: &str) -> Result<Option<&'v Value>, Reason> {
    match parent {
        Value::Array(items) => items.get(place(key, items.len())?).map(Some).ok_or(Reason::Index),
        other => Ok(other.get(key)),
    }
}

fn add(parent: &mut Value, key: &str, value: Value) -> Result<(), Reason> {
    match parent {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let at = place(key, items.len() + 1)?;
            if at > items.len() {
                return Err(Reason::Index);
            }
            items.insert(at, value);
        }
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        _ => {}
    }
    Ok(())
}

fn remove(parent: &mut Value, key: &str) -> Result<Value, Reason> {
    match parent {
        Value::Array(items) => {
            let at = place(key, items.len())?;
            if at >= items.len() {
                return Err(Reason::Index);
            }
            Ok(items.remove(at))
        }
        Value::Object(fields) => fields.remove(key).ok_or(Reason::Missing),
        _ => Err(Reason::Missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(doc: &Value, patch: &Value) -> Result<Value, String> {
        let patch = JsonPatch::from_value(patch).map_err(|e| e.to_string())?;
        let mut target = doc.clone();
        patch.apply(&mut target).map(|()| target).map_err(|e| e.to_string())
    }

    #[test]
    fn applies() {
        let doc = json!({"a": [1, 2], "b": {"c~d/e": 1}});
        let check =
            |patch: Value, wanted: Value| assert_eq!(run(&doc, &patch), Ok(wanted), "{patch}");
        check(
            json!([{"op": "add", "path": "/a/1", "value": 9}]),
            json!({"a": [1, 9, 2], "b": {"c~d/e": 1}}),
        );
        check(
            json!([{"op": "add", "path": "/a/-", "value": 9}]),
            json!({"a": [1, 2, 9], "b": {"c~d/e": 1}}),
        );
        check(json!([{"op": "remove", "path": "/a/-1"}]), json!({"a": [1], "b": {"c~d/e": 1}}));
        check(
            json!([{"op": "replace", "path": "/new", "value": 1}]),
            json!({"a": [1, 2], "b": {"c~d/e": 1}, "new": 1}),
        );
        check(
            json!([{"op": "move", "from": "/b/c~0d~1e", "path": "/x"}]),
            json!({"a": [1, 2], "b": {}, "x": 1}),
        );
        check(
            json!([{"op": "copy", "from": "/a/0", "path": "/x"}, {"op": "test", "path": "/x", "value": 1.0}]),
            json!({"a": [1, 2], "b": {"c~d/e": 1}, "x": 1}),
        );
        check(json!([{"op": "test", "path": "/none", "value": null}]), doc.clone());
        check(json!([{"op": "replace", "path": "", "value": {}}]), json!({}));
    }

    #[test]
    fn refuses() {
        let doc = json!({"a": [1, 2]});
        let check = |patch: Value, wanted: &str| assert_eq!(run(&doc, &patch).unwrap_err(), wanted);
        check(
            json!([{"op": "add", "path": "/x/y", "value": 1}]),
            "add operation does not apply: doc is missing path: \"/x/y\": missing value",
        );
        check(
            json!([{"op": "remove", "path": "/x"}]),
            "error in remove for path: '/x': missing value",
        );
        check(
            json!([{"op": "add", "path": "/a/3", "value": 1}]),
            "error in add for path: '/a/3': invalid index referenced",
        );
        check(
            json!([{"op": "test", "path": "/a/0", "value": 2}]),
            "testing value /a/0 failed: test failed",
        );
        check(
            json!([{"op": "replace", "path": "/a/5", "value": 2}]),
            "replace operation does not apply: doc is missing key: /a/5: missing value",
        );
        check(
            json!([{"op": "jump", "path": ""}]),
            "operation 0 of the JSON patch: Unexpected kind: jump",
        );
        check(json!({}), "a JSON patch is a list of operations");
        let many: Vec<_> =
            (0..=MAX_OPERATIONS).map(|_| json!({"op": "remove", "path": "/a"})).collect();
        assert!(run(&doc, &json!(many)).is_err());
        let doubling: Vec<_> =
            (0..60).map(|i| json!({"op": "copy", "from": "", "path": format!("/{i}")})).collect();
        assert!(run(&doc, &json!(doubling)).is_err());
    }
}
