//! Number constants: what Go's `strconv` makes of them.

/// A number constant, as everything that it can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) text: Box<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    /// Real and imaginary part, where it is written with an `i`.
    pub(crate) complex: Option<(f64, f64)>,
    pub(crate) is_char: bool,
}

impl Number {
    /// Whether an argument of no fixed type takes it as a float.
    pub(crate) fn is_ideal_float(&self) -> bool {
        let hex = self.text.len() > 2
            && self.text.starts_with('0')
            && self.text[1..].starts_with(['x', 'X'])
            && !self.text.contains(['p', 'P']);
        self.float.is_some()
            && !hex
            && !self.is_char
            && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }

    /// A character constant, with its quotes.
    pub(crate) fn character(text: &str) -> Result<Self, String> {
        let inner = text.get(1..).unwrap_or_default();
        let (value, rest) =
            crate::unquote::character(inner, '\'').ok_or_else(|| "invalid syntax".to_owned())?;
        if rest != "'" {
            return Err(format!("malformed character constant: {text}"));
        }
        Ok(Self {
            text: text.into(),
            int: Some(i64::from(value)),
            uint: Some(u64::from(value)),
            float: Some(f64::from(value)),
            complex: None,
            is_char: true,
        })
    }

    /// A complex number, which is any other number too if it has no imaginary part.
    fn complex(text: &str, real: f64, imaginary: f64) -> Self {
        let float = (imaginary == 0.0).then_some(real);
        let (int, uint) = float.map_or((None, None), whole);
        Self {
            text: text.into(),
            int,
            uint,
            float,
            complex: Some((real, imaginary)),
            is_char: false,
        }
    }

    /// A number as written.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(inner) = text.strip_suffix('i') {
            // The sign between the parts is neither the first character nor an exponent's.
            let signs = inner.char_indices().skip(1).filter(|(_, c)| matches!(c, '+' | '-'));
            let hex = inner.trim_start_matches(['+', '-']).to_ascii_lowercase().starts_with("0x");
            let exponent = if hex { ['p', 'P'] } else { ['e', 'E'] };
            let parts: Vec<_> = signs.filter(|(at, _)| !inner[..*at].ends_with(exponent)).collect();
            match parts.first() {
                None => {
                    if let Some(imaginary) = parse_float(inner) {
                        return Ok(Self::complex(text, 0.0, imaginary));
                    }
                }
                Some((at, _)) => {
                    let (real, imaginary) = inner.split_at(*at);
                    return match (parse_float(real), parse_float(imaginary)) {
                        (Some(real), Some(imaginary)) => Ok(Self::complex(text, real, imaginary)),
                        _ => Err("syntax error scanning complex number".to_owned()),
                    };
                }
            }
        }
        let mut uint = parse_uint(text);
        let mut int = parse_int(text);
        if int == Some(0) {
            uint = Some(0);
        }
        #[allow(clippy::cast_precision_loss)] // As Go converts.
        let mut float = int.map(|i| i as f64).or(uint.map(|u| u as f64));
        if float.is_none()
            && let Some(f) = parse_float(text)
        {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", crate::fmt::quote(text)));
            }
            float = Some(f);
            let (whole, positive) = whole(f);
            int = whole.or(int);
            uint = positive.or(uint);
        }
        if float.is_none() {
            return Err(format!("illegal number syntax: {}", crate::fmt::quote(text)));
        }
        Ok(Self { text: text.into(), int, uint, float, complex: None, is_char: false })
    }
}

/// The integers that a float is.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "as Go converts"
)]
fn whole(f: f64) -> (Option<i64>, Option<u64>) {
    let int = ((f as i64) as f64 == f).then_some(f as i64);
    let uint = (f >= 0.0 && (f as u64) as f64 == f).then_some(f as u64);
    (int, uint)
}

/// The digits and base of an integer in Go's form with a base prefix; underscores only between
/// digits or behind the prefix.
fn radix(text: &str) -> Option<(String, u32)> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.get(..2) {
        Some("0x") => (&lower[2..], 16),
        Some("0b") => (&lower[2..], 2),
        Some("0o") => (&lower[2..], 8),
        _ if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    let prefixed = digits.len() < lower.len();
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let bad = !plain
        || digits.is_empty()
        || digits.ends_with('_')
        || digits.contains("__")
        || (digits.starts_with('_') && !prefixed);
    (!bad).then(|| (digits.replace('_', ""), base))
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    if text.starts_with(['+', '-']) {
        return None;
    }
    let (digits, base) = radix(text)?;
    u64::from_str_radix(&digits, base).ok()
}

/// `strconv.ParseInt(text, 0, 64)`; none where Go gives an error.
pub fn parse_int(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = i128::from(parse_uint(rest)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// `strconv.ParseFloat(text, 64)`: decimal with underscores where a base prefix allows them, and
/// hexadecimal with a binary exponent.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (sign, body) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        return Some(sign * hex_float(&hex.replace('_', ""))?);
    }
    let plain = body.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value = body.parse::<f64>().ok().filter(|f| plain && f.is_finite())?;
    Some(sign * value)
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    #[allow(clippy::cast_precision_loss)] // Sixteen hex digits at most; Go rounds alike.
    let value = u64::from_str_radix(&digits, 16).ok()? as f64;
    let shift = i32::try_from(fraction.len()).ok()? * 4;
    Some(value * 2_f64.powi(exponent.parse::<i32>().ok()?.checked_sub(shift)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_what_go_makes_of_them() {
        let int = |t: &str| Number::parse(t).unwrap().int;
        assert_eq!(int("0x1F"), Some(31));
        assert_eq!(int("010"), Some(8));
        assert_eq!(int("1_000"), Some(1000));
        assert_eq!(int("1e3"), Some(1000));
        assert_eq!(int("-7"), Some(-7));
        assert_eq!(Number::parse("1.5").unwrap().int, None);
        assert!(Number::parse("1e3").unwrap().is_ideal_float());
        assert!(!Number::parse("0x1e").unwrap().is_ideal_float());
        assert_eq!(Number::character("'a'").unwrap().int, Some(97));
        assert_eq!(Number::character(r"'\n'").unwrap().int, Some(10));
        assert_eq!(
            Number::parse("99999999999999999999").unwrap_err(),
            "integer overflow: \"99999999999999999999\""
        );
        assert_eq!(Number::parse("1__0").unwrap_err(), "illegal number syntax: \"1__0\"");
    }
}
