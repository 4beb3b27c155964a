//! The nodes of a template: text, actions, branches, ranges, other templates.

use std::rc::Rc;

use super::{Frame, MAX_DEPTH, Stop, Walk, deep};
use crate::error::{Cause, ExecError, Limit};
use crate::fmt;
use crate::node::{Invocation, Node, Pipe};
use crate::value::{Element, Value};

impl<'t> Frame<'_, '_, 't> {
    pub(super) fn list(&mut self, dot: &Value, nodes: &'t [Node]) -> Walk {
        nodes.iter().try_for_each(|node| self.node(dot, node))
    }

    fn node(&mut self, dot: &Value, node: &'t Node) -> Walk {
        match node {
            Node::Text(at) => {
                let tree = self.tree;
                self.write(tree.source.text[at.clone()].as_bytes())?;
            }
            Node::Action(pipe) => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.declared.is_empty() {
                    self.print(&value)?;
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
            Node::Template(invocation) => self.template(dot, invocation)?,
            Node::Break => return Err(Stop::Break),
            Node::Continue => return Err(Stop::Continue),
        }
        Ok(())
    }

    fn print(&mut self, value: &Value) -> Result<(), ExecError> {
        match value {
            Value::String(text) => self.write(text.as_bytes()),
            Value::Binary(bytes) => self.write(bytes),
            Value::Object(object) => self.write(object.shown().as_bytes()),
            Value::Nil | Value::NilInterface => self.write(b"<no value>"),
            other => {
                let text = fmt::sprint(std::slice::from_ref(other));
                self.write(text.string_bytes().unwrap_or_default())
            }
        }
    }

    fn branch(
        &mut self,
        dot: &Value,
        pipe: &'t Pipe,
        then: &'t [Node],
        otherwise: Option<&'t [Node]>,
        with: bool,
    ) -> Walk {
        let mark = self.variables.len();
        let value = self.pipeline(dot, pipe)?;
        let walked = if value.is_true() {
            let before = self.element;
            self.element &= !with;
            let walked = deep(|| self.list(if with { &value } else { dot }, then));
            self.element = before;
            walked
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
        pipe: &'t Pipe,
        body: &'t [Node],
        otherwise: Option<&'t [Node]>,
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
        pipe: &'t Pipe,
        body: &'t [Node],
        otherwise: Option<&'t [Node]>,
    ) -> Walk {
        let value = &value.underlying();
        let empty = match value {
            Value::Int(n) | Value::Int64(n) => {
                if pipe.declared.len() > 1 {
                    let message = format!("can't use {n} to iterate over more than one variable");
                    return Ok(self.error(message)?);
                }
                if u64::try_from(*n).is_ok_and(|n| n > self.context.limits.size) {
                    return Err(self.fail(Cause::Limit(Limit::Size)).into());
                }
                let kind = if matches!(value, Value::Int(_)) { Value::Int } else { Value::Int64 };
                for i in 0..*n {
                    self.iteration(pipe, Value::Nil, &kind(i), false, body)?;
                }
                *n <= 0
            }
            Value::List(list) => {
                let any = list.element == Element::Any;
                for (i, item) in list.items.iter().enumerate() {
                    self.iteration(pipe, index(i), item, any, body)?;
                }
                list.items.is_empty()
            }
            Value::Bytes(bytes) => {
                for (i, b) in bytes.iter().enumerate() {
                    self.iteration(pipe, index(i), &Value::Uint8(*b), false, body)?;
                }
                bytes.is_empty()
            }
            Value::Map(map) => {
                // As Go sorts before it begins, changes on the way do not count.
                let entries: Vec<(Rc<str>, Value)> =
                    map.entries().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                let empty = entries.is_empty();
                let any = map.element == Element::Any;
                for (key, item) in entries {
                    self.iteration(pipe, Value::String(key), &item, any, body)?;
                }
                empty
            }
            Value::Nil | Value::NilInterface => true,
            other => {
                let message = format!("range can't iterate over {}", fmt::print_one(other));
                return Ok(self.error(message)?);
            }
        };
        match otherwise {
            Some(list) if empty => self.list(dot, list),
            _ => Ok(()),
        }
    }

    /// `any` says whether the item is one of a list or map of anything.
    fn iteration(
        &mut self,
        pipe: &'t Pipe,
        key: Value,
        item: &Value,
        any: bool,
        body: &'t [Node],
    ) -> Walk {
        self.step()?;
        let mark = self.variables.len();
        // A null in there is an interface that holds nothing.
        let nothing = any && matches!(item, Value::Nil);
        let item = if nothing { &Value::NilInterface } else { item };
        match &*pipe.declared {
            [] => {}
            [one] if pipe.assigns => self.assign(one, item.clone(), any)?,
            [one, two] if pipe.assigns => {
                self.assign(one, key, false)?;
                self.assign(two, item.clone(), any)?;
            }
            [_] => self.set_top(1, item.clone(), any),
            [_, _, ..] => {
                self.set_top(1, item.clone(), any);
                self.set_top(2, key, false);
            }
        }
        let before = std::mem::replace(&mut self.element, any);
        let walked = self.list(item, body);
        self.element = before;
        self.variables.truncate(mark);
        match walked {
            Err(Stop::Continue) => Ok(()),
            other => other,
        }
    }

    /// The variables of a range lie on top of the stack, the last declared first.
    fn set_top(&mut self, from_top: usize, value: Value, element: bool) {
        if let Some(at) = self.variables.len().checked_sub(from_top) {
            let slot = &mut self.variables[at];
            (slot.value, slot.element) = (value, element);
        }
    }

    pub(super) fn assign(
        &mut self,
        name: &str,
        value: Value,
        element: bool,
    ) -> Result<(), ExecError> {
        let Some(slot) = self.variables.iter_mut().rev().find(|v| v.name == name) else {
            return self.error(format!("undefined variable: {name}"));
        };
        (slot.value, slot.element) = (value, element);
        Ok(())
    }

    fn template(&mut self, dot: &Value, invocation: &'t Invocation) -> Walk {
        self.at(invocation.pos, invocation);
        let set = self.context.set;
        let Some(tree) = set.tree(&invocation.name) else {
            let message = format!("template {} not defined", fmt::quote(&invocation.name));
            return Ok(self.error(message)?);
        };
        if self.context.depth >= MAX_DEPTH {
            return Ok(self.too_deep()?);
        }
        let data = match &invocation.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        self.context.depth += 1;
        let result = self.context.run(tree, &data, self.out);
        self.context.depth -= 1;
        Ok(result?)
    }
}

fn index(i: usize) -> Value {
    Value::Int(i64::try_from(i).unwrap_or(i64::MAX))
}
