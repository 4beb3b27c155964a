//! JSON as Go's encoder writes it, so that a last-applied annotation equals kubectl's.

use std::fmt::Write as _;

use windlass_object::{Number, Value};

/// Compact JSON with sorted keys, `<`, `>`, `&`, U+2028 and U+2029 escaped, and floats as Go
/// prints them.
pub fn go_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => number(n, out),
        Value::String(s) => string(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Go prints floats plainly between 1e-6 and 1e21, and with an exponent outside.
fn number(n: &Number, out: &mut String) {
    let Some(float) = n.as_f64().filter(|_| n.is_f64()) else {
        let _ = write!(out, "{n}");
        return;
    };
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                let _ = write!(out, "{digits}e+{exponent:0>2}");
            }
            // Go drops the leading zero of a two-digit negative exponent.
            _ => out.push_str(&text),
        }
    } else {
        let _ = write!(out, "{float}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[test]
    fn writes_as_go_does() {
        let value = json!({
            "b": "<a> & \u{2028}\u{1}\"", "a": [1, -2, 1.0, 0.5, 1e30, 1e-7, 18446744073709551615u64],
            "n": null, "t": true,
        });
        assert_eq!(
            go_json(&value),
            "{\"a\":[1,-2,1,0.5,1e+30,1e-7,18446744073709551615],\
             \"b\":\"\\u003ca\\u003e \\u0026 \\u2028\\u0001\\\"\",\"n\":null,\"t\":true}"
        );
    }
}
