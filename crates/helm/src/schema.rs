//! `values.schema.json`: each chart's values are checked, and all that is wrong is told at once, in
//! the words of the library that Helm checks with.

mod plain;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use boon::{CompileError, Compiler, ErrorKind, SchemaIndex, UrlLoader, ValidationError};
use serde_json::{Number, Value as Json};
use windlass_gotemplate::{Value, fmt};

use crate::error::Error;
use crate::scope::Scope;

/// Where Helm says that a chart's schema is.
const URL: &str = "file:///values.schema.json";

/// Schemas by URL, which others refer to. Nothing is fetched here: what was asked for and is not here
/// is noted, so that who can fetches it and checks again. A clone notes in the same place.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    known: Arc<BTreeMap<String, Result<Json, String>>>,
    lacking: Arc<Mutex<BTreeSet<String>>>,
}

impl Schemas {
    /// What is at a URL, or why it cannot be had.
    pub fn insert(&mut self, url: String, schema: Result<&[u8], String>) {
        let parsed = schema.and_then(|bytes| {
            serde_json::from_slice(bytes).map_err(|error| format!("{url}: {error}"))
        });
        Arc::make_mut(&mut self.known).insert(url, parsed);
    }

    /// How many are known, or known not to be had.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The URLs of the web that were asked for since the last call and are not here.
    pub fn lacking(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.lacking.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl UrlLoader for Schemas {
    fn load(&self, url: &str) -> Result<Json, Box<dyn std::error::Error>> {
        let why = match self.known.get(url) {
            Some(Ok(schema)) => return Ok(schema.clone()),
            Some(Err(why)) => why,
            // An unknown name allows everything, as in Helm.
            None if url.starts_with("urn:") => return Ok(Json::Bool(true)),
            None => {
                if url.starts_with("http://") || url.starts_with("https://") {
                    let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
                    lacking.insert(url.to_owned());
                }
                "it was not fetched"
            }
        };
        Err(format!("failing loading {}: {why}", fmt::quote(url)).into())
    }
}

/// Checks the values of a chart and its subcharts.
pub(crate) fn validate(scope: &Scope<'_>, values: &Value, known: &Schemas) -> Result<(), Error> {
    let mut text = String::new();
    check(scope, values, known, &mut text);
    if text.is_empty() { Ok(()) } else { Err(Error::Schema { text }) }
}

fn check(scope: &Scope<'_>, values: &Value, known: &Schemas, out: &mut String) {
    if let Some(schema) = &scope.chart.schema
        && let Err(problem) = against(schema, values, known)
    {
        let _ = write!(out, "{}:\n{problem}", scope.name());
    }
    let Value::Map(values) = values else { return };
    for child in &scope.dependencies {
        match values.get(child.name()) {
            None => {}
            Some(below @ Value::Map(_)) => check(child, &below, known, out),
            Some(other) if other.is_nil() => {}
            Some(other) => {
                let (name, found) = (child.name(), other.type_name());
                let _ = writeln!(
                    out,
                    "{name}:\ninvalid type for values: expected object (map), got {found}"
                );
            }
        }
    }
}

pub(crate) fn against(schema: &[u8], values: &Value, known: &Schemas) -> Result<(), String> {
    if plain::fits(schema, values) { Ok(()) } else { by_the_library(schema, values, known) }
}

fn by_the_library(schema: &[u8], values: &Value, known: &Schemas) -> Result<(), String> {
    let schema: Json = serde_json::from_slice(schema)
        .map_err(|e| if e.is_eof() { "unexpected EOF".to_owned() } else { e.to_string() })?;
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(known.clone()));
    let words = |error: CompileError| match error {
        CompileError::LoadUrlError { src, .. } => src.to_string(),
        error => format!("{error:#}"),
    };
    compiler.add_resource(URL, schema).map_err(words)?;
    let mut schemas = boon::Schemas::new();
    let index: SchemaIndex = compiler.compile(URL, &mut schemas).map_err(words)?;
    let values = to_json(values);
    schemas.validate(&values, index).map_err(|error| {
        let mut text = String::new();
        display(&error, 0, &mut text);
        text.push('\n');
        text
    })
}

/// Values as JSON: a float that is whole is an integer there.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) | Value::Int64(i) => Json::from(*i),
        Value::Float64(f) => number(*f),
        Value::String(s) => Json::from(&**s),
        Value::List(list) => list.items.iter().map(to_json).collect(),
        Value::Map(map) => {
            Json::Object(map.entries().iter().map(|(k, v)| (k.to_string(), to_json(v))).collect())
        }
        _ => Json::Null,
    }
}

fn number(f: f64) -> Json {
    // Exact: the bound is a power of two.
    #[allow(clippy::cast_possible_truncation)]
    if f.fract() == 0.0 && f.abs() < 9_223_372_036_854_775_808.0 {
        return Json::from(f as i64);
    }
    Number::from_f64(f).map_or(Json::Null, Json::Number)
}

fn display(error: &ValidationError<'_, '_>, indent: usize, out: &mut String) {
    let skip = matches!(error.kind, ErrorKind::Reference { .. }) && error.causes.len() == 1;
    let mut below = indent;
    if !skip {
        below += 1;
        // The outermost says only which schema it is, and Helm takes that away.
        if indent > 0 {
            if !out.is_empty() {
                out.push('\n');
            }
            for _ in 1..indent {
                out.push_str("  ");
            }
            let at = quote(&error.instance_location.to_string());
            let _ = write!(out, "- at {at}: {}", words(&error.kind));
        }
    }
    for cause in &error.causes {
        display(cause, below, out);
    }
}

fn quote(text: &str) -> String {
    let quoted = fmt::quote(text);
    let inner = quoted[1..quoted.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{inner}'")
}

fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| quote(n.as_ref())).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(s) => quote(s),
        Json::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// A number as English prints it.
fn count(n: &impl ToString) -> String {
    let digits = n.to_string();
    let (sign, rest) = digits.strip_prefix('-').map_or(("", &*digits), |r| ("-", r));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return digits;
    }
    let mut out = sign.to_owned();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    match fraction {
        Some("0") | None => out,
        Some(fraction) => format!("{out}.{fraction}"),
    }
}

fn words(kind: &ErrorKind<'_, '_>) -> String {
    let bound = |name: &str, got: String, want: String| format!("{name}: got {got}, want {want}");
    match kind {
        ErrorKind::Group | ErrorKind::Schema { .. } | ErrorKind::Reference { .. } => {
            "validation failed".to_owned()
        }
        ErrorKind::Not => "'not' failed".to_owned(),
        ErrorKind::AllOf => "'allOf' failed".to_owned(),
        ErrorKind::AnyOf => "'anyOf' failed".to_owned(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".to_owned(),
        ErrorKind::OneOf(Some((a, b))) => {
            format!("'oneOf' failed, subschemas {a}, {b} matched")
        }
        ErrorKind::FalseSchema => "false schema".to_owned(),
        ErrorKind::Type { got, want } => {
            let want: Vec<String> = want.iter().map(|t| t.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => {
            let plain = |v: &Json| !v.is_array() && !v.is_object();
            match want.as_slice() {
                [one] if plain(one) => format!("value must be {}", shown(one)),
                many if many.iter().all(plain) => {
                    let many: Vec<String> = many.iter().map(shown).collect();
                    format!("value must be one of {}", many.join(", "))
                }
                _ => "'enum' failed".to_owned(),
            }
        }
        ErrorKind::Const { want } if want.is_array() || want.is_object() => {
            "'const' failed".to_owned()
        }
        ErrorKind::Const { want } => format!("value must be {}", shown(want)),
        ErrorKind::Format { got, want, err } => {
            format!("{} is not valid {want}: {err}", shown(got))
        }
        ErrorKind::MinProperties { got, want } => bound("minProperties", count(&got), count(&want)),
        ErrorKind::MaxProperties { got, want } => bound("maxProperties", count(&got), count(&want)),
        ErrorKind::MinItems { got, want } => bound("minItems", count(&got), count(&want)),
        ErrorKind::MaxItems { got, want } => bound("maxItems", count(&got), count(&want)),
        ErrorKind::MinLength { got, want } => bound("minLength", count(&got), count(&want)),
        ErrorKind::MaxLength { got, want } => bound("maxLength", count(&got), count(&want)),
        ErrorKind::Minimum { got, want } => bound("minimum", count(&got), count(&want)),
        ErrorKind::Maximum { got, want } => bound("maximum", count(&got), count(&want)),
        ErrorKind::ExclusiveMinimum { got, want } => {
            bound("exclusiveMinimum", count(&got), count(&want))
        }
        ErrorKind::ExclusiveMaximum { got, want } => {
            bound("exclusiveMaximum", count(&got), count(&want))
        }
        ErrorKind::MultipleOf { got, want } => bound("multipleOf", count(&got), count(&want)),
        ErrorKind::AdditionalItems { got } => format!("last {got} additionalItem(s) not allowed"),
        ErrorKind::AdditionalProperties { got } => {
            format!("additional properties {} not allowed", quoted(got))
        }
        ErrorKind::Required { want } if want.len() == 1 => {
            format!("missing property {}", quote(want[0]))
        }
        ErrorKind::Required { want } => format!("missing properties {}", quoted(want)),
        ErrorKind::Dependency { prop, missing }
        | ErrorKind::DependentRequired { prop, missing } => {
            format!("properties {} required, if {} exists", quoted(missing), quote(prop))
        }
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quote(prop)),
        ErrorKind::UniqueItems { got: [a, b] } => format!("items at {a} and {b} are equal"),
        ErrorKind::Contains => "no items match contains schema".to_owned(),
        ErrorKind::Pattern { got, want } => {
            format!("{} does not match pattern {}", quote(got), quote(want))
        }
        other => other.to_string(),
    }
}
