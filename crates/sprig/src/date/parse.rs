//! `time.ParseInLocation` in UTC.

use super::civil::{DAYS, MONTHS, date_of, day_of, days_in};
use super::layout::{Offset, Part, next};
use super::object::{Time, Zone};
use super::quote;

/// What has been read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nano: i64,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone: String,
}

/// Why a part could not be read.
enum Bad {
    /// It is not of the form.
    Form,
    /// It is too large, or small; what.
    Range(&'static str),
}

type Read<'a, T> = Result<(T, &'a str), Bad>;

/// The time that `value` is in a layout.
///
/// # Errors
/// In Go's words.
pub(super) fn parse(layout: &str, value: &str) -> Result<Time, String> {
    let mut fields = Fields::default();
    let (mut rest_layout, mut rest) = (layout, value);
    let cannot = |what: &str, at: &str| {
        let (value, layout) = (quote(value), quote(layout));
        format!("parsing time {value} as {layout}: cannot parse {} as {}", quote(at), quote(what))
    };
    let failed = |message: &str| format!("parsing time {}: {message}", quote(value));
    loop {
        let (before, part, after) = next(rest_layout);
        rest = skip(rest, before).map_err(|at| cannot(before, at))?;
        let Some(part) = part else {
            if !rest.is_empty() {
                return Err(failed(&format!("extra text: {}", quote(rest))));
            }
            break;
        };
        let written = &rest_layout[before.len()..rest_layout.len() - after.len()];
        rest_layout = after;
        rest = match fields.read(part, rest, after) {
            Ok(next) => next,
            Err(Bad::Form) => return Err(cannot(written, rest)),
            Err(Bad::Range(what)) => return Err(failed(&format!("{what} out of range"))),
        };
    }
    fields.time().map_err(failed)
}

/// Passes over what the layout has literally; a blank of it stands for any number of them.
fn skip<'a>(mut value: &'a str, mut prefix: &str) -> Result<&'a str, &'a str> {
    while let Some(c) = prefix.chars().next() {
        if c == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c).ok_or(value)?;
        prefix = &prefix[c.len_utf8()..];
    }
    Ok(value)
}

/// One or two digits; exactly two if `fixed`.
fn number(value: &str, fixed: bool) -> Read<'_, i64> {
    let digits = value.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits == 1) {
        return Err(Bad::Form);
    }
    Ok((value[..digits].parse().unwrap_or(0), &value[digits..]))
}

fn lookup<'a>(names: &[&str], length: Option<usize>, value: &'a str) -> Read<'a, i64> {
    for (i, name) in names.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len())];
        if value.get(..name.len()).is_some_and(|v| v.eq_ignore_ascii_case(name)) {
            return Ok((i64::try_from(i).unwrap_or(0), &value[name.len()..]));
        }
    }
    Err(Bad::Form)
}

/// A separator and digits, as nanoseconds.
fn fraction(value: &str, length: usize) -> Read<'_, i64> {
    let text = value.get(..length).ok_or(Bad::Form)?;
    let digits = text.strip_prefix(['.', ',']).ok_or(Bad::Form)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Bad::Form);
    }
    let kept = &digits[..digits.len().min(9)];
    Ok((format!("{kept:0<9}").parse().unwrap_or(0), &value[length..]))
}

fn fraction_length(value: &str) -> usize {
    let digits = value.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    if value.starts_with(['.', ',']) && digits > 0 { 1 + digits } else { 0 }
}

impl Fields {
    fn read<'a>(&mut self, part: Part, value: &'a str, layout: &str) -> Result<&'a str, Bad> {
        let in_range = |n: i64, low: i64, high: i64, what: &'static str| {
            if (low..=high).contains(&n) { Ok(n) } else { Err(Bad::Range(what)) }
        };
        let rest;
        match part {
            Part::Year => {
                let digits = value.get(..2).ok_or(Bad::Form)?;
                let year: i64 = digits.parse().map_err(|_| Bad::Form)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
                rest = &value[2..];
            }
            Part::LongYear => {
                let digits = value.get(..4).ok_or(Bad::Form)?;
                if !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Bad::Form);
                }
                self.year = digits.parse().map_err(|_| Bad::Form)?;
                rest = &value[4..];
            }
            Part::Month | Part::LongMonth => {
                let length = if part == Part::Month { Some(3) } else { None };
                let (month, after) = lookup(&MONTHS, length, value)?;
                (self.month, rest) = (Some(month + 1), after);
            }
            Part::NumberMonth | Part::ZeroMonth => {
                let (month, after) = number(value, part == Part::ZeroMonth)?;
                (self.month, rest) = (Some(in_range(month, 1, 12, "month")?), after);
            }
            Part::WeekDay => rest = lookup(&DAYS, Some(3), value)?.1,
            Part::LongWeekDay => rest = lookup(&DAYS, None, value)?.1,
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let blank = part == Part::UnderDay;
                let value = value.strip_prefix(' ').filter(|_| blank).unwrap_or(value);
                let (day, after) = number(value, part == Part::ZeroDay)?;
                (self.day, rest) = (Some(day), after);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                let blanks = value.bytes().take(2).take_while(|b| *b == b' ').count();
                let value = if part == Part::UnderYearDay { &value[blanks..] } else { value };
                let digits = value.bytes().take(3).take_while(u8::is_ascii_digit).count();
                if digits == 0 || (part == Part::ZeroYearDay && digits < 3) {
                    return Err(Bad::Form);
                }
                self.year_day = value[..digits].parse().ok();
                rest = &value[digits..];
            }
            Part::Hour => {
                let (hour, after) = number(value, false)?;
                (self.hour, rest) = (in_range(hour, 0, 23, "hour")?, after);
            }
            Part::Hour12 | Part::ZeroHour12 => {
                let (hour, after) = number(value, part == Part::ZeroHour12)?;
                (self.hour, rest) = (in_range(hour, 0, 12, "hour")?, after);
            }
            Part::Minute | Part::ZeroMinute => {
                let (minute, after) = number(value, part == Part::ZeroMinute)?;
                (self.minute, rest) = (in_range(minute, 0, 59, "minute")?, after);
            }
            Part::Second | Part::ZeroSecond => {
                let (second, mut after) = number(value, part == Part::ZeroSecond)?;
                self.second = in_range(second, 0, 59, "second")?;
                // A fraction is taken though the layout has none.
                let follows = next(layout);
                let has = matches!(follows.1, Some(Part::FractionZero(_) | Part::FractionNine(_)));
                let length = fraction_length(after);
                if length > 0 && !has {
                    (self.nano, after) = fraction(after, length)?;
                }
                rest = after;
            }
            Part::UpperNoon | Part::LowerNoon => {
                let (am, pm) = if part == Part::UpperNoon { ("AM", "PM") } else { ("am", "pm") };
                let word = value.get(..2).ok_or(Bad::Form)?;
                if word != am && word != pm {
                    return Err(Bad::Form);
                }
                self.afternoon = Some(word == pm);
                rest = &value[2..];
            }
            Part::Offset(style) => {
                if let Some(after) = value.strip_prefix('Z').filter(|_| style.zulu) {
                    self.utc = true;
                    rest = after;
                } else {
                    let (offset, after) = offset(value, style)?;
                    (self.offset, rest) = (Some(offset), after);
                }
            }
            Part::Zone => {
                if let Some(after) = value.strip_prefix("UTC") {
                    self.utc = true;
                    rest = after;
                } else {
                    let length = zone_length(value).ok_or(Bad::Form)?;
                    value[..length].clone_into(&mut self.zone);
                    rest = &value[length..];
                }
            }
            Part::FractionZero(digits) => {
                let (nano, after) = fraction(value, digits + 1)?;
                (self.nano, rest) = (nano, after);
            }
            Part::FractionNine(_) => match fraction_length(value) {
                0 => rest = value,
                length => {
                    let (nano, after) = fraction(value, length)?;
                    (self.nano, rest) = (nano, after);
                }
            },
        }
        Ok(rest)
    }

    fn time(mut self) -> Result<Time, &'static str> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (mut month, mut day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if let Some(of_year) = self.year_day {
            let first = day_of(self.year, 1, 1);
            if of_year < 1 || of_year > day_of(self.year + 1, 1, 1) - first {
                return Err("day-of-year out of range");
            }
            let (_, m, d) = date_of(first + of_year - 1);
            if self.month.is_some_and(|month| month != m) {
                return Err("day-of-year does not match month");
            }
            if self.day.is_some_and(|day| day != d) {
                return Err("day-of-year does not match day");
            }
            (month, day) = (m, d);
        }
        if day < 1 || day > days_in(self.year, month) {
            return Err("day out of range");
        }
        let of_day = self.hour * 3600 + self.minute * 60 + self.second;
        let seconds = day_of(self.year, month, day) * 86_400 + of_day;
        let at = |offset: i64, zone: Zone| Time {
            nanos: i128::from(seconds - offset) * 1_000_000_000 + i128::from(self.nano),
            zone,
        };
        if self.utc {
            return Ok(at(0, Zone::Utc));
        }
        if let Some(offset) = self.offset {
            let named = matches!(self.zone.as_str(), "" | "UTC");
            let zone = if offset == 0 && named {
                Zone::Local
            } else {
                Zone::Fixed(offset, self.zone.as_str().into())
            };
            return Ok(at(offset, zone));
        }
        if !self.zone.is_empty() {
            let hours = self.zone.strip_prefix("GMT").and_then(|h| h.parse::<i64>().ok());
            let offset = hours.unwrap_or(0) * 3600;
            // A zone of unknown offset: the clock is taken for UTC's.
            return Ok(at(0, Zone::Fixed(offset, self.zone.as_str().into())));
        }
        Ok(at(0, Zone::Local))
    }
}

fn offset(value: &str, style: Offset) -> Read<'_, i64> {
    let sign = match value.bytes().next() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(Bad::Form),
    };
    let mut rest = &value[1..];
    let mut part = |wanted: bool, first: bool| {
        if !wanted {
            return Ok(0);
        }
        if style.colon && !first {
            rest = rest.strip_prefix(':').ok_or(Bad::Form)?;
        }
        let (n, after) = number(rest, true)?;
        rest = after;
        Ok(n)
    };
    let hours = part(true, true)?;
    let minutes = part(style.minutes, false)?;
    let seconds = part(style.seconds, false)?;
    if hours > 24 {
        return Err(Bad::Range("time zone offset hour"));
    }
    if minutes > 60 {
        return Err(Bad::Range("time zone offset minute"));
    }
    if seconds > 60 {
        return Err(Bad::Range("time zone offset second"));
    }
    Ok((sign * (hours * 3600 + minutes * 60 + seconds), rest))
}

/// How long the abbreviation of a zone is that a text begins with.
fn zone_length(value: &str) -> Option<usize> {
    let signed = |text: &str| {
        let digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        let hours = text.get(1..=digits).and_then(|d| d.parse::<u32>().ok());
        if text.starts_with(['+', '-']) && hours.is_some_and(|h| h <= 23) { digits + 1 } else { 0 }
    };
    if value.len() < 3 {
        return None;
    }
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed(rest));
    }
    if value.starts_with(['+', '-']) {
        return Some(signed(value)).filter(|n| *n > 0);
    }
    match value.bytes().take(6).take_while(u8::is_ascii_uppercase).count() {
        5 if value.as_bytes()[4] == b'T' => Some(5),
        4 if value.as_bytes()[3] == b'T' || value.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}
