//! Templates that refer to each other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{ExecError, ParseError};
use crate::exec::Context;
use crate::function::Functions;
use crate::node::Tree;
use crate::parse::parse;
use crate::value::Value;

/// What a key that a map does not have is: the option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// `default`, `invalid`: no value; prints as `<no value>`.
    #[default]
    Invalid,
    /// `zero`: the zero value of the map's element type. Helm's choice.
    Zero,
    /// `error`.
    Error,
}

/// Bounds of one execution.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes that may be walked, over all templates.
    pub steps: u64,
    /// Bytes that may be written, over all templates.
    pub output: usize,
    /// Elements that a range over an integer may have.
    pub size: u64,
}

impl Default for Limits {
    /// More than any public chart needs by orders of magnitude; seconds of work.
    fn default() -> Self {
        Self { steps: 200_000_000, output: 512 << 20, size: 10_000_000 }
    }
}

/// Templates by name. A clone shares what is parsed, and can grow on its own.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// What [`Set::seal`] found, shared by all clones.
    sealed: Arc<HashMap<Arc<str>, Arc<Tree>>>,
    /// What was parsed since; it stands before what is sealed.
    trees: HashMap<Arc<str>, Arc<Tree>>,
    /// What a missing key is.
    pub missing_key: MissingKey,
}

impl Set {
    /// Parses a text, which becomes the template `name`, with the templates that it defines. A
    /// definition replaces an earlier one of the same name, unless it is empty and the earlier is
    /// not.
    ///
    /// # Errors
    /// When the text is no template, or defines one name twice.
    pub fn parse(
        &mut self,
        name: &str,
        text: &str,
        functions: &Functions,
    ) -> Result<(), ParseError> {
        let trees = parse(name, text, &|f| functions.contains(f))?;
        let mut own: HashMap<Arc<str>, Arc<Tree>> = HashMap::new();
        for tree in trees {
            if let Some(earlier) = own.get(&tree.name)
                && !earlier.is_empty()
            {
                if tree.is_empty() {
                    continue;
                }
                let quoted = crate::fmt::quote(&tree.name);
                let message = format!("template: multiple definition of template {quoted}");
                let line = 1 + text.matches('\n').count();
                return Err(ParseError { name: name.into(), line, message });
            }
            own.insert(tree.name.clone(), Arc::new(tree));
        }
        for (name, tree) in own {
            let replaces = self.tree(&name).is_none_or(|t| t.is_empty());
            if replaces || !tree.is_empty() {
                self.trees.insert(name, tree);
            }
        }
        Ok(())
    }

    /// Makes clones cheap: what is parsed so far is shared by them and not copied.
    pub fn seal(&mut self) {
        if self.sealed.is_empty() {
            self.sealed = Arc::new(std::mem::take(&mut self.trees));
        } else if !self.trees.is_empty() {
            let mut all = (*self.sealed).clone();
            all.extend(self.trees.drain());
            self.sealed = Arc::new(all);
        }
    }

    /// Takes away a template that was parsed since the set was sealed.
    pub fn remove(&mut self, name: &str) {
        self.trees.remove(name);
    }

    /// Whether it has grown since it was sealed, or was never.
    pub fn has_own(&self) -> bool {
        !self.trees.is_empty()
    }

    /// Whether there is a template of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.tree(name).is_some()
    }

    /// The templates that texts define, each with the name of the text that does, by their names.
    pub fn definitions(&self) -> Vec<(String, String)> {
        let all = self.sealed.values().chain(self.trees.values());
        let named = all.filter(|tree| tree.name != tree.source.name);
        let mut found: Vec<_> =
            named.map(|tree| (tree.name.to_string(), tree.source.name.to_string())).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Runs a template; bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// When there is none of that name, or it fails.
    pub fn execute(
        &self,
        name: &str,
        data: &Value,
        functions: &Functions,
        limits: Limits,
    ) -> Result<String, ExecError> {
        let bytes = Context::new(self, functions, limits).execute(name, data)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|e| crate::fmt::lossy(e.as_bytes()).into_owned()))
    }

    pub(crate) fn tree(&self, name: &str) -> Option<&Arc<Tree>> {
        self.trees.get(name).or_else(|| self.sealed.get(name))
    }
}
