//! The parsed form. Positions are byte offsets into the text that was parsed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::number::Number;
use crate::value::Value;

/// One template.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// The text it stands in.
    pub(crate) source: Arc<Source>,
    /// What it does.
    pub(crate) root: Vec<Node>,
}

impl Tree {
    /// Whether nothing but blanks and comments stands in it: it does not count as a definition then.
    pub(crate) fn is_empty(&self) -> bool {
        let is_blank = |at: &Range<usize>| self.source.text[at.clone()].trim().is_empty();
        self.root.iter().all(|n| matches!(n, Node::Text(at) if is_blank(at)))
    }
}

/// A text that was parsed.
#[derive(Debug)]
pub(crate) struct Source {
    /// Name it was parsed under.
    pub(crate) name: Arc<str>,
    /// The text.
    pub(crate) text: String,
}

impl Source {
    /// `NAME:LINE:COLUMN`, the column in bytes: from 0, but on the first line from the text's start.
    pub(crate) fn location(&self, pos: usize) -> String {
        let before = &self.text[..pos];
        let column = before.rfind('\n').map_or(pos, |newline| pos - newline - 1);
        format!("{}:{}:{column}", self.name, 1 + before.matches('\n').count())
    }
}

#[derive(Debug)]
pub(crate) enum Node {
    /// Where it stands in the source.
    Text(Range<usize>),
    Action(Pipe),
    If {
        pipe: Pipe,
        then: Vec<Node>,
        otherwise: Option<Vec<Node>>,
    },
    With {
        pipe: Pipe,
        then: Vec<Node>,
        otherwise: Option<Vec<Node>>,
    },
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Option<Vec<Node>>,
    },
    Template(Invocation),
    Break,
    Continue,
}

/// `{{template "name" pipe}}`.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) pos: usize,
    pub(crate) name: Arc<str>,
    pub(crate) pipe: Option<Pipe>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    pub(crate) declared: Vec<Arc<str>>,
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) args: Vec<Operand>,
}

/// A term, with the position where it stands.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) pos: usize,
    pub(crate) term: Term,
}

#[derive(Debug)]
pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    /// Apart, since it is large and rare.
    Number(Box<Number>),
    String {
        quoted: Box<str>,
        text: Constant,
    },
    Field(Vec<Arc<str>>),
    /// The first part carries the `$`.
    Variable(Vec<Arc<str>>),
    Chain(Box<Operand>, Vec<Arc<str>>),
    Identifier(Arc<str>),
    Pipe(Box<Pipe>),
}

/// What a string constant is; escapes can make bytes that are no UTF-8.
#[derive(Debug)]
pub(crate) enum Constant {
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

impl Constant {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(error) => Self::Bytes(error.into_bytes().into()),
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::string(&**text),
            Self::Bytes(bytes) => Value::text(bytes.to_vec()),
        }
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", crate::fmt::quote(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, variable) in self.declared.iter().enumerate() {
            write!(f, "{}{variable}", if i > 0 { ", " } else { "" })?;
        }
        if !self.declared.is_empty() {
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (i, command) in self.commands.iter().enumerate() {
            write!(f, "{}{command}", if i > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            match &arg.term {
                Term::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => write!(f, "{arg}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Bool(b) => write!(f, "{b}"),
            Term::Number(n) => f.write_str(&n.text),
            Term::String { quoted, .. } => f.write_str(quoted),
            Term::Field(names) => names.iter().try_for_each(|n| write!(f, ".{n}")),
            Term::Variable(names) => f.write_str(&names.join(".")),
            Term::Chain(head, names) => {
                match &head.term {
                    Term::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => write!(f, "{head}")?,
                }
                names.iter().try_for_each(|n| write!(f, ".{n}"))
            }
            Term::Identifier(name) => f.write_str(name),
            Term::Pipe(pipe) => write!(f, "{pipe}"),
        }
    }
}
