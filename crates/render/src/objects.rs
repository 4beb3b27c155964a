//! From decoded documents to objects.

use windlass_object::{Object, Value, yaml};
use windlass_tree::TreePath;

use crate::{Diagnostic, Findings, Manifest, Reason};

/// What Kubernetes takes for an object: something with a kind.
pub(crate) fn object(value: Value) -> Result<Object, String> {
    let object = Object::try_from(value).map_err(|e| e.to_string())?;
    if object.kind().is_empty() {
        return Err("Object 'Kind' is missing".to_owned());
    }
    Ok(object)
}

impl Findings {
    pub(crate) fn unmarshal(&mut self, path: &TreePath, at: yaml::Position, problem: String) {
        self.malformed(path, at, problem, None);
    }

    /// A text that is no YAML, at a `line` of its document.
    pub(crate) fn malformed(
        &mut self,
        path: &TreePath,
        at: yaml::Position,
        problem: String,
        line: Option<usize>,
    ) {
        let reason = Reason::Unmarshal { file: path.name().to_owned(), problem, line };
        self.diagnostics.push(Diagnostic::at(path, at, reason));
    }

    /// Takes an object in. Whatever has a list of items is a list of objects.
    pub(crate) fn expand(&mut self, path: &TreePath, at: yaml::Position, mut object: Object) {
        let is_null_list = object.get(&["items"]).is_some_and(Value::is_null)
            && object.get(&["spec"]).is_none()
            && object.get(&["status"]).is_none();
        if is_null_list {
            return;
        }
        let Some(Value::Array(items)) =
            object.fields_mut().get_mut("items").filter(|v| v.is_array()).map(Value::take)
        else {
            return self.manifests.push(Manifest { object, path: path.clone(), at });
        };
        for (index, item) in items.into_iter().enumerate() {
            match self::object(item) {
                Ok(object) => self.manifests.push(Manifest { object, path: path.clone(), at }),
                Err(problem) => self.unmarshal(path, at, format!("items[{index}]: {problem}")),
            }
        }
    }
}
