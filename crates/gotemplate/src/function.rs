//! Functions that templates call.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::error::ExecError;
use crate::exec::Context;
use crate::value::Value;

/// What a parameter takes. An argument of another type is an error before the call, in Go's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything.
    Any,
    /// `reflect.Value`, as Go's own functions take: anything, and absence is no error either.
    Reflect,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `uint32`, which only constants can be; given as [`Value::Int`].
    Uint32,
    /// `float64`.
    Float64,
    /// `string`.
    String,
    /// `map[string]interface {}`.
    Map,
    /// `[]interface {}`.
    List,
    /// `[]string`.
    Strings,
    /// A type that only objects have, by its name.
    Object(&'static str),
}

impl Type {
    /// The name as Go prints it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Float64 => "float64",
            Self::String => "string",
            Self::Map => "map[string]interface {}",
            Self::List => "[]interface {}",
            Self::Strings => "[]string",
            Self::Object(name) => name,
        }
    }

    /// Whether nil is a value of the type.
    pub(crate) fn can_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Reflect | Self::Map | Self::List | Self::Strings)
    }
}

/// Why a function failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// In words.
    Message(String),
    /// A template that the function ran failed.
    Template(Box<ExecError>),
    /// A template that the function ran failed, and the function says something before that.
    Within {
        /// What it says, with its colon and blank.
        before: String,
        /// The failure.
        error: Box<ExecError>,
    },
}

impl From<String> for CallError {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for CallError {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

impl From<ExecError> for CallError {
    fn from(error: ExecError) -> Self {
        Self::Template(Box::new(error))
    }
}

type Body = dyn Fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError>;

/// A function: what it takes and what it does.
#[derive(Clone)]
pub struct Function {
    pub(crate) parameters: &'static [Type],
    /// Whether the last parameter takes any number of arguments.
    pub(crate) variadic: bool,
    pub(crate) body: Rc<Body>,
}

impl Function {
    /// A function of so many parameters.
    pub fn new(
        parameters: &'static [Type],
        body: impl Fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError> + 'static,
    ) -> Self {
        Self { parameters, variadic: false, body: Rc::new(body) }
    }

    /// A function whose last parameter repeats.
    pub fn variadic(
        parameters: &'static [Type],
        body: impl Fn(&mut Context<'_>, &[Value]) -> Result<Value, CallError> + 'static,
    ) -> Self {
        Self { parameters, variadic: true, body: Rc::new(body) }
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "func({:?}{})", self.parameters, if self.variadic { "…" } else { "" })
    }
}

/// How many functions a table mostly has: Go's, sprig's and Helm's.
const USUAL: usize = 300;

/// Functions by name. Go's own are there unless replaced. A clone is cheap. The names are a
/// program's, so that a quick hash does.
#[derive(Clone, Debug)]
pub struct Functions {
    table: Rc<FxHashMap<Arc<str>, Function>>,
}

impl Default for Functions {
    fn default() -> Self {
        let mut table = FxHashMap::with_capacity_and_hasher(USUAL, Default::default());
        crate::builtin::add(&mut table);
        Self { table: Rc::new(table) }
    }
}

impl Functions {
    /// Adds a function, or puts it in the place of another.
    pub fn insert(&mut self, name: &str, function: Function) {
        Rc::make_mut(&mut self.table).insert(name.into(), function);
    }

    /// Takes a function away.
    pub fn remove(&mut self, name: &str) {
        Rc::make_mut(&mut self.table).remove(name);
    }

    /// Whether there is a function of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.keys().map(|k| &**k)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Function> {
        self.table.get(name)
    }
}
