//! Values and the cells that hold them.
//!
//! Cells are numbered and live as long as the machine: values may refer to each other in circles,
//! and their count is the bound on memory.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Assert, Bind, Expr, Function, Name, Visibility};
use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThunkId(pub(crate) u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId(pub(crate) u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectId(pub(crate) u32);

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    Array(Rc<[ThunkId]>),
    Object(ObjectId),
    Function(Callable),
}

#[derive(Clone, Debug)]
pub(crate) enum Callable {
    Written(Rc<Function>, ScopeId),
    /// Of the standard library: its name and parameters.
    BuiltIn(&'static str, &'static [&'static str]),
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Function(_) => "function",
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// What may not have been worked out yet.
#[derive(Clone, Debug)]
pub(crate) enum Thunk {
    Pending(Rc<Expr>, ScopeId),
    /// A function to call.
    Call(Callable, Vec<ThunkId>),
    /// A field of an object, looked up from below this layer.
    Field(ObjectId, Name, usize),
    Running,
    Done(Value),
    Failed(Box<Error>),
}

/// Names, and the object in which they are.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) names: Vec<(Name, ThunkId)>,
    pub(crate) outer: Option<ScopeId>,
    /// The object, and the layer in which the expression stands.
    pub(crate) own: Option<(ObjectId, usize)>,
    /// The outermost object.
    pub(crate) dollar: Option<ObjectId>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Written(Rc<Expr>),
    /// Of a comprehension: with the names of one round.
    Within(Rc<Expr>, Vec<(Name, ThunkId)>),
    Given(ThunkId),
}

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) visibility: Visibility,
    pub(crate) plus: bool,
    pub(crate) content: Content,
}

/// What one pair of braces says.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) fields: BTreeMap<Name, Slot>,
    pub(crate) locals: Vec<Bind>,
    pub(crate) asserts: Rc<[Assert]>,
    pub(crate) scope: Option<ScopeId>,
}

#[derive(Debug)]
pub(crate) struct Object {
    /// The base first.
    pub(crate) layers: Vec<Rc<Layer>>,
    pub(crate) scopes: Vec<Option<ScopeId>>,
    pub(crate) known: BTreeMap<(Name, usize), ThunkId>,
    pub(crate) asserted: bool,
}
