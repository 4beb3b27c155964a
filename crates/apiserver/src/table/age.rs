//! Durations as people read them.

use jiff::Timestamp;
use serde_json::Value;

/// How long ago a time was: `5m30s`, `3d4h`.
pub(super) fn since(time: &str, now: Timestamp) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => human(now.duration_since(time).as_secs()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// [`since`] of a JSON value; what is no time is unknown.
pub(super) fn since_value(time: Option<&Value>, now: Timestamp) -> String {
    since(time.and_then(Value::as_str).unwrap_or_default(), now)
}

/// The time from one moment to another, or to now.
pub(super) fn between(from: &str, to: Option<&str>, now: Timestamp) -> String {
    let end = to.map_or(Some(now), |to| to.parse().ok());
    match (from.parse::<Timestamp>(), end) {
        (Ok(from), Some(to)) => human(to.duration_since(from).as_secs()),
        _ => "<unknown>".to_owned(),
    }
}

/// Seconds in at most two units, the finer one only while it matters.
pub(super) fn human(seconds: i64) -> String {
    let two = |whole: i64, unit: &str, rest: i64, finer: &str| match rest {
        0 => format!("{whole}{unit}"),
        rest => format!("{whole}{unit}{rest}{finer}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => two(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ if days < 2920 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn durations_lose_precision_as_they_grow() {
        let check = |seconds, text: &str| assert_eq!(human(seconds), text);
        check(-5, "<invalid>");
        check(-1, "0s");
        check(119, "119s");
        check(120, "2m");
        check(125, "2m5s");
        check(600, "10m");
        check(179 * 60, "179m");
        check(180 * 60, "3h");
        check(3 * 3600 + 600, "3h10m");
        check(8 * 3600 + 600, "8h");
        check(47 * 3600, "47h");
        check(50 * 3600, "2d2h");
        check(8 * 86400, "8d");
        check(730 * 86400, "2y");
        check(740 * 86400, "2y10d");
        check(2920 * 86400, "8y");
    }
}
