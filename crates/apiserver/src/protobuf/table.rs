//! The messages of the built-in kinds, from a generated table (`cargo xtask generate`).

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

static TYPES: &[u8] = include_bytes!("types.txt.gz");

/// The table's size may not surprise: it is compiled in, and this bounds reading it.
const LIMIT: u64 = 4 << 20;

/// All messages.
pub(super) struct Table {
    messages: Vec<Message>,
    /// By API version and kind; the kinds of `meta/v1` are under the empty version.
    kinds: HashMap<(String, String), usize>,
}

/// One message: a Go struct.
pub(super) struct Message {
    /// By number.
    pub(super) fields: Vec<Field>,
}

/// One field of a message.
pub(super) struct Field {
    pub(super) number: u32,
    /// Name in JSON; empty for an inlined struct.
    pub(super) json: Box<str>,
    /// JSON omits the Go zero value.
    pub(super) omit_empty: bool,
    /// JSON omits the zero struct.
    pub(super) omit_zero: bool,
    /// A Go pointer: absent and zero differ.
    pub(super) pointer: bool,
    pub(super) shape: Shape,
    pub(super) scalar: Scalar,
}

/// How many values a field has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
    /// A list in a message of its own, as Go's named slices are.
    Wrapped,
    Map,
    /// A map of [`Shape::Wrapped`].
    WrappedMap,
}

/// What one value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    String,
    Bool,
    Integer,
    Double,
    /// Base64 in JSON.
    Bytes,
    Time,
    MicroTime,
    Duration,
    Quantity,
    IntOrString,
    /// JSON text.
    Raw,
    SchemaOrArray,
    SchemaOrBool,
    SchemaOrStrings,
    /// An index into the table.
    Message(usize),
}

/// The table, read on first use.
pub(super) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut text = String::new();
        // The table is this crate's own data: the tests would find it broken.
        let _ = GzDecoder::new(TYPES).take(LIMIT).read_to_string(&mut text);
        Table::parse(&text)
    });
    &TABLE
}

impl Table {
    /// The message of a kind.
    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<usize> {
        let of = |version: &str| self.kinds.get(&(version.to_owned(), kind.to_owned())).copied();
        // Options such as DeleteOptions are registered in every group.
        of(api_version).or_else(|| of(""))
    }

    /// A message by index.
    pub(super) fn message(&self, index: usize) -> &Message {
        &self.messages[index]
    }

    /// The message of the schemas in CRDs, which some unions refer to.
    pub(super) fn schema_props(&self) -> Option<usize> {
        self.kind("apiextensions.k8s.io/v1", "JSONSchemaProps")
    }

    fn parse(text: &str) -> Self {
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut kinds = HashMap::new();
        let mut package = ("", "");
        for line in text.lines().filter(|line| !line.starts_with(['#', ' '])) {
            if let Some(head) = line.strip_prefix('=') {
                package = head.split_once(' ').unwrap_or((head, "-"));
                continue;
            }
            let index = names.len();
            names.insert(format!("{}.{line}", package.0), index);
            let version = match package {
                ("k8s.io/apimachinery/pkg/apis/meta/v1", _) => Some(""),
                (_, "-") => None,
                (_, version) => Some(version),
            };
            if let Some(version) = version {
                kinds.insert((version.to_owned(), line.to_owned()), index);
            }
        }
        let mut messages: Vec<Message> = Vec::with_capacity(names.len());
        for line in text.lines().filter(|line| !line.starts_with(['#', '='])) {
            match line.strip_prefix(' ') {
                None => messages.push(Message { fields: Vec::new() }),
                Some(line) => {
                    if let (Some(message), Some(field)) = (messages.last_mut(), field(line, &names))
                    {
                        message.fields.push(field);
                    }
                }
            }
        }
        for message in &mut messages {
            message.fields.sort_by_key(|field| field.number);
        }
        Self { messages, kinds }
    }
}

impl Message {
    /// A field by number.
    pub(super) fn field(&self, number: u32) -> Option<&Field> {
        let at = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        self.fields.get(at)
    }
}

/// Reads `number json flags type`; see `xtask/src/protobuf.rs`, which writes it.
fn field(line: &str, names: &HashMap<String, usize>) -> Option<Field> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let (json, flags, ty) = (words.next()?, words.next()?, words.next()?);
    let (shape, ty) = if let Some(ty) = ty.strip_prefix("{(") {
        (Shape::WrappedMap, ty)
    } else if let Some(ty) = ty.strip_prefix('{') {
        (Shape::Map, ty)
    } else if let Some(ty) = ty.strip_prefix('[') {
        (Shape::List, ty)
    } else if let Some(ty) = ty.strip_prefix('(') {
        (Shape::Wrapped, ty)
    } else {
        (Shape::One, ty)
    };
    let scalar = match ty {
        "s" => Scalar::String,
        "b" => Scalar::Bool,
        "i" => Scalar::Integer,
        "d" => Scalar::Double,
        "y" => Scalar::Bytes,
        "T" => Scalar::Time,
        "M" => Scalar::MicroTime,
        "D" => Scalar::Duration,
        "Q" => Scalar::Quantity,
        "I" => Scalar::IntOrString,
        "R" => Scalar::Raw,
        "A" => Scalar::SchemaOrArray,
        "B" => Scalar::SchemaOrBool,
        "S" => Scalar::SchemaOrStrings,
        other => Scalar::Message(*names.get(other.strip_prefix('@')?)?),
    };
    let inline = flags.contains('n');
    Some(Field {
        number,
        json: if inline || json == "-" { "".into() } else { json.into() },
        omit_empty: flags.contains('o'),
        omit_zero: flags.contains('z'),
        pointer: flags.contains('p'),
        shape,
        scalar,
    })
}
