//! Resource quantities: `100m`, `1.5Gi`, `2e3`.
//!
//! A quantity is a decimal number and the notation it likes best. Nothing is finer than a
//! billionth: what is gets rounded away from zero, so that asking for a little is not asking for
//! nothing.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The notation that a quantity is printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Powers of ten by letter: `m`, `k`, `M`.
    DecimalSi,
    /// Powers of ten by exponent: `e3`.
    DecimalExponent,
    /// Powers of 1024: `Ki`, `Mi`.
    BinarySi,
}

/// A quantity: `mantissa` times ten to the power of `exponent`.
#[derive(Clone, Debug)]
pub struct Quantity {
    mantissa: i128,
    exponent: i32,
    format: Format,
    /// The text it was read from, where Kubernetes keeps that as it is.
    text: Option<String>,
}

/// The text is no quantity. The words are apimachinery's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It has not the shape of one.
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// Its number is none, or too long.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// Its suffix is not known.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const NANO: i32 = -9;

struct Parts<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    suffix: &'t str,
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let unsigned = unsigned.trim_start_matches('0');
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut rest) = unsigned.split_at(digits(unsigned));
    let mut fraction = "";
    if let Some(tail) = rest.strip_prefix('.') {
        (fraction, rest) = tail.split_at(digits(tail));
    }
    let letters = rest.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    let tail = rest[letters..].strip_prefix(['-', '+']).unwrap_or(&rest[letters..]);
    if !tail.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    Ok(Parts {
        negative,
        whole: if whole.is_empty() { "0" } else { whole },
        fraction,
        suffix: rest,
    })
}

enum Unit {
    Ten(i32),
    Two(u32),
}

fn unit(suffix: &str) -> Result<(Unit, Format), QuantityError> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Ok((Unit::Ten(*exponent), Format::DecimalSi));
    }
    if let Some((_, exponent)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Ok((Unit::Two(*exponent), Format::BinarySi));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|e| e.parse().ok());
    exponent.map(|e| (Unit::Ten(e), Format::DecimalExponent)).ok_or(QuantityError::Suffix)
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = split(text)?;
        let (unit, format) = unit(parts.suffix)?;
        let digits = format!("{}{}", parts.whole, parts.fraction);
        let value: i128 = digits.parse().map_err(|_| QuantityError::Number)?;
        let places = i32::try_from(parts.fraction.len()).map_err(|_| QuantityError::Number)?;
        let (magnitude, exponent) = match unit {
            Unit::Ten(e) => (value, e.checked_sub(places).ok_or(QuantityError::Number)?),
            Unit::Two(e) => (value.checked_mul(1i128 << e).ok_or(QuantityError::Number)?, -places),
        };
        let text = keeps_text(&parts, &unit, &digits, value, exponent).then(|| text.to_owned());
        let mantissa = if parts.negative { -magnitude } else { magnitude };
        let mut quantity = Self { mantissa, exponent, format, text }.rounded(NANO);
        if format == Format::BinarySi {
            quantity.bound_binary();
        }
        Ok(quantity)
    }
}

/// Whether Kubernetes would print the very text again instead of the canonical form.
fn keeps_text(parts: &Parts<'_>, unit: &Unit, digits: &str, value: i128, exponent: i32) -> bool {
    let len = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    match unit {
        Unit::Ten(_) => {
            len <= 18
                && exponent >= NANO
                && exponent % 3 == 0
                && !digits.ends_with("000")
                && !digits.starts_with('0')
        }
        Unit::Two(e) => {
            let precision = 14 - len - i32::try_from(e * 3 / 10).unwrap_or(0);
            parts.fraction.is_empty() && precision >= 0 && value & 7 != 0
        }
    }
}

impl Quantity {
    /// Zero, in decimal notation.
    pub fn zero() -> Self {
        Self { mantissa: 0, exponent: 0, format: Format::DecimalSi, text: None }
    }

    /// The notation it is printed in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// The value in units of ten to the power of `exponent` (-3 for thousandths), rounded away
    /// from zero, as far as `i64` goes.
    pub fn scaled(&self, exponent: i32) -> i64 {
        let rounded = self.rounded(exponent);
        let up =
            u32::try_from(rounded.exponent - exponent).ok().and_then(|e| 10i128.checked_pow(e));
        let bound = if rounded.mantissa < 0 { i64::MIN } else { i64::MAX };
        up.and_then(|up| rounded.mantissa.checked_mul(up))
            .map_or(if rounded.mantissa == 0 { 0 } else { bound }, |v| {
                i64::try_from(v).unwrap_or(bound)
            })
    }

    /// Nothing finer than ten to the power of `exponent`, rounded away from zero.
    fn rounded(&self, exponent: i32) -> Self {
        let mut out = self.clone();
        let Ok(drop @ 1..) = u32::try_from(i64::from(exponent) - i64::from(self.exponent)) else {
            return out;
        };
        out.exponent = exponent;
        out.mantissa = match 10i128.checked_pow(drop) {
            None => self.mantissa.signum(),
            Some(unit) => {
                let whole = self.mantissa / unit;
                if self.mantissa % unit == 0 { whole } else { whole + self.mantissa.signum() }
            }
        };
        out
    }

    /// Binary quantities end at what `i64` holds; below one they are printed as decimals.
    fn bound_binary(&mut self) {
        let limit = Self { mantissa: i128::from(i64::MAX), exponent: 0, ..Self::zero() };
        let one = Self { mantissa: 1, exponent: 0, ..Self::zero() };
        let mut magnitude = self.clone();
        magnitude.mantissa = magnitude.mantissa.abs();
        if magnitude > limit {
            self.mantissa = limit.mantissa * self.mantissa.signum();
            self.exponent = 0;
            self.text = None;
        } else if magnitude < one && !self.is_zero() {
            self.format = Format::DecimalSi;
        }
    }

    /// The form that Kubernetes stores: the largest suffix that leaves no fraction.
    pub fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        if self.format == Format::BinarySi
            && let Some(text) = self.canonical_binary()
        {
            return text;
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.exponent);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        let over = exponent.rem_euclid(3);
        exponent -= over;
        // At most two digits more than were parsed.
        let digits = format!("{mantissa}{}", "0".repeat(over.unsigned_abs() as usize));
        let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent);
        match suffix {
            Some((suffix, _)) if self.format != Format::DecimalExponent => {
                format!("{digits}{suffix}")
            }
            _ if exponent == 0 => digits,
            _ => format!("{digits}e{exponent}"),
        }
    }

    /// `None` where the value is small or has a fraction: those are printed as decimals.
    fn canonical_binary(&self) -> Option<String> {
        let whole = self.rounded(0);
        if whole != *self {
            return None;
        }
        let up = 10i128.checked_pow(u32::try_from(whole.exponent).ok()?)?;
        let mut value = whole.mantissa.checked_mul(up)?;
        if value.abs() < 1024 {
            return None;
        }
        let mut step = 0;
        while value % 1024 == 0 && step < BINARY.len() {
            value /= 1024;
            step += 1;
        }
        let suffix = step.checked_sub(1).map_or("", |s| BINARY[s].0);
        Some(format!("{value}{suffix}"))
    }

    /// How many digits stand before the point; negative for leading zeros behind it.
    fn magnitude(&self) -> i64 {
        let digits = self.mantissa.unsigned_abs().checked_ilog10().map_or(0, |d| d + 1);
        i64::from(digits) + i64::from(self.exponent)
    }
}

impl fmt::Display for Quantity {
    /// As Kubernetes prints what it has read: the text itself where that is in a canonical shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.canonical()),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    /// By value: `1`, `1000m` and `1e0` are equal.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.mantissa.signum().cmp(&other.mantissa.signum());
        if by_sign != Ordering::Equal || self.mantissa == 0 {
            return by_sign;
        }
        let (low, high) =
            if self.exponent <= other.exponent { (self, other) } else { (other, self) };
        let gap = high.exponent.abs_diff(low.exponent);
        let aligned = 10i128.checked_pow(gap).and_then(|p| high.mantissa.checked_mul(p));
        let low_to_high = match aligned {
            Some(aligned) => low.mantissa.cmp(&aligned),
            None if self.mantissa > 0 => low.magnitude().cmp(&high.magnitude()),
            None => high.magnitude().cmp(&low.magnitude()),
        };
        if self.exponent <= other.exponent { low_to_high } else { low_to_high.reverse() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms() {
        for (text, wanted) in [
            ("0", "0"),
            ("-", "0"),
            ("0.0", "0"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("0.1", "100m"),
            ("1.100", "1.100"),
            ("100n", "100n"),
            ("0.5n", "1n"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("1E3", "1E3"),
            ("12e6", "12e6"),
            ("1000e3", "1e6"),
            ("1024", "1024"),
            ("1Ki", "1Ki"),
            ("1024Ki", "1Mi"),
            ("1536Mi", "1536Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1.1Ki", "1126400m"),
            ("-8Gi", "-8Gi"),
            ("10Ei", "9223372036854775807"),
            ("+5", "+5"),
            ("5E", "5E"),
        ] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!(quantity.to_string(), wanted, "{text}");
        }
        for (bad, error) in [
            ("", QuantityError::Format),
            ("1 Gi", QuantityError::Format),
            ("1Gib", QuantityError::Format),
            ("1K", QuantityError::Suffix),
            ("1mm", QuantityError::Suffix),
            ("1e", QuantityError::Suffix),
        ] {
            assert_eq!(bad.parse::<Quantity>().unwrap_err(), error, "{bad}");
        }
    }

    #[test]
    fn compares_by_value() {
        let q = |s: &str| s.parse::<Quantity>().unwrap();
        assert_eq!(q("1"), q("1000m"));
        assert_eq!(q("1Ki"), q("1024"));
        assert!(q("1Gi") > q("1G"));
        assert!(q("-1e300") < q("1n"));
        assert!(q("1e300") > q("9E"));
        assert!(q("-1e300") < q("-9E"));
        assert_eq!(q("1.5").scaled(-3), 1500);
        assert_eq!(q("1001m").scaled(0), 2);
        assert_eq!(q("1e300").scaled(0), i64::MAX);
    }
}
