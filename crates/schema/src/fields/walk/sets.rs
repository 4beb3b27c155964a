//! Sets of values and of types.

use std::collections::BTreeMap;

use windlass_object::Value;

use super::typed::{Shape, is_atomic_list, items, list_parts, map};
use crate::Schema;
use crate::fields::Element;
use crate::fields::set::{FieldSet, Node};
use crate::table::{ANY, Open, Type};

impl FieldSet {
    /// The paths of a value under a schema.
    pub fn of(value: &Value, schema: &Schema) -> Self {
        set_of(value, schema.ty())
    }
}

/// The paths of a value: its leaves, and the items of its lists and open maps.
pub(crate) fn set_of(value: &Value, ty: Type<'_>) -> FieldSet {
    let mut root = Node::default();
    collect(value, ty, &mut root);
    root.below
}

fn collect(value: &Value, ty: Type<'_>, node: &mut Node) {
    match Shape::of(ty, Some(value)) {
        Shape::Scalar => node.member = true,
        Shape::List if is_atomic_list(ty) => node.member = true,
        Shape::List => {
            let parts = list_parts(ty, items(Some(value)).map_or(&[], Vec::as_slice));
            let mut counts: BTreeMap<&Element, usize> = BTreeMap::new();
            for (element, _) in &parts {
                *counts.entry(element).or_default() += 1;
            }
            for (element, item) in &parts {
                let below = node.below.elements.entry(element.clone()).or_default();
                // Items of the same key are owned as a whole.
                if counts.get(element) == Some(&1) {
                    collect(item, ty.item(), below);
                }
                below.member = true;
            }
        }
        Shape::Map if ty.node().map_atomic => node.member = true,
        Shape::Map => {
            for (name, value) in map(Some(value)).into_iter().flatten() {
                let mut below = Node::default();
                collect(value, ty.field(name).unwrap_or(ty.at(ANY)), &mut below);
                let empty = value.is_null()
                    || value.as_object().is_some_and(windlass_object::Map::is_empty);
                below.member |= empty || ty.declared(name).is_none();
                if below.member || !below.below.is_empty() {
                    node.below.elements.insert(Element::field(name), below);
                }
            }
        }
    }
}

/// The set with every declared field that has members below it as a member.
pub(crate) fn named_fields(set: &FieldSet, ty: Type<'_>) -> FieldSet {
    let elements = set
        .elements
        .iter()
        .map(|(element, node)| {
            let on_the_way = !node.below.is_empty();
            let declared = match element {
                Element::Field(name) => ty.declared(name).is_some(),
                _ => false,
            };
            let below = named_fields(&node.below, below(ty, element));
            let member = node.member || (on_the_way && declared);
            (element.clone(), Node { member, below })
        })
        .collect();
    FieldSet { elements }
}

/// The set as it must be under the type today: what became atomic since is owned as a whole.
pub(crate) fn reconcile(set: &FieldSet, ty: Type<'_>) -> FieldSet {
    if Shape::of(ty, None) == Shape::Map && is_deduced(ty) {
        return set.clone();
    }
    let elements = set
        .elements
        .iter()
        .map(|(element, node)| {
            let known = match element {
                Element::Field(name) => ty.field(name).is_some(),
                _ => true,
            };
            let ty = below(ty, element);
            let granular = !node.below.is_empty();
            let atomic = match Shape::of(ty, None) {
                Shape::Scalar => return (element.clone(), node.clone()),
                Shape::List => is_atomic_list(ty),
                Shape::Map => ty.node().map_atomic && !is_deduced(ty),
            };
            let node = match (known, granular && atomic) {
                (false, _) => node.clone(),
                (true, true) => Node { member: true, below: FieldSet::default() },
                (true, false) => Node { member: node.member, below: reconcile(&node.below, ty) },
            };
            (element.clone(), node)
        })
        .collect();
    FieldSet { elements }
}

/// Whether nothing is declared of a map.
fn is_deduced(ty: Type<'_>) -> bool {
    ty.node().open == Open::Untyped && ty.fields().next().is_none()
}

fn below<'a>(ty: Type<'a>, element: &Element) -> Type<'a> {
    match element {
        Element::Field(name) => ty.field(name).unwrap_or(ty.at(ANY)),
        _ => ty.item(),
    }
}
