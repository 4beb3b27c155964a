//! What differs between two values.

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::Value;

use super::typed::{Shape, is_atomic_list, items, list_parts, map};
use crate::Schema;
use crate::fields::{Element, FieldSet, equal};
use crate::table::{ANY, Type};

/// What differs between two values: the paths only in the new one, in both but different, only in
/// the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only in the new value.
    pub added: FieldSet,
    /// In both, different.
    pub modified: FieldSet,
    /// Only in the old value.
    pub removed: FieldSet,
}

impl Comparison {
    /// Whether the values are the same.
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Without some fields and all that is below them.
    #[must_use]
    pub fn without(&self, fields: &FieldSet) -> Self {
        Self {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

/// Compares two values under a schema.
pub fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    let mut walk = Walk::default();
    walk.visit(Some(old), Some(new), schema.ty(), false);
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Vec<Element>,
    found: Comparison,
}

impl Walk {
    /// `leaf`: inside of something that is compared as a whole.
    fn visit(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Type<'_>, leaf: bool) {
        let (Some(first), second) = (match (old, new) {
            (_, None) => (old.map(|old| Shape::of(ty, Some(old))), None),
            (None, Some(new)) => (Some(Shape::of(ty, Some(new))), None),
            (Some(old), Some(new)) => {
                let (a, b) = (Shape::of(ty, Some(old)), Shape::of(ty, Some(new)));
                (Some(a), (a != b).then_some(b))
            }
        }) else {
            return;
        };
        let mut leaf_now = self.dispatch(first, old, new, ty, leaf);
        if let Some(second) = second {
            leaf_now = self.dispatch(second, old, new, ty, leaf);
        }
        if !leaf_now {
            match (old, new) {
                (None, _) => self.found.added.insert(&self.path),
                (_, None) => self.found.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    fn dispatch(
        &mut self,
        shape: Shape,
        old: Option<&Value>,
        new: Option<&Value>,
        ty: Type<'_>,
        leaf: bool,
    ) -> bool {
        let is_leaf = match shape {
            Shape::Scalar => true,
            Shape::List => {
                let empty = |v| items(v).is_none_or(Vec::is_empty);
                is_atomic_list(ty) || (empty(old) && empty(new))
            }
            Shape::Map => {
                let empty = |v| map(v).is_none_or(windlass_object::Map::is_empty);
                ty.node().map_atomic || (empty(old) && empty(new))
            }
        };
        if leaf || is_leaf {
            if !leaf {
                self.leaf(old, new);
            }
            return true;
        }
        match shape {
            Shape::List => self.list(old, new, ty),
            _ => self.map(old, new, ty),
        }
        false
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.found.modified.insert(&self.path),
            _ => {}
        }
    }

    fn map(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Type<'_>) {
        let (old, new) = (map(old), map(new));
        let names: BTreeSet<&String> = old.into_iter().chain(new).flat_map(|m| m.keys()).collect();
        for name in names {
            let field = ty.field(name).unwrap_or(ty.at(ANY));
            self.path.push(Element::field(name));
            self.visit(old.and_then(|m| m.get(name)), new.and_then(|m| m.get(name)), field, false);
            self.path.pop();
        }
    }

    fn list(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Type<'_>) {
        let mut parts: BTreeMap<Element, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for (element, item) in list_parts(ty, items(old).map_or(&[], Vec::as_slice)) {
            parts.entry(element).or_default().0.push(item);
        }
        for (element, item) in list_parts(ty, items(new).map_or(&[], Vec::as_slice)) {
            parts.entry(element).or_default().1.push(item);
        }
        for (element, (old, new)) in parts {
            self.path.push(element);
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.visit(old.first().copied(), new.first().copied(), ty.item(), false);
                }
                // Duplicates are compared as a whole.
                ([_, _, ..], [_, _, ..]) => {
                    let same =
                        old.len() == new.len() && old.iter().zip(&new).all(|(a, b)| equal(a, b));
                    if !same {
                        self.found.modified.insert(&self.path);
                    }
                }
                ([_, _, ..], _) => {
                    if let Some(new) = new.first() {
                        self.visit(None, Some(new), ty.item(), false);
                    }
                    self.found.removed.insert(&self.path);
                }
                (_, [_, _, ..]) => {
                    if let Some(old) = old.first() {
                        self.visit(Some(old), None, ty.item(), false);
                    }
                    self.found.added.insert(&self.path);
                }
            }
            self.path.pop();
        }
    }
}
