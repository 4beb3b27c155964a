//! Pipelines: commands, fields, variables, function calls.

use std::fmt::Display;
use std::sync::Arc;

use super::{Eval, Frame, MAX_DEPTH, Variable, deep};
use crate::builtin::UNNAMED;
use crate::complex::Complex;
use crate::error::Cause;
use crate::field::{Found, field};
use crate::fmt;
use crate::function::{CallError, Functions, Type};
use crate::node::{Command, Operand, Pipe, Term};
use crate::value::Value;

/// The value that the stage before gives to a command as its last argument.
pub(super) type Final = Option<Value>;

impl<'t> Frame<'_, '_, 't> {
    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &'t Pipe) -> Eval {
        self.at(pipe.pos, pipe);
        self.step()?;
        let mut value: Final = None;
        for command in &pipe.commands {
            let result = self.command(dot, command, value)?;
            // An interface that holds nothing is nothing, once it leaves a command.
            value = Some(if matches!(result, Value::NilInterface) { Value::Nil } else { result });
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipe.declared {
            if pipe.assigns {
                self.assign(name, value.clone(), false)?;
            } else {
                self.variables.push(Variable { name, value: value.clone(), element: false });
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'t Command, last: Final) -> Eval {
        // The parser makes no command without a word.
        let Some((first, rest)) = command.args.split_first() else { return Ok(Value::Nil) };
        match &first.term {
            Term::Field(names) => {
                self.at(first.pos, first);
                self.fields(dot, self.dot(dot), first, names, rest, last)
            }
            Term::Chain(head, names) => self.chain(dot, first, head, names, rest, last),
            Term::Identifier(name) => self.function(dot, first, command, name, rest, last),
            Term::Variable(names) => self.variable(dot, first, names, rest, last),
            _ => {
                if !matches!(first.term, Term::Pipe(_)) {
                    self.at(first.pos, first);
                }
                if !rest.is_empty() || last.is_some() {
                    return self.error(format!("can't give argument to non-function {first}"));
                }
                match &first.term {
                    Term::Pipe(pipe) => deep(|| self.pipeline(dot, pipe)),
                    Term::Nil => self.error("nil is not a command"),
                    _ => self.constant(dot, first),
                }
            }
        }
    }

    /// A term whose type is its own.
    pub(super) fn constant(&mut self, dot: &Value, operand: &'t Operand) -> Eval {
        Ok(match &operand.term {
            Term::Dot => dot.clone(),
            Term::Bool(b) => Value::Bool(*b),
            Term::String { text, .. } => text.value(),
            Term::Number(n) if n.complex.is_some() => {
                let (real, imaginary) = n.complex.unwrap_or_default();
                Complex { real, imaginary }.value()
            }
            Term::Number(n) if n.is_ideal_float() => Value::Float64(n.float.unwrap_or(0.0)),
            Term::Number(n) => match n.int {
                Some(i) => Value::Int(i),
                None => return self.error(format!("{} overflows int", n.text)),
            },
            _ => Value::Nil,
        })
    }

    pub(super) fn chain(
        &mut self,
        dot: &Value,
        node: &'t Operand,
        head: &'t Operand,
        names: &'t [Arc<str>],
        args: &'t [Operand],
        last: Final,
    ) -> Eval {
        self.at(node.pos, node);
        if matches!(head.term, Term::Nil) {
            return self.error(format!("indirection through explicit nil in {node}"));
        }
        let receiver = self.argument(dot, None, head)?;
        self.fields(dot, (receiver, false), node, names, args, last)
    }

    pub(super) fn variable(
        &mut self,
        dot: &Value,
        node: &'t Operand,
        names: &'t [Arc<str>],
        args: &'t [Operand],
        last: Final,
    ) -> Eval {
        self.at(node.pos, node);
        let Some((name, fields)) = names.split_first() else { return Ok(Value::Nil) };
        let found = self.variables.iter().rev().find(|v| v.name == &**name);
        let Some((value, element)) = found.map(|v| (v.value.clone(), v.element)) else {
            return self.error(format!("undefined variable: {name}"));
        };
        if fields.is_empty() {
            if !args.is_empty() || last.is_some() {
                return self.error(format!("can't give argument to non-function {node}"));
            }
            return Ok(value);
        }
        self.fields(dot, (value, element), node, fields, args, last)
    }

    /// Dot as a receiver of fields, and whether Go knows it as an interface only.
    pub(super) fn dot(&self, dot: &Value) -> (Value, bool) {
        (dot.clone(), self.element)
    }

    pub(super) fn fields(
        &mut self,
        dot: &Value,
        (receiver, element): (Value, bool),
        node: &'t Operand,
        names: &'t [Arc<str>],
        args: &'t [Operand],
        mut last: Final,
    ) -> Eval {
        let mut value = receiver;
        for (i, name) in names.iter().enumerate() {
            let is_last = i + 1 == names.len();
            let (args, last) = if is_last { (args, last.take()) } else { (&[][..], None) };
            let has_arguments = !args.is_empty() || last.is_some();
            let known = i == 0 && !element;
            match field(&value, known, name, has_arguments, self.context.set.missing_key) {
                Ok(Found::Value(found)) => value = found,
                Ok(Found::Method(object)) => {
                    let parameters = object.parameters(name);
                    let count = args.len() + usize::from(last.is_some());
                    if let Some(wanted) = parameters.map(<[Type]>::len).filter(|n| *n != count) {
                        return self.error(format!(
                            "wrong number of args for {name}: want {wanted} got {count}"
                        ));
                    }
                    let kind =
                        |i: usize| parameters.and_then(|p| p.get(i)).copied().unwrap_or(Type::Any);
                    let mut given = Vec::new();
                    for (i, arg) in args.iter().enumerate() {
                        given.push(self.argument(dot, Some(kind(i)), arg)?);
                    }
                    if let Some(value) = last {
                        given.push(self.checked(value, Some(kind(given.len())))?);
                    }
                    value = object.call(name, &given).map_err(|message| {
                        self.at(node.pos, node);
                        self.fail(Cause::Call { function: name.to_string(), message })
                    })?;
                }
                Err(message) => return self.error(message),
            }
        }
        Ok(value)
    }

    /// Calls a function. `whole` is what a failure of the call shows.
    pub(super) fn function(
        &mut self,
        dot: &Value,
        node: &'t Operand,
        whole: &'t dyn Display,
        name: &'t Arc<str>,
        args: &'t [Operand],
        last: Final,
    ) -> Eval {
        self.at(node.pos, node);
        let functions: &Functions = self.context.functions;
        let Some(function) = functions.get(name) else {
            return self.error(format!("{} is not a defined function", fmt::quote(name)));
        };
        self.check_count(name, function, args.len(), last.is_some())?;
        if **name == *"and" || **name == *"or" {
            return self.short_circuit(dot, args, last, **name == *"or");
        }
        let given = self.arguments(dot, function, args, last)?;
        // Functions that run templates are within this one.
        if self.context.depth >= MAX_DEPTH {
            return self.too_deep();
        }
        self.context.depth += 1;
        let result = deep(|| (function.body)(self.context, &given));
        self.context.depth -= 1;
        result.map_err(|error| {
            let function = name.to_string();
            let cause = match error {
                CallError::Message(message) => {
                    let message = match args.first().filter(|_| function == "call") {
                        Some(called) => message.replace(UNNAMED, &called.to_string()),
                        None => message,
                    };
                    Cause::Call { function, message }
                }
                CallError::Template(source) => {
                    Cause::Nested { function, before: String::new(), source }
                }
                CallError::Within { before, error } => {
                    Cause::Nested { function, before, source: error }
                }
            };
            self.at(node.pos, whole);
            self.fail(cause)
        })
    }

    fn short_circuit(
        &mut self,
        dot: &Value,
        args: &'t [Operand],
        last: Final,
        stop_at: bool,
    ) -> Eval {
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
