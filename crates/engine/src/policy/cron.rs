//! Schedules of sync windows: five fields of cron, exactly as Argo CD's library takes them. It reads
//! less than most (no `@daily`, no `7` for Sunday, no `L`), and takes `*/2` for a restriction: a day
//! is meant if it fits the day of the month or that of the week, unless one of the two is `*`.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// For how many years an occurrence is looked for.
const YEARS: i16 = 5;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

/// The values of a field, one bit each, and whether it was written as `*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Field {
    bits: u64,
    star: bool,
}

impl Schedule {
    /// Reads the five fields; none if they cannot be read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        Some(Self {
            minute: Field::parse(minute, 0, 59, &[])?,
            hour: Field::parse(hour, 0, 23, &[])?,
            day: Field::parse(day, 1, 31, &[])?,
            month: Field::parse(month, 1, 12, &MONTHS)?,
            weekday: Field::parse(weekday, 0, 6, &DAYS)?,
        })
    }

    /// The first minute after this second in which it occurs, by the wall clock; none if there is none
    /// within five years.
    pub(super) fn next(&self, after: DateTime) -> Option<DateTime> {
        let from =
            after.date().at(after.hour(), after.minute(), 0, 0).checked_add(1.minute()).ok()?;
        let mut date = from.date();
        let (mut hour, mut minute) = (from.hour(), from.minute());
        while date.year() <= after.year().saturating_add(YEARS) {
            if self.month.has(date.month()) && self.has_day(date) {
                let rest =
                    (minute..60).find(|m| self.minute.has(*m)).filter(|_| self.hour.has(hour));
                if let Some(minute) = rest {
                    return Some(date.at(hour, minute, 0, 0));
                }
                let later = (hour + 1..24).find(|h| self.hour.has(*h));
                if let Some((hour, minute)) = later.zip((0..60).find(|m| self.minute.has(*m))) {
                    return Some(date.at(hour, minute, 0, 0));
                }
            }
            date = date.tomorrow().ok()?;
            (hour, minute) = (0, 0);
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().to_sunday_zero_offset());
        if self.day.star || self.weekday.star { day && weekday } else { day || weekday }
    }
}

impl Field {
    fn parse(text: &str, min: u32, max: u32, names: &[&str]) -> Option<Self> {
        let mut field = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let part = Self::range(part, min, max, names)?;
            field.bits |= part.bits;
            field.star |= part.star;
        }
        Some(field)
    }

    /// `*`, `5`, `1-5`, each with `/STEP`; `5/10` goes on to the end.
    fn range(text: &str, min: u32, max: u32, names: &[&str]) -> Option<Self> {
        let (range, step) = match text.split_once('/') {
            None => (text, 1),
            Some((range, step)) => (range, number(step)?),
        };
        let value = |text: &str| {
            let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            match named.and_then(|at| u32::try_from(at).ok()) {
                Some(at) => Some(at + min),
                None => number(text),
            }
        };
        let (low, high) = range.split_once('-').map_or((range, None), |(l, h)| (l, Some(h)));
        let star = matches!(low, "*" | "?");
        let (start, end) = match high {
            _ if star => (min, max),
            None if text.contains('/') => (value(low)?, max),
            None => (value(low)?, value(low)?),
            Some(high) => (value(low)?, value(high)?),
        };
        if start < min || end > max || start > end || step == 0 {
            return None;
        }
        let steps = (start..=end).step_by(usize::try_from(step).ok()?);
        Some(Self { bits: steps.fold(0, |bits, at| bits | 1 << at), star: star && step == 1 })
    }

    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & 1 << value != 0)
    }
}

fn number(text: &str) -> Option<u32> {
    text.strip_prefix('+').unwrap_or(text).parse().ok().filter(|_| !text.starts_with("++"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, after: &str, expected: &str) {
        let told = match Schedule::parse(schedule) {
            None => "unreadable".to_owned(),
            Some(read) => {
                let next = read.next(after.parse().unwrap());
                next.map_or("never".to_owned(), |next| next.to_string())
            }
        };
        assert_eq!(told, expected, "{schedule} after {after}");
    }

    #[test]
    fn occurrences() {
        let thursday = "2026-01-01T10:00:00";
        check("* * * * *", thursday, "2026-01-01T10:01:00");
        check("* * * * *", "2026-01-01T09:59:59.9", "2026-01-01T10:00:00");
        check("0 10 * * *", thursday, "2026-01-02T10:00:00");
        check("*/15 9-17 * * mon-fri", thursday, "2026-01-01T10:15:00");
        check("30/10 * * * *", thursday, "2026-01-01T10:30:00");
        check("5,1 23 * * *", thursday, "2026-01-01T23:01:00");
        check("0 0 13 * FRI", thursday, "2026-01-02T00:00:00");
        check("0 0 13 * *", thursday, "2026-01-13T00:00:00");
        check("0 0 */2 * 1", thursday, "2026-01-03T00:00:00");
        check("0 0 ? DEC ?", thursday, "2026-12-01T00:00:00");
        check("0 0 29 2 *", thursday, "2028-02-29T00:00:00");
        check("0 0 30 2 *", thursday, "never");
        check("59 23 31 12 *", "2026-12-31T23:59:00", "2027-12-31T23:59:00");
    }

    #[test]
    fn what_is_no_schedule() {
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "1-2-3 * * * *",
            "*/2/2 * * * *",
            "x * * * *",
            "* * L * *",
            "-1 * * * *",
            "* * * * mon-",
            "/ * * * *",
        ] {
            check(bad, "2026-01-01T10:00:00", "unreadable");
        }
    }
}
