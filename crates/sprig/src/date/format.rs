//! `Time.Format`.

use std::fmt::Write as _;

use super::civil::{DAYS, MONTHS};
use super::layout::{Offset, Part, next};
use super::object::Time;

impl Time {
    /// The time in a layout.
    pub(crate) fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        let mut rest = layout;
        loop {
            let (before, part, after) = next(rest);
            out.push_str(before);
            let Some(part) = part else { return out };
            self.part(part, rest[before.len()..].starts_with(','), &mut out);
            rest = after;
        }
    }

    fn part(&self, part: Part, comma: bool, out: &mut String) {
        let clock = self.clock();
        let (year, month, day) = clock.date;
        let name = |all: &'static [&'static str], index: i64| {
            usize::try_from(index).ok().and_then(|i| all.get(i)).copied().unwrap_or_default()
        };
        let hour12 = if clock.hour % 12 == 0 { 12 } else { clock.hour % 12 };
        // Writing to a string cannot fail.
        let _ = match part {
            Part::LongMonth => write!(out, "{}", name(&MONTHS, month - 1)),
            Part::Month => write!(out, "{}", &name(&MONTHS, month - 1)[..3]),
            Part::NumberMonth => write!(out, "{month}"),
            Part::ZeroMonth => write!(out, "{month:02}"),
            Part::LongWeekDay => write!(out, "{}", name(&DAYS, self.week_day())),
            Part::WeekDay => write!(out, "{}", &name(&DAYS, self.week_day())[..3]),
            Part::Day => write!(out, "{day}"),
            Part::UnderDay => write!(out, "{day:2}"),
            Part::ZeroDay => write!(out, "{day:02}"),
            Part::UnderYearDay => write!(out, "{:3}", self.year_day()),
            Part::ZeroYearDay => write!(out, "{:03}", self.year_day()),
            Part::Hour => write!(out, "{:02}", clock.hour),
            Part::Hour12 => write!(out, "{hour12}"),
            Part::ZeroHour12 => write!(out, "{hour12:02}"),
            Part::Minute => write!(out, "{}", clock.minute),
            Part::ZeroMinute => write!(out, "{:02}", clock.minute),
            Part::Second => write!(out, "{}", clock.second),
            Part::ZeroSecond => write!(out, "{:02}", clock.second),
            Part::LongYear if year < 0 => write!(out, "-{:04}", -year),
            Part::LongYear => write!(out, "{year:04}"),
            Part::Year => write!(out, "{:02}", year.rem_euclid(100)),
            Part::UpperNoon => write!(out, "{}", if clock.hour >= 12 { "PM" } else { "AM" }),
            Part::LowerNoon => write!(out, "{}", if clock.hour >= 12 { "pm" } else { "am" }),
            Part::Zone => write!(out, "{}", self.zone_name()),
            Part::Offset(style) => write!(out, "{}", offset(self.offset(), style)),
            Part::FractionZero(digits) => {
                let nanos = format!("{:09}", clock.nano);
                let separator = if comma { ',' } else { '.' };
                write!(out, "{separator}{}", fraction(&nanos, digits))
            }
            Part::FractionNine(digits) => {
                let nanos = format!("{:09}", clock.nano);
                let shown = fraction(&nanos, digits);
                let shown = shown.trim_end_matches('0');
                let separator = if comma { "," } else { "." };
                write!(out, "{}{shown}", if shown.is_empty() { "" } else { separator })
            }
        };
    }
}

fn fraction(nanos: &str, digits: usize) -> String {
    format!("{:0<digits$}", &nanos[..digits.min(9)])
}

fn offset(seconds: i64, style: Offset) -> String {
    if style.zulu && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.abs();
    let colon = if style.colon { ":" } else { "" };
    let mut out = format!("{sign}{:02}", size / 3600);
    if style.minutes {
        let _ = write!(out, "{colon}{:02}", size / 60 % 60);
    }
    if style.seconds {
        let _ = write!(out, "{colon}{:02}", size % 60);
    }
    out
}
