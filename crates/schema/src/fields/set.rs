//! The tree of paths and its algebra.

use std::collections::BTreeMap;

use windlass_object::{Map, Value};

use super::Element;

/// A set of field paths; what `FieldsV1` writes down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub(super) elements: BTreeMap<Element, Node>,
}

/// An element of the tree: a member, or on the way to members, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) member: bool,
    pub(super) below: FieldSet,
}

/// A `FieldsV1` value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fieldsV1: {0}")]
pub struct FieldsError(pub String);

/// Deeper `FieldsV1` is refused.
const MAX_DEPTH: usize = 100;

impl FieldSet {
    /// Reads `FieldsV1`. Kinds of path elements that are not known are dropped.
    pub fn from_fields_v1(value: &Value) -> Result<Self, FieldsError> {
        let map = value.as_object().ok_or_else(|| FieldsError("not an object".into()))?;
        read(map, 0).map(|(_, set)| set)
    }

    /// Writes `FieldsV1`.
    pub fn to_fields_v1(&self) -> Value {
        let mut map = Map::new();
        for (element, node) in &self.elements {
            let mut below = node.below.to_fields_v1();
            if node.member
                && let Some(below) = below.as_object_mut()
                && !below.is_empty()
            {
                below.insert(".".into(), Value::Object(Map::new()));
            }
            map.insert(element.to_key(), below);
        }
        Value::Object(map)
    }

    /// A set of paths of field names.
    pub fn from_paths<'a>(paths: impl IntoIterator<Item = &'a [&'a str]>) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<Element> = path.iter().map(|name| Element::field(name)).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path. The empty path, which is the whole object, is never a member.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.elements.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// Whether a path is in it.
    pub fn has(&self, path: &[Element]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        let Some(node) = self.elements.get(first) else { return false };
        if rest.is_empty() { node.member } else { node.below.has(rest) }
    }

    /// Whether no path is in it.
    pub fn is_empty(&self) -> bool {
        self.elements.values().all(|node| !node.member && node.below.is_empty())
    }

    /// How many paths are in it.
    pub fn len(&self) -> usize {
        self.elements.values().map(|node| usize::from(node.member) + node.below.len()).sum()
    }

    /// Paths in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.extend(other);
        out
    }

    fn extend(&mut self, other: &Self) {
        for (element, theirs) in &other.elements {
            let node = self.elements.entry(element.clone()).or_default();
            node.member |= theirs.member;
            node.below.extend(&theirs.below);
        }
    }

    /// Paths in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filter(|element, node| {
            let theirs = other.elements.get(element)?;
            Some(Node {
                member: node.member && theirs.member,
                below: node.below.intersection(&theirs.below),
            })
        })
    }

    /// Paths in this one only.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.filter(|element, node| match other.elements.get(element) {
            None => Some(node.clone()),
            Some(theirs) => Some(Node {
                member: node.member && !theirs.member,
                below: node.below.difference(&theirs.below),
            }),
        })
    }

    /// Paths in this one of which neither they nor a parent is in the other.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.filter(|element, node| match other.elements.get(element) {
            None => Some(node.clone()),
            Some(theirs) if theirs.member => None,
            Some(theirs) => Some(Node {
                member: node.member,
                below: node.below.recursive_difference(&theirs.below),
            }),
        })
    }

    fn filter(&self, keep: impl Fn(&Element, &Node) -> Option<Node>) -> Self {
        let elements = self
            .elements
            .iter()
            .filter_map(|(element, node)| Some((element.clone(), keep(element, node)?)))
            .filter(|(_, node)| node.member || !node.below.is_empty())
            .collect();
        Self { elements }
    }

    /// All paths, in order; a parent before what is below it.
    pub fn iter(&self) -> Vec<Vec<Element>> {
        let mut paths = Vec::new();
        self.visit(&mut Vec::new(), &mut |path| paths.push(path.to_vec()));
        paths
    }

    /// The paths in order, printed as Kubernetes prints them: `.spec.containers[name="a"].image`.
    pub fn paths(&self) -> Vec<String> {
        self.iter().iter().map(|path| print_path(path)).collect()
    }

    /// Members of a level come before what is below any of them, as structured-merge-diff has it.
    fn visit(&self, path: &mut Vec<Element>, found: &mut impl FnMut(&[Element])) {
        for (element, _) in self.elements.iter().filter(|(_, node)| node.member) {
            path.push(element.clone());
            found(path);
            path.pop();
        }
        for (element, node) in &self.elements {
            path.push(element.clone());
            node.below.visit(path, found);
            path.pop();
        }
    }
}

/// Prints a path as Kubernetes does.
pub(crate) fn print_path(path: &[Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}

/// Reads one level: whether its parent is a member, and what is below.
fn read(map: &Map<String, Value>, depth: usize) -> Result<(bool, FieldSet), FieldsError> {
    if depth > MAX_DEPTH {
        return Err(FieldsError(format!("deeper than {MAX_DEPTH} levels")));
    }
    let mut member = false;
    let mut set = FieldSet::default();
    for (key, value) in map {
        if key == "." {
            member = true;
            continue;
        }
        let Some(element) = Element::parse(key).map_err(FieldsError)? else { continue };
        let (member, below) = match value {
            Value::Object(below) => read(below, depth + 1)?,
            Value::Null => (true, FieldSet::default()),
            _ => return Err(FieldsError(format!("{key}: not an object"))),
        };
        set.elements.insert(element, Node { member, below });
    }
    Ok((member || set.elements.is_empty(), set))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    fn set(value: &Value) -> FieldSet {
        FieldSet::from_fields_v1(value).unwrap()
    }

    fn check(actual: &FieldSet, expected: &[&str]) {
        assert_eq!(actual.paths(), expected);
        assert_eq!(actual.len(), expected.len());
        assert_eq!(&FieldSet::from_fields_v1(&actual.to_fields_v1()).unwrap(), actual);
    }

    #[test]
    fn reads_and_prints_all_kinds_of_elements() {
        let s = set(&json!({"f:spec": {
            "f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            "f:finalizers": {"v:\"a\\u003cb\"": {}},
            "f:list": {"i:3": {}, "x:new": {}},
        }}));
        check(
            &s,
            &[
                ".spec.ports",
                ".spec.finalizers[=\"a<b\"]",
                ".spec.list[3]",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port",
            ],
        );
        assert!(s.to_fields_v1()["f:spec"]["f:finalizers"].get("v:\"a\\u003cb\"").is_some());
    }

    #[test]
    fn refuses_what_is_not_a_set() {
        for bad in [json!([]), json!({"spec": {}}), json!({"k:[]": {}}), json!({"f:a": 1})] {
            assert!(FieldSet::from_fields_v1(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn differences() {
        let a = set(&json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}, "f:d": {}}));
        let b = set(&json!({"f:a": {"f:b": {}}, "f:d": {"f:e": {}}}));
        check(&a.difference(&b), &[".a", ".d", ".a.c"]);
        check(&b.difference(&a), &[".d.e"]);
        check(&b.recursive_difference(&a), &[]);
        check(&a.intersection(&b), &[".a.b"]);
        check(&a.union(&b), &[".a", ".d", ".a.b", ".a.c", ".d.e"]);
    }
}
