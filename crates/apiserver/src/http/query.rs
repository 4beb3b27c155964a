//! Options in the query string.

use crate::status::{FieldError, FieldErrorKind, Status};
use windlass_object::go;

/// A decoded query string.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `a=b&c=d`.
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (unescape(key), unescape(value))
                })
                .collect(),
        )
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The value of a key, empty if there is none.
    pub fn str(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// A boolean as the server reads it: present without a value is true, `0` and `false` are not.
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.get(key).map(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// An integer; what is none is a 400.
    pub fn int(&self, key: &str) -> Result<Option<i64>, Status> {
        match self.get(key) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                Status::bad_request(format!(
                    "strconv.ParseInt: parsing {}: invalid syntax",
                    go::quote(text)
                ))
            }),
        }
    }
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' => match text.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    at += 2;
                }
                None => out.push(b'%'),
            },
            byte => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How unknown and duplicate fields are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Dropped.
    Ignore,
    /// Dropped with a warning.
    #[default]
    Warn,
    /// Refused.
    Strict,
}

/// Options of a write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Everything but the write.
    pub dry_run: bool,
    /// The manager that the client names; empty for none.
    pub field_manager: String,
    /// What unknown fields get.
    pub field_validation: FieldValidation,
    /// Whether an apply takes fields from others.
    pub force: bool,
}

/// Which options a write takes, for the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// POST
    Create,
    /// PUT
    Update,
    /// PATCH
    Patch,
    /// PATCH of the apply type
    Apply,
}

/// Longest name of a field manager.
const MAX_MANAGER: usize = 128;

impl WriteOptions {
    /// Reads and checks the options.
    pub fn parse(query: &Query, kind: WriteKind) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let field_manager = query.str("fieldManager").to_owned();
        let force = query.bool("force");
        match kind {
            WriteKind::Apply if field_manager.is_empty() => errors.push(FieldError::new(
                FieldErrorKind::Required,
                "fieldManager",
                "is required for apply patch",
            )),
            WriteKind::Patch if force.is_some() => errors.push(FieldError::new(
                FieldErrorKind::Forbidden,
                "force",
                "may not be specified for non-apply patch",
            )),
            _ => {}
        }
        if field_manager.len() > MAX_MANAGER {
            errors.push(FieldError::new(
                FieldErrorKind::TooLong,
                "fieldManager",
                format!("may not be more than {MAX_MANAGER} bytes"),
            ));
        }
        if let Some(at) = field_manager.chars().position(char::is_control) {
            errors.push(FieldError::with_value(
                FieldErrorKind::Invalid,
                "fieldManager",
                field_manager.clone(),
                format!("should only contain printable characters (first bad one at {at})"),
            ));
        }
        let dry_run = dry_run(query, &mut errors);
        let field_validation = match query.str("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                errors.push(FieldError::with_value(
                    FieldErrorKind::NotSupported,
                    "fieldValidation",
                    other,
                    "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                ));
                FieldValidation::Warn
            }
        };
        if errors.is_empty() {
            let force = force.unwrap_or_default();
            return Ok(Self { dry_run, field_manager, field_validation, force });
        }
        let options = match kind {
            WriteKind::Create => "CreateOptions",
            WriteKind::Update => "UpdateOptions",
            WriteKind::Patch | WriteKind::Apply => "PatchOptions",
        };
        Err(Status::invalid("meta.k8s.io", options, "", &errors))
    }
}

/// `dryRun=All`; anything else is an error.
pub(crate) fn dry_run(query: &Query, errors: &mut Vec<FieldError>) -> bool {
    check_dry_run(query.all("dryRun"), errors)
}

/// The values of `dryRun`, from a query or a body.
pub(crate) fn check_dry_run<'a>(
    values: impl Iterator<Item = &'a str>,
    errors: &mut Vec<FieldError>,
) -> bool {
    let values: Vec<&str> = values.collect();
    if values.iter().any(|value| *value != "All") {
        errors.push(FieldError::with_value(
            FieldErrorKind::NotSupported,
            "dryRun",
            serde_json::json!(values),
            "supported values: \"All\"",
        ));
    }
    !values.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let check = |query: &str, kind, expected: Result<(bool, &str), &str>| {
            let found = WriteOptions::parse(&Query::parse(Some(query)), kind);
            let found = found.map(|o| (o.dry_run, o.field_manager)).map_err(|e| e.message);
            let expected = expected.map(|(d, m)| (d, m.to_owned())).map_err(str::to_owned);
            assert_eq!(found, expected, "{query}");
        };
        check("dryRun=All&fieldManager=a%2Fb", WriteKind::Create, Ok((true, "a/b")));
        check(
            "dryRun=No",
            WriteKind::Create,
            Err(
                "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"No\"]: supported values: \"All\"",
            ),
        );
        check(
            "",
            WriteKind::Apply,
            Err(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ),
        );
        check(
            "force=true",
            WriteKind::Patch,
            Err(
                "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
            ),
        );
    }
}
