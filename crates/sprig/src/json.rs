//! JSON as Go's `encoding/json` writes and reads it.

mod read;
mod write;

use windlass_gotemplate::{Type, Value};

use crate::table::{Table, bytes, string};

use read::Decoded;
pub(crate) use read::decode;
pub(crate) use write::{Style, encode};

use Type::{Any, String as Str};

pub(crate) fn add(t: &mut Table) {
    // Errors make an empty text, other than in the functions whose names begin with `must`.
    t.put(&["toJson"], &[Any], |a| string(encode(&a[0], Style::Plain).unwrap_or_default()));
    t.put(&["mustToJson"], &[Any], |a| string(encode(&a[0], Style::Plain)?));
    t.put(&["toPrettyJson"], &[Any], |a| string(encode(&a[0], Style::Pretty).unwrap_or_default()));
    t.put(&["mustToPrettyJson"], &[Any], |a| string(encode(&a[0], Style::Pretty)?));
    t.put(&["toRawJson", "mustToRawJson"], &[Any], |a| string(encode(&a[0], Style::Raw)?));
    t.put(&["mustFromJson"], &[Str], |a| Ok(decode(bytes(&a[0])).map(|d| d.value)?));
    t.put(&["fromJson"], &[Str], |a| {
        let failed = |error: String| Value::map([("Error", Value::string(error))]);
        Ok(match decode(bytes(&a[0])) {
            Ok(Decoded { value: map @ Value::Map(_), .. }) => map,
            Ok(Decoded { value: Value::Nil, .. }) => {
                Value::Map(windlass_gotemplate::Map::nil(windlass_gotemplate::Element::Any).into())
            }
            Ok(other) => failed(other.mismatch("map[string]interface {}")),
            Err(error) => failed(error),
        })
    });
    t.put(&["fromJsonArray"], &[Str], |a| {
        let failed = |error: String| Value::list(vec![Value::string(error)]);
        Ok(match decode(bytes(&a[0])) {
            Ok(Decoded { value: list @ Value::List(_), .. }) => list,
            Ok(Decoded { value: Value::Nil, .. }) => Value::List(
                windlass_gotemplate::List::nil(windlass_gotemplate::Element::Any).into(),
            ),
            Ok(other) => failed(other.mismatch("[]interface {}")),
            Err(error) => failed(error),
        })
    });
}
