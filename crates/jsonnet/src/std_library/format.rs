//! `std.format`: printf as Python has it.

use std::rc::Rc;

use crate::error::Error;
use crate::machine::{Machine, Result};
use crate::value::{ThunkId, Value};

/// The widest field, and the most digits.
const WIDEST: usize = 10_000;

#[derive(Default)]
struct Code {
    key: Option<String>,
    alternate: bool,
    zero: bool,
    left: bool,
    blank: bool,
    sign: bool,
    width: Option<usize>,
    precision: Option<usize>,
    conversion: char,
}

/// The values that a pattern takes.
struct Values {
    list: Option<Rc<[ThunkId]>>,
    one: Value,
    at: usize,
}

impl Values {
    fn next(&mut self, machine: &mut Machine<'_>) -> Result<Value> {
        let at = self.at;
        self.at += 1;
        match &self.list {
            Some(list) => match list.get(at) {
                Some(thunk) => machine.force(*thunk),
                None => Err(Error::new(format!(
                    "Not enough values to format: {}, expected more than {at}",
                    list.len()
                ))),
            },
            None if at == 0 => Ok(self.one.clone()),
            None => {
                Err(Error::new(format!("Not enough values to format: 1, expected more than {at}")))
            }
        }
    }
}

/// `pattern % values`.
pub(crate) fn format(machine: &mut Machine<'_>, pattern: &Value, values: &Value) -> Result<Value> {
    let Value::Text(pattern) = pattern else {
        return Err(Error::new(format!("Unexpected type {}, expected string", pattern.kind())));
    };
    let list = match values {
        Value::Array(items) => Some(items.clone()),
        _ => None,
    };
    let mut values = Values { list, one: values.clone(), at: 0 };
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut by_name = false;
    while let Some(c) = chars.next() {
        machine.step()?;
        if c != '%' {
            out.push(c);
            continue;
        }
        let code = code(machine, &mut chars, &mut values)?;
        if code.conversion == '%' {
            out.push('%');
            continue;
        }
        let value = match &code.key {
            None => values.next(machine)?,
            Some(key) => {
                by_name = true;
                let one = values.one.clone();
                machine.index(&one, &Value::text(key))?
            }
        };
        let text = convert(machine, &code, &value)?;
        let width = code.width.unwrap_or(0);
        let missing = width.saturating_sub(text.chars().count());
        machine.spend(text.len() + missing)?;
        let pad = " ".repeat(missing);
        out.push_str(&if code.left { text + &pad } else { pad + &text });
    }
    if let (Some(list), false) = (&values.list, by_name)
        && values.at < list.len()
    {
        return Err(Error::new(format!(
            "Too many values to format: {}, expected {}",
            list.len(),
            values.at
        )));
    }
    Ok(Value::text(&out))
}

fn code(
    machine: &mut Machine<'_>,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    values: &mut Values,
) -> Result<Code> {
    let truncated = || Error::new("Truncated format code.");
    let mut code = Code::default();
    if chars.peek() == Some(&'(') {
        chars.next();
        let mut key = String::new();
        loop {
            match chars.next().ok_or_else(truncated)? {
                ')' => break,
                c => key.push(c),
            }
        }
        code.key = Some(key);
    }
    while let Some(flag) = chars.next_if(|c| "#0- +".contains(*c)) {
        match flag {
            '#' => code.alternate = true,
            '0' => code.zero = true,
            '-' => code.left = true,
            ' ' => code.blank = true,
            _ => code.sign = true,
        }
    }
    let mut count = |machine: &mut Machine<'_>,
                     chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        if chars.next_if_eq(&'*').is_some() {
            return match values.next(machine)? {
                Value::Number(n) if n >= 0.0 && n.fract() == 0.0 && n <= 1e4 =>
                {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    Ok(Some(n as usize))
                }
                _ => Err(Error::new("a width or precision of * must be a small number")),
            };
        }
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        let number = digits.parse().ok();
        if number.is_some_and(|number: usize| number > WIDEST) || digits.len() > 6 {
            return Err(Error::new(format!("a field may be {WIDEST} characters wide")));
        }
        Ok(number)
    };
    code.width = count(machine, chars)?;
    if chars.next_if_eq(&'.').is_some() {
        code.precision = Some(count(machine, chars)?.unwrap_or(0));
    }
    while chars.next_if(|c| "hlL".contains(*c)).is_some() {}
    code.conversion = chars.next().ok_or_else(truncated)?;
    if !"diouxXeEfFgGcs%".contains(code.conversion) {
        return Err(Error::new(format!("Unrecognised conversion type: {}", code.conversion)));
    }
    Ok(code)
}

fn convert(machine: &mut Machine<'_>, code: &Code, value: &Value) -> Result<String> {
    match (code.conversion, value) {
        ('s', value) => machine.text_of(value),
        ('c', Value::Text(text)) if text.chars().count() == 1 => Ok(text.to_string()),
        ('c', Value::Number(number)) => {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let found = char::from_u32(*number as u32);
            found.map(String::from).ok_or_else(|| Error::new("%c expects a code point"))
        }
        ('c', _) => Err(Error::new("%c expected 1-sized string or number")),
        (_, Value::Number(number)) => Ok(print(code, *number)),
        (_, other) => Err(Error::new(format!(
            "Format required number at %{}, got {}",
            code.conversion,
            other.kind()
        ))),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn print(code: &Code, number: f64) -> String {
    let negative = number < 0.0;
    let size = number.abs();
    let whole = size.floor() as u128;
    let digits = |text: String| match code.precision {
        Some(least) => format!("{}{text}", "0".repeat(least.saturating_sub(text.len()))),
        None => text,
    };
    let (prefix, body) = match code.conversion {
        'o' => (if code.alternate { "0" } else { "" }, digits(format!("{whole:o}"))),
        'x' => (if code.alternate { "0x" } else { "" }, digits(format!("{whole:x}"))),
        'X' => (if code.alternate { "0X" } else { "" }, digits(format!("{whole:X}"))),
        'e' | 'E' => ("", scientific(size, code.precision.unwrap_or(6), code.conversion)),
        'f' | 'F' => ("", format!("{size:.*}", code.precision.unwrap_or(6))),
        'g' | 'G' => ("", general(size, code)),
        _ => ("", digits(format!("{:.0}", size.floor()))),
    };
    let sign = match (negative, code.sign, code.blank) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let taken = sign.len() + prefix.len() + body.len();
    let zeros = match code.width {
        Some(width) if code.zero && !code.left => width.saturating_sub(taken),
        _ => 0,
    };
    format!("{sign}{prefix}{}{body}", "0".repeat(zeros))
}

fn scientific(size: f64, precision: usize, letter: char) -> String {
    let text = format!("{size:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    let letter = if letter == 'E' || letter == 'G' { 'E' } else { 'e' };
    format!("{mantissa}{letter}{sign}{:02}", exponent.abs())
}

#[allow(clippy::cast_possible_truncation)]
fn general(size: f64, code: &Code) -> String {
    let precision = code.precision.unwrap_or(6).max(1);
    let exponent = if size == 0.0 { 0 } else { size.log10().floor() as i64 };
    let trim = |text: String| {
        if code.alternate || !text.contains('.') {
            return text;
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if exponent < -4 || exponent >= i64::try_from(precision).unwrap_or(i64::MAX) {
        let text = scientific(size, precision - 1, code.conversion);
        let at = text.find(['e', 'E']).unwrap_or(text.len());
        return format!("{}{}", trim(text[..at].to_owned()), &text[at..]);
    }
    let decimals =
        usize::try_from(i64::try_from(precision).unwrap_or(0) - 1 - exponent).unwrap_or(0);
    trim(format!("{size:.decimals$}"))
}
