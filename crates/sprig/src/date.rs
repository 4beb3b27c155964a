//! Times and durations.
//!
//! A time is an instant and the zone it is shown in. The machine's own zone is UTC here, so that a
//! rendering does not depend on where it runs.

mod civil;
mod duration;
mod format;
mod layout;
mod object;
mod parse;

use windlass_gotemplate::{CallError, Type, Value};

use crate::table::{Table, int, string, text};

pub(crate) use duration::Duration;
pub(crate) use object::{DURATION, MONTH, Time, WEEKDAY};

use Type::{Any, String as Str};

const SECOND: i128 = 1_000_000_000;
const TIME: Type = Type::Object("time.Time");

pub(crate) fn add(t: &mut Table, now: i128) {
    t.put(&["now"], &[], move |_| Ok(Time::local(now).value()));
    t.put(&["date"], &[Str, Any], move |a| {
        string(time_of(&a[1], now).shown_in("Local").format(&text(&a[0])))
    });
    t.put(&["dateInZone", "date_in_zone"], &[Str, Any, Str], move |a| {
        string(time_of(&a[1], now).shown_in(&text(&a[2])).format(&text(&a[0])))
    });
    t.put(&["htmlDate"], &[Any], move |a| {
        string(time_of(&a[0], now).shown_in("Local").format("2006-01-02"))
    });
    t.put(&["htmlDateInZone"], &[Any, Str], move |a| {
        string(time_of(&a[0], now).shown_in(&text(&a[1])).format("2006-01-02"))
    });
    t.put(&["dateModify", "date_modify"], &[Str, TIME], |a| {
        Ok(moved(&a[0], &a[1]).unwrap_or_else(|_| a[1].clone()))
    });
    t.put(&["mustDateModify", "must_date_modify"], &[Str, TIME], |a| moved(&a[0], &a[1]));
    t.put(&["ago"], &[Any], move |a| {
        let at = match &a[0] {
            Value::Int(n) | Value::Int64(n) => i128::from(*n) * SECOND,
            other => Time::of(other).map_or(now, |t| t.nanos),
        };
        string(Duration::saturating(now - at).rounded(1_000_000_000).to_string())
    });
    t.put(&["duration"], &[Any], |a| {
        let seconds = match &a[0] {
            // Out of range gives the nearest, as ParseInt's ignored error does.
            Value::String(s) => decimal(s),
            Value::Int64(n) => *n,
            _ => 0,
        };
        string(Duration(seconds.wrapping_mul(1_000_000_000)).to_string())
    });
    t.put(&["durationRound"], &[Any], move |a| {
        let length = match &a[0] {
            Value::String(s) => Duration::parse(s).unwrap_or(Duration(0)),
            Value::Int64(n) => Duration(*n),
            other => Time::of(other).map_or(Duration(0), |t| Duration::saturating(now - t.nanos)),
        };
        string(length.coarse())
    });
    t.put(&["toDate"], &[Str, Str], |a| {
        let time = parse::parse(&text(&a[0]), &text(&a[1])).unwrap_or_else(|_| Time::zero());
        Ok(time.value())
    });
    t.put(&["mustToDate"], &[Str, Str], |a| Ok(parse::parse(&text(&a[0]), &text(&a[1]))?.value()));
    t.put(&["unixEpoch"], &[TIME], |a| {
        let nanos = Time::of(&a[0]).map_or(0, |t| t.nanos);
        string(nanos.div_euclid(SECOND).to_string())
    });
    duration::add(t);
}

/// Seconds since 1970 or a time; anything else is now.
fn time_of(value: &Value, now: i128) -> Time {
    match value {
        Value::Int(_) | Value::Int64(_) => Time::local(i128::from(int(value)) * SECOND),
        other => Time::of(other).cloned().unwrap_or_else(|| Time::local(now)),
    }
}

fn moved(by: &Value, time: &Value) -> Result<Value, CallError> {
    let by = Duration::parse(&text(by))?;
    let time = Time::of(time).cloned().unwrap_or_else(Time::zero);
    Ok(Time { nanos: time.nanos + i128::from(by.0), ..time }.value())
}

/// A text in quotes, as Go's `time` shows it in errors: byte by byte beyond ASCII.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if !c.is_ascii() || c < ' ' {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
            continue;
        }
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn decimal(text: &str) -> i64 {
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}
