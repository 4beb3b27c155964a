//! What a scalar means, by the rules of go-yaml.

use serde_json::{Number, Value};

use super::{Dialect, Numbers, Options, Problem, float};

/// A scalar's meaning before it becomes JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`.
    Uint(u64),
    Float(f64),
    Text(String),
}

/// A tag of a scalar, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScalarTag {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Binary,
    Timestamp,
    /// `!local` and whatever else: the text stays as it is.
    Other,
}

impl ScalarTag {
    fn name(self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool => "!!bool",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Text => "!!str",
            Self::Binary => "!!binary",
            Self::Timestamp => "!!timestamp",
            Self::Other => "a local tag",
        }
    }
}

/// The meaning of an untagged plain scalar.
pub(crate) fn plain(text: &str, dialect: Dialect) -> Scalar {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            word(text, dialect)
        }
        b'.' | b'+' | b'-' if special_float(text).is_some() => {
            Scalar::Float(special_float(text).unwrap_or_default())
        }
        // Go reads what begins with a point as a float of its own kind, without underscores.
        b'.' => finite(text).map_or_else(|| Scalar::Text(text.to_owned()), Scalar::Float),
        b'+' | b'-' | b'0'..=b'9' => {
            if dialect == Dialect::GoV3
                && let Some(time) = timestamp(text)
            {
                return Scalar::Text(time);
            }
            number(text)
        }
        _ => Scalar::Text(text.to_owned()),
    }
}

/// Whether a plain scalar is text in either dialect, as far as that is told at a glance: it begins
/// with a letter and is no word with a meaning. Of some texts it is not told.
pub(crate) fn is_surely_text(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'a'..=b'z' | b'A'..=b'Z') => {
            text.len() > LONGEST_WORD || meaning(text, Dialect::GoV2).is_none()
        }
        Some(b'/' | b'_') => true,
        _ => false,
    }
}

/// How long a word with a meaning may be, in bytes.
const LONGEST_WORD: usize = 5;

/// The meaning of a scalar with a tag, whatever its quotes.
pub(crate) fn tagged(tag: ScalarTag, text: &str, dialect: Dialect) -> Result<Scalar, Problem> {
    // The text may be a secret, so that the error does not show it.
    let wrong = || Problem::Tag(tag.name());
    match tag {
        ScalarTag::Text | ScalarTag::Other => Ok(Scalar::Text(text.to_owned())),
        ScalarTag::Timestamp => match dialect {
            Dialect::GoV2 => Ok(Scalar::Text(text.to_owned())),
            Dialect::GoV3 => timestamp(text).map(Scalar::Text).ok_or_else(wrong),
        },
        ScalarTag::Binary => binary(text).map(Scalar::Text).ok_or_else(wrong),
        ScalarTag::Null | ScalarTag::Bool | ScalarTag::Int | ScalarTag::Float => {
            let scalar = plain(text, dialect);
            match (tag, scalar) {
                (ScalarTag::Null, s @ Scalar::Null)
                | (ScalarTag::Bool, s @ Scalar::Bool(_))
                | (ScalarTag::Int, s @ (Scalar::Int(_) | Scalar::Uint(_)))
                | (ScalarTag::Float, s @ Scalar::Float(_)) => Ok(s),
                #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
                (ScalarTag::Float, Scalar::Int(i)) => Ok(Scalar::Float(i as f64)),
                _ => Err(wrong()),
            }
        }
    }
}

/// A scalar as a value.
pub(crate) fn into_value(scalar: Scalar, options: &Options) -> Result<Value, Problem> {
    let kept = options.numbers == Numbers::Yaml;
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::Int(i) => Value::Number(i.into()),
        Scalar::Uint(u) if kept || options.dialect == Dialect::GoV3 => Value::Number(u.into()),
        Scalar::Uint(u) => {
            #[expect(clippy::cast_precision_loss, reason = "as Kubernetes' JSON decoder does")]
            let float = u as f64;
            Value::Number(Number::from_f64(float).unwrap_or_else(|| u.into()))
        }
        Scalar::Float(f) => {
            let minus_zero = f == 0.0 && f.is_sign_negative();
            let float = kept || (minus_zero && options.numbers == Numbers::Float);
            let number = if float { Number::from_f64(f) } else { json_number(f) };
            Value::Number(number.ok_or_else(|| Problem::Number(go_name(f)))?)
        }
        Scalar::Text(s) => Value::String(s),
    })
}

/// A float that is not finite, as Go spells it.
fn go_name(f: f64) -> &'static str {
    match f {
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ => "NaN",
    }
}

/// A float as a JSON number: an integer if it has no fraction and fits. `None` if not finite.
pub(crate) fn json_number(f: f64) -> Option<Number> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if f.fract() == 0.0 && (-LIMIT..LIMIT).contains(&f) {
        #[expect(clippy::cast_possible_truncation, reason = "checked to fit")]
        return Some((f as i64).into());
    }
    Number::from_f64(f)
}

/// A scalar as a map's key. The newer generation takes text only: what else it reads it cannot
/// hand on as JSON.
pub(crate) fn into_key(scalar: Scalar, dialect: Dialect) -> Result<String, Problem> {
    let key = match scalar {
        Scalar::Text(s) => return Ok(s),
        Scalar::Null => return Err(Problem::Key("null")),
        Scalar::Uint(u) => return Err(Problem::LargeKey(u)),
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Float(f) => float::format_single(f),
    };
    match dialect {
        Dialect::GoV2 => Ok(key),
        Dialect::GoV3 => Err(Problem::Key("number or boolean, unless quoted,")),
    }
}

/// A plain scalar in a key's place.
pub(crate) fn plain_key(text: &str, dialect: Dialect) -> Result<String, Problem> {
    if dialect == Dialect::GoV3 && timestamp(text).is_some() {
        return Err(Problem::Key("timestamp, unless quoted,"));
    }
    into_key(plain(text, dialect), dialect)
}

/// Whether a plain scalar with this text would be read as text by go-yaml v2: what decides the
/// quotes on the way out.
pub(crate) fn is_text(text: &str) -> bool {
    match text.as_bytes().first() {
        None => false,
        Some(b'0'..=b'9') if timestamp(text).is_some() => false,
        _ => matches!(plain(text, Dialect::GoV2), Scalar::Text(_)),
    }
}

fn word(text: &str, dialect: Dialect) -> Scalar {
    meaning(text, dialect).unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// The meaning of a word that has one. The second dialect gives one to all words of the third.
fn meaning(text: &str, dialect: Dialect) -> Option<Scalar> {
    Some(match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if dialect == Dialect::GoV3 => return None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        _ => return None,
    })
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn number(text: &str) -> Scalar {
    let stripped;
    let digits = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    if let Some(n) = integer(digits) {
        return n;
    }
    if is_float_syntax(digits)
        && let Some(f) = finite(digits)
    {
        return Scalar::Float(f);
    }
    Scalar::Text(text.to_owned())
}

/// Go's `ParseInt` with base 0, then `ParseUint` where that overflows.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, signed, body) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let bytes = body.as_bytes();
    let (radix, digits) = match (bytes.first()?, bytes.get(1)) {
        (b'0', None) => return Some(Scalar::Int(0)),
        (b'0', Some(b'x' | b'X')) => (16, &body[2..]),
        (b'0', Some(b'o' | b'O')) => (8, &body[2..]),
        (b'0', Some(b'b' | b'B')) => (2, &body[2..]),
        (b'0', Some(_)) => (8, &body[1..]),
        _ => (10, body),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(i) => Some(Scalar::Int(i)),
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Uint(magnitude)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float_syntax(text: &str) -> bool {
    let digits = |s: &[u8]| s.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut rest = text.as_bytes();
    if let [b'-' | b'+', tail @ ..] = rest {
        rest = tail;
    }
    let whole = digits(rest);
    rest = &rest[whole..];
    if let [b'.', tail @ ..] = rest {
        let fraction = digits(tail);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &tail[fraction..];
    } else if whole == 0 {
        return false;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        rest = tail;
        if let [b'-' | b'+', tail @ ..] = rest {
            rest = tail;
        }
        let exponent = digits(rest);
        if exponent == 0 {
            return false;
        }
        rest = &rest[exponent..];
    }
    rest.is_empty()
}

fn finite(text: &str) -> Option<f64> {
    if !is_float_syntax(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

fn binary(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut symbols = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).peekable();
    while symbols.peek().is_some() {
        let mut bits = 0u32;
        let mut held = 0;
        let mut padding = 0;
        for _ in 0..4 {
            let symbol = symbols.next()?;
            let value = match symbol {
                b'A'..=b'Z' => symbol - b'A',
                b'a'..=b'z' => symbol - b'a' + 26,
                b'0'..=b'9' => symbol - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if held >= 2 => {
                    padding += 1;
                    0
                }
                _ => return None,
            };
            if symbol != b'=' {
                if padding > 0 {
                    return None;
                }
                held += 1;
            }
            bits = bits << 6 | u32::from(value);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..held]);
        if padding > 0 && symbols.peek().is_some() {
            return None;
        }
    }
    Some(lossy(&out))
}

/// Bytes as text, each bad one replaced, as Go's JSON encoder does.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// A timestamp in one of go-yaml's four forms, as RFC 3339 text; `None` if `text` is none.
fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut at = 5;
    let year: u32 = text[..4].parse().ok()?;
    let month = one_or_two(bytes, &mut at)?;
    expect(bytes, &mut at, b'-')?;
    let day = one_or_two(bytes, &mut at)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let zoned = match bytes.get(at) {
        None => return Some(format!("{date}T00:00:00Z")),
        Some(b'T' | b't') => true,
        Some(b' ') => false,
        Some(_) => return None,
    };
    at += 1;
    let hour = one_or_two(bytes, &mut at)?;
    expect(bytes, &mut at, b':')?;
    let minute = one_or_two(bytes, &mut at)?;
    expect(bytes, &mut at, b':')?;
    let second = one_or_two(bytes, &mut at)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut fraction = "";
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        fraction = text[at + 1..=at + digits.min(9)].trim_end_matches('0');
        at += 1 + digits;
    }
    let zone = match (zoned, &bytes[at..]) {
        (false, b"") | (true, b"Z") => "Z".to_owned(),
        (true, [b'+' | b'-', h1, h2, b':', m1, m2])
            if [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) =>
        {
            let zone = &text[at..];
            if &zone[1..] == "00:00" { "Z".to_owned() } else { zone.to_owned() }
        }
        _ => return None,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"))
}

fn one_or_two(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = u32::from(bytes.get(*at).filter(|b| b.is_ascii_digit())? - b'0');
    *at += 1;
    if let Some(b) = bytes.get(*at).filter(|b| b.is_ascii_digit()) {
        value = value * 10 + u32::from(b - b'0');
        *at += 1;
    }
    Some(value)
}

fn expect(bytes: &[u8], at: &mut usize, byte: u8) -> Option<()> {
    (bytes.get(*at) == Some(&byte)).then(|| *at += 1)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, text: &str, wanted: &Scalar) {
        assert_eq!(plain(text, dialect), *wanted, "{text:?} in {dialect:?}");
    }

    #[test]
    fn plain_scalars() {
        use Scalar::{Bool, Float, Int, Null, Text, Uint};
        let text = |s: &str| Text(s.to_owned());
        for (input, v2, v3) in [
            ("", Null, Null),
            ("~", Null, Null),
            ("Null", Null, Null),
            ("nULL", text("nULL"), text("nULL")),
            ("yes", Bool(true), text("yes")),
            ("n", Bool(false), text("n")),
            ("OFF", Bool(false), text("OFF")),
            ("TRUE", Bool(true), Bool(true)),
            ("0777", Int(511), Int(511)),
            ("0o17", Int(15), Int(15)),
            ("0b11", Int(3), Int(3)),
            ("-0b11", Int(-3), Int(-3)),
            ("0x1F", Int(31), Int(31)),
            ("0x", text("0x"), text("0x")),
            ("1_000", Int(1000), Int(1000)),
            ("_1", text("_1"), text("_1")),
            ("+5", Int(5), Int(5)),
            ("-", text("-"), text("-")),
            ("08", Float(8.0), Float(8.0)),
            ("1e3", Float(1000.0), Float(1000.0)),
            ("1.", Float(1.0), Float(1.0)),
            (".5", Float(0.5), Float(0.5)),
            ("+.5", Float(0.5), Float(0.5)),
            (".", text("."), text(".")),
            ("1e400", text("1e400"), text("1e400")),
            ("12:30:45", text("12:30:45"), text("12:30:45")),
            ("1.2.3", text("1.2.3"), text("1.2.3")),
            ("9223372036854775807", Int(i64::MAX), Int(i64::MAX)),
            ("9223372036854775808", Uint(1 << 63), Uint(1 << 63)),
            ("-9223372036854775808", Int(i64::MIN), Int(i64::MIN)),
            (
                "18446744073709551616",
                Float(18_446_744_073_709_552_000.0),
                Float(18_446_744_073_709_552_000.0),
            ),
            ("-.inf", Float(f64::NEG_INFINITY), Float(f64::NEG_INFINITY)),
            ("2024-01-01", text("2024-01-01"), text("2024-01-01T00:00:00Z")),
            ("2024-02-30", text("2024-02-30"), text("2024-02-30")),
            (
                "2001-12-14t21:59:43.10-05:00",
                text("2001-12-14t21:59:43.10-05:00"),
                text("2001-12-14T21:59:43.1-05:00"),
            ),
            ("2001-1-4 1:59:43.10", text("2001-1-4 1:59:43.10"), text("2001-01-04T01:59:43.1Z")),
        ] {
            check(Dialect::GoV2, input, &v2);
            check(Dialect::GoV3, input, &v3);
        }
    }

    #[test]
    fn tags() {
        let ok = |tag, text| tagged(tag, text, Dialect::GoV2).unwrap();
        assert_eq!(ok(ScalarTag::Text, "12"), Scalar::Text("12".into()));
        assert_eq!(ok(ScalarTag::Float, "1"), Scalar::Float(1.0));
        assert_eq!(ok(ScalarTag::Binary, "aGk=\n"), Scalar::Text("hi".into()));
        assert_eq!(ok(ScalarTag::Binary, "/w=="), Scalar::Text("\u{fffd}".into()));
        for (tag, text) in [
            (ScalarTag::Int, "1.5"),
            (ScalarTag::Null, "x"),
            (ScalarTag::Bool, "1"),
            (ScalarTag::Binary, "a"),
            (ScalarTag::Binary, "aGk=aGk="),
        ] {
            assert!(tagged(tag, text, Dialect::GoV2).is_err(), "{text}");
        }
    }
}
