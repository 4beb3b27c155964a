//! Sync windows of a project: when its applications may be synced.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use windlass_tree::glob_matches;

use super::cron::Schedule;
use super::parse_duration;

/// A window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Whether it denies; else it allows.
    pub deny: bool,
    /// When it opens: five fields of cron.
    pub schedule: String,
    /// How long it is open, as Go writes durations.
    pub duration: String,
    /// The time zone of the schedule; empty, or one that there is not, is UTC.
    pub time_zone: String,
    /// Names of applications, globs.
    pub applications: Vec<String>,
    /// Destination namespaces, globs.
    pub namespaces: Vec<String>,
    /// Destination clusters by name or address, globs.
    pub clusters: Vec<String>,
    /// Whether a person may sync in spite of it.
    pub manual_sync: bool,
    /// Whether all that is listed must match, not any of it.
    pub and_operator: bool,
    /// Whether an operation that began when it might goes on.
    pub sync_overrun: bool,
}

/// The application, as windows see it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// Destination namespace.
    pub namespace: &'a str,
    /// Destination by name, as its spec has it.
    pub cluster: &'a str,
    /// Destination by address, as its spec has it.
    pub server: &'a str,
}

/// Why a window cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    /// The schedule.
    #[error("cannot parse schedule '{text}': {}", misread(text))]
    Schedule {
        /// As it is written.
        text: String,
    },
    /// The duration.
    #[error("cannot parse duration '{0}': say for example 1h30m")]
    Duration(String),
}

/// What is wrong with a schedule; the number of fields in the words of Argo CD's library.
fn misread(schedule: &str) -> String {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    match fields.len() {
        0 => "empty spec string".to_owned(),
        5 => "five fields are needed, such as \"0 22 * * *\"".to_owned(),
        count => format!("expected exactly 5 fields, found {count}: [{}]", fields.join(" ")),
    }
}

impl Window {
    /// Whether it is about the application.
    pub fn concerns(&self, app: Candidate<'_>) -> bool {
        let any =
            |patterns: &[String], text: &str| patterns.iter().any(|glob| glob_matches(glob, text));
        // The cluster is told by its name or by its address.
        let mut clusters = [app.cluster, app.server].into_iter().filter(|text| !text.is_empty());
        let found = [
            (!self.applications.is_empty(), any(&self.applications, app.name)),
            (!self.clusters.is_empty(), clusters.any(|text| any(&self.clusters, text))),
            (!self.namespaces.is_empty(), any(&self.namespaces, app.namespace)),
        ];
        let mut asked = found.iter().filter(|(listed, _)| *listed).peekable();
        if self.and_operator {
            asked.peek().is_some() && asked.all(|(_, matched)| *matched)
        } else {
            asked.any(|(_, matched)| *matched)
        }
    }

    /// Whether it is open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_open(&self, now: Timestamp) -> Result<bool, BadWindow> {
        let schedule = Schedule::parse(&self.schedule)
            .ok_or_else(|| BadWindow::Schedule { text: self.schedule.clone() })?;
        let bad = || BadWindow::Duration(self.duration.clone());
        let duration = parse_duration(&self.duration).map_err(|_| bad())?;
        // A zone that there is not is taken for UTC, as Argo CD does.
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        // Clocks that change during a window do not change its length: as Argo CD, by the wall.
        let now: DateTime = zone.to_datetime(now);
        let length = SignedDuration::try_from(duration).map_err(|_| bad())?;
        let begin = now.checked_sub(length).map_err(|_| bad())?;
        // One that never opens is always open to Argo CD, whose "never" is a time long ago.
        Ok(schedule.next(begin).is_none_or(|opened| opened < now))
    }
}

/// Whether the application may be synced now, by a person (`manual`) or by itself. An operation that
/// has `begun` goes on in spite of windows that all let it overrun, if it might begin then. A window
/// that cannot be read keeps everything from syncing, and is the error.
///
/// # Errors
/// Names the window that cannot be read.
pub fn may_sync(
    windows: &[Window],
    app: Candidate<'_>,
    manual: bool,
    now: Timestamp,
    begun: Option<Timestamp>,
) -> Result<bool, BadWindow> {
    let concerned: Vec<&Window> = windows.iter().filter(|window| window.concerns(app)).collect();
    let obstacles = obstacles(&concerned, now)?;
    if obstacles.is_empty() || manual && obstacles.iter().all(|window| window.manual_sync) {
        return Ok(true);
    }
    match begun {
        Some(begun) if obstacles.iter().all(|window| window.sync_overrun) => {
            may_sync(windows, app, manual, begun, None)
        }
        _ => Ok(false),
    }
}

/// The windows that stand in the way: those that are open and deny, or else, if none that allows is
/// open, all that allow.
fn obstacles<'a>(concerned: &[&'a Window], now: Timestamp) -> Result<Vec<&'a Window>, BadWindow> {
    let mut open = Vec::new();
    for window in concerned {
        if window.is_open(now)? {
            open.push(*window);
        }
    }
    let denying: Vec<&Window> = open.iter().copied().filter(|window| window.deny).collect();
    if !denying.is_empty() || open.iter().any(|window| !window.deny) {
        return Ok(denying);
    }
    Ok(concerned.iter().copied().filter(|window| !window.deny).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kind: &str, schedule: &str, duration: &str) -> Window {
        Window {
            deny: kind == "deny",
            schedule: schedule.into(),
            duration: duration.into(),
            applications: vec!["*".into()],
            ..Window::default()
        }
    }

    #[track_caller]
    fn check(windows: &[Window], time: &str, expected: (bool, bool)) {
        let app = Candidate { name: "app", namespace: "ns", cluster: "", server: "https://host" };
        let now: Timestamp = time.parse().unwrap();
        let may = |manual| may_sync(windows, app, manual, now, None).unwrap();
        assert_eq!((may(false), may(true)), expected, "{windows:?} at {time}");
    }

    #[test]
    fn open_and_shut() {
        let nightly = window("allow", "0 22 * * *", "2h");
        check(std::slice::from_ref(&nightly), "2026-01-01T23:00:00Z", (true, true));
        check(std::slice::from_ref(&nightly), "2026-01-01T12:00:00Z", (false, false));
        check(
            &[Window { manual_sync: true, ..nightly.clone() }],
            "2026-01-01T12:00:00Z",
            (false, true),
        );
        check(
            &[Window { time_zone: "Asia/Tokyo".into(), ..nightly.clone() }],
            "2026-01-01T13:30:00Z",
            (true, true),
        );
        let deny = window("deny", "* * * * *", "1h");
        check(&[nightly.clone(), deny.clone()], "2026-01-01T23:00:00Z", (false, false));
        check(
            &[nightly.clone(), Window { manual_sync: true, ..deny }],
            "2026-01-01T23:00:00Z",
            (false, true),
        );
        check(
            &[Window { applications: vec!["other".into()], ..nightly }],
            "2026-01-01T12:00:00Z",
            (true, true),
        );
    }

    #[test]
    fn what_has_begun_goes_on() {
        let app = Candidate { name: "app", namespace: "ns", cluster: "", server: "https://host" };
        let overrun = |window: Window| Window { sync_overrun: true, ..window };
        let (allow, deny) =
            (window("allow", "0 22 * * *", "2h"), window("deny", "0 23 * * *", "1h"));
        let check = |windows: &[Window], begun: &str, now: &str, expected: bool| {
            let at = |time: &str| format!("2026-01-01T{time}Z").parse().unwrap();
            let may = may_sync(windows, app, false, at(now), Some(at(begun))).unwrap();
            assert_eq!(may, expected, "{windows:?} from {begun} at {now}");
        };
        let (allowing, denying) = (overrun(allow.clone()), overrun(deny.clone()));
        check(std::slice::from_ref(&deny), "22:00:00", "23:30:00", false);
        check(std::slice::from_ref(&denying), "22:00:00", "23:30:00", true);
        check(std::slice::from_ref(&denying), "23:10:00", "23:30:00", false);
        check(std::slice::from_ref(&allow), "22:00:30", "21:00:00", false);
        check(std::slice::from_ref(&allowing), "22:00:30", "21:00:00", true);
        check(std::slice::from_ref(&allowing), "21:30:00", "21:00:00", false);
        check(&[allowing.clone(), allow.clone()], "22:00:30", "21:00:00", false);
        check(&[allowing.clone(), denying], "22:30:00", "23:30:00", true);
        check(&[allowing, deny], "22:30:00", "23:30:00", false);
    }

    #[test]
    fn what_is_listed_matches_by_any_or_all() {
        let app = Candidate { name: "app", namespace: "ns", cluster: "", server: "https://host" };
        let mut window = window("deny", "* * * * *", "1h");
        window.namespaces = vec!["other".into()];
        assert!(window.concerns(app));
        window.and_operator = true;
        assert!(!window.concerns(app));
        window.namespaces = vec!["n*".into()];
        window.clusters = vec!["https://*".into()];
        assert!(window.concerns(app));
        window.namespaces = vec!["{ns,other}".into()];
        assert!(window.concerns(app));
        window.namespaces = vec!["[!n]s".into()];
        assert!(!window.concerns(app));
        window.namespaces = vec!["*".into()];
        assert!(window.concerns(Candidate { namespace: "", ..app }));
    }

    #[test]
    fn a_window_that_cannot_be_read_is_said() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(window("deny", "bad", "1h").is_open(now).is_err());
        assert!(window("deny", "* * * * *", "long").is_open(now).is_err());
        let zone = Window { time_zone: "No/Where".into(), ..window("deny", "* * * * *", "1h") };
        assert_eq!(zone.is_open(now).ok(), Some(true));
        assert_eq!(window("deny", "0 0 30 2 *", "1h").is_open(now).ok(), Some(true));
    }
}
