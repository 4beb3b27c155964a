//! Go's layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` written as wanted.

/// A part of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperNoon,
    LowerNoon,
    Zone,
    /// A numeric offset.
    Offset(Offset),
    /// So many digits of a fraction, all of them.
    FractionZero(usize),
    /// So many digits of a fraction, without zeroes at the end.
    FractionNine(usize),
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether UTC is `Z`.
    pub(super) zulu: bool,
    pub(super) colon: bool,
    /// Whether minutes are written.
    pub(super) minutes: bool,
    /// Whether seconds are written.
    pub(super) seconds: bool,
}

/// The first part of a layout: what stands before it, it, and the rest.
pub(super) fn next(layout: &str) -> (&str, Option<Part>, &str) {
    for (at, _) in layout.char_indices() {
        if let Some((part, length)) = part_at(layout, at) {
            return (&layout[..at], Some(part), &layout[at + length..]);
        }
    }
    (layout, None, "")
}

fn part_at(layout: &str, at: usize) -> Option<(Part, usize)> {
    let rest = &layout[at..];
    let lower_follows =
        |length: usize| rest[length..].starts_with(|c: char| c.is_ascii_lowercase());
    let words: &[(&str, Part)] = match rest.as_bytes().first()? {
        b'J' if rest.starts_with("Jan") => {
            if rest.starts_with("January") {
                return Some((Part::LongMonth, 7));
            }
            return (!lower_follows(3)).then_some((Part::Month, 3));
        }
        b'M' if rest.starts_with("Mon") => {
            if rest.starts_with("Monday") {
                return Some((Part::LongWeekDay, 6));
            }
            return (!lower_follows(3)).then_some((Part::WeekDay, 3));
        }
        b'M' => &[("MST", Part::Zone)],
        b'0' => &[
            ("002", Part::ZeroYearDay),
            ("01", Part::ZeroMonth),
            ("02", Part::ZeroDay),
            ("03", Part::ZeroHour12),
            ("04", Part::ZeroMinute),
            ("05", Part::ZeroSecond),
            ("06", Part::Year),
        ],
        b'1' => &[("15", Part::Hour), ("1", Part::NumberMonth)],
        b'2' => &[("2006", Part::LongYear), ("2", Part::Day)],
        b'_' => {
            if rest.starts_with("_2006") {
                // The blank is literal.
                return None;
            }
            &[("__2", Part::UnderYearDay), ("_2", Part::UnderDay)]
        }
        b'3' => &[("3", Part::Hour12)],
        b'4' => &[("4", Part::Minute)],
        b'5' => &[("5", Part::Second)],
        b'P' => &[("PM", Part::UpperNoon)],
        b'p' => &[("pm", Part::LowerNoon)],
        b'-' | b'Z' => return offset(rest),
        b'.' | b',' => {
            let digit = rest.as_bytes().get(1).copied().filter(|d| matches!(d, b'0' | b'9'))?;
            let count = rest.bytes().skip(1).take_while(|b| *b == digit).count();
            if rest.as_bytes().get(1 + count).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let part =
                if digit == b'0' { Part::FractionZero(count) } else { Part::FractionNine(count) };
            return Some((part, 1 + count));
        }
        _ => return None,
    };
    words.iter().find(|(word, _)| rest.starts_with(word)).map(|(word, part)| (*part, word.len()))
}

fn offset(rest: &str) -> Option<(Part, usize)> {
    let zulu = rest.starts_with('Z');
    for (digits, colon, minutes, seconds) in [
        ("070000", false, true, true),
        ("07:00:00", true, true, true),
        ("0700", false, true, false),
        ("07:00", true, true, false),
        ("07", false, false, false),
    ] {
        if rest[1..].starts_with(digits) {
            return Some((
                Part::Offset(Offset { zulu, colon, minutes, seconds }),
                1 + digits.len(),
            ));
        }
    }
    None
}
