//! Calls of functions: what is given finds its parameter, the rest its default.

use super::{Machine, Result};
use crate::ast::Name;
use crate::error::Error;
use crate::std_library;
use crate::value::{Callable, Thunk, ThunkId, Value};

impl Machine<'_> {
    pub(crate) fn call(
        &mut self,
        function: &Callable,
        given: Vec<(Option<Name>, ThunkId)>,
    ) -> Result<Value> {
        match function {
            Callable::Written(function, scope) => {
                let inner = self.inner(*scope, Vec::new())?;
                let mut slots: Vec<Option<ThunkId>> = vec![None; function.parameters.len()];
                place(&mut slots, given, |name| {
                    function.parameters.iter().position(|(known, _)| known == name)
                })?;
                for ((name, default), slot) in function.parameters.iter().zip(slots) {
                    let thunk = match (slot, default) {
                        (Some(thunk), _) => thunk,
                        (None, Some(default)) => {
                            self.thunk(Thunk::Pending(default.clone(), inner))?
                        }
                        (None, None) => {
                            return Err(Error::new(format!("Missing argument: {name}")));
                        }
                    };
                    self.scopes[inner.0 as usize].names.push((name.clone(), thunk));
                }
                self.eval(&function.body, inner)
            }
            Callable::BuiltIn(name, parameters) => {
                let mut slots: Vec<Option<ThunkId>> = vec![None; parameters.len()];
                let bare = |text: &'static str| text.trim_end_matches('?');
                place(&mut slots, given, |name| {
                    parameters.iter().position(|known| bare(known) == &**name)
                })?;
                for (parameter, slot) in parameters.iter().zip(&slots) {
                    if slot.is_none() && !parameter.ends_with('?') {
                        return Err(Error::new(format!("Missing argument: {parameter}")));
                    }
                }
                std_library::call(self, name, &slots)
            }
        }
    }

    pub(crate) fn apply(&mut self, function: &Value, arguments: &[ThunkId]) -> Result<Value> {
        match function {
            Value::Function(function) => {
                self.call(function, arguments.iter().map(|a| (None, *a)).collect())
            }
            other => {
                Err(Error::new(format!("Unexpected type {}, expected function", other.kind())))
            }
        }
    }
}

/// Puts arguments in their places.
fn place(
    slots: &mut [Option<ThunkId>],
    given: Vec<(Option<Name>, ThunkId)>,
    position: impl Fn(&Name) -> Option<usize>,
) -> Result<()> {
    let count = slots.len();
    for (i, (name, thunk)) in given.into_iter().enumerate() {
        let at = match &name {
            None if i < count => i,
            None => return Err(Error::new(format!("Too many arguments, there must be {count}"))),
            Some(name) => match position(name) {
                Some(at) => at,
                None => return Err(Error::new(format!("function has no parameter {name}"))),
            },
        };
        if slots[at].replace(thunk).is_some() {
            let name = name.as_deref().unwrap_or_default();
            return Err(Error::new(format!("Argument {name} already provided")));
        }
    }
    Ok(())
}
