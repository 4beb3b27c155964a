//! Go's `text/template`, as Go has it: syntax, scopes, kinds, printing and error text.
//!
//! A [`Set`] holds parsed templates that refer to each other; [`Set::execute`] runs one on a
//! [`Value`]. Values keep Go's kinds apart (an `int` is no `float64`), and maps are shared by
//! reference, since charts change them while they render. Functions come from the caller in a
//! [`Functions`] table; Go's own are in it from the start.
//!
//! ```text
//! text -> lex -> parse -> Tree (immutable, shared between threads)
//! Tree + Value + Functions + Limits -> exec -> text | Error with name:line:column
//! ```
//!
//! Nothing here can hang or flood: [`Limits`] bounds steps, depth and output. Complex numbers and
//! channels do not exist.

#![forbid(unsafe_code)]

mod builtin;
mod compare;
mod complex;
mod error;
mod exec;
mod field;
pub mod fmt;
mod function;
mod lex;
mod map_type;
mod node;
mod number;
mod parse;
mod set;
pub mod unquote;
mod value;

pub use compare::{equal, less};
pub use error::{Cause, ExecError, Limit, ParseError};
pub use exec::Context;
pub use function::{CallError, Function, Functions, Type};
pub use map_type::{MapType, Method};
pub use number::parse_int;
pub use set::{Limits, MissingKey, Set};
pub use value::{Element, List, Map, Object, Value};
