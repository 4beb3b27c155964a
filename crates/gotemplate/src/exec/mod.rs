//! Running templates.
//!
//! [`Context`] is one execution; a [`Frame`] is one template of it, with its variables. Walking the
//! nodes is in `walk`, evaluating pipelines in `evaluate`, arguments in `arguments`.

mod arguments;
mod evaluate;
mod walk;

use std::fmt::Display;

use crate::error::{Cause, ExecError, Limit};
use crate::fmt;
use crate::function::Functions;
use crate::node::Tree;
use crate::set::{Limits, Set};
use crate::value::Value;

/// Templates that may be within each other; Go allows 100,000 on a stack that grows, and Helm's
/// `include` 1,000 of one name.
const MAX_DEPTH: usize = 1_200;

/// One execution: what templates and functions share.
#[derive(Debug)]
pub struct Context<'a> {
    set: &'a Set,
    functions: &'a Functions,
    limits: Limits,
    steps: u64,
    written: usize,
    depth: usize,
}

/// Runs with stack to spare: templates and functions go deeper than a thread's own allows.
pub(crate) fn deep<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(256 << 10, 4 << 20, work)
}

/// Why walking stopped.
enum Stop {
    Break,
    Continue,
    Error(ExecError),
}

impl From<ExecError> for Stop {
    fn from(error: ExecError) -> Self {
        Self::Error(error)
    }
}

type Walk = Result<(), Stop>;
type Eval = Result<Value, ExecError>;

impl<'a> Context<'a> {
    /// An execution that has not begun.
    pub fn new(set: &'a Set, functions: &'a Functions, limits: Limits) -> Self {
        Self { set, functions, limits, steps: 0, written: 0, depth: 0 }
    }

    /// The templates.
    pub fn set(&self) -> &'a Set {
        self.set
    }

    /// The functions.
    pub fn functions(&self) -> &'a Functions {
        self.functions
    }

    /// Runs a template, and gives what it writes: mostly UTF-8, but values may hold any bytes.
    /// Functions call this to include one.
    ///
    /// # Errors
    /// When there is none of that name, or it fails.
    pub fn execute(&mut self, name: &str, data: &Value) -> Result<Vec<u8>, ExecError> {
        let set = self.set;
        let Some(tree) = set.tree(name) else {
            let quoted = fmt::quote(name);
            let message = format!("template: no template {quoted} associated with template");
            return Err(ExecError::Template(message));
        };
        let mut out = Vec::new();
        self.run(tree, data, &mut out)?;
        Ok(out)
    }

    /// Runs a template of another set within this execution's bounds: for `tpl`.
    ///
    /// # Errors
    /// As [`Context::execute`].
    pub fn execute_in(
        &mut self,
        set: &Set,
        functions: &Functions,
        name: &str,
        data: &Value,
    ) -> Result<Vec<u8>, ExecError> {
        let mut inner = Context {
            set,
            functions,
            limits: self.limits,
            steps: self.steps,
            written: self.written,
            depth: self.depth,
        };
        let out = inner.execute(name, data);
        (self.steps, self.written) = (inner.steps, inner.written);
        out
    }

    fn run(&mut self, tree: &Tree, data: &Value, out: &mut Vec<u8>) -> Result<(), ExecError> {
        let mut frame = Frame {
            context: self,
            tree,
            variables: vec![Variable { name: "$", value: data.clone(), element: false }],
            element: false,
            out,
            last: (0, &tree.name),
        };
        match deep(|| frame.list(data, &tree.root)) {
            Err(Stop::Error(error)) => Err(error),
            // The parser lets neither of the others stand outside a range.
            Ok(()) | Err(Stop::Break | Stop::Continue) => Ok(()),
        }
    }
}

/// One template while it runs.
struct Frame<'c, 'a, 't> {
    context: &'c mut Context<'a>,
    tree: &'t Tree,
    variables: Vec<Variable<'t>>,
    /// Whether dot is an element of a list or map of anything: Go knows it as an interface then.
    element: bool,
    out: &'c mut Vec<u8>,
    /// The node that was looked at last: Go's errors name it, even where another one failed.
    last: Node<'t>,
}

/// A variable of a template.
struct Variable<'t> {
    name: &'t str,
    value: Value,
    /// As [`Frame::element`].
    element: bool,
}

/// A node, as errors show it: where it stands and its text.
type Node<'t> = (usize, &'t dyn Display);

impl<'t> Frame<'_, '_, 't> {
    fn at(&mut self, pos: usize, node: &'t dyn Display) {
        self.last = (pos, node);
    }

    fn fail(&self, cause: Cause) -> ExecError {
        ExecError::At {
            location: self.tree.source.location(self.last.0),
            template: self.tree.name.clone(),
            node: self.last.1.to_string(),
            cause,
        }
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, ExecError> {
        Err(self.fail(Cause::Message(message.into())))
    }

    fn step(&mut self) -> Result<(), ExecError> {
        self.context.steps += 1;
        if self.context.steps > self.context.limits.steps {
            return Err(self.fail(Cause::Limit(Limit::Steps)));
        }
        Ok(())
    }

    fn write(&mut self, text: &[u8]) -> Result<(), ExecError> {
        self.context.written += text.len();
        if self.context.written > self.context.limits.output {
            return Err(self.fail(Cause::Limit(Limit::Output)));
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn too_deep<T>(&self) -> Result<T, ExecError> {
        self.error(format!("exceeded maximum template depth ({MAX_DEPTH})"))
    }
}
