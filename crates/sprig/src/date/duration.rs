//! `time.Duration`, and Helm's functions on it.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use windlass_gotemplate::{Object, Type, Value};

use super::object::DURATION;
use crate::cast::parse_float;
use crate::table::{Answer, Table};

const SECOND: i64 = 1_000_000_000;

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) i64);

pub(super) fn add(t: &mut Table) {
    let any = &[Type::Any];
    t.put(&["mustToDuration"], any, |a| Ok(Duration::of(&a[0])?.value()));
    for (name, unit) in [
        ("durationMilliseconds", 1_000_000),
        ("durationMicroseconds", 1_000),
        ("durationNanoseconds", 1),
    ] {
        t.put(&[name], any, move |a| {
            Ok(Value::Int64(Duration::of(&a[0]).map_or(0, |d| d.0 / unit)))
        });
    }
    for (name, unit, per) in [
        ("durationSeconds", SECOND, &[][..]),
        ("durationMinutes", 60 * SECOND, &[]),
        ("durationHours", 3600 * SECOND, &[]),
        ("durationDays", 3600 * SECOND, &[24.0]),
        ("durationWeeks", 3600 * SECOND, &[24.0, 7.0]),
    ] {
        t.put(&[name], any, move |a| {
            let count = Duration::of(&a[0]).map_or(0.0, |d| d.count(unit));
            Ok(Value::Float64(per.iter().fold(count, |n, by| n / by)))
        });
    }
    t.put(&["durationRoundTo"], &[Type::Any, Type::Any], |a| {
        to_multiple(&a[0], &a[1], Duration::rounded)
    });
    t.put(&["durationTruncateTo"], &[Type::Any, Type::Any], |a| {
        to_multiple(&a[0], &a[1], |d, to| if to <= 0 { d } else { Duration(d.0 - d.0 % to) })
    });
}

fn to_multiple(
    value: &Value,
    multiple: &Value,
    change: impl Fn(Duration, i64) -> Duration,
) -> Answer {
    let Ok(duration) = Duration::of(value) else { return Ok(Duration(0).value()) };
    Ok(Duration::of(multiple).map_or(duration, |m| change(duration, m.0)).value())
}

impl Duration {
    /// The duration that an argument is: a constant is one of nanoseconds.
    pub(crate) fn argument(value: &Value) -> Option<Self> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref::<Self>().copied(),
            Value::Int(nanoseconds) => Some(Self(*nanoseconds)),
            _ => None,
        }
    }

    /// The length, or the longest there is.
    pub(crate) fn saturating(nanos: i128) -> Self {
        Self(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// What Helm's functions take for a duration: one, a text of one, or seconds.
    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(s) => {
                let text = s.trim();
                if text.is_empty() {
                    return Err("empty duration".to_owned());
                }
                if let Ok(duration) = Self::parse(text) {
                    return Ok(duration);
                }
                match parse_float(text) {
                    Some(seconds) => Self::seconds(seconds),
                    None => Err(format!(
                        "could not parse duration {}",
                        windlass_gotemplate::fmt::quote(s)
                    )),
                }
            }
            Value::Nil | Value::NilInterface => Err("invalid duration".to_owned()),
            Value::Int(n) | Value::Int64(n) => Self::whole(i128::from(*n)),
            Value::Uint8(n) => Self::whole(i128::from(*n)),
            Value::Uint64(n) => Self::whole(i128::from(*n)),
            Value::Float64(f) => Self::seconds(*f),
            Value::Object(o) => match (o.as_any().downcast_ref::<Self>(), o.integer()) {
                (Some(duration), _) => Ok(*duration),
                (None, Some(n)) => Self::whole(i128::from(n)),
                (None, None) => Err(format!("unsupported duration type {}", o.type_name())),
            },
            other => Err(format!("unsupported duration type {}", other.type_name())),
        }
    }

    fn whole(seconds: i128) -> Result<Self, String> {
        let nanos = i64::try_from(seconds * i128::from(SECOND));
        nanos.map(Self).map_err(|_| format!("duration seconds overflow: {seconds}"))
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // As Go converts.
    fn seconds(seconds: f64) -> Result<Self, String> {
        let shown = windlass_gotemplate::fmt::shortest(seconds);
        if !seconds.is_finite() {
            return Err(format!("invalid duration seconds: {shown}"));
        }
        if seconds.abs() > i64::MAX as f64 / 1e9 {
            return Err(format!("duration seconds overflow: {shown}"));
        }
        Ok(Self((seconds * 1e9) as i64))
    }

    /// How many of a unit, as Go's `Hours` and such compute it.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn count(self, unit: i64) -> f64 {
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }

    /// To the nearest multiple, halves away from zero.
    pub(crate) fn rounded(self, to: i64) -> Self {
        if to <= 0 {
            return self;
        }
        let rest = i128::from(self.0 % to);
        let (whole, to) = (i128::from(self.0) - rest, i128::from(to));
        let up = rest.abs() * 2 >= to;
        let step = if self.0 < 0 { -to } else { to };
        Self::saturating(if up { whole + step } else { whole })
    }

    /// The greatest unit, and how many of it: `2h`, `3mo`.
    pub(crate) fn coarse(self) -> String {
        let size = self.0.unsigned_abs();
        let second = SECOND.unsigned_abs();
        for (unit, name) in [
            (365 * 24 * 3600, "y"),
            (30 * 24 * 3600, "mo"),
            (24 * 3600, "d"),
            (3600, "h"),
            (60, "m"),
            (1, "s"),
        ] {
            if size > unit * second {
                return format!("{}{name}", size / (unit * second));
            }
        }
        "0s".to_owned()
    }

    /// `time.ParseDuration`.
    ///
    /// # Errors
    /// In Go's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let quoted = || super::quote(text);
        let invalid = || format!("time: invalid duration {}", quoted());
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
            let whole = digits(rest);
            let (number, mut after) = rest.split_at(whole);
            let mut fraction = "";
            if let Some(behind) = after.strip_prefix('.') {
                let length = digits(behind);
                (fraction, after) = behind.split_at(length);
            }
            if number.is_empty() && fraction.is_empty() {
                return Err(invalid());
            }
            let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, next) = after.split_at(end);
            if unit.is_empty() {
                return Err(format!("time: missing unit in duration {}", quoted()));
            }
            let nanos: i128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => {
                    let unit = super::quote(unit);
                    return Err(format!("time: unknown unit {unit} in duration {}", quoted()));
                }
            };
            let number: i128 =
                if number.is_empty() { 0 } else { number.parse().map_err(|_| invalid())? };
            total += number.checked_mul(nanos).filter(|n| *n <= 1 << 63).ok_or_else(invalid)?;
            let kept = &fraction[..fraction.len().min(18)];
            if !kept.is_empty() {
                let scale = 10_i128.pow(u32::try_from(kept.len()).unwrap_or(0));
                total += kept.parse::<i128>().map_err(|_| invalid())? * nanos / scale;
            }
            if total > 1 << 63 {
                return Err(invalid());
            }
            rest = next;
        }
        i64::try_from(if negative { -total } else { total }).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for Duration {
    /// `1h2m3.5s`, `1.5ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let part = |unit: u64, digits: usize| {
            let fraction = format!("{:0digits$}", size % unit);
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() || digits == 0 { "" } else { "." };
            format!("{}{point}{}", size / unit, if digits == 0 { "" } else { fraction })
        };
        match size {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{size}ns"),
            1_000..1_000_000 => write!(f, "{}µs", part(1_000, 3)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", part(1_000_000, 6)),
            _ => {
                let seconds = size / SECOND.unsigned_abs();
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                let fraction = format!("{:09}", size % SECOND.unsigned_abs());
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "{}{point}{fraction}s", seconds % 60)
            }
        }
    }
}

impl Object for Duration {
    fn type_name(&self) -> &str {
        DURATION
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(
            name,
            "Hours"
                | "Minutes"
                | "Seconds"
                | "Milliseconds"
                | "Microseconds"
                | "Nanoseconds"
                | "String"
                | "Round"
                | "Truncate"
                | "Abs"
        )
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let other = || Self::argument(args.first()?);
        let to = || other().map(|d| d.0).ok_or_else(|| format!("{name} takes a {DURATION}"));
        Ok(match name {
            "Hours" => Value::Float64(self.count(3600 * SECOND)),
            "Minutes" => Value::Float64(self.count(60 * SECOND)),
            "Seconds" => Value::Float64(self.count(SECOND)),
            "Milliseconds" => Value::Int64(self.0 / 1_000_000),
            "Microseconds" => Value::Int64(self.0 / 1_000),
            "Nanoseconds" => Value::Int64(self.0),
            "Round" => self.rounded(to()?).value(),
            "Truncate" => {
                let to = to()?;
                Self(if to <= 0 { self.0 } else { self.0 - self.0 % to }).value()
            }
            "Abs" => Self(self.0.saturating_abs()).value(),
            _ => Value::string(self.to_string()),
        })
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn kind(&self) -> &'static str {
        "int64"
    }

    fn integer(&self) -> Option<i64> {
        Some(self.0)
    }

    fn data(&self) -> Value {
        Value::Int64(self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
