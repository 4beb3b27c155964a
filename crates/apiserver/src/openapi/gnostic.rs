//! A Swagger 2.0 document in the protobuf form of gnostic (`openapi.v2.Document`), which is the only one that client-go
//! reads.
//!
//! Written by a table of messages: which JSON key goes into which field, and how.

use serde_json::Value;

/// How a JSON value goes into a field.
#[derive(Clone, Copy)]
enum As {
    String,
    Bool,
    Integer,
    Double,
    /// Any value, as YAML text.
    Any,
    Message(&'static Message),
    /// A map, as a list of messages with name and value, inside of a message that holds the list in this field.
    Named(u32, &'static Message),
    /// A function of its own, which writes the content of the field.
    Special(fn(&Value, &mut Vec<u8>)),
}

/// A message: JSON key, field number, form. Lists repeat the field.
struct Message {
    fields: &'static [(&'static str, u32, As)],
    /// The field that keys beginning with `x-` go into; 0 for none.
    extensions: u32,
}

static DOCUMENT: Message = Message {
    fields: &[
        ("swagger", 1, As::String),
        ("info", 2, As::Message(&INFO)),
        ("paths", 8, As::Named(2, &PATH_ITEM)),
        ("definitions", 9, As::Named(1, &SCHEMA)),
        ("parameters", 10, As::Named(1, &PARAMETER)),
        ("security", 12, As::Named(1, &STRINGS)),
        ("securityDefinitions", 13, As::Named(1, &SECURITY)),
    ],
    extensions: 16,
};
static INFO: Message =
    Message { fields: &[("title", 1, As::String), ("version", 2, As::String)], extensions: 7 };
static STRINGS: Message = Message { fields: &[("value", 1, As::String)], extensions: 0 };
static PATH_ITEM: Message = Message {
    fields: &[
        ("get", 2, As::Message(&OPERATION)),
        ("put", 3, As::Message(&OPERATION)),
        ("post", 4, As::Message(&OPERATION)),
        ("delete", 5, As::Message(&OPERATION)),
        ("options", 6, As::Message(&OPERATION)),
        ("head", 7, As::Message(&OPERATION)),
        ("patch", 8, As::Message(&OPERATION)),
        ("parameters", 9, As::Special(parameters_item)),
    ],
    extensions: 10,
};
static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, As::String),
        ("description", 3, As::String),
        ("operationId", 5, As::String),
        ("produces", 6, As::String),
        ("consumes", 7, As::String),
        ("parameters", 8, As::Special(parameters_item)),
        ("responses", 9, As::Named(1, &RESPONSE_VALUE)),
        ("schemes", 10, As::String),
        ("deprecated", 11, As::Bool),
    ],
    extensions: 13,
};
static RESPONSE_VALUE: Message =
    Message { fields: &[("", 1, As::Message(&RESPONSE))], extensions: 0 };
static RESPONSE: Message = Message {
    fields: &[("description", 1, As::String), ("schema", 2, As::Message(&SCHEMA_ITEM))],
    extensions: 5,
};
static SCHEMA_ITEM: Message = Message { fields: &[("", 1, As::Message(&SCHEMA))], extensions: 0 };
static PARAMETER: Message = Message { fields: &[("", 0, As::Special(parameter))], extensions: 0 };
static BODY: Message = Message {
    fields: &[
        ("description", 1, As::String),
        ("name", 2, As::String),
        ("in", 3, As::String),
        ("required", 4, As::Bool),
        ("schema", 5, As::Message(&SCHEMA)),
    ],
    extensions: 6,
};
static QUERY: Message = Message {
    fields: &[
        ("required", 1, As::Bool),
        ("in", 2, As::String),
        ("description", 3, As::String),
        ("name", 4, As::String),
        ("type", 6, As::String),
        ("format", 7, As::String),
        ("uniqueItems", 20, As::Bool),
    ],
    extensions: 23,
};
static PATH: Message = Message {
    fields: &[
        ("required", 1, As::Bool),
        ("in", 2, As::String),
        ("description", 3, As::String),
        ("name", 4, As::String),
        ("type", 5, As::String),
        ("format", 6, As::String),
        ("uniqueItems", 19, As::Bool),
    ],
    extensions: 22,
};
static SECURITY: Message = Message { fields: &[("", 2, As::Message(&API_KEY))], extensions: 0 };
static API_KEY: Message = Message {
    fields: &[
        ("type", 1, As::String),
        ("name", 2, As::String),
        ("in", 3, As::String),
        ("description", 4, As::String),
    ],
    extensions: 5,
};
static SCHEMA: Message = Message {
    fields: &[
        ("$ref", 1, As::String),
        ("format", 2, As::String),
        ("title", 3, As::String),
        ("description", 4, As::String),
        ("default", 5, As::Any),
        ("multipleOf", 6, As::Double),
        ("maximum", 7, As::Double),
        ("exclusiveMaximum", 8, As::Bool),
        ("minimum", 9, As::Double),
        ("exclusiveMinimum", 10, As::Bool),
        ("maxLength", 11, As::Integer),
        ("minLength", 12, As::Integer),
        ("pattern", 13, As::String),
        ("maxItems", 14, As::Integer),
        ("minItems", 15, As::Integer),
        ("uniqueItems", 16, As::Bool),
        ("maxProperties", 17, As::Integer),
        ("minProperties", 18, As::Integer),
        ("required", 19, As::String),
        ("enum", 20, As::Any),
        ("additionalProperties", 21, As::Special(additional_properties)),
        ("type", 22, As::Message(&TYPE_ITEM)),
        ("items", 23, As::Message(&ITEMS)),
        ("allOf", 24, As::Message(&SCHEMA)),
        ("properties", 25, As::Named(1, &SCHEMA)),
        ("readOnly", 27, As::Bool),
        ("example", 30, As::Any),
    ],
    extensions: 31,
};
static TYPE_ITEM: Message = Message { fields: &[("", 1, As::String)], extensions: 0 };
static ITEMS: Message = Message { fields: &[("", 1, As::Message(&SCHEMA))], extensions: 0 };

/// Writes a document.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    message(document, &DOCUMENT, &mut out);
    out
}

/// A field whose key is empty takes the whole value: the message wraps it.
fn message(value: &Value, schema: &Message, out: &mut Vec<u8>) {
    for (key, number, form) in schema.fields {
        if key.is_empty() {
            field(value, *number, *form, out);
        } else if let Some(value) = value.get(key) {
            match (value, form) {
                (Value::Array(items), As::Named(..)) => {
                    items.iter().for_each(|item| field(item, *number, *form, out));
                }
                (Value::Array(items), form) if !matches!(form, As::Message(m) if is_wrapper(m)) => {
                    items.iter().for_each(|item| field(item, *number, *form, out));
                }
                _ => field(value, *number, *form, out),
            }
        }
    }
    let extensions = value.as_object().filter(|_| schema.extensions > 0);
    for (key, value) in extensions.into_iter().flatten().filter(|(key, _)| key.starts_with("x-")) {
        let mut named = Vec::new();
        string(1, key, &mut named);
        field(value, 2, As::Any, &mut named);
        bytes(schema.extensions, &named, out);
    }
}

fn is_wrapper(schema: &Message) -> bool {
    schema.fields.first().is_some_and(|(key, ..)| key.is_empty())
}

fn field(value: &Value, number: u32, form: As, out: &mut Vec<u8>) {
    match form {
        As::String => match value {
            Value::Array(items) => items.iter().for_each(|item| field(item, number, form, out)),
            value => string(number, value.as_str().unwrap_or_default(), out),
        },
        As::Bool => {
            if value == &Value::Bool(true) {
                tag(number, 0, out);
                out.push(1);
            }
        }
        As::Integer => {
            tag(number, 0, out);
            varint(value.as_i64().unwrap_or_default().cast_unsigned(), out);
        }
        As::Double => {
            tag(number, 1, out);
            out.extend(value.as_f64().unwrap_or_default().to_le_bytes());
        }
        As::Any => {
            let mut any = Vec::new();
            // JSON is YAML.
            string(2, &format!("{value}\n"), &mut any);
            bytes(number, &any, out);
        }
        As::Message(schema) => {
            let mut inner = Vec::new();
            message(value, schema, &mut inner);
            bytes(number, &inner, out);
        }
        As::Named(list, schema) => {
            let mut all = Vec::new();
            for (name, value) in value.as_object().into_iter().flatten() {
                let mut named = Vec::new();
                string(1, name, &mut named);
                let mut inner = Vec::new();
                match value {
                    // Security requirements map to lists of scopes.
                    Value::Array(items) => {
                        items.iter().for_each(|item| field(item, 1, As::String, &mut inner));
                    }
                    value => message(value, schema, &mut inner),
                }
                bytes(2, &inner, &mut named);
                bytes(list, &named, &mut all);
            }
            bytes(number, &all, out);
        }
        As::Special(write) => {
            let mut inner = Vec::new();
            write(value, &mut inner);
            if number == 0 {
                out.extend(inner);
            } else {
                bytes(number, &inner, out);
            }
        }
    }
}

/// A parameter, or a reference to one.
fn parameters_item(value: &Value, out: &mut Vec<u8>) {
    let mut inner = Vec::new();
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        string(1, reference, &mut inner);
        bytes(2, &inner, out);
    } else {
        parameter(value, &mut inner);
        bytes(1, &inner, out);
    }
}

fn parameter(value: &Value, out: &mut Vec<u8>) {
    let place = value["in"].as_str().unwrap_or_default();
    let mut inner = Vec::new();
    if place == "body" {
        message(value, &BODY, &mut inner);
        bytes(1, &inner, out);
        return;
    }
    let (number, schema) = if place == "path" { (4, &PATH) } else { (3, &QUERY) };
    message(value, schema, &mut inner);
    let mut other = Vec::new();
    bytes(number, &inner, &mut other);
    bytes(2, &other, out);
}

/// A schema, or a boolean.
fn additional_properties(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(allowed) => {
            tag(2, 0, out);
            out.push(u8::from(*allowed));
        }
        schema => field(schema, 1, As::Message(&SCHEMA), out),
    }
}

fn tag(number: u32, wire: u8, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | u64::from(wire), out);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn bytes(number: u32, content: &[u8], out: &mut Vec<u8>) {
    tag(number, 2, out);
    varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// Empty strings are not written, as in proto3.
fn string(number: u32, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        bytes(number, text.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The bytes were read back with gnostic-models 0.7.0, which made this JSON of them.
    #[test]
    fn a_document_is_written_as_gnostic_reads_it() {
        let at = |name: &str| {
            let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gnostic-0.7.0");
            fs::read(format!("{dir}/document.{name}")).unwrap()
        };
        let document: Value = serde_json::from_slice(&at("json")).unwrap();
        assert_eq!(encode(&document), at("pb"));
    }
}
