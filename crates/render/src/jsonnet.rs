//! Jsonnet files in plain directories.

use windlass_jsonnet::{Importer, Limits, Variable, evaluate};
use windlass_object::{Value, yaml};
use windlass_tree::{Tree, TreePath, resolve};

use crate::objects::object;
use crate::{Diagnostic, Environment, Findings, JsonnetOptions, JsonnetVariable, Reason};

/// The longest file that is imported, in bytes.
const MAX_FILE: u64 = 10 << 20;

/// How the files of a directory are worked out.
pub(crate) struct Program<'a> {
    pub(crate) tree: &'a dyn Tree,
    /// The application's directory, in which imports are looked for too.
    pub(crate) root: &'a TreePath,
    pub(crate) options: &'a JsonnetOptions,
    pub(crate) environment: &'a Environment<'a>,
}

/// Imports: from beside the importing file, from the libraries, from the application's directory, in
/// that order. Nothing outside of the repository can be named.
struct Imports<'a> {
    tree: &'a dyn Tree,
    places: Vec<TreePath>,
}

impl Importer for Imports<'_> {
    fn find(&self, from: &str, path: &str) -> Result<String, String> {
        if from.is_empty() {
            // The program itself.
            return Ok(path.to_owned());
        }
        if path.starts_with('/') {
            return Err("a file outside of the repository must not be read".to_owned());
        }
        // What comes from outside has no place of its own.
        let beside = TreePath::new(from).ok().and_then(|from| from.parent());
        for place in beside.iter().chain(&self.places) {
            let Ok(path) = place.join(path) else { continue };
            match resolve(self.tree, &path) {
                Ok((real, entry)) if entry.kind.is_file() => return Ok(real.as_str().to_owned()),
                _ => {}
            }
        }
        Err("no match locally or in the Jsonnet library paths".to_owned())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = TreePath::new(name).map_err(|error| error.to_string())?;
        let bytes = self.tree.read(&path, MAX_FILE).map_err(|error| error.to_string())?;
        Ok(bytes.to_vec())
    }
}

impl Program<'_> {
    /// Works out a file, which may be a link to `real`.
    pub(crate) fn run(&self, path: &TreePath, real: &TreePath, findings: &mut Findings) {
        let file = path.name().to_owned();
        let fail = |findings: &mut Findings, reason| {
            findings.diagnostics.push(Diagnostic::of_file(path, reason));
        };
        let mut places = Vec::new();
        for library in self.options.libs.iter().rev() {
            match TreePath::new(library.trim_start_matches('/')) {
                Ok(place) => places.push(place),
                Err(error) => {
                    let problem = format!("library {library:?}: {error}");
                    return fail(findings, Reason::Jsonnet { file, problem });
                }
            }
        }
        places.push(self.root.clone());
        let imports = Imports { tree: self.tree, places };
        let variables = self.variables(&self.options.ext_vars);
        let arguments = self.variables(&self.options.tlas);
        let made = evaluate(real.as_str(), &imports, &variables, &arguments, Limits::default());
        let values = match made {
            Ok(Value::Array(values)) => values,
            Ok(value) => vec![value],
            Err(error) => {
                return fail(findings, Reason::Jsonnet { file, problem: error.to_string() });
            }
        };
        let at = yaml::Position { line: 1, column: 1 };
        for value in values.into_iter().filter(|value| !value.is_null()) {
            match object(value) {
                Ok(object) => findings.expand(path, at, object),
                Err(problem) => {
                    fail(findings, Reason::Generated { file: file.clone(), problem });
                }
            }
        }
    }

    fn variables(&self, given: &[JsonnetVariable]) -> Vec<Variable> {
        let variable = |given: &JsonnetVariable| Variable {
            name: given.name.clone(),
            value: self.environment.substitute(&given.value),
            code: given.code,
        };
        given.iter().map(variable).collect()
    }
}
