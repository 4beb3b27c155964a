//! Formats of strings, as custom resources may ask for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

/// Whether a text has a format. Formats that Kubernetes does not check are had by every text, and
/// so are the numbers of books and credit cards.
pub(super) fn is(format: &str, text: &str) -> bool {
    match format.replace('-', "").as_str() {
        "datetime" => is_date_time(text),
        "date" => is_date(text),
        "duration" => matches(&DURATION, text),
        "email" => matches(&EMAIL, text),
        "hostname" => text.len() <= 255 && matches(&HOSTNAME, text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => matches(&MAC, text),
        "uri" => matches(&URI, text),
        "uuid" => matches(&UUID, text),
        "uuid3" => matches(&UUID, text) && version(text) == Some('3'),
        "uuid4" => matches(&UUID, text) && version(text) == Some('4'),
        "uuid5" => matches(&UUID, text) && version(text) == Some('5'),
        "byte" => STANDARD.decode(text).is_ok(),
        "hexcolor" => matches(&HEX_COLOR, text),
        "k8sshortname" => text.len() <= 63 && matches(&SHORT_NAME, text),
        "k8slongname" => {
            text.len() <= 253 && text.split('.').all(|part| matches(&SHORT_NAME, part))
        }
        _ => true,
    }
}

struct Expression {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new() }
    }
}

static DURATION: Expression = Expression::new(
    r"(?i)^[+-]?(0|(\d+(\.\d*)?|\.\d+)\s*(ns|nanoseconds?|us|µs|μs|microseconds?|ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)(\s*(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h))*)$",
);
static EMAIL: Expression = Expression::new(r"^([^<>]* <)?[^\s@<>()]+@[^\s@<>()]+>?$");
static HOSTNAME: Expression = Expression::new(
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
);
static MAC: Expression = Expression::new(
    r"^(?i)([0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{2}([:-][0-9a-f]{2}){7}|[0-9a-f]{2}([:-][0-9a-f]{2}){19}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{4}(\.[0-9a-f]{4}){3})$",
);
static URI: Expression = Expression::new(r"^(/[^\s]*|[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]*)$");
static UUID: Expression =
    Expression::new(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$");
static HEX_COLOR: Expression = Expression::new(r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$");
static SHORT_NAME: Expression = Expression::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$");
static TIME: Expression =
    Expression::new(r"(?i)^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(.\d+)?(z|[+-]\d{2}:\d{2})$");

fn matches(expression: &Expression, text: &str) -> bool {
    let compiled = expression.compiled.get_or_init(|| Regex::new(expression.source).ok());
    compiled.as_ref().is_some_and(|regex| regex.is_match(text))
}

fn version(uuid: &str) -> Option<char> {
    uuid.chars().filter(|c| *c != '-').nth(12)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_date_time(text: &str) -> bool {
    text.split_once(['T', 't']).is_some_and(|(date, time)| is_date(date) && matches(&TIME, time))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| -> Option<u32> {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn formats() {
        for (format, good, bad) in [
            ("date-time", "2024-02-29T01:02:03.5+02:00", "2023-02-29T01:02:03Z"),
            ("date", "2024-12-31", "2024-13-01"),
            ("duration", "1h2m3.5s", "1"),
            ("email", "a@b.c", "a b@c"),
            ("uri", "http://a/b?c", "a b"),
            ("ipv4", "1.2.3.4", "1.2.3"),
            ("ipv6", "::1", "1.2.3.4"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:11:22:33:44:55", "00:11"),
            (
                "uuid4",
                "123e4567-e89b-42d3-a456-426614174000",
                "123e4567-e89b-12d3-a456-426614174000",
            ),
            ("byte", "aGk=", "aGk"),
            ("hostname", "a.example", "-a"),
        ] {
            assert!(is(format, good), "{format} {good}");
            assert!(!is(format, bad), "{format} {bad}");
        }
        assert!(is("anything", "else"));
    }
}
