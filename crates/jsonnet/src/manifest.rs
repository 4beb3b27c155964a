//! Values as JSON and as text.

use std::rc::Rc;

use serde_json::{Map, Number, Value as Json};

use crate::error::Error;
use crate::machine::{Machine, Result, whole};
use crate::value::Value;

/// How deep lists and objects may be nested.
const DEEPEST: usize = 500;

/// Bytes that a value takes as JSON in memory, at least.
const NODE: usize = 32;

/// A value and all in it, worked out.
pub(crate) fn json(machine: &mut Machine<'_>, value: &Value) -> Result<Json> {
    nested(machine, value, 0)
}

fn nested(machine: &mut Machine<'_>, value: &Value, depth: usize) -> Result<Json> {
    machine.step()?;
    machine.spend(NODE)?;
    if depth > DEEPEST {
        return Err(Error::new("max stack frames exceeded."));
    }
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(number) => number_of(*number),
        Value::Text(text) => {
            machine.spend(text.len())?;
            Json::String(text.to_string())
        }
        Value::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for item in items.iter() {
                let item = machine.force(*item)?;
                out.push(nested(machine, &item, depth + 1)?);
            }
            Json::Array(out)
        }
        Value::Object(object) => {
            let mut out = Map::new();
            for name in machine.visible(*object)? {
                let field = machine.field_thunk(*object, &name)?;
                let field = machine.force(field)?;
                out.insert(name.to_string(), nested(machine, &field, depth + 1)?);
            }
            Json::Object(out)
        }
        Value::Function(_) => return Err(Error::new("couldn't manifest function as JSON")),
    })
}

fn number_of(number: f64) -> Json {
    match whole(number) {
        Some(number) => Json::Number(number.into()),
        None => Number::from_f64(number).map_or(Json::Null, Json::Number),
    }
}

/// The value that JSON is.
pub(crate) fn from_json(machine: &mut Machine<'_>, json: &Json) -> Result<Value> {
    machine.step()?;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or(0.0)),
        Json::String(text) => Value::text(text),
        Json::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                let item = from_json(machine, item)?;
                out.push(machine.done(item)?);
            }
            Value::Array(out.into())
        }
        Json::Object(map) => {
            let mut fields = Vec::with_capacity(map.len());
            for (name, value) in map {
                let value = from_json(machine, value)?;
                let thunk = machine.done(value)?;
                fields.push((Rc::from(name.as_str()), thunk, crate::ast::Visibility::Inherit));
            }
            machine.given(fields)?
        }
    })
}

/// A number as C's `%.17g` prints it, a whole one without a fraction.
pub(crate) fn print_number(number: f64) -> String {
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let scientific = format!("{number:.16e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..17).contains(&exponent) {
        let decimals = usize::try_from(16 - exponent).unwrap_or(0);
        let text = format!("{number:.decimals$}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Text that grows no further than the program may make it: one value may stand in another many times,
/// and what it is indented by is the program's own.
struct Writer<'m, 'a> {
    machine: &'m mut Machine<'a>,
    out: String,
}

impl Writer<'_, '_> {
    fn push(&mut self, text: &str) -> Result<()> {
        self.machine.spend(text.len())?;
        self.out.push_str(text);
        Ok(())
    }
}

/// How JSON is laid out.
pub(crate) struct Layout<'a> {
    pub(crate) indent: &'a str,
    pub(crate) newline: &'a str,
    pub(crate) colon: &'a str,
    /// Between items where lines do not part them.
    pub(crate) comma: &'a str,
    /// What stands in empty lists and maps; without, they take lines of their own.
    pub(crate) empty: Option<&'a str>,
}

/// As `std.toString` has it.
pub(crate) fn one_line(machine: &mut Machine<'_>, value: &Value) -> Result<String> {
    let json = json(machine, value)?;
    let layout = Layout { indent: "", newline: "", colon: ": ", comma: ", ", empty: Some(" ") };
    print(machine, &json, &layout)
}

pub(crate) fn print(machine: &mut Machine<'_>, json: &Json, layout: &Layout<'_>) -> Result<String> {
    let mut writer = Writer { machine, out: String::new() };
    write(json, layout, 0, &mut writer)?;
    Ok(writer.out)
}

fn line(layout: &Layout<'_>, depth: usize, out: &mut Writer<'_, '_>) -> Result<()> {
    out.push(layout.newline)?;
    for _ in 0..depth {
        out.push(layout.indent)?;
    }
    Ok(())
}

fn write(json: &Json, layout: &Layout<'_>, depth: usize, out: &mut Writer<'_, '_>) -> Result<()> {
    let (open, close, empty) = match json {
        Json::Array(items) => ("[", "]", items.is_empty()),
        Json::Object(map) => ("{", "}", map.is_empty()),
        Json::Number(number) => {
            return match number.as_i64() {
                Some(number) => out.push(&number.to_string()),
                None => out.push(&print_number(number.as_f64().unwrap_or(0.0))),
            };
        }
        Json::String(text) => return out.push(&quoted(text)),
        other => return out.push(&other.to_string()),
    };
    out.push(open)?;
    if empty {
        match layout.empty {
            Some(text) => out.push(text)?,
            None => {
                out.push(layout.newline)?;
                line(layout, depth, out)?;
            }
        }
        return out.push(close);
    }
    let items = json.as_array().into_iter().flatten().map(|item| (None, item));
    let fields = json.as_object().into_iter().flatten().map(|(name, value)| (Some(name), value));
    for (i, (name, value)) in items.chain(fields).enumerate() {
        out.push(if i > 0 { layout.comma } else { "" })?;
        line(layout, depth + 1, out)?;
        if let Some(name) = name {
            out.push(&quoted(name))?;
            out.push(layout.colon)?;
        }
        write(value, layout, depth + 1, out)?;
    }
    line(layout, depth, out)?;
    out.push(close)
}

/// Text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 32 || (127..160).contains(&(c as u32)) => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// As `std.manifestYamlDoc` has it.
pub(crate) fn yaml(
    machine: &mut Machine<'_>,
    json: &Json,
    indent_arrays: bool,
    quote_keys: bool,
) -> Result<String> {
    let mut writer = Writer { machine, out: String::new() };
    yaml_value(json, "", indent_arrays, quote_keys, &mut writer)?;
    Ok(writer.out)
}

fn yaml_value(
    json: &Json,
    indent: &str,
    arrays: bool,
    quote: bool,
    out: &mut Writer<'_, '_>,
) -> Result<()> {
    match json {
        Json::String(text) if text.is_empty() => out.push("\"\"")?,
        Json::String(text) if text.ends_with('\n') => {
            out.push("|")?;
            for line in text[..text.len() - 1].split('\n') {
                out.push(&format!("\n{indent}  {line}"))?;
            }
        }
        Json::Array(items) if items.is_empty() => out.push("[]")?,
        Json::Object(map) if map.is_empty() => out.push("{}")?,
        Json::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(&format!("\n{indent}"))?;
                }
                out.push("-")?;
                let deeper = format!("{indent}  ");
                let nested = matches!(item, Json::Array(list) if !list.is_empty());
                out.push(&if nested { format!("\n{deeper}") } else { " ".to_owned() })?;
                yaml_value(item, &deeper, arrays, quote, out)?;
            }
        }
        Json::Object(map) => {
            for (i, (name, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(&format!("\n{indent}"))?;
                }
                let bare = !quote && is_bare(name);
                out.push(&if bare { name.clone() } else { quoted(name) })?;
                out.push(":")?;
                let (list, object) = (
                    matches!(value, Json::Array(list) if !list.is_empty()),
                    matches!(value, Json::Object(map) if !map.is_empty()),
                );
                let deeper = if object || (list && arrays) {
                    format!("{indent}  ")
                } else {
                    indent.to_owned()
                };
                out.push(&if list || object { format!("\n{deeper}") } else { " ".to_owned() })?;
                yaml_value(value, &deeper, arrays, quote, out)?;
            }
        }
        other => {
            let layout =
                Layout { indent: "", newline: "", colon: ": ", comma: ", ", empty: Some("") };
            write(other, &layout, 0, out)?;
        }
    }
    Ok(())
}

/// Whether a key needs no quotes in YAML.
fn is_bare(name: &str) -> bool {
    let reserved =
        ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "~", ".nan", ".inf"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !name.is_empty()
        && name.chars().all(plain)
        && name.chars().any(|c| c.is_ascii_alphabetic())
        && !reserved.contains(&name.to_lowercase().as_str())
        && name.parse::<f64>().is_err()
        && !name.starts_with('-')
}
