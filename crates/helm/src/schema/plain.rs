//! Schemas that say little: types, properties, choices. Nearly all of charts are such. One is read
//! straight from its text and the values are checked on the way, in a hundredth of the time that the
//! library takes to set itself up.
//!
//! Only a yes counts. Whatever else a schema says, and whatever does not fit, is for the library,
//! whose words a refusal is told in.

mod read;

use windlass_gotemplate::{Map, Value};

/// How deep a check goes, references followed.
const MAX_DEPTH: usize = 256;

/// Integers up to here are the same as floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A schema.
#[derive(Debug)]
enum Schema {
    /// Everything fits, or nothing does.
    Always(bool),
    Rules(Box<Rules>),
}

/// What a schema demands.
#[derive(Debug, Default)]
struct Rules {
    types: Option<Types>,
    /// By name.
    properties: Vec<(Box<str>, Schema)>,
    additional: Option<Schema>,
    required: Vec<Box<str>>,
    items: Option<Schema>,
    choices: Option<Vec<Scalar>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    all: Vec<Schema>,
    any: Vec<Schema>,
    one: Vec<Schema>,
    not: Option<Schema>,
    condition: Option<Schema>,
    then: Option<Schema>,
    otherwise: Option<Schema>,
    reference: Option<(Place, Box<str>)>,
}

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    const NAMES: [&'static str; 7] =
        ["null", "boolean", "integer", "number", "string", "array", "object"];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|n| *n == name).map(|i| Self(1 << i))
    }

    fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The types that a value is of; none if that is not certain.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Nil | Value::NilInterface => Self(1),
            Value::Bool(_) => Self(1 << 1),
            Value::Int(_) | Value::Int64(_) | Value::Float64(_) => {
                let whole = number(value)?.fract() == 0.0;
                Self(if whole { 1 << 2 | 1 << 3 } else { 1 << 3 })
            }
            Value::String(_) => Self(1 << 4),
            Value::List(_) => Self(1 << 5),
            Value::Map(_) => Self(1 << 6),
            _ => return None,
        })
    }
}

/// Where a document has schemas that others refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Definitions,
    Defs,
}

/// A value that `enum` lists.
#[derive(Debug, PartialEq)]
enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
}

/// A schema's text, read.
#[derive(Debug)]
struct Document {
    root: Schema,
    definitions: Vec<(Box<str>, Schema)>,
    defs: Vec<(Box<str>, Schema)>,
    /// Whether what stands beside a reference counts for nothing.
    reference_alone: bool,
}

/// Whether values surely fit a schema.
pub(super) fn fits(schema: &[u8], values: &Value) -> bool {
    Document::read(schema).is_some_and(|d| d.check(&d.root, values, 0) == Some(true))
}

impl Document {
    /// Whether a value fits; none if that is for the library to say.
    fn check(&self, schema: &Schema, value: &Value, depth: usize) -> Option<bool> {
        let rules = match schema {
            Schema::Always(fits) => return Some(*fits),
            Schema::Rules(rules) => rules,
        };
        let depth = depth + 1;
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some((place, name)) = &rules.reference {
            let named = match place {
                Place::Definitions => &self.definitions,
                Place::Defs => &self.defs,
            };
            let fits = self.check(find(named, name)?, value, depth)?;
            if self.reference_alone || !fits {
                return Some(fits);
            }
        }
        if let Some(types) = rules.types
            && !types.has_any(Types::of(value)?)
        {
            return Some(false);
        }
        if let Some(choices) = &rules.choices
            && !is_one_of(choices, value)?
        {
            return Some(false);
        }
        let fits = match value {
            Value::Map(map) => self.object(rules, map, depth)?,
            Value::List(list) => {
                let (min, max) = (rules.min_items.unwrap_or(0), rules.max_items);
                let mut fits = list.items.len() >= min && max.is_none_or(|m| list.items.len() <= m);
                if let Some(schema) = &rules.items {
                    for item in &list.items {
                        fits &= self.check(schema, item, depth)?;
                    }
                }
                fits
            }
            Value::String(text) if rules.min_length.is_some() || rules.max_length.is_some() => {
                let count = text.chars().count();
                count >= rules.min_length.unwrap_or(0)
                    && rules.max_length.is_none_or(|max| count <= max)
            }
            Value::Int(_) | Value::Int64(_) | Value::Float64(_) => {
                let n = number(value)?;
                rules.minimum.is_none_or(|min| n >= min) && rules.maximum.is_none_or(|max| n <= max)
            }
            Value::Nil | Value::NilInterface | Value::Bool(_) | Value::String(_) => true,
            _ => return None,
        };
        if !fits {
            return Some(false);
        }
        self.combined(rules, value, depth)
    }

    fn object(&self, rules: &Rules, map: &Map, depth: usize) -> Option<bool> {
        let entries = map.entries();
        if !rules.required.iter().all(|name| entries.contains_key(&**name)) {
            return Some(false);
        }
        for (name, schema) in &rules.properties {
            if let Some(value) = entries.get(&**name)
                && !self.check(schema, value, depth)?
            {
                return Some(false);
            }
        }
        let Some(additional) = &rules.additional else { return Some(true) };
        for (name, value) in &*entries {
            if find(&rules.properties, name).is_none() && !self.check(additional, value, depth)? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// What is made of other schemas.
    fn combined(&self, rules: &Rules, value: &Value, depth: usize) -> Option<bool> {
        let count = |schemas: &[Schema]| {
            schemas.iter().try_fold(0, |n, s| Some(n + usize::from(self.check(s, value, depth)?)))
        };
        if count(&rules.all)? < rules.all.len()
            || (!rules.any.is_empty() && count(&rules.any)? == 0)
            || (!rules.one.is_empty() && count(&rules.one)? != 1)
        {
            return Some(false);
        }
        if let Some(not) = &rules.not
            && self.check(not, value, depth)?
        {
            return Some(false);
        }
        let Some(condition) = &rules.condition else { return Some(true) };
        let holds = self.check(condition, value, depth)?;
        let branch = if holds { &rules.then } else { &rules.otherwise };
        branch.as_ref().map_or(Some(true), |schema| self.check(schema, value, depth))
    }
}

fn find<'s>(named: &'s [(Box<str>, Schema)], name: &str) -> Option<&'s Schema> {
    let at = named.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
    Some(&named[at].1)
}

/// A number; none where floats are not exact.
fn number(value: &Value) -> Option<f64> {
    let n = match value {
        // What is rounded lies beyond the bound.
        #[allow(clippy::cast_precision_loss)]
        Value::Int(i) | Value::Int64(i) => *i as f64,
        Value::Float64(f) => *f,
        _ => return None,
    };
    (n.abs() < EXACT).then_some(n)
}

fn is_one_of(choices: &[Scalar], value: &Value) -> Option<bool> {
    Some(match value {
        Value::Nil | Value::NilInterface => choices.contains(&Scalar::Null),
        Value::Bool(b) => choices.contains(&Scalar::Bool(*b)),
        Value::Int(_) | Value::Int64(_) | Value::Float64(_) => {
            choices.contains(&Scalar::Number(number(value)?))
        }
        Value::String(text) => {
            choices.iter().any(|choice| matches!(choice, Scalar::Text(t) if **t == **text))
        }
        Value::List(_) | Value::Map(_) => false,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
