//! Numbers from anything, as spf13/cast makes them: what is none is 0.

use windlass_gotemplate::{Value, parse_int};

use crate::date::{DURATION, MONTH, WEEKDAY};

/// `cast.ToInt64`.
pub(crate) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(n) | Value::Int64(n) => *n,
        Value::Uint8(n) => i64::from(*n),
        Value::Uint64(n) => n.cast_signed(),
        #[allow(clippy::cast_possible_truncation)] // As Go converts, on this processor.
        Value::Float64(f) => go_int(*f),
        Value::Bool(b) => i64::from(*b),
        Value::String(s) => parse_int(without_zero_decimals(s)).unwrap_or(0),
        Value::Object(o) if [MONTH, WEEKDAY].contains(&o.type_name()) => {
            o.integer().unwrap_or_default()
        }
        _ => 0,
    }
}

/// What Go on amd64 makes of a float: out of range is the least integer.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(crate) fn go_int(f: f64) -> i64 {
    if f.is_nan() || f >= i64::MAX as f64 || f < i64::MIN as f64 { i64::MIN } else { f as i64 }
}

/// `cast.ToFloat64`.
#[allow(clippy::cast_precision_loss)] // As Go converts.
pub(crate) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(n) | Value::Int64(n) => *n as f64,
        Value::Uint8(n) => f64::from(*n),
        Value::Uint64(n) => *n as f64,
        Value::Float64(f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => parse_float(s).unwrap_or(0.0),
        Value::Object(o) if o.type_name() != DURATION => {
            o.integer().map(|n| n as f64).unwrap_or_default()
        }
        _ => 0.0,
    }
}

/// `1.00` is `1` to cast.
fn without_zero_decimals(text: &str) -> &str {
    match text.trim_end_matches('0').strip_suffix('.') {
        Some(whole) if text.ends_with('0') => whole,
        _ => text,
    }
}

/// `strconv.ParseFloat(text, 64)`, which knows infinities and hexadecimal too; out of range is
/// none.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = body.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" | "nan" => {}
        _ if lower.starts_with("0x") => return hex_float(text),
        _ if !lower.bytes().all(|b| b.is_ascii_digit() || b"+-.e".contains(&b)) => return None,
        _ => {}
    }
    let value = text.parse::<f64>().ok()?;
    (value.is_finite() || lower.starts_with('i') || lower.starts_with('n')).then_some(value)
}

fn hex_float(text: &str) -> Option<f64> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let lower = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let (mantissa, exponent) = lower.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 13 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // Thirteen hex digits at most.
    let value = u64::from_str_radix(&digits, 16).ok()? as f64;
    let shift = i32::try_from(fraction.len()).ok()? * 4;
    Some(sign * value * 2_f64.powi(exponent.parse::<i32>().ok()?.checked_sub(shift)?))
}
