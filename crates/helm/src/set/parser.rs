//! All but `--set-literal`.

use serde_json::{Map, Value};

use super::{
    MAX_LEVEL, Reader, Scanner, Step, Stop, negative, put_back, set, set_index, take_inner_list,
    take_inner_map, take_list, take_map, unexpected,
};
use crate::values::floats;

/// Parses `text` into `into`.
pub(crate) fn parse(
    text: &str,
    into: &mut Map<String, Value>,
    reader: &mut dyn Reader,
) -> Result<(), String> {
    Parser { scanner: Scanner::new(text), reader: Some(reader) }.run(into)
}

/// Parses `text`, whose values are JSON, into `into`.
pub(crate) fn parse_json(text: &str, into: &mut Map<String, Value>) -> Result<(), String> {
    Parser { scanner: Scanner::new(text), reader: None }.run(into)
}

struct Parser<'r> {
    scanner: Scanner,
    /// `None` where values are JSON.
    reader: Option<&'r mut dyn Reader>,
}

impl Parser<'_> {
    fn run(mut self, into: &mut Map<String, Value>) -> Result<(), String> {
        loop {
            match self.key(into, 0) {
                Ok(()) => {}
                Err(Stop::End) => return Ok(()),
                Err(Stop::Error(message)) => return Err(message),
            }
        }
    }

    fn key(&mut self, data: &mut Map<String, Value>, level: usize) -> Step<()> {
        let (key, stop) = self.scanner.until(&['=', '[', ',', '.'], true);
        let quoted = || windlass_gotemplate::fmt::quote(&key);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(format!("key {} has no value", quoted()).into()),
            Some('[') => {
                let index = self.scanner.index(true)?;
                let mut list = take_list(data, &key)?;
                let done = self.list_item(&mut list, index, level);
                set(data, &key, Value::Array(list));
                done
            }
            Some('=') => self.assign(data, &key),
            Some(',') => {
                set(data, &key, "".into());
                Err(format!("key {} has no value (cannot end with ,)", quoted()).into())
            }
            Some(_) => {
                let level = level + 1;
                if level > MAX_LEVEL {
                    return Err(too_deep().into());
                }
                let existed = data.contains_key(&key);
                let mut inner = take_map(data, &key)?;
                let done = self.key(&mut inner, level);
                if done.is_ok() && inner.is_empty() {
                    return Err(format!("key map {} has no value", quoted()).into());
                }
                if existed || !inner.is_empty() {
                    set(data, &key, Value::Object(inner));
                }
                done
            }
        }
    }

    fn assign(&mut self, data: &mut Map<String, Value>, key: &str) -> Step<()> {
        if self.reader.is_none() {
            let (value, more) = self.json()?;
            set(data, key, value);
            return if more { Ok(()) } else { self.blank().map(|_| ()) };
        }
        match self.value_list()? {
            Some(Ok(list)) => set(data, key, Value::Array(list)),
            Some(Err(message)) => return Err(message.into()),
            None if self.scanner.at == self.scanner.chars.len() => {
                set(data, key, "".into());
                return Err(Stop::End);
            }
            None => {
                let value = self.value();
                match value {
                    Ok(value) => set(data, key, value),
                    Err(message) => {
                        set(data, key, Value::Null);
                        return Err(message.into());
                    }
                }
            }
        }
        Ok(())
    }

    fn list_item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Step<()> {
        if index < 0 {
            return Err(negative(index).into());
        }
        let (key, stop) = self.scanner.until(&['[', '.', '='], true);
        if !key.is_empty() {
            return Err(unexpected(&key).into());
        }
        match stop {
            None => Err(Stop::End),
            Some('=') => {
                if self.reader.is_none() {
                    let (value, more) = self.json()?;
                    set_index(list, index, value)?;
                    return if more { Ok(()) } else { self.blank().map(|_| ()) };
                }
                let value = match self.value_list()? {
                    Some(Ok(items)) => Value::Array(items),
                    Some(Err(message)) => return Err(message.into()),
                    None if self.scanner.at == self.scanner.chars.len() => "".into(),
                    None => self.value()?,
                };
                Ok(set_index(list, index, value)?)
            }
            Some('[') => {
                let next = self.scanner.index(true)?;
                let mut inner = take_inner_list(list, index)?;
                let done = self.list_item(&mut inner, next, level);
                put_back(list, index, Value::Array(inner), done)
            }
            Some(_) => {
                let mut inner = take_inner_map(list, index);
                let done = self.key(&mut inner, level);
                put_back(list, index, Value::Object(inner), done)
            }
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        let (text, _) = self.scanner.until(&[','], true);
        self.read(text)
    }

    fn read(&mut self, text: String) -> Result<Value, String> {
        match &mut self.reader {
            Some(reader) => reader.read(text),
            None => Ok(text.into()),
        }
    }

    /// `{a,b}`: `None` where the value is no such list.
    #[allow(clippy::type_complexity)]
    fn value_list(&mut self) -> Step<Option<Result<Vec<Value>, String>>> {
        if self.scanner.chars.get(self.scanner.at) != Some(&'{') {
            return Ok(None);
        }
        self.scanner.at += 1;
        let mut list = Vec::new();
        loop {
            let (text, stop) = self.scanner.until(&[',', '}'], true);
            match stop {
                None => return Err("list must terminate with '}'".to_owned().into()),
                Some('}') => {
                    if self.scanner.chars.get(self.scanner.at) == Some(&',') {
                        self.scanner.at += 1;
                    }
                    list.push(self.read(text)?);
                    return Ok(Some(Ok(list)));
                }
                Some(_) => list.push(self.read(text)?),
            }
        }
    }

    /// One JSON value, and whether it was absent, so that the comma behind it is read already.
    fn json(&mut self) -> Step<(Value, bool)> {
        if self.blank()? {
            return Ok((Value::Null, true));
        }
        let rest = self.scanner.rest();
        let mut stream = serde_json::Deserializer::from_str(&rest).into_iter::<Value>();
        let mut value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(error.to_string().into()),
            None => return Err("EOF".to_owned().into()),
        };
        floats(&mut value);
        self.scanner.at += rest[..stream.byte_offset()].chars().count();
        Ok((value, false))
    }

    /// Skips blanks; whether the value ends here, its comma taken.
    fn blank(&mut self) -> Step<bool> {
        loop {
            match self.scanner.next() {
                None | Some(',') => return Ok(true),
                Some(c) if c.is_whitespace() => {}
                Some(_) => {
                    self.scanner.at -= 1;
                    return Ok(false);
                }
            }
        }
    }
}

pub(super) fn too_deep() -> String {
    format!("value name nested level is greater than maximum supported nested level of {MAX_LEVEL}")
}
