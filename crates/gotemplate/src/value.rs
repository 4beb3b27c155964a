//! Values with Go's kinds.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;

use crate::complex::Complex;
use crate::map_type::MapType;

/// A value of a template. Maps and objects are shared: a clone is the same one.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value at all: what a missing thing is, and an untyped nil.
    Nil,
    /// An `interface{}` that holds nothing: what a map holds under a key whose value is null, and,
    /// under [`crate::MissingKey::Zero`], what it holds under no key. Only field access tells it
    /// from [`Value::Nil`].
    NilInterface,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `int64`.
    Int64(i64),
    /// `uint8`: what indexing a string gives.
    Uint8(u8),
    /// `uint64`: a part of a semantic version.
    Uint64(u64),
    /// `float64`.
    Float64(f64),
    /// `string`.
    String(Rc<str>),
    /// `string` whose bytes are no UTF-8, which Go allows: a file's content, what base64 held.
    /// Only ever made by [`Value::text`].
    Binary(Rc<[u8]>),
    /// `[]byte`.
    Bytes(Rc<[u8]>),
    /// A slice.
    List(Rc<List>),
    /// A map from strings.
    Map(Rc<Map>),
    /// Anything else.
    Object(Rc<dyn Object>),
}

/// What a slice or map declares its elements to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`.
    Any,
    /// `string`.
    String,
    /// `int`.
    Int,
    /// `[]byte`.
    Bytes,
    /// `map[string]interface {}`.
    Map,
    /// `[]string`.
    Strings,
    /// `[]interface {}`.
    List,
}

impl Element {
    fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::String => "string",
            Self::Int => "int",
            Self::Bytes => "[]uint8",
            Self::Map => "map[string]interface {}",
            Self::Strings => "[]string",
            Self::List => "[]interface {}",
        }
    }

    /// The zero value, which a missing key gives under [`crate::MissingKey::Zero`].
    pub(crate) fn zero(self) -> Value {
        match self {
            Self::String => Value::String("".into()),
            Self::Int => Value::Int(0),
            Self::Any | Self::Map => Value::NilInterface,
            Self::Bytes => Value::Bytes(Rc::from([])),
            Self::Strings => Value::List(Rc::new(List::new(Self::String, Vec::new()))),
            Self::List => Value::list(Vec::new()),
        }
    }
}

/// A slice, which nobody changes.
#[derive(Debug)]
pub struct List {
    /// What it declares to hold.
    pub element: Element,
    /// What it holds.
    pub items: Vec<Value>,
    /// Whether it is Go's nil slice: empty, and null as JSON.
    pub is_nil: bool,
}

impl List {
    /// A slice of `items`.
    pub fn new(element: Element, items: Vec<Value>) -> Self {
        Self { element, items, is_nil: false }
    }

    /// The nil slice.
    pub fn nil(element: Element) -> Self {
        Self { element, items: Vec::new(), is_nil: true }
    }
}

/// A map, which functions change in place.
#[derive(Debug)]
pub struct Map {
    /// What it declares to hold.
    pub element: Element,
    /// Its type, where that has a name of its own, such as `common.Values`.
    pub named: Option<&'static MapType>,
    /// Whether it is Go's nil map: empty, and null as JSON.
    pub is_nil: bool,
    entries: Rc<RefCell<BTreeMap<Rc<str>, Value>>>,
}

impl Map {
    /// A map of `entries`.
    pub fn new(element: Element, entries: BTreeMap<Rc<str>, Value>) -> Self {
        Self { element, named: None, is_nil: false, entries: Rc::new(RefCell::new(entries)) }
    }

    /// The nil map.
    pub fn nil(element: Element) -> Self {
        Self { is_nil: true, ..Self::new(element, BTreeMap::new()) }
    }

    /// A map of a type that has a name of its own.
    pub fn of_type(kind: &'static MapType, entries: BTreeMap<Rc<str>, Value>) -> Self {
        Self {
            element: Element::Any,
            named: Some(kind),
            is_nil: false,
            entries: Rc::new(RefCell::new(entries)),
        }
    }

    /// The same map under another type: what is changed in one is changed in the other.
    pub fn converted(&self, kind: &'static MapType) -> Self {
        Self {
            element: self.element,
            named: Some(kind),
            is_nil: false,
            entries: self.entries.clone(),
        }
    }

    /// The same map as a `map[string]…`.
    pub fn unnamed(&self) -> Self {
        Self { element: self.element, named: None, is_nil: false, entries: self.entries.clone() }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    /// Sets the value under a key.
    pub fn set(&self, key: impl Into<Rc<str>>, value: Value) {
        self.entries.borrow_mut().insert(key.into(), value);
    }

    /// Removes a key.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.entries.borrow_mut().remove(key)
    }

    /// The entries, in the order of their keys. Hold it for no longer than the map stays unchanged.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Rc<str>, Value>> {
        self.entries.borrow()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }
}

/// A Go struct, or a pointer to one, with its fields and methods.
pub trait Object: Debug {
    /// Name of its type, such as `*chart.Metadata`.
    fn type_name(&self) -> &str;

    /// The value of an exported field.
    fn field(&self, name: &str) -> Option<Value>;

    /// Whether there is a method of that name.
    fn has_method(&self, _name: &str) -> bool {
        false
    }

    /// What a method takes, in order; `None` where it checks that itself.
    fn parameters(&self, _method: &str) -> Option<&'static [crate::function::Type]> {
        None
    }

    /// Calls a method. The arguments are what the template gave; their number and types are for the
    /// method to check.
    ///
    /// # Errors
    /// What the method says, in words.
    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, String> {
        Err(format!("{} has no method {name}", self.type_name()))
    }

    /// What `%v` prints.
    fn print(&self) -> String;

    /// What a bare action prints: as `%v`, but a struct that can be addressed has its pointer's
    /// `String` method there.
    fn shown(&self) -> String {
        self.print()
    }

    /// The slice or map that it is, where its type is one with a name and methods: ranges, lengths
    /// and indexes see that.
    fn underlying(&self) -> Option<Value> {
        None
    }

    /// The fields of a struct in their order, those that are not exported too, as formats print
    /// them.
    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// What its `GoString` method gives, which `%#v` prints, where it has one.
    fn go_string(&self) -> Option<String> {
        None
    }

    /// Whether formats ask for its `String` method rather than for what it is made of.
    fn is_stringer(&self) -> bool {
        self.struct_fields().is_none() && self.underlying().is_none()
    }

    /// Name of its Go kind.
    fn kind(&self) -> &'static str {
        if self.type_name().starts_with('*') { "ptr" } else { "struct" }
    }

    /// Its number, where its kind is an integer's, such as a `time.Duration`.
    fn integer(&self) -> Option<i64> {
        None
    }

    /// The fields of a struct that JSON writes, by their JSON names and in the struct's order, which
    /// [`Object::data`] does not keep.
    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// What marshalling it as JSON or YAML writes.
    fn data(&self) -> Value {
        Value::string(self.print())
    }

    /// Whether it is a pointer that is nil: false in conditions, and it has no fields.
    fn is_nil(&self) -> bool {
        false
    }

    /// For functions that know the type behind: as `Any`.
    fn as_any(&self) -> &dyn std::any::Any;
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Rc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A string of any bytes.
    pub fn text(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::String(text.into()),
            Err(error) => Self::Binary(error.into_bytes().into()),
        }
    }

    /// A slice of anything.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(List::new(Element::Any, items)))
    }

    /// A slice of strings.
    pub fn strings<S: Into<Rc<str>>>(items: impl IntoIterator<Item = S>) -> Self {
        let items = items.into_iter().map(|s| Self::String(s.into())).collect();
        Self::List(Rc::new(List::new(Element::String, items)))
    }

    /// A map of anything.
    pub fn map<K: Into<Rc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self::Map(Rc::new(Map::new(Element::Any, entries)))
    }

    /// Whether there is nothing.
    pub fn is_nil(&self) -> bool {
        match self {
            Self::Nil | Self::NilInterface => true,
            Self::Object(o) => o.is_nil(),
            _ => false,
        }
    }

    /// The value itself, or the slice or map that an object is.
    pub fn underlying(&self) -> Self {
        match self {
            Self::Object(o) => o.underlying().unwrap_or_else(|| self.clone()),
            other => other.clone(),
        }
    }

    /// Whether a condition takes it for true: not zero, not empty.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil | Self::NilInterface => false,
            Self::Bool(b) => *b,
            Self::Int(i) | Self::Int64(i) => *i != 0,
            Self::Uint8(u) => *u != 0,
            Self::Uint64(u) => *u != 0,
            Self::Float64(f) => *f != 0.0,
            Self::String(s) => !s.is_empty(),
            Self::Bytes(b) | Self::Binary(b) => !b.is_empty(),
            Self::List(l) => !l.items.is_empty(),
            Self::Map(m) => !m.is_empty(),
            Self::Object(o) => match o.underlying() {
                Some(plain) => plain.is_true(),
                None => {
                    let zero = Complex::of(o.as_ref()).is_some_and(Complex::is_zero);
                    !zero && !o.is_nil() && o.integer() != Some(0)
                }
            },
        }
    }

    /// Name of its Go type, as `%T` prints it.
    pub fn type_name(&self) -> String {
        match self {
            Self::Nil | Self::NilInterface => "<nil>".to_owned(),
            Self::Bool(_) => "bool".to_owned(),
            Self::Int(_) => "int".to_owned(),
            Self::Int64(_) => "int64".to_owned(),
            Self::Uint8(_) => "uint8".to_owned(),
            Self::Uint64(_) => "uint64".to_owned(),
            Self::Float64(_) => "float64".to_owned(),
            Self::String(_) | Self::Binary(_) => "string".to_owned(),
            Self::Bytes(_) => "[]uint8".to_owned(),
            Self::List(l) => format!("[]{}", l.element.type_name()),
            Self::Map(m) => m.named.map_or_else(
                || format!("map[string]{}", m.element.type_name()),
                |t| t.name.to_owned(),
            ),
            Self::Object(o) => o.type_name().to_owned(),
        }
    }

    /// Name of its Go kind, as `reflect.Kind` prints it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil | Self::NilInterface => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float64(_) => "float64",
            Self::String(_) | Self::Binary(_) => "string",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(o) => match o.underlying() {
                Some(plain) => plain.kind_name(),
                None => o.kind(),
            },
        }
    }

    /// The string, if it is one, and UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The string's bytes, if it is one.
    pub fn string_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::String(s) => Some(s.as_bytes()),
            Self::Binary(b) => Some(b),
            _ => None,
        }
    }
}
