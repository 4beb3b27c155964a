//! Jsonnet.
//!
//! ```text
//! text ──lexer──> tokens ──parser──> expressions ──machine──> value ──manifest──> JSON
//! ```
//!
//! A program comes from a repository, so that everybody who may push there may write one: it reads
//! only what an [`Importer`] gives, and its steps, depth, values and text are bounded ([`Limits`]).
//! Everything that it makes goes with the machine. Words of errors are go-jsonnet's where it has
//! some, which is what Argo CD runs.

#![forbid(unsafe_code)]

mod ast;
mod error;
mod lexer;
mod machine;
mod manifest;
mod parser;
mod std_library;
mod value;

use serde_json::Value as Json;

pub use error::{Error, Place};

use machine::Machine;
use value::{Thunk, Value};

/// Gives files.
pub trait Importer: Sync {
    /// The name of the file that `path` means in the file `from`.
    ///
    /// # Errors
    /// When there is none, or it must not be read.
    fn find(&self, from: &str, path: &str) -> Result<String, String>;

    /// What a file that was found holds.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;
}

/// A variable from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its text, or the program that it is worth.
    pub value: String,
    /// Whether it is a program.
    pub code: bool,
}

/// What a program may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Expressions that are worked out.
    pub steps: u64,
    /// How deep they may lead to others.
    pub depth: u32,
    /// Values that are kept.
    pub cells: usize,
    /// Bytes of text and lists that are made.
    pub bytes: usize,
}

impl Default for Limits {
    /// Far more than any program of a repository needs, and some seconds at most.
    fn default() -> Self {
        Self { steps: 20_000_000, depth: 4_000, cells: 4_000_000, bytes: 256 << 20 }
    }
}

/// The stack of a program: room for the deepest one.
const STACK: usize = 192 << 20;

/// Works out the file `name`, with these external variables and top-level arguments.
///
/// # Errors
/// When it cannot be read, fails, or goes beyond a bound.
pub fn evaluate(
    name: &str,
    importer: &dyn Importer,
    variables: &[Variable],
    arguments: &[Variable],
    limits: Limits,
) -> Result<Json, Error> {
    // Programs nest deeper than the stacks of a server's threads allow.
    std::thread::scope(|scope| {
        let work = || run(name, importer, variables, arguments, limits);
        let thread = std::thread::Builder::new().name("jsonnet".into()).stack_size(STACK);
        match thread.spawn_scoped(scope, work) {
            Ok(running) => running.join().unwrap_or_else(|_| {
                Err(Error::new("the evaluation broke off; please report this"))
            }),
            Err(error) => Err(Error::new(format!("no thread can be started: {error}"))),
        }
    })
}

fn run(
    name: &str,
    importer: &dyn Importer,
    variables: &[Variable],
    arguments: &[Variable],
    limits: Limits,
) -> Result<Json, Error> {
    let mut machine = Machine::new(importer, limits);
    std_library::load(&mut machine)?;
    for variable in variables {
        let thunk = given(&mut machine, "extvar", variable)?;
        machine.variables.insert(variable.name.clone(), thunk);
    }
    let mut value = machine.import(ast::ImportAs::Code, "", name)?;
    if let Value::Function(function) = &value {
        let mut named = Vec::new();
        for argument in arguments {
            let thunk = given(&mut machine, "top-level-arg", argument)?;
            named.push((Some(argument.name.as_str().into()), thunk));
        }
        value = machine.call(&function.clone(), named)?;
    }
    manifest::json(&mut machine, &value)
}

fn given(
    machine: &mut Machine<'_>,
    what: &str,
    variable: &Variable,
) -> Result<value::ThunkId, Error> {
    if !variable.code {
        return machine.done(Value::text(&variable.value));
    }
    let program = parser::parse(&format!("<{what}:{}>", variable.name), &variable.value)?;
    let root = machine.root("")?;
    machine.thunk(Thunk::Pending(program, root))
}
