//! Messages whose JSON is not an object of their fields.

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::wire::{Reader, Wire};
use super::{ProtobufError, raw, string};

/// `Time` and `MicroTime`: seconds and nanoseconds since 1970; the zero time is null.
pub(super) fn time(bytes: &[u8], micro: bool) -> Result<Value, ProtobufError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (seconds, nanos) = two_integers(bytes)?;
    let nanos = if micro { i32::try_from(nanos).unwrap_or(0) / 1000 * 1000 } else { 0 };
    let out_of_range = |error: jiff::Error| ProtobufError::Content {
        field: "time".to_owned(),
        why: error.to_string(),
    };
    let at = Timestamp::new(seconds, nanos).map_err(out_of_range)?;
    let format = if micro { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(Value::String(at.strftime(format).to_string()))
}

/// `Duration`: nanoseconds, printed as Go prints a duration.
pub(super) fn duration(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let (nanos, _) = two_integers(bytes)?;
    Ok(Value::String(go_duration(nanos)))
}

/// `Quantity`: its text; an empty one is zero.
pub(super) fn quantity(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let mut text = String::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        if number == 1 {
            text = string("quantity", wire)?;
        }
    }
    Ok(Value::String(if text.is_empty() { "0".to_owned() } else { text }))
}

/// `IntOrString`.
pub(super) fn int_or_string(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let (mut is_string, mut int, mut text) = (false, 0, String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match (number, wire) {
            (1, Wire::Varint(kind)) => is_string = kind == 1,
            (2, Wire::Varint(value)) => int = value.cast_signed(),
            (3, wire) => text = string("strVal", wire)?,
            _ => {}
        }
    }
    Ok(if is_string { Value::String(text) } else { Value::from(int) })
}

/// `RawExtension`, `FieldsV1` and `JSON`: JSON text in field 1; empty is null.
pub(super) fn raw_extension(field: &str, bytes: &[u8]) -> Result<Value, ProtobufError> {
    let mut text: &[u8] = &[];
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        if let (1, Wire::Bytes(bytes)) = (number, wire) {
            text = bytes;
        }
    }
    if text.is_empty() { Ok(Value::Null) } else { raw(field, text) }
}

/// A double as encoding/json prints it: without a fraction where there is none.
pub(super) fn double(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        // The guard makes the cast exact.
        #[allow(clippy::cast_possible_truncation)]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn two_integers(bytes: &[u8]) -> Result<(i64, i64), ProtobufError> {
    let (mut first, mut second) = (0, 0);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match (number, wire) {
            (1, Wire::Varint(value)) => first = value.cast_signed(),
            (2, Wire::Varint(value)) => second = value.cast_signed(),
            _ => {}
        }
    }
    Ok((first, second))
}

/// As `time.Duration` prints itself: `1h0m30s`, `1.5s`, `300ms`, `0s`.
pub(crate) fn go_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    if nanos < 1_000_000_000 {
        let (unit, name) = match nanos {
            0 => return "0s".to_owned(),
            n if n < 1_000 => (1, "ns"),
            n if n < 1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(nanos, unit));
    }
    let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000);
    let minutes = nanos / 60_000_000_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / unit` without trailing zeros.
fn decimal(value: u64, unit: u64) -> String {
    let fraction = value % unit;
    if fraction == 0 {
        return (value / unit).to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{fraction:0width$}");
    format!("{}.{}", value / unit, digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::go_duration;

    #[test]
    fn durations_are_printed_as_in_go() {
        let check = |nanos, text: &str| assert_eq!(go_duration(nanos), text);
        check(0, "0s");
        check(1, "1ns");
        check(1_500, "1.5µs");
        check(300_000_000, "300ms");
        check(-1_500_000_000, "-1.5s");
        check(3_630_000_000_000, "1h0m30s");
        check(300_000_000_000, "5m0s");
    }
}
