//! `time.Time` as templates see it.

use std::any::Any;
use std::rc::Rc;

use jiff::tz::TimeZone;
use windlass_gotemplate::{Object, Value};

use super::civil::{DAYS, MONTHS, date_of, day_of};
use super::duration::Duration;

pub(crate) const DURATION: &str = "time.Duration";
pub(crate) const MONTH: &str = "time.Month";
pub(crate) const WEEKDAY: &str = "time.Weekday";

/// An instant and the zone it is shown in.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    /// Nanoseconds since 1970.
    pub(crate) nanos: i128,
    pub(crate) zone: Zone,
}

/// Where a time is shown.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    /// UTC.
    Utc,
    /// The machine's zone, which is UTC here: only formats that show a time's type tell them apart.
    Local,
    /// Seconds east, and a name, which may be empty.
    Fixed(i64, Box<str>),
    /// Of the zone database.
    Named(TimeZone),
}

/// A time taken apart.
pub(super) struct Clock {
    /// Year, month and day.
    pub(super) date: (i64, i64, i64),
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nano: i64,
}

impl Time {
    pub(crate) fn utc(nanos: i128) -> Self {
        Self { nanos, zone: Zone::Utc }
    }

    pub(crate) fn local(nanos: i128) -> Self {
        Self { nanos, zone: Zone::Local }
    }

    /// The year 1, Go's zero time.
    pub(crate) fn zero() -> Self {
        Self::utc(i128::from(day_of(1, 1, 1)) * 86_400_000_000_000)
    }

    /// The time that a text is in a layout.
    ///
    /// # Errors
    /// In Go's words.
    pub(crate) fn parse(layout: &str, text: &str) -> Result<Self, String> {
        super::parse::parse(layout, text)
    }

    /// The time that a value is.
    pub(crate) fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(o) => o.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// The same instant in a zone; in UTC if there is none of that name.
    pub(crate) fn shown_in(&self, zone: &str) -> Self {
        let zone = match zone {
            "" | "UTC" => Zone::Utc,
            "Local" => Zone::Local,
            name => TimeZone::get(name).map_or(Zone::Utc, Zone::Named),
        };
        Self { nanos: self.nanos, zone }
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.nanos.div_euclid(1_000_000_000)).unwrap_or_default()
    }

    /// Seconds east of UTC.
    pub(super) fn offset(&self) -> i64 {
        self.named().map_or(0, |(offset, _)| offset)
    }

    pub(super) fn zone_name(&self) -> String {
        let Some((offset, name)) = self.named() else { return "UTC".to_owned() };
        if !name.is_empty() {
            return name;
        }
        // Without a name, Go writes the offset.
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }

    fn named(&self) -> Option<(i64, String)> {
        match &self.zone {
            Zone::Utc | Zone::Local => None,
            Zone::Fixed(offset, name) => Some((*offset, name.to_string())),
            Zone::Named(zone) => {
                let at = jiff::Timestamp::from_second(self.seconds()).ok()?;
                let info = zone.to_offset_info(at);
                let name = info.abbreviation();
                let name = if name.starts_with(['+', '-']) { "" } else { name };
                let shown = if name.is_empty() { info.abbreviation() } else { name };
                Some((i64::from(info.offset().seconds()), shown.to_owned()))
            }
        }
    }

    fn local_seconds(&self) -> i64 {
        self.seconds() + self.offset()
    }

    pub(super) fn clock(&self) -> Clock {
        let local = self.local_seconds();
        let of_day = local.rem_euclid(86_400);
        Clock {
            date: date_of(local.div_euclid(86_400)),
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nano: i64::try_from(self.nanos.rem_euclid(1_000_000_000)).unwrap_or_default(),
        }
    }

    /// From 0 for Sunday.
    pub(super) fn week_day(&self) -> i64 {
        (self.local_seconds().div_euclid(86_400) + 4).rem_euclid(7)
    }

    /// From 1.
    pub(super) fn year_day(&self) -> i64 {
        let day = self.local_seconds().div_euclid(86_400);
        day - day_of(self.clock().date.0, 1, 1) + 1
    }

    fn marshalled(&self) -> String {
        self.format("2006-01-02T15:04:05.999999999Z07:00")
    }

    /// The call of Go that makes it.
    fn go_text(&self) -> String {
        let clock = self.clock();
        let (year, month, day) = clock.date;
        let month = usize::try_from(month - 1).ok().and_then(|m| MONTHS.get(m));
        let zone = match &self.zone {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Local => "time.Local".to_owned(),
            Zone::Fixed(_, name) => format!("time.Location({})", super::quote(name)),
            Zone::Named(zone) => {
                format!("time.Location({})", super::quote(zone.iana_name().unwrap_or_default()))
            }
        };
        format!(
            "time.Date({year}, time.{}, {day}, {}, {}, {}, {}, {zone})",
            month.copied().unwrap_or_default(),
            clock.hour,
            clock.minute,
            clock.second,
            clock.nano,
        )
    }

    fn is_zero(&self) -> bool {
        self.nanos == Self::zero().nanos
    }

    fn in_zone(&self, nanos: i128) -> Value {
        Self { nanos, zone: self.zone.clone() }.value()
    }
}

const METHODS: &[&str] = &[
    "Add",
    "AddDate",
    "After",
    "Before",
    "Compare",
    "Day",
    "Equal",
    "Format",
    "GoString",
    "Hour",
    "IsZero",
    "Local",
    "MarshalJSON",
    "MarshalText",
    "Minute",
    "Month",
    "Nanosecond",
    "Round",
    "Second",
    "String",
    "Sub",
    "Truncate",
    "UTC",
    "Unix",
    "UnixMicro",
    "UnixMilli",
    "UnixNano",
    "Weekday",
    "Year",
    "YearDay",
];

impl Object for Time {
    fn type_name(&self) -> &str {
        "time.Time"
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        METHODS.contains(&name)
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let clock = self.clock();
        let number = |n: i64| Ok(Value::Int(n));
        let whole = |by: i128| {
            Ok(Value::Int64(i64::try_from(self.nanos.div_euclid(by)).unwrap_or_default()))
        };
        let wrong = || {
            let given: Vec<String> = args.iter().map(Value::type_name).collect();
            format!("{name} of a time.Time cannot take ({})", given.join(", "))
        };
        match (name, args) {
            ("Year", []) => number(clock.date.0),
            ("Month", []) => {
                Ok(Value::Object(Rc::new(Named { number: clock.date.1, type_name: MONTH })))
            }
            ("Weekday", []) => {
                Ok(Value::Object(Rc::new(Named { number: self.week_day(), type_name: WEEKDAY })))
            }
            ("Day", []) => number(clock.date.2),
            ("Hour", []) => number(clock.hour),
            ("Minute", []) => number(clock.minute),
            ("Second", []) => number(clock.second),
            ("Nanosecond", []) => number(clock.nano),
            ("YearDay", []) => number(self.year_day()),
            ("Unix", []) => whole(1_000_000_000),
            ("UnixMilli", []) => whole(1_000_000),
            ("UnixMicro", []) => whole(1_000),
            ("UnixNano", []) => whole(1),
            ("IsZero", []) => Ok(Value::Bool(self.is_zero())),
            ("UTC", []) => Ok(Self::utc(self.nanos).value()),
            ("Local", []) => Ok(Self::local(self.nanos).value()),
            ("GoString", []) => Ok(Value::string(self.go_text())),
            ("MarshalText", []) => Ok(Value::Bytes(self.marshalled().as_bytes().into())),
            ("MarshalJSON", []) => {
                Ok(Value::Bytes(format!("\"{}\"", self.marshalled()).as_bytes().into()))
            }
            ("String", []) => Ok(Value::string(self.print())),
            ("Format", [layout]) => {
                Ok(Value::string(self.format(layout.as_str().ok_or_else(wrong)?)))
            }
            ("AddDate", [years, months, days]) => {
                let part = |v: &Value| match v {
                    Value::Int(n) => Ok(*n),
                    _ => Err(wrong()),
                };
                let (year, month, day) = clock.date;
                let date = day_of(year + part(years)?, month + part(months)?, day + part(days)?);
                let moved = date - self.local_seconds().div_euclid(86_400);
                Ok(self.in_zone(self.nanos + i128::from(moved) * 86_400_000_000_000))
            }
            ("Add" | "Truncate" | "Round", [by]) => {
                let by = i128::from(Duration::argument(by).ok_or_else(wrong)?.0);
                let rest = (self.nanos - Self::zero().nanos).rem_euclid(by.max(1));
                Ok(self.in_zone(match name {
                    "Add" => self.nanos + by,
                    _ if by <= 0 => self.nanos,
                    "Round" if rest * 2 >= by => self.nanos - rest + by,
                    _ => self.nanos - rest,
                }))
            }
            (_, [Value::Object(other)]) => {
                let Some(time) = other.as_any().downcast_ref::<Self>() else { return Err(wrong()) };
                match name {
                    "Sub" => Ok(Duration::saturating(self.nanos - time.nanos).value()),
                    "After" => Ok(Value::Bool(self.nanos > time.nanos)),
                    "Before" => Ok(Value::Bool(self.nanos < time.nanos)),
                    "Equal" => Ok(Value::Bool(self.nanos == time.nanos)),
                    "Compare" => number(self.nanos.cmp(&time.nanos) as i64),
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }

    fn print(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn go_string(&self) -> Option<String> {
        Some(self.go_text())
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let since_zero = self.nanos - Self::zero().nanos;
        let (seconds, nanos) =
            (since_zero.div_euclid(1_000_000_000), since_zero.rem_euclid(1_000_000_000));
        let utc = matches!(self.zone, Zone::Utc);
        Some(vec![
            ("wall", Value::Uint64(u64::try_from(nanos).unwrap_or_default())),
            ("ext", Value::Int64(i64::try_from(seconds).unwrap_or_default())),
            ("loc", Value::Object(Rc::new(Location { utc }))),
        ])
    }

    fn data(&self) -> Value {
        Value::string(self.marshalled())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `*time.Location`: nil for UTC.
#[derive(Debug)]
struct Location {
    utc: bool,
}

impl Object for Location {
    fn type_name(&self) -> &str {
        "*time.Location"
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn print(&self) -> String {
        String::new()
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(Vec::new())
    }

    fn is_nil(&self) -> bool {
        self.utc
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A month or a day of the week: a number that prints as its name.
#[derive(Debug)]
struct Named {
    number: i64,
    type_name: &'static str,
}

impl Object for Named {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        name == "String"
    }

    fn call(&self, _name: &str, _args: &[Value]) -> Result<Value, String> {
        Ok(Value::string(self.print()))
    }

    fn print(&self) -> String {
        let names: &[&str] = if self.type_name == MONTH { &MONTHS } else { &DAYS };
        let first = i64::from(self.type_name == MONTH);
        let name = usize::try_from(self.number - first).ok().and_then(|i| names.get(i));
        name.copied().unwrap_or_default().to_owned()
    }

    fn kind(&self) -> &'static str {
        "int"
    }

    fn integer(&self) -> Option<i64> {
        Some(self.number)
    }

    fn data(&self) -> Value {
        Value::Int(self.number)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
