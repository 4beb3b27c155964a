//! Walking to the fields that a [`FieldSpec`] names.

use serde_json::{Map, Value};
use windlass_object::Pointer;

use crate::error::{During, Error, Result};
use crate::fieldspec::FieldSpec;
use crate::id::Gvk;

/// What is made where a field is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// An empty text.
    Scalar,
    /// An empty mapping.
    Mapping,
    /// An empty list.
    Sequence,
}

impl Create {
    fn empty(self) -> Value {
        match self {
            Self::Scalar => Value::String(String::new()),
            Self::Mapping => Value::Object(Map::new()),
            Self::Sequence => Value::Array(Vec::new()),
        }
    }
}

/// Calls `set` with each field of the object `value`, of kind `gvk`, that `spec` names. A path
/// goes through lists item by item. With `spec.create`, what is missing is made as `create` says.
///
/// # Errors
/// Those of `set`, and where a field is not what its path says.
pub fn each(
    value: &mut Value,
    gvk: &Gvk,
    spec: &FieldSpec,
    create: Option<Create>,
    set: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    if !gvk.is_selected(&spec.gvk) {
        return Ok(());
    }
    Field::new(spec).apply(value, create, set)
}

/// Field specs whose paths are taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Fields(Vec<Field>);

#[derive(Clone, Debug)]
struct Field {
    spec: FieldSpec,
    path: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    name: String,
    is_list: bool,
}

impl Fields {
    pub(crate) fn new<'a>(specs: impl IntoIterator<Item = &'a FieldSpec>) -> Self {
        Self(specs.into_iter().map(Field::new).collect())
    }

    /// Those without the ones that `drop` names.
    pub(crate) fn without(&self, drop: impl Fn(&FieldSpec) -> bool) -> Self {
        Self(self.0.iter().filter(|field| !drop(&field.spec)).cloned().collect())
    }

    /// Calls `set` on each field of `object` that the specs name.
    pub(crate) fn apply(
        &self,
        object: &mut Value,
        create: Option<Create>,
        set: &mut dyn FnMut(&mut Value) -> Result<()>,
    ) -> Result<()> {
        let gvk = gvk(object);
        let mut fields = self.0.iter().filter(|field| gvk.is_selected(&field.spec.gvk));
        fields.try_for_each(|field| field.apply(object, create, set))
    }

    /// Tells the place of each field of `object` that the specs name and that is there.
    pub(crate) fn places(&self, object: &Value, found: &mut dyn FnMut(Pointer)) {
        let gvk = gvk(object);
        for field in self.0.iter().filter(|field| gvk.is_selected(&field.spec.gvk)) {
            places(object, &field.path, &mut Vec::new(), found);
        }
    }
}

impl Field {
    fn new(spec: &FieldSpec) -> Self {
        let parts = split(&spec.path, '/').into_iter().map(|part| {
            let name = part.strip_suffix("[]");
            let is_list = name.is_some();
            Part { name: name.unwrap_or(&part).to_owned(), is_list }
        });
        Self { spec: spec.clone(), path: parts.collect() }
    }

    fn apply(
        &self,
        object: &mut Value,
        create: Option<Create>,
        set: &mut dyn FnMut(&mut Value) -> Result<()>,
    ) -> Result<()> {
        let create = create.filter(|_| self.spec.create);
        walk(object, &self.path, create, set).map_err(|error| {
            let id = id_text(object);
            error.during(format!("considering field '{}' of object {id}", self.spec.path))
        })
    }
}

/// Group, version and kind as they stand in an object.
pub(crate) fn gvk(object: &Value) -> Gvk {
    let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
    Gvk::new(text("apiVersion"), text("kind"))
}

/// The id of an object as kustomize prints it.
pub(crate) fn id_text(object: &Value) -> String {
    let text = |key| {
        let value = object.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    crate::id::ResId {
        gvk: gvk(object),
        name: text("name"),
        namespace: text("namespace"),
        cluster_scoped: false,
    }
    .to_string()
}

/// Takes a path apart; a backslash in front of `by` keeps it in the part.
pub(crate) fn split(path: &str, by: char) -> Vec<String> {
    let mut parts = path.split(by).peekable();
    let mut first = parts.next().unwrap_or_default();
    if first.is_empty()
        && let Some(second) = parts.next()
    {
        first = second;
    }
    let mut split = vec![first.to_owned()];
    for part in parts {
        match split.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push(by);
                last.push_str(part);
            }
            None => split.push(part.to_owned()),
        }
    }
    split
}

fn walk(
    value: &mut Value,
    path: &[Part],
    create: Option<Create>,
    set: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    let Some((part, rest)) = path.split_first() else { return set(value) };
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| {
            walk(item, path, create, set).during(|| {
                let names: Vec<_> = path.iter().map(Part::text).collect();
                format!("visit traversal on path: [{}]", names.join(" "))
            })
        }),
        Value::Object(_) => {
            if part.name.is_empty() {
                return Err(Error::told("cannot set or create an empty field name"));
            }
            not_a_place(part, value)?;
            let Value::Object(fields) = value else { return Ok(()) };
            let made = create
                .filter(|_| !part.is_list)
                .map(|create| if rest.is_empty() { create } else { Create::Mapping }.empty());
            let field = match (fields.get_mut(&part.name), made) {
                (None, None) => return Ok(()),
                (None, Some(made)) => fields.entry(part.name.clone()).or_insert(made),
                (Some(Value::Null), made) => {
                    let empty_list = || part.is_list.then(|| Value::Array(Vec::new()));
                    let Some(made) = made.or_else(empty_list) else {
                        return walk(&mut fields[&part.name], rest, create, set);
                    };
                    let field = &mut fields[&part.name];
                    *field = made;
                    field
                }
                (Some(_), _) => &mut fields[&part.name],
            };
            walk(field, rest, create, set)
        }
        _ => Err(Error::told("expected sequence or mapping node")),
    }
}

/// A part of a path that kyaml takes for a place in a list, or for all of them, which a mapping has
/// not.
///
/// # Errors
/// In kyaml's words.
fn not_a_place(part: &Part, value: &Value) -> Result<()> {
    let error = match part.name.as_str() {
        "*" => Error::told("wildcard is not supported in PathGetter"),
        name if name == "-" || name.parse::<u64>().is_ok() => wrong_kind("SequenceNode", value),
        _ => return Ok(()),
    };
    Err(error.during(format!("fieldName: {}", part.name)))
}

fn places(value: &Value, path: &[Part], at: &mut Vec<String>, found: &mut dyn FnMut(Pointer)) {
    let Some((part, rest)) = path.split_first() else {
        found(Pointer::from_tokens(at.iter().cloned()));
        return;
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(index.to_string());
                places(item, path, at, found);
                at.pop();
            }
        }
        Value::Object(fields) => {
            if let Some(inner) = fields.get(&part.name) {
                at.push(part.name.clone());
                places(inner, rest, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

impl Part {
    fn text(&self) -> String {
        if self.is_list { format!("{}[]", self.name) } else { self.name.clone() }
    }
}

/// Sets a scalar.
///
/// # Errors
/// If something else than a scalar is there.
pub(crate) fn set_scalar(value: &mut Value, new: Value) -> Result<()> {
    if matches!(value, Value::Object(_) | Value::Array(_)) {
        return Err(wrong_kind("ScalarNode", value));
    }
    *value = new;
    Ok(())
}

/// Sets a field of a map; does nothing where there is null.
///
/// # Errors
/// If something else than a map is there.
pub(crate) fn set_entry(value: &mut Value, key: &str, text: &str) -> Result<()> {
    match value {
        Value::Object(fields) => {
            fields.insert(key.to_owned(), Value::String(text.to_owned()));
            Ok(())
        }
        Value::Null => Ok(()),
        other => Err(wrong_kind("MappingNode", other)),
    }
}

/// kyaml's complaint about a value of the wrong kind.
pub(crate) fn wrong_kind(expected: &str, value: &Value) -> Error {
    let got = match value {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    };
    let contents = windlass_object::yaml::to_string(value);
    Error::told(format!(
        "wrong node kind: expected {expected} but got {got}: node contents:\n{contents}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(spec: &FieldSpec, create: Option<Create>, object: Value, expected: &Value) {
        let mut object = object;
        Fields::new([spec])
            .apply(&mut object, create, &mut |value| match create {
                Some(Create::Mapping) => set_entry(value, "k", "v"),
                _ => set_scalar(value, json!("set")),
            })
            .unwrap();
        assert_eq!(&object, expected, "{spec}");
    }

    #[test]
    fn sets_what_the_path_names() {
        let everywhere = FieldSpec::everywhere;
        check(
            &everywhere("a/b", true),
            Some(Create::Scalar),
            json!({}),
            &json!({"a": {"b": "set"}}),
        );
        check(&everywhere("a/b", false), Some(Create::Scalar), json!({"a": {}}), &json!({"a": {}}));
        check(
            &everywhere("a/b", true),
            Some(Create::Scalar),
            json!({"a": null}),
            &json!({"a": {"b": "set"}}),
        );
        check(
            &everywhere("a/b", true),
            Some(Create::Mapping),
            json!({"a": {"b": null}}),
            &json!({"a": {"b": {"k": "v"}}}),
        );
        check(
            &everywhere("a/b", false),
            Some(Create::Mapping),
            json!({"a": {"b": null}}),
            &json!({"a": {"b": null}}),
        );
        check(
            &everywhere("a[]/b", true),
            Some(Create::Scalar),
            json!({"a": [{}, {"b": 1}]}),
            &json!({"a": [{"b": "set"}, {"b": "set"}]}),
        );
        check(&everywhere("a[]/b", true), Some(Create::Scalar), json!({}), &json!({}));
        check(
            &everywhere("a[]/b", true),
            Some(Create::Scalar),
            json!({"a": null}),
            &json!({"a": []}),
        );
        check(
            &everywhere("a/b", false),
            Some(Create::Scalar),
            json!({"a": [{"b": 1}]}),
            &json!({"a": [{"b": "set"}]}),
        );
        check(&everywhere("a\\/b", true), Some(Create::Scalar), json!({}), &json!({"a/b": "set"}));
        let deployment =
            FieldSpec { gvk: Gvk::new("apps/v1", "Deployment"), ..everywhere("a", true) };
        check(&deployment, Some(Create::Scalar), json!({"kind": "Pod"}), &json!({"kind": "Pod"}));
    }

    #[test]
    fn says_where_it_failed() {
        let mut object =
            json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "n"}, "a": [{"b": {}}]});
        let fields = Fields::new([&FieldSpec::everywhere("a/b", false)]);
        let error = fields
            .apply(&mut object, Some(Create::Scalar), &mut |value| set_scalar(value, json!("x")))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "considering field 'a/b' of object A.v1.[noGrp]/n.[noNs]: visit traversal on path: [b]: \
             wrong node kind: expected ScalarNode but got MappingNode: node contents:\n{}\n"
        );
    }
}
