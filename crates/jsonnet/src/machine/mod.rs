//! Works programs out.

mod calls;
mod objects;
mod operators;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Assert, Bind, Clause, Expr, ImportAs, Kind, Name, Visibility};
use crate::error::Error;
use crate::value::{Callable, Object, Scope, ScopeId, Thunk, ThunkId, Value};
use crate::{Importer, Limits, parser, std_library};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Bytes or items that are gone through in the time of a step.
const SIZE_OF_A_STEP: u64 = 64;

pub(crate) struct Machine<'a> {
    importer: &'a dyn Importer,
    limits: Limits,
    steps: u64,
    depth: u32,
    bytes: usize,
    thunks: Vec<Thunk>,
    scopes: Vec<Scope>,
    objects: Vec<Object>,
    imports: BTreeMap<(ImportAs, String), ThunkId>,
    pub(crate) variables: BTreeMap<String, ThunkId>,
    pub(crate) library: Option<Value>,
    /// The place that is worked on, for errors of the library.
    here: Option<Rc<Expr>>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(importer: &'a dyn Importer, limits: Limits) -> Self {
        Self {
            importer,
            limits,
            steps: 0,
            depth: 0,
            bytes: 0,
            thunks: Vec::new(),
            scopes: Vec::new(),
            objects: Vec::new(),
            imports: BTreeMap::new(),
            variables: BTreeMap::new(),
            library: None,
            here: None,
        }
    }

    // Bounds.

    fn cell(&self) -> Result<()> {
        let cells = self.thunks.len() + self.scopes.len() + self.objects.len();
        if cells >= self.limits.cells {
            return Err(Error::new(format!(
                "the program needs more than {} values at once; make it smaller",
                self.limits.cells
            )));
        }
        Ok(())
    }

    /// Accounts for text or a list that is made.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.bytes {
            return Err(Error::new(format!(
                "the program makes more than {} bytes of text and lists; make it smaller",
                self.limits.bytes
            )));
        }
        Ok(())
    }

    pub(crate) fn step(&mut self) -> Result<()> {
        self.steps(1)
    }

    /// Accounts for a function or operator that goes through so much text, or so many items: it takes
    /// steps, too.
    pub(crate) fn work(&mut self, size: usize) -> Result<()> {
        self.steps(size as u64 / SIZE_OF_A_STEP)
    }

    fn steps(&mut self, count: u64) -> Result<()> {
        self.steps = self.steps.saturating_add(count);
        if self.steps > self.limits.steps {
            return Err(Error::new(format!(
                "the program takes more than {} steps; does it end?",
                self.limits.steps
            )));
        }
        Ok(())
    }

    // Cells.

    pub(crate) fn thunk(&mut self, thunk: Thunk) -> Result<ThunkId> {
        self.cell()?;
        let id = ThunkId(u32::try_from(self.thunks.len()).unwrap_or(u32::MAX));
        self.thunks.push(thunk);
        Ok(id)
    }

    pub(crate) fn done(&mut self, value: Value) -> Result<ThunkId> {
        self.thunk(Thunk::Done(value))
    }

    fn later(&mut self, expr: &Rc<Expr>, scope: ScopeId) -> Result<ThunkId> {
        let value = match &expr.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(*n),
            Kind::Text(text) => Value::Text(text.clone()),
            Kind::Var(name) => {
                if let Some(known) = self.find(scope, name) {
                    return Ok(known);
                }
                return self.thunk(Thunk::Pending(expr.clone(), scope));
            }
            _ => return self.thunk(Thunk::Pending(expr.clone(), scope)),
        };
        self.done(value)
    }

    pub(crate) fn scope(&mut self, scope: Scope) -> Result<ScopeId> {
        self.cell()?;
        self.scopes.push(scope);
        Ok(ScopeId(u32::try_from(self.scopes.len() - 1).unwrap_or(u32::MAX)))
    }

    fn inner(&mut self, outer: ScopeId, names: Vec<(Name, ThunkId)>) -> Result<ScopeId> {
        let Scope { own, dollar, .. } = self.scopes[outer.0 as usize];
        self.scope(Scope { names, outer: Some(outer), own, dollar })
    }

    /// The outermost scope of a file.
    pub(crate) fn root(&mut self, file: &str) -> Result<ScopeId> {
        let names = match self.library.clone() {
            Some(library) => {
                let name = self.done(Value::text(file))?;
                let own = self.given(vec![("thisFile".into(), name, Visibility::Hidden)])?;
                let library = self.add(&library, &own)?;
                vec![("std".into(), self.done(library)?)]
            }
            None => Vec::new(),
        };
        self.scope(Scope { names, outer: None, own: None, dollar: None })
    }

    fn find(&self, scope: ScopeId, name: &str) -> Option<ThunkId> {
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            if let Some((_, thunk)) = scope.names.iter().rev().find(|(known, _)| **known == *name) {
                return Some(*thunk);
            }
            at = scope.outer;
        }
        None
    }

    /// Binds names that may refer to each other.
    fn bind(&mut self, outer: ScopeId, binds: &[Bind]) -> Result<ScopeId> {
        let inner = self.inner(outer, Vec::new())?;
        for bind in binds {
            let thunk = self.thunk(Thunk::Pending(bind.value.clone(), inner))?;
            self.scopes[inner.0 as usize].names.push((bind.name.clone(), thunk));
        }
        Ok(inner)
    }

    pub(crate) fn force(&mut self, id: ThunkId) -> Result<Value> {
        let place = id.0 as usize;
        match &self.thunks[place] {
            Thunk::Done(value) => return Ok(value.clone()),
            Thunk::Failed(error) => return Err((**error).clone()),
            Thunk::Running => {
                return Err(Error::new("infinite recursion: a value needs itself"));
            }
            _ => {}
        }
        let work = std::mem::replace(&mut self.thunks[place], Thunk::Running);
        let result = self.deeper(|machine| match work {
            Thunk::Pending(expr, scope) => machine.eval(&expr, scope),
            Thunk::Call(function, arguments) => {
                machine.call(&function, arguments.into_iter().map(|a| (None, a)).collect())
            }
            Thunk::Field(object, name, below) => machine.work_out(object, &name, below),
            _ => Ok(Value::Null),
        });
        self.thunks[place] = match &result {
            Ok(value) => Thunk::Done(value.clone()),
            Err(error) => Thunk::Failed(Box::new(error.clone())),
        };
        result
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.step()?;
        self.depth += 1;
        if self.depth > self.limits.depth {
            self.depth -= 1;
            return Err(Error::new("max stack frames exceeded."));
        }
        let result = work(self);
        self.depth -= 1;
        result
    }

    // Expressions.

    pub(crate) fn eval(&mut self, expr: &Rc<Expr>, scope: ScopeId) -> Result<Value> {
        let before = self.here.replace(expr.clone());
        let result = self.deeper(|machine| machine.eval_kind(expr, scope));
        self.here = before;
        result.map_err(|error| {
            let told = matches!(
                expr.kind,
                Kind::Apply { .. } | Kind::Error(_) | Kind::Index(..) | Kind::Import(..)
            );
            if error.trace.is_empty() || told {
                error.within(&expr.file, expr.place)
            } else {
                error
            }
        })
    }

    fn eval_kind(&mut self, expr: &Rc<Expr>, scope: ScopeId) -> Result<Value> {
        match &expr.kind {
            Kind::Null => Ok(Value::Null),
            Kind::Bool(b) => Ok(Value::Bool(*b)),
            Kind::Number(n) => Ok(Value::Number(*n)),
            Kind::Text(text) => Ok(Value::Text(text.clone())),
            Kind::Own => match self.scopes[scope.0 as usize].own {
                Some((object, _)) => Ok(Value::Object(object)),
                None => Err(Error::new("Can't use self outside of an object.")),
            },
            Kind::Dollar => match self.scopes[scope.0 as usize].dollar {
                Some(object) => Ok(Value::Object(object)),
                None => Err(Error::new("No top-level object found.")),
            },
            Kind::Var(name) => match self.find(scope, name) {
                Some(thunk) => self.force(thunk),
                None => Err(Error::new(format!("Unknown variable: {name}"))),
            },
            Kind::Array(items) => {
                self.spend(items.len() * 8)?;
                let items: Result<Vec<_>> =
                    items.iter().map(|item| self.later(item, scope)).collect();
                Ok(Value::Array(items?.into()))
            }
            Kind::ArrayOf(item, clauses) => {
                let mut found = Vec::new();
                self.rounds(clauses, scope, &mut |machine, scope| {
                    machine.spend(8)?;
                    found.push(machine.later(item, scope)?);
                    Ok(())
                })?;
                Ok(Value::Array(found.into()))
            }
            Kind::Object(body) => self.object_of(body, scope),
            Kind::ObjectOf(body, clauses) => self.comprehension(body, clauses, scope),
            Kind::Index(of, index) => {
                let of = self.eval(of, scope)?;
                let index = self.eval(index, scope)?;
                self.index(&of, &index)
            }
            Kind::SuperIndex(index) => {
                let index = self.eval(index, scope)?;
                let Value::Text(name) = index else {
                    return Err(Error::new("Field name must be string"));
                };
                let Some((object, layer)) = self.scopes[scope.0 as usize].own else {
                    return Err(Error::new("Can't use super outside of an object."));
                };
                self.field(object, &name, layer)
            }
            Kind::InSuper(name) => {
                let name = self.eval(name, scope)?;
                let own = self.scopes[scope.0 as usize].own;
                match (name, own) {
                    (Value::Text(name), Some((object, layer))) => {
                        Ok(Value::Bool(self.has(object, &name, layer)))
                    }
                    _ => Err(Error::new("Can't use super outside of an object.")),
                }
            }
            Kind::Slice(of, parts) => {
                let of = self.eval(of, scope)?;
                let mut given = [Value::Null, Value::Null, Value::Null];
                for (part, value) in parts.iter().zip(&mut given) {
                    if let Some(part) = part {
                        *value = self.eval(part, scope)?;
                    }
                }
                std_library::slice(self, &of, &given)
            }
            Kind::Apply { function, arguments } => {
                let function = self.eval(function, scope)?;
                let Value::Function(function) = function else {
                    return Err(Error::new(format!(
                        "Unexpected type {}, expected function",
                        function.kind()
                    )));
                };
                let mut given = Vec::with_capacity(arguments.len());
                for (name, value) in arguments {
                    given.push((name.clone(), self.later(value, scope)?));
                }
                self.call(&function, given)
            }
            Kind::Local(binds, body) => {
                let inner = self.bind(scope, binds)?;
                self.eval(body, inner)
            }
            Kind::If(condition, then, other) => match self.eval(condition, scope)? {
                Value::Bool(true) => self.eval(then, scope),
                Value::Bool(false) => match other {
                    Some(other) => self.eval(other, scope),
                    None => Ok(Value::Null),
                },
                other => {
                    Err(Error::new(format!("Unexpected type {}, expected boolean", other.kind())))
                }
            },
            Kind::Function(function) => {
                Ok(Value::Function(Callable::Written(function.clone(), scope)))
            }
            Kind::Import(how, path) => self.import(*how, &expr.file, path),
            Kind::Error(message) => {
                let message = self.eval(message, scope)?;
                let message = self.text_of(&message)?;
                Err(Error::new(format!("RUNTIME ERROR: {message}")))
            }
            Kind::Assert(assert, rest) => {
                self.assert(assert, scope)?;
                self.eval(rest, scope)
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, scope),
            Kind::Unary(sign, operand) => {
                let operand = self.eval(operand, scope)?;
                match (*sign, operand) {
                    ("!", Value::Bool(b)) => Ok(Value::Bool(!b)),
                    ("-", Value::Number(n)) => Ok(Value::Number(-n)),
                    ("+", Value::Number(n)) => Ok(Value::Number(n)),
                    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
                    ("~", Value::Number(n)) => Ok(Value::Number(!(n as i64) as f64)),
                    (sign, other) => Err(Error::new(format!(
                        "Unexpected type {} for unary operator {sign}",
                        other.kind()
                    ))),
                }
            }
        }
    }

    fn assert(&mut self, assert: &Assert, scope: ScopeId) -> Result<()> {
        match self.eval(&assert.condition, scope)? {
            Value::Bool(true) => Ok(()),
            Value::Bool(false) => {
                let message = match &assert.message {
                    Some(message) => {
                        let message = self.eval(message, scope)?;
                        self.text_of(&message)?
                    }
                    None => "Assertion failed".to_owned(),
                };
                let error = Error::new(format!("RUNTIME ERROR: {message}"));
                Err(error.within(&assert.condition.file, assert.condition.place))
            }
            other => Err(Error::new(format!("Unexpected type {}, expected boolean", other.kind()))),
        }
    }

    /// Calls back for each round of a comprehension.
    fn rounds(
        &mut self,
        clauses: &[Clause],
        scope: ScopeId,
        found: &mut dyn FnMut(&mut Self, ScopeId) -> Result<()>,
    ) -> Result<()> {
        let Some((first, rest)) = clauses.split_first() else { return found(self, scope) };
        match first {
            Clause::If(condition) => match self.eval(condition, scope)? {
                Value::Bool(true) => self.rounds(rest, scope, found),
                Value::Bool(false) => Ok(()),
                other => {
                    Err(Error::new(format!("Unexpected type {}, expected boolean", other.kind())))
                }
            },
            Clause::For(name, list) => {
                let list = self.eval(list, scope)?;
                let Value::Array(items) = list else {
                    return Err(Error::new(format!(
                        "Unexpected type {}, expected array",
                        list.kind()
                    )));
                };
                for item in items.iter() {
                    self.step()?;
                    let inner = self.inner(scope, vec![(name.clone(), *item)])?;
                    self.rounds(rest, inner, found)?;
                }
                Ok(())
            }
        }
    }

    // Files.

    pub(crate) fn import(&mut self, how: ImportAs, from: &str, path: &str) -> Result<Value> {
        let found = self.importer.find(from, path).map_err(|why| {
            Error::new(format!("RUNTIME ERROR: couldn't open import {path:?}: {why}"))
        })?;
        let key = (how, found.clone());
        if let Some(known) = self.imports.get(&key) {
            return self.force(*known);
        }
        let bytes = self.importer.read(&found).map_err(|why| {
            Error::new(format!("RUNTIME ERROR: couldn't open import {path:?}: {why}"))
        })?;
        self.spend(bytes.len())?;
        let thunk = match how {
            ImportAs::Bytes => {
                let items: Result<Vec<_>> =
                    bytes.iter().map(|b| self.done(Value::Number(f64::from(*b)))).collect();
                self.done(Value::Array(items?.into()))?
            }
            ImportAs::Text => self.done(Value::text(&String::from_utf8_lossy(&bytes)))?,
            ImportAs::Code => {
                let program = parser::parse(&found, &String::from_utf8_lossy(&bytes))?;
                let root = self.root(&found)?;
                self.thunk(Thunk::Pending(program, root))?
            }
        };
        self.imports.insert(key, thunk);
        self.force(thunk)
    }
}

/// A whole number, if it is one.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9.007_199_254_740_992e15).then_some(number as i64)
}

pub(crate) fn finite(number: f64) -> Result<Value> {
    if number.is_nan() {
        return Err(Error::new("Not a number"));
    }
    if number.is_infinite() {
        return Err(Error::new("Overflow"));
    }
    Ok(Value::Number(number))
}
