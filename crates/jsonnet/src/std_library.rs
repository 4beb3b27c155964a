//! The standard library: what must be native here, the rest in `prelude.jsonnet`.

mod format;
mod numbers;
mod texts;

use std::rc::Rc;

use crate::ast::Visibility;
use crate::error::Error;
use crate::machine::{Machine, Result, whole};
use crate::value::{Callable, Scope, ThunkId, Value};
use crate::{manifest, parser};

pub(crate) use format::format;

/// Functions and their parameters; those with a question mark may be left out.
const FUNCTIONS: &[(&str, &[&str])] = &[
    ("type", &["x"]),
    ("length", &["x"]),
    ("objectHasEx", &["obj", "fname", "hidden"]),
    ("objectFieldsEx", &["obj", "hidden"]),
    ("extVar", &["x"]),
    ("toString", &["a"]),
    ("makeArray", &["sz", "func"]),
    ("map", &["func", "arr"]),
    ("filter", &["func", "arr"]),
    ("foldl", &["func", "arr", "init"]),
    ("foldr", &["func", "arr", "init"]),
    ("range", &["from", "to"]),
    ("sort", &["arr", "keyF?"]),
    ("join", &["sep", "arr"]),
    ("splitLimit", &["str", "c", "maxsplits"]),
    ("splitLimitR", &["str", "c", "maxsplits"]),
    ("strReplace", &["str", "from", "to"]),
    ("findSubstr", &["pat", "str"]),
    ("startsWith", &["a", "b"]),
    ("endsWith", &["a", "b"]),
    ("asciiUpper", &["str"]),
    ("asciiLower", &["str"]),
    ("$stripEnds", &["str", "chars", "left", "right"]),
    ("char", &["n"]),
    ("codepoint", &["str"]),
    ("stringChars", &["str"]),
    ("parseInt", &["str"]),
    ("parseOctal", &["str"]),
    ("parseHex", &["str"]),
    ("parseJson", &["str"]),
    ("parseYaml", &["str"]),
    ("encodeUTF8", &["str"]),
    ("decodeUTF8", &["arr"]),
    ("base64", &["input"]),
    ("base64Decode", &["str"]),
    ("base64DecodeBytes", &["str"]),
    ("md5", &["s"]),
    ("sha1", &["str"]),
    ("sha256", &["str"]),
    ("sha512", &["str"]),
    ("sha3", &["str"]),
    ("escapeStringJson", &["str_"]),
    ("format", &["str", "vals"]),
    ("manifestJsonEx", &["value", "indent", "newline?", "key_val_sep?"]),
    ("manifestYamlDoc", &["value", "indent_array_in_object?", "quote_keys?"]),
    ("primitiveEquals", &["x", "y"]),
    ("trace", &["str", "rest"]),
    ("abs", &["n"]),
    ("floor", &["x"]),
    ("ceil", &["x"]),
    ("round", &["x"]),
    ("sqrt", &["x"]),
    ("pow", &["x", "n"]),
    ("exp", &["x"]),
    ("log", &["x"]),
    ("log2", &["x"]),
    ("log10", &["x"]),
    ("exponent", &["x"]),
    ("mantissa", &["x"]),
    ("sin", &["x"]),
    ("cos", &["x"]),
    ("tan", &["x"]),
    ("asin", &["x"]),
    ("acos", &["x"]),
    ("atan", &["x"]),
    ("atan2", &["y", "x"]),
];

/// Makes `std`.
pub(crate) fn load(machine: &mut Machine<'_>) -> Result<()> {
    let mut fields = Vec::new();
    for (name, parameters) in FUNCTIONS {
        let function = Value::Function(Callable::BuiltIn(name, parameters));
        fields.push((Rc::from(*name), machine.done(function)?, Visibility::Hidden));
    }
    let native = machine.given(fields)?;
    let program = parser::parse("std", include_str!("prelude.jsonnet"))?;
    let root = machine.scope(Scope { names: Vec::new(), outer: None, own: None, dollar: None })?;
    let written = machine.eval(&program, root)?;
    let library = machine.add(&native, &written)?;
    machine.library = Some(library);
    Ok(())
}

/// The arguments of a call.
struct Arguments<'a> {
    name: &'static str,
    given: &'a [Option<ThunkId>],
}

impl Arguments<'_> {
    fn thunk(&self, at: usize) -> Result<ThunkId> {
        let missing = || Error::new(format!("std.{}: missing argument", self.name));
        self.given.get(at).copied().flatten().ok_or_else(missing)
    }

    fn any(&self, machine: &mut Machine<'_>, at: usize) -> Result<Value> {
        let value = machine.force(self.thunk(at)?)?;
        if let Value::Text(text) = &value {
            machine.work(text.len())?;
        }
        Ok(value)
    }

    fn optional(&self, machine: &mut Machine<'_>, at: usize) -> Result<Option<Value>> {
        self.given.get(at).copied().flatten().map(|thunk| machine.force(thunk)).transpose()
    }

    fn unfit<T>(&self, expected: &str, found: &Value) -> Result<T> {
        let (kind, name) = (found.kind(), self.name);
        Err(Error::new(format!("Unexpected type {kind}, expected {expected} (std.{name})")))
    }

    fn text(&self, machine: &mut Machine<'_>, at: usize) -> Result<Rc<str>> {
        match self.any(machine, at)? {
            Value::Text(text) => Ok(text),
            other => self.unfit("string", &other),
        }
    }

    fn number(&self, machine: &mut Machine<'_>, at: usize) -> Result<f64> {
        match self.any(machine, at)? {
            Value::Number(number) => Ok(number),
            other => self.unfit("number", &other),
        }
    }

    fn whole(&self, machine: &mut Machine<'_>, at: usize) -> Result<i64> {
        let number = self.number(machine, at)?;
        let name = self.name;
        whole(number).ok_or_else(|| {
            Error::new(format!("Expected an integer, but got {number} (std.{name})"))
        })
    }

    fn flag(&self, machine: &mut Machine<'_>, at: usize) -> Result<bool> {
        match self.optional(machine, at)? {
            None => Ok(false),
            Some(Value::Bool(b)) => Ok(b),
            Some(other) => self.unfit("boolean", &other),
        }
    }

    /// A list; the characters of text where `texts` are taken too.
    fn list(&self, machine: &mut Machine<'_>, at: usize, texts: bool) -> Result<Rc<[ThunkId]>> {
        match self.any(machine, at)? {
            Value::Array(items) => {
                machine.work(items.len())?;
                Ok(items)
            }
            Value::Text(text) if texts => texts::characters(machine, &text),
            other => self.unfit("array", &other),
        }
    }
}

/// Calls a function of [`FUNCTIONS`].
pub(crate) fn call(
    machine: &mut Machine<'_>,
    name: &'static str,
    given: &[Option<ThunkId>],
) -> Result<Value> {
    let args = Arguments { name, given };
    match name {
        "type" => Ok(Value::text(args.any(machine, 0)?.kind())),
        "length" => length(machine, &args),
        "objectHasEx" => match (args.any(machine, 0)?, args.text(machine, 1)?) {
            (Value::Object(object), name) => {
                let hidden = args.flag(machine, 2)?;
                let mut names = machine.names(object)?.into_iter();
                Ok(Value::Bool(
                    names.any(|(known, is_hidden)| known == name && (hidden || !is_hidden)),
                ))
            }
            (other, _) => args.unfit("object", &other),
        },
        "objectFieldsEx" => match args.any(machine, 0)? {
            Value::Object(object) => {
                let hidden = args.flag(machine, 1)?;
                let names = machine.names(object)?.into_iter().filter(|(_, h)| hidden || !h);
                let names: Result<Vec<_>> =
                    names.map(|(name, _)| machine.done(Value::Text(name))).collect();
                Ok(Value::Array(names?.into()))
            }
            other => args.unfit("object", &other),
        },
        "extVar" => {
            let name = args.text(machine, 0)?;
            match machine.variables.get(&*name).copied() {
                Some(thunk) => machine.force(thunk),
                None => {
                    Err(Error::new(format!("RUNTIME ERROR: Undefined external variable: {name}")))
                }
            }
        }
        "toString" => match args.any(machine, 0)? {
            text @ Value::Text(_) => Ok(text),
            value => Ok(Value::text(&machine.text_of(&value)?)),
        },
        "trace" => args.any(machine, 1),
        "primitiveEquals" => {
            let (a, b) = (args.any(machine, 0)?, args.any(machine, 1)?);
            Ok(Value::Bool(machine.equal(&a, &b)?))
        }
        "makeArray" | "map" | "filter" | "foldl" | "foldr" | "range" | "sort" => {
            lists(machine, &args)
        }
        "manifestJsonEx" => {
            let value = args.any(machine, 0)?;
            let json = manifest::json(machine, &value)?;
            let indent = args.text(machine, 1)?;
            let text = |value: Option<Value>, default: &str| match value {
                Some(Value::Text(text)) => text.to_string(),
                _ => default.to_owned(),
            };
            let newline = text(args.optional(machine, 2)?, "\n");
            let colon = text(args.optional(machine, 3)?, ": ");
            let layout = manifest::Layout {
                indent: &indent,
                newline: &newline,
                colon: &colon,
                comma: ",",
                empty: None,
            };
            Ok(Value::text(&manifest::print(machine, &json, &layout)?))
        }
        "manifestYamlDoc" => {
            let value = args.any(machine, 0)?;
            let json = manifest::json(machine, &value)?;
            let indent = args.flag(machine, 1)?;
            let quote = args.given.get(2).copied().flatten().is_none() || args.flag(machine, 2)?;
            Ok(Value::text(&manifest::yaml(machine, &json, indent, quote)?))
        }
        "format" => {
            let (pattern, values) = (args.any(machine, 0)?, args.any(machine, 1)?);
            format(machine, &pattern, &values)
        }
        _ => match numbers::call(machine, &args)? {
            Some(value) => Ok(value),
            None => texts::call(machine, &args),
        },
    }
}

#[allow(clippy::cast_precision_loss)]
fn length(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let count = match args.any(machine, 0)? {
        Value::Text(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(object) => machine.visible(object)?.len(),
        Value::Function(Callable::Written(function, _)) => function.parameters.len(),
        Value::Function(Callable::BuiltIn(_, parameters)) => parameters.len(),
        other => return args.unfit("string, array, object or function", &other),
    };
    Ok(Value::Number(count as f64))
}

#[allow(clippy::cast_precision_loss)]
fn lists(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    match args.name {
        "makeArray" => {
            let count = usize::try_from(args.whole(machine, 0)?)
                .map_err(|_| Error::new("std.makeArray requires size >= 0"))?;
            let Value::Function(function) = args.any(machine, 1)? else {
                return Err(Error::new("Unexpected type, expected function (std.makeArray)"));
            };
            machine.spend(count.saturating_mul(8))?;
            let mut items = Vec::new();
            for i in 0..count {
                let index = machine.done(Value::Number(i as f64))?;
                items
                    .push(machine.thunk(crate::value::Thunk::Call(function.clone(), vec![index]))?);
            }
            Ok(Value::Array(items.into()))
        }
        "range" => {
            let (from, to) = (args.whole(machine, 0)?, args.whole(machine, 1)?);
            let count = usize::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or(0);
            machine.spend(count.saturating_mul(8))?;
            let numbers: Result<Vec<_>> =
                (from..=to).map(|n| machine.done(Value::Number(n as f64))).collect();
            Ok(Value::Array(numbers?.into()))
        }
        "map" => {
            let items = args.list(machine, 1, true)?;
            let Value::Function(function) = args.any(machine, 0)? else {
                return Err(Error::new("Unexpected type, expected function (std.map)"));
            };
            machine.spend(items.len() * 8)?;
            let mapped: Result<Vec<_>> = items
                .iter()
                .map(|item| machine.thunk(crate::value::Thunk::Call(function.clone(), vec![*item])))
                .collect();
            Ok(Value::Array(mapped?.into()))
        }
        "filter" => {
            let function = args.any(machine, 0)?;
            let mut kept = Vec::new();
            for item in args.list(machine, 1, false)?.iter() {
                match machine.apply(&function, &[*item])? {
                    Value::Bool(true) => kept.push(*item),
                    Value::Bool(false) => {}
                    other => return args.unfit("boolean", &other),
                }
            }
            Ok(Value::Array(kept.into()))
        }
        "foldl" | "foldr" => {
            let function = args.any(machine, 0)?;
            let items = args.list(machine, 1, true)?;
            let mut sum = args.thunk(2)?;
            let left = args.name == "foldl";
            for i in 0..items.len() {
                let item = items[if left { i } else { items.len() - 1 - i }];
                let pair = if left { [sum, item] } else { [item, sum] };
                let value = machine.apply(&function, &pair)?;
                sum = machine.done(value)?;
            }
            machine.force(sum)
        }
        _ => sort(machine, args),
    }
}

/// Sorts by merging, which asks no more than it must and stays in order when a comparison fails.
fn sort(machine: &mut Machine<'_>, args: &Arguments<'_>) -> Result<Value> {
    let key = args.optional(machine, 1)?;
    let mut items = Vec::new();
    for item in args.list(machine, 0, true)?.iter() {
        let key = match &key {
            Some(key) => machine.apply(key, &[*item])?,
            None => machine.force(*item)?,
        };
        items.push((key, *item));
    }
    let sorted = merge_sort(machine, items)?;
    Ok(Value::Array(sorted.into_iter().map(|(_, item)| item).collect()))
}

fn merge_sort(
    machine: &mut Machine<'_>,
    mut items: Vec<(Value, ThunkId)>,
) -> Result<Vec<(Value, ThunkId)>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let left = merge_sort(machine, items)?;
    let right = merge_sort(machine, right)?;
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut out = Vec::new();
    loop {
        let from_right = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) => machine.compare(a, b)?.is_gt(),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return Ok(out),
        };
        out.extend(if from_right { right.next() } else { left.next() });
    }
}

/// `of[from:to:step]`.
pub(crate) fn slice(machine: &mut Machine<'_>, of: &Value, parts: &[Value; 3]) -> Result<Value> {
    let length = match of {
        Value::Array(items) => items.len(),
        Value::Text(text) => text.chars().count(),
        other => {
            let kind = other.kind();
            return Err(Error::new(format!("Unexpected type {kind}, expected array or string")));
        }
    };
    let mut given = [None; 3];
    for (part, number) in parts.iter().zip(&mut given) {
        *number = match part {
            Value::Null => None,
            Value::Number(n) => whole(*n),
            other => {
                let kind = other.kind();
                return Err(Error::new(format!("Unexpected type {kind}, expected number")));
            }
        };
    }
    let [from, to, step] = given;
    let at = |index: Option<i64>, default: usize| match index {
        None => default,
        Some(index) if index < 0 => {
            length.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(length))
        }
        Some(index) => usize::try_from(index).unwrap_or(length).min(length),
    };
    let step = usize::try_from(step.unwrap_or(1)).ok().filter(|step| *step > 0);
    let step = step.ok_or_else(|| Error::new("got [::0] but step must be greater than 0"))?;
    let (from, to) = (at(from, 0), at(to, length));
    match of {
        Value::Array(items) => {
            machine.spend(length * 8)?;
            let chosen = (from..to.max(from)).step_by(step).map(|i| items[i]);
            Ok(Value::Array(chosen.collect()))
        }
        Value::Text(text) => {
            machine.spend(text.len())?;
            let chosen = text.chars().skip(from).take(to.saturating_sub(from)).step_by(step);
            Ok(Value::text(&chosen.collect::<String>()))
        }
        _ => Ok(Value::Null),
    }
}
