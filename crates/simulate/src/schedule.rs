//! Cron schedules.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How far ahead a next time is looked for: leap days come within eight years.
const HORIZON_DAYS: usize = 8 * 366;

/// A parsed schedule: minute, hour, day of month, month, day of week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// With both given, either day will do.
    either_day: bool,
    zone: TimeZone,
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Parses a schedule as CronJobs have it, in a named time zone or UTC.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("{text:?} has {} fields, not five", fields.len()));
        };
        let zone = match zone {
            Some(name) => TimeZone::get(name).map_err(|error| error.to_string())?,
            None => TimeZone::UTC,
        };
        let weekday_bits = field(weekdays, 0, 7, WEEKDAYS, 0)?;
        Ok(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 0)?,
            months: field(months, 1, 12, MONTHS, 1)?,
            weekdays: weekday_bits | (weekday_bits >> 7),
            either_day: !is_any(days) && !is_any(weekdays),
            zone,
        })
    }

    /// The first time after `from`; nothing when there is none within eight years.
    pub(crate) fn next(&self, from: Timestamp) -> Option<Timestamp> {
        let start = from.to_zoned(self.zone.clone()).datetime();
        let mut day = start.date();
        for _ in 0..HORIZON_DAYS {
            if self.has_day(day.at(0, 0, 0, 0)) {
                for minute in 0..24 * 60 {
                    let (hour, minute) = (minute / 60, minute % 60);
                    if self.hours >> hour & 1 == 0 || self.minutes >> minute & 1 == 0 {
                        continue;
                    }
                    let hour = i8::try_from(hour).ok()?;
                    let time = day.at(hour, i8::try_from(minute).ok()?, 0, 0);
                    let time = time.to_zoned(self.zone.clone()).ok()?.timestamp();
                    if time > from {
                        return Some(time);
                    }
                }
            }
            day = day.checked_add(Span::new().days(1)).ok()?;
        }
        None
    }

    fn has_day(&self, at: DateTime) -> bool {
        let bit = |bits: u64, number: i8| bits >> number & 1 == 1;
        let day = bit(self.days, at.day());
        let weekday = bit(self.weekdays, at.weekday().since(Weekday::Sunday));
        bit(self.months, at.month())
            && if self.either_day { day || weekday } else { day && weekday }
    }
}

fn is_any(field: &str) -> bool {
    field.starts_with('*') || field == "?"
}

/// A list of `*`, `n`, `n-m`, each with `/step`, as bits.
fn field(text: &str, least: u32, most: u32, names: &[&str], base: u32) -> Result<u64, String> {
    let number = |word: &str| -> Result<u32, String> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(word));
        let found = match named {
            Some(index) => u32::try_from(index).ok().map(|index| index + base),
            None => word.parse().ok(),
        };
        found
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("{word:?} is not between {least} and {most}"))
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step = step.parse().ok().filter(|step| *step > 0);
                (range, Some(step.ok_or_else(|| format!("{part:?} has no step above zero"))?))
            }
            None => (part, None),
        };
        let (start, end) = if range == "*" || range == "?" {
            (least, most)
        } else if let Some((start, end)) = range.split_once('-') {
            (number(start)?, number(end)?)
        } else {
            let start = number(range)?;
            (start, if step.is_some() { most } else { start })
        };
        if start > end {
            return Err(format!("{range:?} ends before it begins"));
        }
        for number in (start..=end).step_by(step.unwrap_or(1)) {
            bits |= 1 << number;
        }
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Schedule;

    fn check(text: &str, zone: Option<&str>, from: &str, expected: &str) {
        let from: Timestamp = from.parse().unwrap();
        let next = Schedule::parse(text, zone).unwrap().next(from).unwrap();
        assert_eq!(next.to_string(), expected, "{text}");
    }

    #[test]
    fn next_times() {
        check("*/15 * * * *", None, "2026-01-01T00:01:00Z", "2026-01-01T00:15:00Z");
        check("0 0 * * *", None, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        check("@monthly", None, "2026-01-15T00:00:00Z", "2026-02-01T00:00:00Z");
        check("0 9 * * mon-fri", None, "2026-01-02T10:00:00Z", "2026-01-05T09:00:00Z");
        check("0 9 13 * 5", None, "2026-01-03T10:00:00Z", "2026-01-09T09:00:00Z");
        check("0 0 * * 7", None, "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z");
        check("0 0 29 feb *", None, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z");
        check("0 9 * * *", Some("Europe/Berlin"), "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("* * * *", "4 fields"),
            ("60 * * * *", "not between 0 and 59"),
            ("*/0 * * * *", "no step above zero"),
            ("5-1 * * * *", "ends before it begins"),
        ] {
            let error = Schedule::parse(text, None).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(Schedule::parse("* * * * *", Some("Nowhere/Town")).is_err());
    }
}
