//! JSON to structs as Go's `encoding/json` does it: field names in any case, null for the zero
//! value, and its words for what does not fit.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::resource::scalar_text;
use windlass_object::go;

/// What is being decoded.
#[derive(Debug)]
pub struct Decoder {
    /// Whether unknown fields are errors.
    pub strict: bool,
    path: Vec<&'static str>,
    owner: &'static str,
}

impl Decoder {
    /// At the root of a document.
    pub fn new(strict: bool) -> Self {
        Self { strict, path: Vec::new(), owner: "" }
    }

    /// Go's words for a value of the wrong type.
    pub fn mismatch(&self, value: &Value, wanted: &str) -> String {
        let got = go::json_type(value);
        if self.path.is_empty() {
            return format!("json: cannot unmarshal {got} into Go value of type {wanted}");
        }
        format!(
            "json: cannot unmarshal {got} into Go struct field {}.{} of type {wanted}",
            self.owner,
            self.path.join(".")
        )
    }

    /// Decodes the field `name` of the Go struct `owner`.
    pub(crate) fn field<T: Decode>(
        &mut self,
        owner: &'static str,
        name: &'static str,
        value: &Value,
    ) -> Result<T, String> {
        let before = std::mem::replace(&mut self.owner, owner);
        self.path.push(name);
        let out = T::decode(value, self);
        self.path.pop();
        self.owner = before;
        out
    }
}

/// Something that is read from JSON.
pub trait Decode: Sized + Default {
    /// Its Go type in messages.
    fn go_type() -> String;
    /// From a value; null is the zero value.
    ///
    /// # Errors
    /// Go's words.
    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String>;
}

/// A whole document.
///
/// # Errors
/// Go's words.
pub fn decode<T: Decode>(value: &Value, strict: bool) -> Result<T, String> {
    T::decode(value, &mut Decoder::new(strict))
}

impl Decode for String {
    fn go_type() -> String {
        "string".to_owned()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(s) => Ok(s.clone()),
            // Where Go goes from YAML to a struct in one step, scalars become texts.
            Value::Bool(_) | Value::Number(_) if !decoder.strict => Ok(scalar_text(value)),
            other => Err(decoder.mismatch(other, "string")),
        }
    }
}

impl Decode for bool {
    fn go_type() -> String {
        "bool".to_owned()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(b) => Ok(*b),
            other => Err(decoder.mismatch(other, "bool")),
        }
    }
}

impl Decode for i64 {
    fn go_type() -> String {
        "int64".to_owned()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(0),
            Value::Number(n) => n.as_i64().ok_or_else(|| {
                decoder.mismatch(value, "int64").replacen("number", &format!("number {n}"), 1)
            }),
            other => Err(decoder.mismatch(other, "int64")),
        }
    }
}

impl Decode for Value {
    fn go_type() -> String {
        "interface {}".to_owned()
    }

    fn decode(value: &Value, _: &mut Decoder) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl Decode for Map<String, Value> {
    fn go_type() -> String {
        "map[string]interface {}".to_owned()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(fields) => Ok(fields.clone()),
            other => Err(decoder.mismatch(other, &Self::go_type())),
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn go_type() -> String {
        format!("[]{}", T::go_type())
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(items) => items.iter().map(|item| T::decode(item, decoder)).collect(),
            other => Err(decoder.mismatch(other, &Self::go_type())),
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn go_type() -> String {
        T::go_type()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            other => T::decode(other, decoder).map(Some),
        }
    }
}

impl Decode for BTreeMap<String, String> {
    fn go_type() -> String {
        "map[string]string".to_owned()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(fields) => {
                fields.iter().map(|(k, v)| Ok((k.clone(), String::decode(v, decoder)?))).collect()
            }
            other => Err(decoder.mismatch(other, &Self::go_type())),
        }
    }
}

/// A struct with Go's name and, for each field, its JSON name; a field that is `always` is written
/// even if it is empty.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident = $go:literal {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty = $json:literal $(; $always:ident)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[allow(unreachable_pub, reason = "some records are public, some are not")]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl $crate::kustomization::decode::Decode for $name {
            fn go_type() -> String {
                concat!("types.", $go).to_owned()
            }

            fn decode(
                value: &serde_json::Value,
                decoder: &mut $crate::kustomization::decode::Decoder,
            ) -> Result<Self, String> {
                let mut out = Self::default();
                let fields = match value {
                    serde_json::Value::Null => return Ok(out),
                    serde_json::Value::Object(fields) => fields,
                    other => return Err(decoder.mismatch(other, &Self::go_type())),
                };
                for (key, value) in fields {
                    match key.as_str() {
                        $(k if k.eq_ignore_ascii_case($json) => {
                            out.$field = decoder.field($go, $json, value)?;
                        })*
                        k if decoder.strict => {
                            return Err(format!("json: unknown field {k:?}"));
                        }
                        _ => {}
                    }
                }
                Ok(out)
            }
        }

        impl $crate::kustomization::encode::Encode for $name {
            fn whole(&self) -> serde_json::Value {
                let mut fields = serde_json::Map::new();
                $(
                    let is_always = [$(stringify!($always),)? ""].contains(&"always");
                    let value = if is_always {
                        Some($crate::kustomization::encode::Encode::whole(&self.$field))
                    } else {
                        $crate::kustomization::encode::Encode::encode(&self.$field)
                    };
                    if let Some(value) = value {
                        fields.insert($json.to_owned(), value);
                    }
                )*
                serde_json::Value::Object(fields)
            }

            fn encode(&self) -> Option<serde_json::Value> {
                Some($crate::kustomization::encode::Encode::whole(self))
            }
        }
    };
}
pub(crate) use record;
