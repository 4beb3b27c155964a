//! What a program says.

use std::rc::Rc;

use crate::error::Place;

pub(crate) type Name = Rc<str>;

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) file: Rc<str>,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    Own,
    Dollar,
    Var(Name),
    Array(Vec<Rc<Expr>>),
    ArrayOf(Rc<Expr>, Vec<Clause>),
    Object(Rc<Body>),
    ObjectOf(Rc<Body>, Vec<Clause>),
    Index(Rc<Expr>, Rc<Expr>),
    SuperIndex(Rc<Expr>),
    InSuper(Rc<Expr>),
    Slice(Rc<Expr>, [Option<Rc<Expr>>; 3]),
    Apply { function: Rc<Expr>, arguments: Vec<(Option<Name>, Rc<Expr>)> },
    Local(Vec<Bind>, Rc<Expr>),
    If(Rc<Expr>, Rc<Expr>, Option<Rc<Expr>>),
    Function(Rc<Function>),
    Import(ImportAs, String),
    Error(Rc<Expr>),
    Assert(Assert, Rc<Expr>),
    Binary(Operator, Rc<Expr>, Rc<Expr>),
    Unary(&'static str, Rc<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ImportAs {
    Code,
    Text,
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Times,
    Over,
    Remainder,
    Plus,
    Minus,
    Left,
    Right,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    In,
    Equal,
    NotEqual,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
}

/// `for x in e` or `if e`.
#[derive(Debug)]
pub(crate) enum Clause {
    For(Name, Rc<Expr>),
    If(Rc<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) struct Bind {
    pub(crate) name: Name,
    pub(crate) value: Rc<Expr>,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) parameters: Vec<(Name, Option<Rc<Expr>>)>,
    pub(crate) body: Rc<Expr>,
}

#[derive(Debug)]
pub(crate) struct Assert {
    pub(crate) condition: Rc<Expr>,
    pub(crate) message: Option<Rc<Expr>>,
}

#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) locals: Vec<Bind>,
    pub(crate) asserts: Vec<Assert>,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: FieldName,
    pub(crate) visibility: Visibility,
    pub(crate) plus: bool,
    pub(crate) value: Rc<Expr>,
}

#[derive(Debug)]
pub(crate) enum FieldName {
    Fixed(Name),
    Computed(Rc<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// `:` as the object below says.
    Inherit,
    /// `::`
    Hidden,
    /// `:::`
    Visible,
}
