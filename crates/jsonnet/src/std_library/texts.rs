//! Text, and what is written as text.

use std::rc::Rc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::yaml;

use super::Arguments;
use crate::error::Error;
use crate::machine::{Machine, Result, finite, whole};
use crate::manifest;
use crate::value::{ThunkId, Value};

/// One text a character.
pub(super) fn characters(machine: &mut Machine<'_>, text: &str) -> Result<Rc<[ThunkId]>> {
    list(machine, text.chars().map(String::from))
}

fn list(machine: &mut Machine<'_>, texts: impl Iterator<Item = String>) -> Result<Rc<[ThunkId]>> {
    let mut items = Vec::new();
    for text in texts {
        machine.spend(text.len() + 8)?;
        items.push(machine.done(Value::text(&text))?);
    }
    Ok(items.into())
}

fn bytes_of(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Vec<u8>> {
    match args.any(machine, 0)? {
        Value::Text(text) => Ok(text.as_bytes().to_vec()),
        Value::Array(items) => {
            let mut bytes = Vec::with_capacity(items.len());
            for item in items.iter() {
                let byte = match machine.force(*item)? {
                    Value::Number(number) => whole(number).and_then(|n| u8::try_from(n).ok()),
                    _ => None,
                };
                let name = args.name;
                bytes.push(byte.ok_or_else(|| {
                    Error::new(format!("std.{name} takes numbers from 0 to 255"))
                })?);
            }
            Ok(bytes)
        }
        other => args.unfit("string or array", &other),
    }
}

fn numbers(machine: &mut Machine<'_>, bytes: &[u8]) -> Result<Value> {
    machine.spend(bytes.len() * 8)?;
    let items: Result<Vec<_>> =
        bytes.iter().map(|byte| machine.done(Value::Number(f64::from(*byte)))).collect();
    Ok(Value::Array(items?.into()))
}

/// Calls a function of text.
pub(super) fn call(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let made = |machine: &mut Machine<'_>, text: String| {
        machine.spend(text.len())?;
        Ok(Value::Text(text.into()))
    };
    match args.name {
        "join" => join(machine, args),
        "splitLimit" | "splitLimitR" => {
            let (text, by) = (args.text(machine, 0)?, args.text(machine, 1)?);
            if by.is_empty() {
                return Err(Error::new(
                    "std.splitLimit second parameter should have length 1 or greater",
                ));
            }
            let most = args.whole(machine, 2)?;
            let count = usize::try_from(most).map_or(usize::MAX, |n| n.saturating_add(1));
            let mut parts: Vec<String> = if args.name == "splitLimit" {
                text.splitn(count, &*by).map(str::to_owned).collect()
            } else {
                text.rsplitn(count, &*by).map(str::to_owned).collect()
            };
            if args.name == "splitLimitR" {
                parts.reverse();
            }
            Ok(Value::Array(list(machine, parts.into_iter())?))
        }
        "strReplace" => {
            let (text, from) = (args.text(machine, 0)?, args.text(machine, 1)?);
            let to = args.text(machine, 2)?;
            if from.is_empty() {
                return Err(Error::new("'from' string must not be zero length."));
            }
            machine.spend(text.matches(&*from).count().saturating_mul(to.len()))?;
            made(machine, text.replace(&*from, &to))
        }
        "findSubstr" => {
            let (pattern, text) = (args.text(machine, 0)?, args.text(machine, 1)?);
            let characters: Vec<char> = text.chars().collect();
            let wanted: Vec<char> = pattern.chars().collect();
            let mut found = Vec::new();
            if !wanted.is_empty() {
                for (i, window) in characters.windows(wanted.len()).enumerate() {
                    if window == wanted {
                        #[allow(clippy::cast_precision_loss)]
                        found.push(machine.done(Value::Number(i as f64))?);
                    }
                }
            }
            Ok(Value::Array(found.into()))
        }
        "startsWith" | "endsWith" => {
            let (text, part) = (args.text(machine, 0)?, args.text(machine, 1)?);
            Ok(Value::Bool(if args.name == "startsWith" {
                text.starts_with(&*part)
            } else {
                text.ends_with(&*part)
            }))
        }
        "asciiUpper" => {
            let text = args.text(machine, 0)?.to_ascii_uppercase();
            made(machine, text)
        }
        "asciiLower" => {
            let text = args.text(machine, 0)?.to_ascii_lowercase();
            made(machine, text)
        }
        "$stripEnds" => {
            let (text, set) = (args.text(machine, 0)?, args.text(machine, 1)?);
            let mut rest: &str = &text;
            if args.flag(machine, 2)? {
                rest = rest.trim_start_matches(|c| set.contains(c));
            }
            if args.flag(machine, 3)? {
                rest = rest.trim_end_matches(|c| set.contains(c));
            }
            made(machine, rest.to_owned())
        }
        "stringChars" => {
            let text = args.text(machine, 0)?;
            Ok(Value::Array(characters(machine, &text)?))
        }
        "char" => {
            let code = u32::try_from(args.whole(machine, 0)?).ok().and_then(char::from_u32);
            let code = code.ok_or_else(|| Error::new("std.char: no such code point"))?;
            Ok(Value::text(&code.to_string()))
        }
        "codepoint" => {
            let text = args.text(machine, 0)?;
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(c), None) => Ok(Value::Number(f64::from(c as u32))),
                _ => Err(Error::new("codepoint takes a string of length 1")),
            }
        }
        "parseInt" | "parseOctal" | "parseHex" => integer(machine, args),
        "parseJson" => {
            let text = args.text(machine, 0)?;
            // What it takes in memory before its values are counted.
            machine.spend(text.len().saturating_mul(8))?;
            let json = serde_json::from_str(&text)
                .map_err(|error| Error::new(format!("failed to parse JSON: {error}")))?;
            manifest::from_json(machine, &json)
        }
        "parseYaml" => parse_yaml(machine, args),
        "encodeUTF8" => {
            let text = args.text(machine, 0)?;
            numbers(machine, text.as_bytes())
        }
        "decodeUTF8" => {
            let bytes = bytes_of(machine, args)?;
            made(machine, String::from_utf8_lossy(&bytes).into_owned())
        }
        "base64" => {
            let bytes = bytes_of(machine, args)?;
            made(machine, STANDARD.encode(bytes))
        }
        "base64Decode" | "base64DecodeBytes" => {
            let text = args.text(machine, 0)?;
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| {
                Error::new(format!("Failed to decode: {} is no base64", manifest::quoted(&text)))
            })?;
            if args.name == "base64DecodeBytes" {
                return numbers(machine, &bytes);
            }
            made(machine, String::from_utf8_lossy(&bytes).into_owned())
        }
        "md5" | "sha1" | "sha256" | "sha512" | "sha3" => {
            let text = args.text(machine, 0)?;
            made(machine, sum(args.name, text.as_bytes()))
        }
        "escapeStringJson" => {
            let value = args.any(machine, 0)?;
            let text = machine.text_of(&value)?;
            made(machine, manifest::quoted(&text))
        }
        other => Err(Error::new(format!("std.{other} is not there"))),
    }
}

fn sum(name: &str, bytes: &[u8]) -> String {
    let algorithm = match name {
        "md5" => return format!("{:x}", md5::compute(bytes)),
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha3" => &digest::SHA3_512,
        "sha512" => &digest::SHA512,
        _ => &digest::SHA256,
    };
    hexadecimal(digest::digest(algorithm, bytes).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn join(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let separator = args.any(machine, 0)?;
    let items = args.list(machine, 1, false)?;
    match separator {
        Value::Text(separator) => {
            let mut out = String::new();
            let mut first = true;
            for item in items.iter() {
                match machine.force(*item)? {
                    Value::Null => continue,
                    Value::Text(text) => {
                        if !std::mem::replace(&mut first, false) {
                            out.push_str(&separator);
                        }
                        machine.spend(text.len() + separator.len())?;
                        out.push_str(&text);
                    }
                    other => return args.unfit("string", &other),
                }
            }
            Ok(Value::text(&out))
        }
        Value::Array(separator) => {
            let mut out: Vec<ThunkId> = Vec::new();
            let mut first = true;
            for item in items.iter() {
                match machine.force(*item)? {
                    Value::Null => continue,
                    Value::Array(items) => {
                        if !std::mem::replace(&mut first, false) {
                            out.extend(separator.iter());
                        }
                        machine.spend((items.len() + separator.len()) * 8)?;
                        out.extend(items.iter());
                    }
                    other => return args.unfit("array", &other),
                }
            }
            Ok(Value::Array(out.into()))
        }
        other => args.unfit("string or array", &other),
    }
}

fn integer(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let text = args.text(machine, 0)?;
    let (base, what) = match args.name {
        "parseOctal" => (8, "octal"),
        "parseHex" => (16, "hexadecimal"),
        _ => (10, "integer"),
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) if base == 10 => (true, rest),
        _ => (false, &*text),
    };
    let mut number = 0.0;
    for c in digits.chars() {
        let digit = c
            .to_digit(base)
            .ok_or_else(|| Error::new(format!("{text} is not a base {base} integer ({what})")))?;
        number = number * f64::from(base) + f64::from(digit);
    }
    if digits.is_empty() {
        return Err(Error::new(format!("Not an integer: {text:?}")));
    }
    finite(if negative { -number } else { number })
}

fn parse_yaml(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let text = args.text(machine, 0)?;
    let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
    if let Some(error) = parsed.errors.first() {
        return Err(Error::new(format!("failed to parse YAML: {}: {}", error.at, error.problem)));
    }
    let mut values = Vec::new();
    for document in &parsed.documents {
        values.push(manifest::from_json(machine, &document.value)?);
    }
    // A stream of several documents, or one that begins as such, is a list.
    if values.len() == 1 && !text.trim_start().starts_with("---") {
        return Ok(values.remove(0));
    }
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let mut items = Vec::new();
    for value in values {
        items.push(machine.done(value)?);
    }
    Ok(Value::Array(items.into()))
}
