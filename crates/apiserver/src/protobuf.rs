//! Request bodies in protobuf, read as JSON.
//!
//! Clients of Kubernetes written in Go send built-in kinds as `k8s\0` and a `runtime.Unknown` message around the
//! object's own. What is read equals what encoding/json would write of the same Go value: fields that JSON omits when
//! empty are absent, the others are there with their zero value.

mod special;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use table::{Field, Scalar, Shape, Table, table};
use wire::{Reader, Wire};

const MAGIC: &[u8] = b"k8s\0";

/// Messages in messages; JSON schemas in CRDs are the only ones without a natural bound.
const DEPTH: usize = 100;

/// A body that is not what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// The body lacks the four bytes `k8s\0`.
    #[error(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )]
    NoPrefix,
    /// The bytes are no protobuf message.
    #[error("protobuf: malformed {what} near byte {offset} of the message")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// Where in the innermost message.
        offset: usize,
    },
    /// A field has another wire type than its definition.
    #[error("protobuf: field {0} has the wrong wire type")]
    WrongType(String),
    /// A text or JSON field does not hold such.
    #[error("protobuf: field {field}: {why}")]
    Content {
        /// Name of the field.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// Messages are nested too deeply.
    #[error("protobuf: messages are nested more than {DEPTH} deep")]
    TooDeep,
    /// The kind is not built in, so its message is not known.
    #[error("no kind \"{kind}\" is registered for version \"{api_version}\"")]
    UnknownKind {
        /// Group and version.
        api_version: String,
        /// Kind.
        kind: String,
    },
    /// The object inside is in an encoding that this server does not read.
    #[error("protobuf: the object is encoded as {0}, which is not supported")]
    Encoding(String),
}

/// Reads a body as the JSON object that it stands for.
pub(crate) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let body = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoPrefix)?;
    let unknown = Unknown::read(body)?;
    if unknown.content_type.starts_with("application/json") {
        return raw("raw", unknown.raw);
    }
    if !unknown.content_encoding.is_empty() {
        return Err(ProtobufError::Encoding(unknown.content_encoding));
    }
    let table = table();
    let Some(message) = table.kind(&unknown.api_version, &unknown.kind) else {
        return Err(ProtobufError::UnknownKind {
            api_version: unknown.api_version,
            kind: unknown.kind,
        });
    };
    let mut object = Decoder { table }.message(message, unknown.raw, 0)?;
    object.insert("apiVersion".to_owned(), Value::String(unknown.api_version));
    object.insert("kind".to_owned(), Value::String(unknown.kind));
    Ok(Value::Object(object))
}

/// The envelope, `runtime.Unknown`.
#[derive(Default)]
struct Unknown<'a> {
    api_version: String,
    kind: String,
    raw: &'a [u8],
    content_encoding: String,
    content_type: String,
}

impl<'a> Unknown<'a> {
    fn read(body: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut unknown = Self::default();
        let mut reader = Reader::new(body);
        while let Some((number, wire)) = reader.next()? {
            match (number, wire) {
                (1, Wire::Bytes(bytes)) => {
                    let mut reader = Reader::new(bytes);
                    while let Some((number, wire)) = reader.next()? {
                        match number {
                            1 => unknown.api_version = string("apiVersion", wire)?,
                            2 => unknown.kind = string("kind", wire)?,
                            _ => {}
                        }
                    }
                }
                (2, Wire::Bytes(bytes)) => unknown.raw = bytes,
                (3, wire) => unknown.content_encoding = string("contentEncoding", wire)?,
                (4, wire) => unknown.content_type = string("contentType", wire)?,
                (1 | 2, _) => return Err(ProtobufError::WrongType("typeMeta or raw".to_owned())),
                _ => {}
            }
        }
        Ok(unknown)
    }
}

struct Decoder {
    table: &'static Table,
}

impl Decoder {
    fn message(
        &self,
        index: usize,
        bytes: &[u8],
        depth: usize,
    ) -> Result<Map<String, Value>, ProtobufError> {
        if depth > DEPTH {
            return Err(ProtobufError::TooDeep);
        }
        let message = self.table.message(index);
        let mut object = Map::new();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            if let Some(field) = message.field(number) {
                self.field(&mut object, field, wire, depth)?;
            }
        }
        for field in &message.fields {
            self.finish(&mut object, field, depth)?;
        }
        Ok(object)
    }

    fn field(
        &self,
        object: &mut Map<String, Value>,
        field: &Field,
        wire: Wire<'_>,
        depth: usize,
    ) -> Result<(), ProtobufError> {
        let name = &*field.json;
        let wrong = || ProtobufError::WrongType(name.to_owned());
        match field.shape {
            Shape::One => {
                let value = self.scalar(field, wire, depth)?;
                match value {
                    Value::Object(inlined) if name.is_empty() => object.extend(inlined),
                    value => {
                        object.insert(name.to_owned(), value);
                    }
                }
            }
            Shape::List => {
                let value = self.scalar(field, wire, depth)?;
                push(object, name, value);
            }
            Shape::Wrapped => {
                let list = self.wrapped(field, wire, depth)?;
                object.insert(name.to_owned(), list);
            }
            Shape::Map | Shape::WrappedMap => {
                let Wire::Bytes(bytes) = wire else { return Err(wrong()) };
                let (mut key, mut value) = (String::new(), None);
                let mut reader = Reader::new(bytes);
                while let Some((number, wire)) = reader.next()? {
                    match (number, field.shape) {
                        (1, _) => key = string(name, wire)?,
                        (2, Shape::WrappedMap) => value = Some(self.wrapped(field, wire, depth)?),
                        (2, _) => value = Some(self.scalar(field, wire, depth)?),
                        _ => {}
                    }
                }
                let value = match value {
                    Some(value) => value,
                    None => self.scalar(field, Wire::Bytes(&[]), depth)?,
                };
                let map =
                    object.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
        }
        Ok(())
    }

    /// A message whose field 1 is a list.
    fn wrapped(&self, field: &Field, wire: Wire<'_>, depth: usize) -> Result<Value, ProtobufError> {
        let Wire::Bytes(bytes) = wire else {
            return Err(ProtobufError::WrongType(field.json.to_string()));
        };
        let mut items = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            if number == 1 {
                items.push(self.scalar(field, wire, depth)?);
            }
        }
        Ok(if items.is_empty() { Value::Null } else { Value::Array(items) })
    }

    fn scalar(&self, field: &Field, wire: Wire<'_>, depth: usize) -> Result<Value, ProtobufError> {
        let name = &*field.json;
        let bytes = || match wire {
            Wire::Bytes(bytes) => Ok(bytes),
            _ => Err(ProtobufError::WrongType(name.to_owned())),
        };
        let varint = || match wire {
            Wire::Varint(value) => Ok(value),
            _ => Err(ProtobufError::WrongType(name.to_owned())),
        };
        Ok(match field.scalar {
            Scalar::String => Value::String(string(name, wire)?),
            Scalar::Bool => Value::Bool(varint()? != 0),
            Scalar::Integer => Value::from(varint()?.cast_signed()),
            Scalar::Double => match wire {
                Wire::Fixed64(bits) => special::double(f64::from_bits(bits)),
                _ => return Err(ProtobufError::WrongType(name.to_owned())),
            },
            Scalar::Bytes => Value::String(STANDARD.encode(bytes()?)),
            Scalar::Time => special::time(bytes()?, false)?,
            Scalar::MicroTime => special::time(bytes()?, true)?,
            Scalar::Duration => special::duration(bytes()?)?,
            Scalar::Quantity => special::quantity(bytes()?)?,
            Scalar::IntOrString => special::int_or_string(bytes()?)?,
            Scalar::Raw => special::raw_extension(name, bytes()?)?,
            Scalar::SchemaOrArray | Scalar::SchemaOrBool | Scalar::SchemaOrStrings => {
                self.union(field, bytes()?, depth)?
            }
            Scalar::Message(index) => Value::Object(self.message(index, bytes()?, depth + 1)?),
        })
    }

    /// The unions in CRD schemas: one schema, or many, a boolean, or strings.
    fn union(&self, field: &Field, bytes: &[u8], depth: usize) -> Result<Value, ProtobufError> {
        let wrong = || ProtobufError::WrongType(field.json.to_string());
        let index = self.table.schema_props().ok_or_else(wrong)?;
        let mut one = None;
        let mut many = Vec::new();
        let mut allows = false;
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            match (number, field.scalar, wire) {
                (1, Scalar::SchemaOrBool, Wire::Varint(value)) => allows = value != 0,
                (2, Scalar::SchemaOrStrings, wire) => {
                    many.push(Value::String(string(&field.json, wire)?));
                }
                (2, Scalar::SchemaOrArray, Wire::Bytes(schema)) => {
                    many.push(Value::Object(self.message(index, schema, depth + 1)?));
                }
                (1 | 2, _, Wire::Bytes(schema)) => {
                    one = Some(Value::Object(self.message(index, schema, depth + 1)?));
                }
                _ => return Err(wrong()),
            }
        }
        Ok(match (field.scalar, one) {
            (Scalar::SchemaOrStrings | Scalar::SchemaOrArray, _) if !many.is_empty() => {
                Value::Array(many)
            }
            (_, Some(schema)) => schema,
            (Scalar::SchemaOrBool, None) => Value::Bool(allows),
            (_, None) => Value::Null,
        })
    }

    /// Gives an absent field its Go zero value, and takes away what JSON omits.
    fn finish(
        &self,
        object: &mut Map<String, Value>,
        field: &Field,
        depth: usize,
    ) -> Result<(), ProtobufError> {
        let name = &*field.json;
        if name.is_empty() {
            if let Scalar::Message(index) = field.scalar
                && !field.pointer
            {
                for inlined in &self.table.message(index).fields {
                    self.finish(object, inlined, depth)?;
                }
            }
            return Ok(());
        }
        let is_struct = field.shape == Shape::One
            && !matches!(
                field.scalar,
                Scalar::String | Scalar::Bool | Scalar::Integer | Scalar::Double | Scalar::Bytes
            );
        if let Some(value) = object.get(name) {
            let empty = match value {
                Value::Null => !is_struct || field.omit_zero,
                Value::Bool(value) => !value,
                Value::Number(number) => number.as_f64() == Some(0.0),
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty() && (!is_struct || field.omit_zero),
            };
            if empty && field.omit_empty && !field.pointer && (!is_struct || field.omit_zero) {
                object.remove(name);
            }
            return Ok(());
        }
        if field.pointer || field.shape != Shape::One {
            if !field.omit_empty {
                object.insert(name.to_owned(), Value::Null);
            }
        } else if is_struct {
            if !field.omit_zero {
                let zero = self.scalar(field, Wire::Bytes(&[]), depth)?;
                object.insert(name.to_owned(), zero);
            }
        } else if !field.omit_empty {
            let zero = match field.scalar {
                Scalar::Bool => Value::Bool(false),
                Scalar::Integer | Scalar::Double => Value::from(0),
                Scalar::Bytes => Value::Null,
                _ => Value::String(String::new()),
            };
            object.insert(name.to_owned(), zero);
        }
        Ok(())
    }
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    let list = object.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(items) = list {
        items.push(value);
    }
}

fn string(field: &str, wire: Wire<'_>) -> Result<String, ProtobufError> {
    let Wire::Bytes(bytes) = wire else {
        return Err(ProtobufError::WrongType(field.to_owned()));
    };
    // Go strings may hold any bytes, and encoding/json replaces what is not UTF-8.
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn raw(field: &str, bytes: &[u8]) -> Result<Value, ProtobufError> {
    serde_json::from_slice(bytes).map_err(|error| ProtobufError::Content {
        field: field.to_owned(),
        why: format!("holds no JSON: {error}"),
    })
}
