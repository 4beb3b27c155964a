//! Running templates.

mod arguments;

use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Cause, ExecError, Limit};
use crate::field::{Found, field};
use crate::fmt;
use crate::function::{CallError, Functions, Type};
use crate::node::{Command, Node, Operand, Pipe, Term, Tree};
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

    /// Runs a template, and gives what it writes. Functions call this to include one.
    ///
    /// # Errors
    /// When there is none of that name, or it fails.
    pub fn execute(&mut self, name: &str, data: &Value) -> Result<String, ExecError> {
        let quoted = fmt::quote(name);
        let Some(tree) = self.set.tree(name).cloned() else {
            let message = format!("template: no template {quoted} associated with template");
            return Err(ExecError::Template(message));
        };
        self.run(&tree, data)
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
    ) -> Result<String, ExecError> {
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

    fn run(&mut self, tree: &Arc<Tree>, data: &Value) -> Result<String, ExecError> {
        let mut frame = Frame {
            context: self,
            tree: tree.clone(),
            variables: vec![("$".into(), data.clone())],
            out: String::new(),
        };
        match deep(|| frame.list(data, &tree.root)) {
            Ok(()) => Ok(frame.out),
            Err(Stop::Error(error)) => Err(error),
            // The parser lets neither stand outside a range.
            Err(Stop::Break | Stop::Continue) => Ok(frame.out),
        }
    }
}

/// One template while it runs.
struct Frame<'c, 'a> {
    context: &'c mut Context<'a>,
    tree: Arc<Tree>,
    variables: Vec<(Arc<str>, Value)>,
    out: String,
}

/// The value that the stage before gives to a command as its last argument.
type Final = Option<Value>;

impl Frame<'_, '_> {
    fn fail(&self, at: (usize, &dyn std::fmt::Display), cause: Cause) -> ExecError {
        ExecError::At {
            location: self.tree.source.location(at.0),
            template: self.tree.name.clone(),
            node: at.1.to_string(),
            cause,
        }
    }

    fn error<T>(
        &self,
        pos: usize,
        node: &dyn std::fmt::Display,
        message: impl Into<String>,
    ) -> Result<T, ExecError> {
        Err(self.fail((pos, node), Cause::Message(message.into())))
    }

    fn step(&mut self, pos: usize, node: &dyn std::fmt::Display) -> Result<(), ExecError> {
        self.context.steps += 1;
        if self.context.steps > self.context.limits.steps {
            return Err(self.fail((pos, node), Cause::Limit(Limit::Steps)));
        }
        Ok(())
    }

    fn write(&mut self, text: &str, at: (usize, &dyn std::fmt::Display)) -> Result<(), ExecError> {
        self.context.written += text.len();
        if self.context.written > self.context.limits.output {
            return Err(self.fail(at, Cause::Limit(Limit::Output)));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn list(&mut self, dot: &Value, nodes: &[Node]) -> Walk {
        nodes.iter().try_for_each(|node| self.node(dot, node))
    }

    fn node(&mut self, dot: &Value, node: &Node) -> Walk {
        match node {
            Node::Text(text) => self.write(text, (0, text))?,
            Node::Action(pipe) => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.declared.is_empty() {
                    self.print(&value, pipe)?;
                }
            }
            Node::If { pipe, then, otherwise } => {
                self.branch(dot, pipe, then, otherwise.as_deref(), false)?;
            }
            Node::With { pipe, then, otherwise } => {
                self.branch(dot, pipe, then, otherwise.as_deref(), true)?;
            }
            Node::Range { pipe, body, otherwise } => {
                self.range(dot, pipe, body, otherwise.as_deref())?;
            }
            Node::Template { pos, name, pipe } => self.template(dot, *pos, name, pipe.as_ref())?,
            Node::Break => return Err(Stop::Break),
            Node::Continue => return Err(Stop::Continue),
        }
        Ok(())
    }

    fn print(&mut self, value: &Value, pipe: &Pipe) -> Result<(), ExecError> {
        match value {
            Value::String(text) => self.write(text, (pipe.pos, pipe)),
            Value::Binary(b) => self.write(&String::from_utf8_lossy(b), (pipe.pos, pipe)),
            Value::Nil | Value::NilInterface => self.write("<no value>", (pipe.pos, pipe)),
            Value::Object(object) => self.write(&object.shown(), (pipe.pos, pipe)),
            other => self.write(&fmt::print_one(other), (pipe.pos, pipe)),
        }
    }

    fn branch(
        &mut self,
        dot: &Value,
        pipe: &Pipe,
        then: &[Node],
        otherwise: Option<&[Node]>,
        with: bool,
    ) -> Walk {
        let mark = self.variables.len();
        let value = self.pipeline(dot, pipe)?;
        let walked = if value.is_true() {
            deep(|| self.list(if with { &value } else { dot }, then))
        } else if let Some(list) = otherwise {
            deep(|| self.list(dot, list))
        } else {
            Ok(())
        };
        self.variables.truncate(mark);
        walked
    }

    fn range(
        &mut self,
        dot: &Value,
        pipe: &Pipe,
        body: &[Node],
        otherwise: Option<&[Node]>,
    ) -> Walk {
        let mark = self.variables.len();
        let value = self.pipeline(dot, pipe)?;
        let walked = self.iterate(dot, &value, pipe, body, otherwise);
        self.variables.truncate(mark);
        match walked {
            Err(Stop::Break) => Ok(()),
            other => other,
        }
    }

    fn iterate(
        &mut self,
        dot: &Value,
        value: &Value,
        pipe: &Pipe,
        body: &[Node],
        otherwise: Option<&[Node]>,
    ) -> Walk {
        let value = &value.underlying();
        let empty = match value {
            Value::Int(n) | Value::Int64(n) => {
                if pipe.declared.len() > 1 {
                    let message = format!("can't use {n} to iterate over more than one variable");
                    return Ok(self.error(pipe.pos, pipe, message)?);
                }
                if u64::try_from(*n).is_ok_and(|n| n > self.context.limits.size) {
                    return Err(self.fail((pipe.pos, pipe), Cause::Limit(Limit::Size)).into());
                }
                let kind = if matches!(value, Value::Int(_)) { Value::Int } else { Value::Int64 };
                for i in 0..*n {
                    self.iteration(pipe, Value::Nil, &kind(i), body)?;
                }
                *n <= 0
            }
            Value::List(list) => {
                for (i, item) in list.items.iter().enumerate() {
                    self.iteration(pipe, index(i), item, body)?;
                }
                list.items.is_empty()
            }
            Value::Bytes(bytes) => {
                for (i, b) in bytes.iter().enumerate() {
                    self.iteration(pipe, index(i), &Value::Uint8(*b), body)?;
                }
                bytes.is_empty()
            }
            Value::Map(map) => {
                // As Go sorts before it begins, changes on the way do not count.
                let entries: Vec<(Rc<str>, Value)> =
                    map.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                let empty = entries.is_empty();
                for (key, item) in entries {
                    self.iteration(pipe, Value::String(key), &item, body)?;
                }
                empty
            }
            Value::Nil | Value::NilInterface => true,
            other => {
                let message = format!("range can't iterate over {}", fmt::print_one(other));
                return Ok(self.error(pipe.pos, pipe, message)?);
            }
        };
        match otherwise {
            Some(list) if empty => self.list(dot, list),
            _ => Ok(()),
        }
    }

    fn iteration(&mut self, pipe: &Pipe, key: Value, item: &Value, body: &[Node]) -> Walk {
        self.step(pipe.pos, pipe)?;
        let mark = self.variables.len();
        match &*pipe.declared {
            [] => {}
            [one] if pipe.assigns => self.assign(one, item.clone()),
            [one, two] if pipe.assigns => {
                self.assign(one, key);
                self.assign(two, item.clone());
            }
            [_] => self.set_top(1, item.clone()),
            [_, _, ..] => {
                self.set_top(1, item.clone());
                self.set_top(2, key);
            }
        }
        let walked = self.list(item, body);
        self.variables.truncate(mark);
        match walked {
            Err(Stop::Continue) => Ok(()),
            other => other,
        }
    }

    /// The variables of a range lie on top of the stack, the last declared first.
    fn set_top(&mut self, from_top: usize, value: Value) {
        if let Some(at) = self.variables.len().checked_sub(from_top) {
            self.variables[at].1 = value;
        }
    }

    /// The parser lets no variable be assigned that is not declared.
    fn assign(&mut self, name: &str, value: Value) {
        if let Some(slot) = self.variables.iter_mut().rev().find(|(n, _)| **n == *name) {
            slot.1 = value;
        }
    }

    fn template(&mut self, dot: &Value, pos: usize, name: &Arc<str>, pipe: Option<&Pipe>) -> Walk {
        let shown = Shown { name, pipe };
        let Some(tree) = self.context.set.tree(name).cloned() else {
            let message = format!("template {} not defined", fmt::quote(name));
            return Ok(self.error(pos, &shown, message)?);
        };
        if self.context.depth >= MAX_DEPTH {
            let message = format!("exceeded maximum template depth ({MAX_DEPTH})");
            return Ok(self.error(pos, &shown, message)?);
        }
        let data = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        self.context.depth += 1;
        let text = self.context.run(&tree, &data);
        self.context.depth -= 1;
        self.out.push_str(&text?);
        Ok(())
    }

    fn pipeline(&mut self, dot: &Value, pipe: &Pipe) -> Eval {
        self.step(pipe.pos, pipe)?;
        let mut value: Final = None;
        for command in &pipe.commands {
            let result = self.command(dot, command, value)?;
            // An interface that holds nothing is nothing, once it leaves a command.
            value = Some(if matches!(result, Value::NilInterface) { Value::Nil } else { result });
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.declared {
            if pipe.assigns {
                self.assign(name, value.clone());
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &Command, last: Final) -> Eval {
        // The parser makes no command without a word.
        let Some((first, rest)) = command.args.split_first() else { return Ok(Value::Nil) };
        match &first.term {
            Term::Field(names) => self.fields(dot, dot, first, names, rest, last),
            Term::Chain(head, names) => self.chain(dot, first, head, names, rest, last),
            Term::Identifier(name) => self.function(dot, first, command, name, rest, last),
            Term::Variable(names) => self.variable(dot, first, names, rest, last),
            _ => {
                if !rest.is_empty() || last.is_some() {
                    let message = format!("can't give argument to non-function {first}");
                    return self.error(first.pos, first, message);
                }
                match &first.term {
                    Term::Pipe(pipe) => deep(|| self.pipeline(dot, pipe)),
                    Term::Nil => self.error(first.pos, first, "nil is not a command"),
                    _ => self.constant(dot, first),
                }
            }
        }
    }

    /// A term whose type is its own.
    fn constant(&mut self, dot: &Value, operand: &Operand) -> Eval {
        Ok(match &operand.term {
            Term::Dot => dot.clone(),
            Term::Bool(b) => Value::Bool(*b),
            Term::String { text, .. } => Value::string(&**text),
            Term::Number(n) if n.is_ideal_float() => Value::Float64(n.float.unwrap_or(0.0)),
            Term::Number(n) => match n.int {
                Some(i) => Value::Int(i),
                None => {
                    return self.error(operand.pos, operand, format!("{} overflows int", n.text));
                }
            },
            _ => Value::Nil,
        })
    }

    fn chain(
        &mut self,
        dot: &Value,
        node: &Operand,
        head: &Operand,
        names: &[Arc<str>],
        args: &[Operand],
        last: Final,
    ) -> Eval {
        if matches!(head.term, Term::Nil) {
            let message = format!("indirection through explicit nil in {node}");
            return self.error(node.pos, node, message);
        }
        let receiver = self.argument(dot, None, head)?;
        self.fields(dot, &receiver, node, names, args, last)
    }

    fn variable(
        &mut self,
        dot: &Value,
        node: &Operand,
        names: &[Arc<str>],
        args: &[Operand],
        last: Final,
    ) -> Eval {
        let Some((name, fields)) = names.split_first() else { return Ok(Value::Nil) };
        let found = self.variables.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let Some(value) = found else {
            return self.error(node.pos, node, format!("undefined variable: {name}"));
        };
        if fields.is_empty() {
            if !args.is_empty() || last.is_some() {
                let message = format!("can't give argument to non-function {node}");
                return self.error(node.pos, node, message);
            }
            return Ok(value);
        }
        self.fields(dot, &value, node, fields, args, last)
    }

    fn fields(
        &mut self,
        dot: &Value,
        receiver: &Value,
        node: &Operand,
        names: &[Arc<str>],
        args: &[Operand],
        mut last: Final,
    ) -> Eval {
        let mut value = receiver.clone();
        for (i, name) in names.iter().enumerate() {
            let is_last = i + 1 == names.len();
            let (args, last) = if is_last { (args, last.take()) } else { (&[][..], None) };
            let has_arguments = !args.is_empty() || last.is_some();
            match field(&value, name, has_arguments, self.context.set.missing_key) {
                Ok(Found::Value(found)) => value = found,
                Ok(Found::Method(object)) => {
                    let mut given = Vec::new();
                    for arg in args {
                        given.push(self.argument(dot, Some(Type::Any), arg)?);
                    }
                    given.extend(last);
                    value = object.call(name, &given).map_err(|message| {
                        let function = name.to_string();
                        self.fail((node.pos, node), Cause::Call { function, message })
                    })?;
                }
                Err(message) => return self.error(node.pos, node, message),
            }
        }
        Ok(value)
    }

    fn function(
        &mut self,
        dot: &Value,
        node: &Operand,
        whole: &dyn std::fmt::Display,
        name: &Arc<str>,
        args: &[Operand],
        last: Final,
    ) -> Eval {
        let Some(function) = self.context.functions.get(name).cloned() else {
            let message = format!("{} is not a defined function", fmt::quote(name));
            return self.error(node.pos, node, message);
        };
        self.check_count(node, name, &function, args.len(), last.is_some())?;
        if **name == *"and" || **name == *"or" {
            return self.short_circuit(dot, args, last, **name == *"or");
        }
        let given = self.arguments(dot, node, &function, args, last)?;
        let body = function.body.clone();
        // Functions that run templates are within this one.
        if self.context.depth >= MAX_DEPTH {
            let message = format!("exceeded maximum template depth ({MAX_DEPTH})");
            return self.error(node.pos, node, message);
        }
        self.context.depth += 1;
        let result = deep(|| body(self.context, &given));
        self.context.depth -= 1;
        result.map_err(|error| {
            let function = name.to_string();
            let cause = match error {
                CallError::Message(message) => Cause::Call { function, message },
                CallError::Template(source) => {
                    Cause::Nested { function, before: String::new(), source: Box::new(source) }
                }
                CallError::Within { before, error } => {
                    Cause::Nested { function, before, source: Box::new(error) }
                }
            };
            self.fail((node.pos, whole), cause)
        })
    }

    fn short_circuit(&mut self, dot: &Value, args: &[Operand], last: Final, stop_at: bool) -> Eval {
        let mut value = Value::Nil;
        for arg in args {
            value = self.argument(dot, Some(Type::Reflect), arg)?;
            if value.is_true() == stop_at {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}

fn index(i: usize) -> Value {
    Value::Int(i64::try_from(i).unwrap_or(i64::MAX))
}

/// A `{{template}}` action, as errors show it.
struct Shown<'a> {
    name: &'a str,
    pipe: Option<&'a Pipe>,
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{{{template {}", fmt::quote(self.name))?;
        if let Some(pipe) = self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}
