//! Arguments of functions: how many, and of which types.

use std::rc::Rc;

use super::evaluate::Final;
use super::{Eval, Frame, deep};
use crate::error::ExecError;
use crate::function::{Function, Type};
use crate::node::{Operand, Term};
use crate::value::Value;

impl<'t> Frame<'_, '_, 't> {
    pub(super) fn check_count(
        &self,
        name: &str,
        function: &Function,
        args: usize,
        last: bool,
    ) -> Result<(), ExecError> {
        let given = args + usize::from(last);
        let wanted = function.parameters.len();
        if function.variadic {
            if given < wanted - 1 {
                let least = wanted - 1;
                let message =
                    format!("wrong number of args for {name}: want at least {least} got {args}");
                return self.error(message);
            }
        } else if given != wanted {
            let message = format!("wrong number of args for {name}: want {wanted} got {given}");
            return self.error(message);
        }
        Ok(())
    }

    pub(super) fn arguments(
        &mut self,
        dot: &Value,
        function: &Function,
        args: &'t [Operand],
        last: Final,
    ) -> Result<Vec<Value>, ExecError> {
        let kind = |i: usize| {
            let parameters = &function.parameters;
            parameters.get(i).or(parameters.last()).copied().unwrap_or(Type::Any)
        };
        let mut given = Vec::with_capacity(args.len() + 1);
        for (i, arg) in args.iter().enumerate() {
            given.push(self.argument(dot, Some(kind(i)), arg)?);
        }
        if let Some(value) = last {
            let wanted = kind(given.len());
            given.push(self.checked(value, Some(wanted))?);
        }
        Ok(given)
    }

    /// An argument for a parameter of some type; without one, whatever it is.
    pub(super) fn argument(
        &mut self,
        dot: &Value,
        wanted: Option<Type>,
        operand: &'t Operand,
    ) -> Eval {
        self.at(operand.pos, operand);
        let value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => {
                return match wanted {
                    Some(kind) if kind.can_be_nil() => Ok(Value::Nil),
                    kind => {
                        let name = kind.map_or("interface {}", Type::name);
                        self.error(format!("cannot assign nil to {name}"))
                    }
                };
            }
            Term::Field(names) => self.fields(dot, self.dot(dot), operand, names, &[], None)?,
            Term::Variable(names) => self.variable(dot, operand, names, &[], None)?,
            Term::Pipe(pipe) => deep(|| self.pipeline(dot, pipe))?,
            Term::Identifier(name) => self.function(dot, operand, operand, name, &[], None)?,
            Term::Chain(head, names) => self.chain(dot, operand, head, names, &[], None)?,
            Term::Bool(_) | Term::Number(_) | Term::String { .. } => {
                return self.literal(dot, wanted, operand);
            }
        };
        self.checked(value, wanted)
    }

    /// A constant takes the type of its parameter.
    fn literal(&mut self, dot: &Value, wanted: Option<Type>, operand: &'t Operand) -> Eval {
        let (value, expected) = match (wanted, &operand.term) {
            (None | Some(Type::Any | Type::Reflect), _) => return self.constant(dot, operand),
            (Some(Type::Bool), Term::Bool(b)) => (Some(Value::Bool(*b)), "bool"),
            (Some(Type::Bool), _) => (None, "bool"),
            (Some(Type::Int), Term::Number(n)) => (n.int.map(Value::Int), "integer"),
            (Some(Type::Int64), Term::Number(n)) => (n.int.map(Value::Int64), "integer"),
            (Some(Type::Int | Type::Int64), _) => (None, "integer"),
            (Some(Type::Uint32), Term::Number(n)) => {
                let fits = n.uint.and_then(|u| u32::try_from(u).ok());
                (fits.map(|u| Value::Int(i64::from(u))), "unsigned integer")
            }
            (Some(Type::Uint32), _) => (None, "unsigned integer"),
            (Some(Type::Float64), Term::Number(n)) => (n.float.map(Value::Float64), "float"),
            (Some(Type::Float64), _) => (None, "float"),
            (Some(Type::String), Term::String { text, .. }) => (Some(text.value()), "string"),
            (Some(Type::String), _) => (None, "string"),
            (Some(kind), _) => {
                let name = kind.name();
                return self.error(format!("can't handle {operand} for arg of type {name}"));
            }
        };
        match value {
            Some(value) => Ok(value),
            None => self.error(format!("expected {expected}; found {operand}")),
        }
    }

    /// A value that is to be of some type.
    pub(super) fn checked(&self, value: Value, wanted: Option<Type>) -> Eval {
        let Some(kind) = wanted else { return Ok(value) };
        if matches!(value, Value::Nil | Value::NilInterface) {
            let nil = matches!(value, Value::NilInterface);
            // An interface that holds nothing is no nil map or slice.
            if kind == Type::Reflect {
                return Ok(value);
            }
            if kind == Type::Any || (!nil && kind.can_be_nil()) {
                return Ok(Value::Nil);
            }
            let message = if nil {
                format!("wrong type for value; expected {}; got interface {{}}", kind.name())
            } else {
                format!("invalid value; expected {}", kind.name())
            };
            return self.error(message);
        }
        let fits = match (kind, &value) {
            (Type::Any | Type::Reflect, _)
            | (Type::Bool, Value::Bool(_))
            | (Type::Int, Value::Int(_))
            | (Type::Int64, Value::Int64(_))
            | (Type::Float64, Value::Float64(_))
            | (Type::String, Value::String(_) | Value::Binary(_)) => true,
            // A named map type can be given where its plain form is wanted.
            (Type::Map, Value::Map(m)) => m.element == crate::value::Element::Any,
            (Type::List, Value::List(l)) => l.element == crate::value::Element::Any,
            (Type::Strings, Value::List(l)) => l.element == crate::value::Element::String,
            (Type::Object(name), Value::Object(o)) => o.type_name() == name,
            _ => false,
        };
        if fits {
            return Ok(match value {
                // The function sees the plain type, and so does who sees what it gives.
                Value::Map(map) if kind == Type::Map && map.named.is_some() => {
                    Value::Map(Rc::new(map.unnamed()))
                }
                value => value,
            });
        }
        let (want, got) = (kind.name(), value.type_name());
        self.error(format!("wrong type for value; expected {want}; got {got}"))
    }
}
