//! Maps and values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::list::{self, Sources};
use super::schema::{NodeId, Schemas};
use crate::resource::scalar_text;

pub(super) const DIRECTIVE: &str = "$patch";

/// A patch that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The patch has a value of another shape than the resource.
    #[error("wrong node kind: expected {expected} but got {got}: node contents:\n{contents}")]
    Shape {
        /// What the resource has.
        expected: &'static str,
        /// What the patch has.
        got: &'static str,
        /// The value of the wrong shape, as YAML.
        contents: String,
    },
    /// A `$patch` that nobody knows.
    #[error("unknown patch strategy '{0}'")]
    Directive(String),
}

pub(super) type Result<T> = std::result::Result<T, MergeError>;

/// Merges `patch` into `dest`; nothing is left if the patch deletes it.
///
/// `blank` holds the JSON pointers of the nulls in `dest` that were written as nothing at all
/// (`key:`): a merge drops those and keeps the others.
///
/// # Errors
/// When the patch has another shape than the resource, or an unknown directive.
pub fn merge(
    dest: Value,
    patch: &Value,
    schemas: &Schemas,
    blank: &BTreeSet<String>,
) -> Result<Option<Value>> {
    // kustomize drops what takes the place of the whole resource.
    if patch.get(DIRECTIVE).is_some_and(|d| d == "replace") && dest.is_object() {
        return Ok(Some(dest));
    }
    let mut merger = Merger { schemas, blank, path: String::new() };
    Ok(match merger.walk(Some(dest), Some(patch), None)? {
        Walked::Cleared | Walked::Dest(Value::Null) => None,
        Walked::Dest(value) | Walked::Patch { value, .. } => Some(value),
    })
}

/// What became of a value.
pub(super) enum Walked {
    /// It goes.
    Cleared,
    /// It stays, perhaps changed.
    Dest(Value),
    /// The patch's takes its place.
    Patch {
        /// The patch's.
        value: Value,
        /// What was there before.
        old: Option<Value>,
    },
}

pub(super) struct Merger<'a> {
    pub(super) schemas: &'a Schemas,
    blank: &'a BTreeSet<String>,
    /// JSON pointer of the value at hand, kept only if some null is blank.
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Directive {
    pub(super) fn parse(value: &Value) -> Result<Self> {
        match &*scalar_text(value) {
            "merge" => Ok(Self::Merge),
            "replace" => Ok(Self::Replace),
            "delete" => Ok(Self::Delete),
            other => Err(MergeError::Directive(other.to_owned())),
        }
    }
}

impl Merger<'_> {
    pub(super) fn walk(
        &mut self,
        dest: Option<Value>,
        patch: Option<&Value>,
        schema: Option<NodeId>,
    ) -> Result<Walked> {
        let schema = schema.or_else(|| self.by_type(dest.as_ref(), patch));
        // An annotation that is written as nothing has become an empty text.
        let is_blank = |value: &Value| value == "" && self.blank.contains(&self.path);
        let dest = dest.map(|value| if is_blank(&value) { Value::Null } else { value });
        let present = |value: &Value| !value.is_null();
        let shape = dest.as_ref().filter(|v| present(v)).or(patch.filter(|v| present(v)));
        let Some(shape) = shape.map(Shape::of) else {
            // A null of the resource's own stays unless it was written as nothing.
            let stays = patch.is_none() && dest.is_some() && !self.blank.contains(&self.path);
            return Ok(if stays { Walked::Dest(Value::Null) } else { Walked::Cleared });
        };
        for value in dest.iter().chain(patch).filter(|v| present(v)) {
            shape.check(value)?;
        }
        match shape {
            Shape::Map => self.map(dest, patch, schema),
            Shape::List => match schema.and_then(|s| Some((s, self.schemas.merge_keys(s)?))) {
                Some((schema, keys)) => self.merging_list(dest, patch, schema, keys),
                None => Ok(Self::overridden(dest, patch)),
            },
            Shape::Scalar => Ok(Self::overridden(dest, patch)),
        }
    }

    fn overridden(dest: Option<Value>, patch: Option<&Value>) -> Walked {
        match (dest, patch) {
            (_, Some(Value::Null)) | (None, None) => Walked::Cleared,
            (old, Some(value)) => Walked::Patch { value: value.clone(), old },
            (Some(value), None) => Walked::Dest(value),
        }
    }

    /// The type that a value names by itself.
    fn by_type(&self, dest: Option<&Value>, patch: Option<&Value>) -> Option<NodeId> {
        dest.into_iter().chain(patch).find_map(|value| {
            let text = |key| value.get(key).and_then(Value::as_str);
            self.schemas.of(text("apiVersion")?, text("kind")?)
        })
    }

    fn map(
        &mut self,
        dest: Option<Value>,
        patch: Option<&Value>,
        schema: Option<NodeId>,
    ) -> Result<Walked> {
        let (dest, patch) = match (dest, patch) {
            (Some(Value::Object(_)), Some(Value::Null)) => return Ok(Walked::Cleared),
            (Some(Value::Object(dest)), patch) => (dest, patch.and_then(Value::as_object)),
            (_, Some(patch)) => {
                // An unknown directive is no error where there is nothing to merge with.
                let directive = patch.get(DIRECTIVE).map(Directive::parse);
                let keep = matches!(directive, Some(Err(_)));
                if let Some(Ok(Directive::Delete)) = directive {
                    return Ok(Walked::Cleared);
                }
                let fields = patch.as_object().cloned().unwrap_or_default();
                let value = self.settle_fields(fields, !keep, schema)?;
                return Ok(Walked::Patch { value, old: None });
            }
            (_, None) => return Ok(Walked::Cleared),
        };
        match patch.and_then(|patch| patch.get(DIRECTIVE)).map(Directive::parse).transpose()? {
            Some(Directive::Delete) => return Ok(Walked::Cleared),
            Some(Directive::Replace) => {
                let fields = patch.cloned().unwrap_or_default();
                let value = self.settle_fields(fields, true, schema)?;
                return Ok(Walked::Patch { value, old: Some(Value::Object(dest)) });
            }
            Some(Directive::Merge) | None => {}
        }
        let mut merged = Map::new();
        let mut rest = patch.cloned().unwrap_or_default();
        rest.remove(DIRECTIVE);
        for (key, value) in dest {
            let new = rest.remove(&key);
            let walked = self.field(&key, Some(value), new.as_ref(), schema)?;
            if let Some(value) = walked {
                merged.insert(key, value);
            }
        }
        for (key, new) in rest {
            if let Some(value) = self.field(&key, None, Some(&new), schema)? {
                merged.insert(key, value);
            }
        }
        Ok(Walked::Dest(Value::Object(merged)))
    }

    fn field(
        &mut self,
        key: &str,
        dest: Option<Value>,
        patch: Option<&Value>,
        schema: Option<NodeId>,
    ) -> Result<Option<Value>> {
        let schema = schema.and_then(|schema| self.schemas.field(schema, key));
        let depth = self.enter(key);
        let walked = self.walk(dest, patch, schema)?;
        self.path.truncate(depth);
        Ok(match walked {
            Walked::Cleared => None,
            Walked::Dest(value) | Walked::Patch { value, .. } => Some(value),
        })
    }

    fn enter(&mut self, key: &str) -> usize {
        let depth = self.path.len();
        if !self.blank.is_empty() {
            self.path.push('/');
            self.path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        }
        depth
    }

    /// What kyaml makes of a value that it merges with itself, which it does with all that the
    /// patch adds: nulls and directives go.
    pub(super) fn settle(&mut self, value: Value, schema: Option<NodeId>) -> Result<Option<Value>> {
        let schema = schema.or_else(|| self.by_type(Some(&value), None));
        match value {
            Value::Null => Ok(None),
            Value::Object(fields) => {
                match fields.get(DIRECTIVE).map(Directive::parse).transpose()? {
                    Some(Directive::Delete) => Ok(None),
                    _ => self.settle_fields(fields, true, schema).map(Some),
                }
            }
            Value::Array(items) => {
                match schema.and_then(|s| Some((s, self.schemas.merge_keys(s)?))) {
                    Some((schema, keys)) => {
                        let (directive, items) = list::directive(items)?;
                        if directive == Some(Directive::Delete) {
                            return Ok(None);
                        }
                        let items = list::merge(self, Sources::Same(items), schema, keys)?;
                        Ok(Some(Value::Array(items)))
                    }
                    None => Ok(Some(Value::Array(items))),
                }
            }
            scalar => Ok(Some(scalar)),
        }
    }

    fn settle_fields(
        &mut self,
        mut fields: Map<String, Value>,
        drop_directive: bool,
        schema: Option<NodeId>,
    ) -> Result<Value> {
        if drop_directive {
            fields.remove(DIRECTIVE);
        }
        let mut settled = Map::new();
        for (key, value) in fields {
            let schema = schema.and_then(|schema| self.schemas.field(schema, &key));
            if let Some(value) = self.settle(value, schema)? {
                settled.insert(key, value);
            }
        }
        Ok(Value::Object(settled))
    }

    fn merging_list(
        &mut self,
        dest: Option<Value>,
        patch: Option<&Value>,
        schema: NodeId,
        keys: &[Box<str>],
    ) -> Result<Walked> {
        let items = |patch: &Value| patch.as_array().cloned().unwrap_or_default();
        match (dest, patch) {
            (Some(Value::Array(dest)), None) => {
                let items = list::merge(self, Sources::Two(dest, Vec::new()), schema, keys)?;
                Ok(Walked::Dest(Value::Array(items)))
            }
            (Some(Value::Array(_)), Some(Value::Null)) | (_, None) => Ok(Walked::Cleared),
            (Some(Value::Array(dest)), Some(patch)) => {
                let (directive, patch) = list::directive(items(patch))?;
                match directive {
                    Some(Directive::Delete) => Ok(Walked::Cleared),
                    Some(Directive::Replace) => {
                        let value = list::merge(self, Sources::Same(patch), schema, keys)?;
                        let old = Some(Value::Array(dest));
                        Ok(Walked::Patch { value: Value::Array(value), old })
                    }
                    Some(Directive::Merge) | None => {
                        let items = list::merge(self, Sources::Two(dest, patch), schema, keys)?;
                        Ok(Walked::Dest(Value::Array(items)))
                    }
                }
            }
            (_, Some(patch)) => {
                let value = list::merge(self, Sources::Same(items(patch)), schema, keys)?;
                Ok(Walked::Patch { value: Value::Array(value), old: None })
            }
        }
    }

    /// [`Self::walk`] for the item at `index` of a list.
    pub(super) fn item(
        &mut self,
        index: Option<usize>,
        dest: Option<Value>,
        patch: Option<&Value>,
        schema: Option<NodeId>,
    ) -> Result<Walked> {
        let depth = match index {
            Some(index) if !self.blank.is_empty() => self.enter(&index.to_string()),
            _ => self.path.len(),
        };
        let walked = self.walk(dest, patch, schema)?;
        self.path.truncate(depth);
        Ok(walked)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Map,
    List,
    Scalar,
}

impl Shape {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Map,
            Value::Array(_) => Self::List,
            _ => Self::Scalar,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Map => "MappingNode",
            Self::List => "SequenceNode",
            Self::Scalar => "ScalarNode",
        }
    }

    fn check(self, value: &Value) -> Result<()> {
        let got = Self::of(value);
        if got == self { Ok(()) } else { Err(wrong_shape(self.name(), value)) }
    }
}

/// kyaml's complaint about a value of the wrong shape.
pub(super) fn wrong_shape(expected: &'static str, value: &Value) -> MergeError {
    MergeError::Shape {
        expected,
        got: Shape::of(value).name(),
        contents: windlass_object::yaml::to_string(value),
    }
}
