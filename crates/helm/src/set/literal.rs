//! `--set-literal`: what stands behind the first `=` is the value, and nothing is escaped.

use serde_json::{Map, Value};

use super::parser::too_deep;
use super::{
    MAX_LEVEL, Scanner, Step, Stop, negative, put_back, set, set_index, take_inner_list,
    take_inner_map, take_list, take_map, unexpected,
};

/// Parses `text` into `into`.
pub(crate) fn parse_literal(text: &str, into: &mut Map<String, Value>) -> Result<(), String> {
    let mut scanner = Scanner::new(text);
    loop {
        match key(&mut scanner, into, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(message)) => return Err(message),
        }
    }
}

fn value(scanner: &mut Scanner) -> Value {
    let text = scanner.rest();
    scanner.at = scanner.chars.len();
    text.into()
}

fn key(scanner: &mut Scanner, data: &mut Map<String, Value>, level: usize) -> Step<()> {
    let (name, stop) = scanner.until(&['=', '[', '.'], false);
    let quoted = || windlass_gotemplate::fmt::quote(&name);
    match stop {
        None if name.is_empty() => Err(Stop::End),
        None => Err(format!("key {} has no value", quoted()).into()),
        Some('=') => {
            set(data, &name, value(scanner));
            Ok(())
        }
        Some('.') => {
            let level = level + 1;
            if level > MAX_LEVEL {
                return Err(too_deep().into());
            }
            let existed = data.contains_key(&name);
            let mut inner = take_map(data, &name)?;
            let done = key(scanner, &mut inner, level);
            if done.is_ok() && inner.is_empty() {
                return Err(format!("key map {} has no value", quoted()).into());
            }
            if existed || !inner.is_empty() {
                set(data, &name, Value::Object(inner));
            }
            done
        }
        Some(_) => {
            let index = scanner.index(false)?;
            let mut list = take_list(data, &name)?;
            let done = list_item(scanner, &mut list, index, level);
            set(data, &name, Value::Array(list));
            done
        }
    }
}

fn list_item(scanner: &mut Scanner, list: &mut Vec<Value>, index: i64, level: usize) -> Step<()> {
    if index < 0 {
        return Err(negative(index).into());
    }
    let (name, stop) = scanner.until(&['[', '.', '='], false);
    if !name.is_empty() {
        return Err(unexpected(&name).into());
    }
    match stop {
        None => Err(Stop::End),
        Some('=') => Ok(set_index(list, index, value(scanner))?),
        Some('.') => {
            let mut inner = take_inner_map(list, index);
            let done = key(scanner, &mut inner, level);
            put_back(list, index, Value::Object(inner), done)
        }
        Some(_) => {
            let next = scanner.index(false)?;
            let mut inner = take_inner_list(list, index)?;
            let done = list_item(scanner, &mut inner, next, level);
            put_back(list, index, Value::Array(inner), done)
        }
    }
}
