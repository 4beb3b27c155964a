//! The grammar of `--set` and its like: `a.b=1,c[0].d=x,e={1,2}`, `\` before what is meant
//! literally. A port of what Helm's strvals does, its quirks with lists and empty keys included.

mod literal;
mod parser;

use serde_json::{Map, Value};
use windlass_object::go;

pub(crate) use literal::parse_literal;
pub(crate) use parser::{parse, parse_json};

/// The greatest index of a list.
const MAX_INDEX: usize = 65_536;

/// How many names one key may have.
const MAX_LEVEL: usize = 30;

/// Makes a value of its text.
pub(crate) trait Reader {
    fn read(&mut self, text: String) -> Result<Value, String>;
}

/// `--set`: booleans, null and integers are such.
pub(crate) struct Typed;

impl Reader for Typed {
    fn read(&mut self, text: String) -> Result<Value, String> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        Ok(match &*text {
            _ if is("true") => true.into(),
            _ if is("false") => false.into(),
            _ if is("null") => Value::Null,
            "0" => 0_i64.into(),
            other if !other.starts_with('0') => match other.parse::<i64>() {
                Ok(n) => n.into(),
                Err(_) => text.into(),
            },
            _ => text.into(),
        })
    }
}

/// `--set-string`: everything is a string.
pub(crate) struct Text;

impl Reader for Text {
    fn read(&mut self, text: String) -> Result<Value, String> {
        Ok(text.into())
    }
}

/// `--set-file`: the content of the file of that name.
pub(crate) struct Files<'a>(pub(crate) &'a mut dyn FnMut(&str) -> Result<String, String>);

impl Reader for Files<'_> {
    fn read(&mut self, text: String) -> Result<Value, String> {
        (self.0)(&text).map(Value::from)
    }
}

/// Why parsing stopped.
enum Stop {
    /// The text is at its end: done.
    End,
    Error(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

type Step<T> = Result<T, Stop>;

/// The text, rune by rune.
struct Scanner {
    chars: Vec<char>,
    at: usize,
}

impl Scanner {
    fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), at: 0 }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn rest(&self) -> String {
        self.chars[self.at..].iter().collect()
    }

    /// What stands before the next of `stops`, and which that is: `None` at the end.
    fn until(&mut self, stops: &[char], escapes: bool) -> (String, Option<char>) {
        let mut out = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (out, Some(c));
            }
            if c == '\\' && escapes {
                match self.next() {
                    Some(next) => out.push(next),
                    None => break,
                }
            } else {
                out.push(c);
            }
        }
        (out, None)
    }

    fn index(&mut self, escapes: bool) -> Step<i64> {
        let wrap = |e: &str| Stop::Error(format!("error parsing index: {e}"));
        match self.until(&[']'], escapes) {
            // Helm takes the end of the text for the end of all.
            (_, None) => Err(Stop::End),
            (text, Some(_)) => text.parse().map_err(|_| {
                let text = windlass_gotemplate::fmt::quote(&text);
                wrap(&format!("strconv.Atoi: parsing {text}: invalid syntax"))
            }),
        }
    }
}

fn set(map: &mut Map<String, Value>, key: &str, value: Value) {
    if !key.is_empty() {
        map.insert(key.to_owned(), value);
    }
}

fn set_index(list: &mut Vec<Value>, index: i64, value: Value) -> Result<(), String> {
    let at = usize::try_from(index).map_err(|_| negative(index))?;
    if at > MAX_INDEX {
        return Err(format!(
            "index of {index} is greater than maximum supported index of {MAX_INDEX}"
        ));
    }
    if list.len() <= at {
        list.resize(at + 1, Value::Null);
    }
    list[at] = value;
    Ok(())
}

/// Puts what was taken out of a list, or is new, in its place. Where the text ended within it, only
/// what was there before is put back: Helm drops the rest.
fn put_back(list: &mut Vec<Value>, index: i64, value: Value, done: Step<()>) -> Step<()> {
    let existed = usize::try_from(index).is_ok_and(|i| i < list.len());
    if done.is_ok() || existed {
        set_index(list, index, value)?;
    }
    done
}

/// What stands between an index and what must follow it, rune by rune as Go prints those.
fn unexpected(key: &str) -> String {
    let runes: Vec<String> = key.chars().map(|c| format!("{c:?}")).collect();
    format!("unexpected data at end of array index: [{}]", runes.join(" "))
}

fn negative(index: i64) -> String {
    format!("negative {index} index not allowed")
}

/// Go's words where a value is not of the type that the key asks for.
fn conversion(found: &Value, wanted: &str) -> String {
    let found = match found {
        Value::Null => "nil",
        found => go::type_name(found),
    };
    format!("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}")
}

/// The mapping that a key with a dot goes into. The one that is there is taken out.
fn take_map(map: &mut Map<String, Value>, key: &str) -> Result<Map<String, Value>, String> {
    match map.remove(key) {
        None => Ok(Map::new()),
        Some(Value::Object(inner)) => Ok(inner),
        Some(other) => {
            let message = conversion(&other, "map[string]interface {}");
            map.insert(key.to_owned(), other);
            Err(message)
        }
    }
}

/// The list that a key with an index goes into, taken out.
fn take_list(map: &mut Map<String, Value>, key: &str) -> Result<Vec<Value>, String> {
    match map.remove(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok(list),
        Some(other) => {
            let message = conversion(&other, "[]interface {}");
            map.insert(key.to_owned(), other);
            Err(message)
        }
    }
}

/// The list at an index of a list, taken out; a null counts as none.
fn take_inner_list(list: &mut [Value], index: i64) -> Result<Vec<Value>, String> {
    let slot = usize::try_from(index).ok().and_then(|i| list.get_mut(i));
    match slot.map(Value::take) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(inner)) => Ok(inner),
        Some(other) => Err(conversion(&other, "[]interface {}")),
    }
}

/// The mapping at an index of a list, taken out; what is none is replaced.
fn take_inner_map(list: &mut [Value], index: i64) -> Map<String, Value> {
    let slot = usize::try_from(index).ok().and_then(|i| list.get_mut(i));
    match slot.map(Value::take) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}
