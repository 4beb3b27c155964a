//! YAML as the Go tools of this field read and write it.
//!
//! Go programs turn YAML into JSON and decode that; what a scalar means is decided by one of two
//! generations of go-yaml ([`Dialect`]). A stream is cut into documents at lines that begin with
//! `---`, before any YAML is parsed, as apimachinery does it. So a bad document never hides the
//! good ones beside it: [`parse`] returns the documents, the errors and the warnings, each with its
//! line and column.
//!
//! Values are JSON. Whole numbers that fit 64 bits are integers, however they were spelled; the
//! others are floats; keys are strings.

mod blanks;
mod build;
mod emit;
mod float;
mod flow;
mod frame;
mod json;
mod locate;
mod plain;
mod refold;
mod resolve;

#[cfg(test)]
mod tests;
mod written;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::Pointer;

pub use emit::{Indent, to_string, to_string_with};
pub use float::format as format_float;
pub use written::{Quotes, Written, flow_blanks, written};

/// Which generation of go-yaml decides what a scalar means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `sigs.k8s.io/yaml` on go-yaml v2: Kubernetes, kubectl, Helm, Argo CD. YAML 1.1 booleans
    /// (`yes`, `on`, `y`), also as keys; later merge keys override earlier ones.
    #[default]
    GoV2,
    /// kyaml on go-yaml v3: kustomize. `yes` and `on` are strings, dates become timestamps,
    /// duplicate keys are errors, a mapping's own keys win over merged ones. Folded texts are as
    /// kustomize prints them, which is not always as they were written.
    GoV3,
}

/// What to do with a key that stands twice in a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DuplicateKeys {
    /// The last one wins; a warning names both positions.
    #[default]
    LastWins,
    /// An error that names both positions.
    Error,
}

/// Through what a number comes to who reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Numbers {
    /// Through JSON: a float without a fraction is an integer if it fits 64 bits.
    #[default]
    Json,
    /// As [`Numbers::Json`], for who takes them for floats: minus zero stays.
    Float,
    /// As YAML has it, floats and large integers kept: what a field that takes texts only gets.
    Yaml,
}

/// How to read YAML. Every bound is per document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which generation of go-yaml to follow.
    pub dialect: Dialect,
    /// What a repeated key is.
    pub duplicate_keys: DuplicateKeys,
    /// What becomes of numbers.
    pub numbers: Numbers,
    /// How deep collections may nest.
    pub max_depth: usize,
    /// How many bytes one document may hold.
    pub max_bytes: usize,
}

impl Default for Options {
    /// As Kubernetes reads manifests.
    fn default() -> Self {
        Self {
            dialect: Dialect::GoV2,
            duplicate_keys: DuplicateKeys::LastWins,
            numbers: Numbers::Json,
            max_depth: 120,
            max_bytes: 64 << 20,
        }
    }
}

impl Options {
    /// As kustomize reads resources.
    pub fn kustomize() -> Self {
        Self { dialect: Dialect::GoV3, duplicate_keys: DuplicateKeys::Error, ..Self::default() }
    }

    /// As Helm reads values, whose numbers are floats.
    pub fn values() -> Self {
        Self { numbers: Numbers::Float, ..Self::default() }
    }

    /// As Helm reads files whose numbers may stand for texts, `version: 1.10` among them.
    pub fn texts() -> Self {
        Self { numbers: Numbers::Yaml, ..Self::default() }
    }

    /// As Kubernetes reads manifests where it is strict.
    pub fn strict() -> Self {
        Self { duplicate_keys: DuplicateKeys::Error, ..Self::default() }
    }
}

/// A place in a text. Both count from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One document of a stream.
#[derive(Clone, PartialEq)]
pub struct Document {
    /// Its content. A document that holds nothing but comments is null.
    pub value: Value,
    /// Where its first node stands.
    pub at: Position,
    pub(crate) chunk: frame::Span,
}

impl Document {
    /// Its part of a text that was decoded, as the parser reads it.
    fn source<'t>(&self, text: &'t [u8], options: &Options) -> Option<Cow<'t, str>> {
        let source = std::str::from_utf8(self.chunk.of(text)).ok()?;
        // What is no YAML was told when it was read.
        flow::mended(source, self.chunk.line, options).ok()
    }
}

impl fmt::Debug for Document {
    /// Where it is only: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.at)
    }
}

/// Why a document could not be read. Prints as `line:column: what`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct Error {
    /// Where.
    pub at: Position,
    /// What.
    pub problem: Problem,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not YAML.
    #[error("{0}")]
    Syntax(String),
    /// The text is not valid in its encoding, or holds characters that YAML does not allow.
    #[error("{0}")]
    Encoding(String),
    /// Something stands behind `---` that is no comment.
    #[error("invalid document separator: {0:?} may not follow ---")]
    Separator(String),
    /// A key stands twice.
    #[error("key {key:?} is already set at {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stood first.
        first: Position,
    },
    /// A mapping or a list is used as a key.
    #[error("a {0} cannot be a key")]
    Key(&'static str),
    /// An integer that only fits without a sign is used as a key.
    #[error("unsupported map key of type: uint64, key: {0:#x}")]
    LargeKey(u64),
    /// A tag asks for a type that the text is not.
    #[error("this text is no {0}")]
    Tag(&'static str),
    /// JSON has no such number; it is spelled as Go does.
    #[error("json: unsupported value: {0}")]
    Number(&'static str),
    /// `<<` takes mappings only.
    #[error("a merge key (<<) takes a mapping or a list of mappings")]
    Merge,
    /// An alias stands inside what it names.
    #[error("an anchor's value contains itself")]
    Cycle,
    /// Aliases blow the document up.
    #[error("the document's aliases expand to too much")]
    Aliases,
    /// A bound is exceeded.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// Which.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

/// Something that is legal and probably not meant. Prints as `line:column: what`.
pub type Warning = Error;

/// All that a stream held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The documents that could be read, in order, null ones too.
    pub documents: Vec<Document>,
    /// The documents that could not, in order.
    pub errors: Vec<Error>,
    /// What is legal and probably not meant.
    pub warnings: Vec<Warning>,
}

/// Reads a stream of YAML documents, or of JSON ones. UTF-16 with a byte order mark is taken too.
pub fn parse(text: &[u8], options: &Options) -> Parsed {
    frame::parse(text, options)
}

/// Reads the first document of `text` as `yaml.Unmarshal` does: what stands behind it is not looked
/// at. A repeated key is the last one's.
///
/// # Errors
/// When the document is no YAML.
pub fn first(text: &[u8], options: &Options) -> Result<Value, Error> {
    frame::first(text, options, None)
}

/// As [`first`], for who needs only some fields of a mapping: the others are checked, and need not
/// be in the answer.
///
/// # Errors
/// As [`first`].
pub fn head(text: &[u8], options: &Options, wanted: &dyn Fn(&str) -> bool) -> Result<Value, Error> {
    frame::first(text, options, Some(wanted))
}

/// Reads one document, all of `text`.
///
/// # Errors
/// The first error of the stream, or one that names a second document.
pub fn parse_one(text: &[u8], options: &Options) -> Result<Value, Error> {
    let mut parsed = parse(text, options);
    if let Some(error) = parsed.errors.into_iter().next() {
        return Err(error);
    }
    parsed.documents.retain(|d| !d.value.is_null());
    let mut documents = parsed.documents.into_iter();
    let first = documents.next().map_or(Value::Null, |d| d.value);
    match documents.next() {
        None => Ok(first),
        Some(second) => Err(Error {
            at: second.at,
            problem: Problem::Syntax("expected one document, found another".to_owned()),
        }),
    }
}

/// Where the value that `pointer` names stands in `text`, of which `document` was read with
/// `options`: for a field its key, for a list's item the item; for what came by alias or merge, or
/// is not there, the nearest thing above it that is.
pub fn position(
    text: &[u8],
    document: &Document,
    pointer: &Pointer,
    options: &Options,
) -> Position {
    locate::position(text, document, pointer, options)
}

/// Calls `visit` with each scalar of `document`, which was read of `text` with `options`: its
/// pointer, its text, and whether it is plain. A plain one without text is a null that is written
/// as nothing (`key:`). Keys, and what came by alias or merge, are left out.
pub fn each_scalar(
    text: &[u8],
    document: &Document,
    options: &Options,
    visit: &mut dyn FnMut(&Pointer, &str, bool),
) {
    locate::scalars(text, document, options, visit);
}
