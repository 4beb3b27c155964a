//! Where a template failed: Helm's text, made of Go's, and what Helm does not say.

mod advice;
mod text;

use windlass_gotemplate::{Cause, ExecError, ParseError, Value};

use crate::engine::{MARK_END, MARK_START};
use crate::error::Error;
use crate::scope::Scope;

/// Where a template failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// From the outermost to the innermost.
    pub frames: Vec<Frame>,
    /// What was wrong at the bottom.
    pub cause: String,
    /// The value that was missing, if that was it.
    pub missing: Option<Missing>,
    /// What else helps, one line each.
    pub notes: Vec<String>,
}

/// One template on the way to the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file: its path with its chart, or `gotpl` for a text of `tpl`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// The template's name.
    pub template: String,
    /// The expression.
    pub expression: String,
    /// The whole action that it stands in, where that is known; of what cannot be parsed, the line.
    pub action: Option<String>,
}

/// A value that a template wanted and did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its path below the top chart's values, as `--set` takes it.
    pub path: String,
    /// The `values.yaml` files where it could have a default.
    pub files: Vec<String>,
}

/// What a render is made of, to find where a value could be set and what was meant.
pub(crate) struct Source<'a> {
    charts: Vec<(String, String)>,
    values: &'a Value,
    /// The text of a template, by its path.
    text: &'a dyn Fn(&str) -> Option<&'a str>,
    /// All named templates, each with the file that defines it.
    definitions: &'a dyn Fn() -> Vec<(String, String)>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(
        scope: &Scope<'_>,
        values: &'a Value,
        text: &'a dyn Fn(&str) -> Option<&'a str>,
        definitions: &'a dyn Fn() -> Vec<(String, String)>,
    ) -> Self {
        let mut charts = Vec::new();
        list(scope, "", "", &mut charts);
        Self { charts, values, text, definitions }
    }

    /// The chart that a file is of: its path, and the prefix of its values.
    fn chart_of(&self, file: &str) -> Option<(&str, &str)> {
        let of = |chart: &str| file.strip_prefix(chart).is_some_and(|rest| rest.starts_with('/'));
        let found = self.charts.iter().find(|(chart, _)| of(chart));
        found.map(|(chart, prefix)| (&**chart, &**prefix))
    }
}

/// Each chart's path in the chart, and the prefix of its values.
fn list(scope: &Scope<'_>, parent: &str, prefix: &str, charts: &mut Vec<(String, String)>) {
    let root = parent.is_empty();
    let full =
        if root { scope.name().to_owned() } else { format!("{parent}/charts/{}", scope.name()) };
    let prefix = if root { String::new() } else { format!("{prefix}{}.", scope.name()) };
    for child in &scope.dependencies {
        list(child, &full, &prefix, charts);
    }
    // The deeper first, so that the first that fits a file is its own.
    charts.push((full, prefix));
}

impl Trace {
    /// In words, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (i, frame) in self.frames.iter().enumerate() {
            let via = if i == 0 { "at" } else { "in" };
            let Frame { file, line, column, expression, action, .. } = frame;
            out.push(match action {
                Some(action) => format!("{via} {file}:{line}:{column}: {action}"),
                None => format!("{via} {file}:{line}:{column}: {{{{ {expression} }}}}"),
            });
        }
        out.extend(self.notes.iter().cloned());
        if let Some(Missing { path, files }) = &self.missing {
            out.push(format!("{path} has no value: set it with --set {path}=…, or with -f"));
            for file in files {
                out.push(format!("its default belongs in {file}"));
            }
        }
        out
    }
}

/// A template that cannot be parsed, with its text and the functions that there are.
pub(crate) fn parse_error<'f>(
    file: &str,
    error: &ParseError,
    source: &str,
    functions: impl Iterator<Item = &'f str>,
) -> Error {
    let text = error.to_string();
    let tokens: Vec<&str> = text.split(": ").collect();
    let message = tokens.last().copied().unwrap_or_default();
    let location = tokens.get(1).copied().unwrap_or(file);
    let text = format!("parse error at ({location}): {message}");
    let (frame, notes) = advice::of_parse_error(error, source, functions);
    let cause = error.message.clone();
    let trace = Trace { frames: vec![frame], cause, missing: None, notes };
    Error::Template { text, trace: Box::new(trace) }
}

/// A template that failed while it ran.
pub(crate) fn exec_error(file: &str, error: &ExecError, source: &Source<'_>) -> Error {
    let text = helm_text(file, error);
    Error::Template { text, trace: Box::new(trace(error, source)) }
}

/// The text that Helm makes of Go's.
fn helm_text(file: &str, error: &ExecError) -> String {
    let whole = error.to_string();
    if !matches!(error, ExecError::At { .. }) {
        return whole;
    }
    let mut tokens = whole.splitn(3, ": ");
    let (_, Some(location), Some(rest)) = (tokens.next(), tokens.next(), tokens.next()) else {
        return format!("execution error in ({file}): {whole}");
    };
    if let Some(start) = rest.find(MARK_START)
        && let Some(end) = rest.rfind(MARK_END)
        && start + MARK_START.len() <= end
    {
        let message = &rest[start + MARK_START.len()..end];
        return format!("execution error at ({location}): {message}");
    }
    let mut parts: Vec<String> = Vec::new();
    let mut at = Some(error);
    while let Some(error) = at {
        let Some(part) = readable(&error.to_string()) else { return whole };
        if parts.last() != Some(&part) {
            parts.push(part);
        }
        at = match error {
            ExecError::At { cause: Cause::Nested { before, source, .. }, .. } => {
                if !before.is_empty() {
                    return whole;
                }
                Some(source)
            }
            // The function's own error is no template's, and Helm then leaves the text as it is.
            ExecError::At { cause: Cause::Call { .. }, .. } => return whole,
            _ => None,
        };
    }
    parts.concat().trim().to_owned()
}

/// One level of Go's text, in Helm's lines; `None` where it is not of the form that Helm reads.
fn readable(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let cut = |message: &str| message.split(" template:").next().unwrap_or(message).to_owned();
    if let Some((location, after)) = rest.split_once(": executing ")
        && let Some(after) = after.strip_prefix('"')
        && let Some((template, after)) = after.split_once('"')
        && let Some(after) = after.strip_prefix(" at <")
        && let Some((node, message)) = after.split_once(">: ")
    {
        let message = cut(message);
        let mut out = format!("{location}\n  executing \"{template}\" at <{node}>:\n    ");
        if !message.is_empty() {
            out.push_str(&message);
            out.push('\n');
        }
        return Some(out);
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(format!("{location}\n  {}\n", cut(message)))
}

fn trace(error: &ExecError, source: &Source<'_>) -> Trace {
    let mut out = Trace::default();
    let mut at = error;
    loop {
        match at {
            ExecError::At { location, template, node, cause } => {
                out.frames.push(frame(location, template, node, source));
                match cause {
                    Cause::Nested { source, .. } => at = source,
                    cause => {
                        out.cause = cause.to_string().replace(MARK_START, "").replace(MARK_END, "");
                        break;
                    }
                }
            }
            ExecError::Template(message) => {
                out.cause.clone_from(message);
                break;
            }
        }
    }
    advice::add(&mut out, source);
    out
}

/// Actions that are longer are not shown whole.
const SHOWN: usize = 160;

fn frame(location: &str, template: &str, node: &str, source: &Source<'_>) -> Frame {
    let mut parts = location.rsplitn(3, ':');
    let column: usize = parts.next().and_then(|c| c.parse().ok()).unwrap_or(0);
    let line = parts.next().and_then(|l| l.parse().ok()).unwrap_or(0);
    let file = parts.next().unwrap_or(location).to_owned();
    let (template, expression) = (template.to_owned(), node.to_owned());
    let column = column + 1;
    let text = (source.text)(&file);
    let action = text.and_then(|text| Some(&text[text::action_at(text, line, column)?]));
    let action = action.map(|action| format!("{{{{ {} }}}}", text::inner(action)));
    let action = action.map(|action| action.split_whitespace().collect::<Vec<_>>().join(" "));
    let action = action.filter(|action| action.len() <= SHOWN);
    Frame { file, line, column, template, expression, action }
}
