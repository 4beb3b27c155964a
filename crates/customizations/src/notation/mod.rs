//! The notation in which most health rules are written.
//!
//! ```text
//! kind acid.zalan.do/postgresql                            a rule for one kind or more; * is a pattern
//!   status.PostgresClusterStatus = UpdateFailed -> Degraded {status.PostgresClusterStatus}
//!   [Ready=False] & .reason=Error|Fatal -> Degraded {.message}
//!   else -> Progressing Waiting for it
//! ```
//!
//! Lines are tried in order; the first whose tests all hold decides. Tests are joined by ` & `:
//!
//! - `path` is there and `!path` is not; a path is keys joined by dots (`"a.b/c"` for a key with
//!   dots, numbers index arrays); one that starts with a dot is below the element at hand.
//! - `path = a|b`, `path != a|b`: is, or is not, one of these words; what is absent is neither word.
//!   `@path` in place of words compares with another field, where two absent ones are equal.
//! - `path < x`, `<=`, `>`, `>=`: numbers, or texts by their bytes; `path?0` has a default.
//! - `path ~ x`: a text that contains `x`; `#path` is the length of a list, map or text, 0 if absent.
//! - `[Type=Status]`: a condition in `status.conditions` of that type and status, which becomes the
//!   element at hand; `*` is any type, a missing `=Status` any status, `!=` another status, `|`
//!   separates alternatives. `![...]`: there is none.
//!
//! A line may open a block, of lines indented deeper; when none of those decides, the next line is
//! tried:
//!
//! - `when tests`: if they hold.
//! - `each path`: for each element of a list (or value of a map); `each` alone is for
//!   `status.conditions`. Conditions in brackets then mean this element.
//! - `last path`: likewise, but the last element that decides wins.
//!
//! `odd name` hands over to a function. In messages `{path}` is a field, `{path|text}` has a default.

mod evaluate;
mod parse;

pub use evaluate::Rule;
pub use parse::{ParseError, parse};

/// Keys to follow, from the object or from the element at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    relative: bool,
    keys: Vec<String>,
}

#[derive(Clone, Debug)]
enum Node {
    Verdict { tests: Vec<Test>, status: crate::Status, message: Vec<Piece> },
    When { tests: Vec<Test>, body: Vec<Node> },
    Each { path: Path, body: Vec<Node>, last: bool },
    Odd { tests: Vec<Test>, name: String },
}

#[derive(Clone, Debug)]
enum Test {
    Present { path: Path, wanted: bool },
    Words { path: Path, wanted: bool, words: Vec<String> },
    Same { path: Path, wanted: bool, other: Path },
    Order { left: Operand, order: Order, right: Operand },
    Contains { path: Path, wanted: bool, text: String },
    Condition { types: Vec<String>, statuses: Vec<String>, is: bool, wanted: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug)]
enum Operand {
    Field { path: Path, default: Option<f64> },
    Length(Path),
    Number(f64),
    Text(String),
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Field { path: Path, default: String },
}
