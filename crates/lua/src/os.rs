//! The part of `os` that a script may have: `time` and `date`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use mlua::{Lua, Table, Value as LuaValue};

/// `os` with what tells the time.
pub(crate) fn table(lua: &Lua) -> mlua::Result<Table> {
    let os = lua.create_table()?;
    os.set("time", lua.create_function(|_, parts: Option<Table>| time(parts.as_ref()))?)?;
    let date = lua.create_function(|lua, (format, seconds): (Option<String>, Option<f64>)| {
        date(lua, format.as_deref(), seconds)
    })?;
    os.set("date", date)?;
    Ok(os)
}

/// Seconds since 1970, of now or of a local date; months and the like may overflow.
fn time(parts: Option<&Table>) -> mlua::Result<i64> {
    let Some(parts) = parts else { return Ok(Timestamp::now().as_second()) };
    let part = |name: &str, default: i64| -> mlua::Result<i64> {
        #[allow(clippy::cast_possible_truncation)]
        Ok(match parts.raw_get::<LuaValue>(name)? {
            LuaValue::Number(number) => number as i64,
            LuaValue::Integer(number) => number,
            _ => default,
        })
    };
    let wrong = |error: jiff::Error| mlua::Error::runtime(error.to_string());
    let year = i16::try_from(part("year", -1)?).map_err(mlua::Error::external)?;
    let start = DateTime::new(year, 1, 1, 0, 0, 0, 0).map_err(wrong)?;
    let date = [
        Span::new().try_months(part("month", -1)? - 1),
        Span::new().try_days(part("day", -1)? - 1),
        Span::new().try_hours(part("hour", 12)?),
        Span::new().try_minutes(part("min", 0)?),
        Span::new().try_seconds(part("sec", 0)?),
    ]
    .into_iter()
    .try_fold(start, |date, span| date.checked_add(span?))
    .map_err(wrong)?;
    Ok(date.to_zoned(TimeZone::system()).map_err(wrong)?.timestamp().as_second())
}

fn date(lua: &Lua, format: Option<&str>, seconds: Option<f64>) -> mlua::Result<LuaValue> {
    let format = format.unwrap_or("%c");
    let (format, zone) = match format.strip_prefix('!') {
        Some(rest) => (rest, TimeZone::UTC),
        None => (format, TimeZone::system()),
    };
    #[allow(clippy::cast_possible_truncation)]
    let at = match seconds {
        Some(seconds) => Timestamp::from_second(seconds as i64).map_err(mlua::Error::external)?,
        None => Timestamp::now(),
    };
    let at = at.to_zoned(zone);
    if format.starts_with("*t") {
        let table = lua.create_table()?;
        let parts = [
            ("year", i64::from(at.year())),
            ("month", i64::from(at.month())),
            ("day", i64::from(at.day())),
            ("hour", i64::from(at.hour())),
            ("min", i64::from(at.minute())),
            ("sec", i64::from(at.second())),
            ("wday", i64::from(at.weekday().to_sunday_one_offset())),
            ("yday", 0),
        ];
        for (name, value) in parts {
            table.set(name, value)?;
        }
        table.set("isdst", false)?;
        return Ok(LuaValue::Table(table));
    }
    Ok(LuaValue::String(lua.create_string(text(&at, format))?))
}

fn text(at: &Zoned, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        let Some(flag) = chars.next() else { break };
        let pattern = match flag {
            'a' => "%a",
            'A' => "%A",
            'b' => "%b",
            'B' => "%B",
            'c' => "%d %b %y %H:%M %Z",
            'd' => "%d",
            'F' => "%Y-%m-%d",
            'H' => "%H",
            'I' => "%I",
            'm' => "%m",
            'M' => "%M",
            'p' => "%p",
            'P' => "%P",
            'S' => "%S",
            'w' => "%w",
            'x' => "%d/%m/%y",
            'X' => "%H:%M:%S",
            'y' => "%y",
            'Y' => "%Y",
            'z' => "%z",
            'Z' => "%Z",
            other => {
                out.push('%');
                out.push(other);
                continue;
            }
        };
        out.push_str(&at.strftime(pattern).to_string());
    }
    out
}
