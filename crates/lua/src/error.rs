//! Why a script gave nothing, in the words that its author knows from Argo CD.

use std::time::Duration;

/// A script that could not be run, or whose result is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not Lua, or it failed while it ran. Begins with `<string>:LINE:`.
    #[error("{0}")]
    Script(String),
    /// It ran for too long.
    #[error(
        "<string>: context deadline exceeded: the script ran for longer than {0:?}; is there a loop without an end?"
    )]
    Time(Duration),
    /// It took too much memory.
    #[error("<string>: not enough memory: the script may take {0} bytes")]
    Memory(usize),
    /// It returned something of another type.
    #[error("expect table output from Lua script, not {0}")]
    ReturnType(&'static str),
    /// It returned a table that has no JSON form.
    #[error("cannot read the result of the Lua script: {0}")]
    Result(String),
    /// An action returned an object that cannot be used.
    #[error("the action returned no object that can be applied: {0}")]
    Object(String),
    /// An action asked for an operation that there is not.
    #[error("unsupported operation: {0}")]
    Operation(String),
}

/// Words of C Lua as those of the Lua that Argo CD runs.
pub(crate) fn translate(text: &str, script: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    let text = text.strip_prefix("runtime error: ").unwrap_or(text);
    let text = text.strip_prefix("syntax error: ").unwrap_or(text);
    let Some((place, words)) = split_place(text) else { return text.to_owned() };
    let line = place
        .trim_start_matches("<string>:")
        .trim_end_matches(':')
        .parse::<usize>()
        .ok()
        .and_then(|number| script.lines().nth(number.saturating_sub(1)))
        .unwrap_or_default();
    format!("{place} {}", words_of(words, line))
}

fn split_place(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("<string>:")?;
    let end = rest.find(':')?;
    rest[..end].parse::<usize>().ok()?;
    let split = "<string>:".len() + end + 1;
    Some((&text[..split], text[split..].trim_start()))
}

fn words_of(words: &str, line: &str) -> String {
    if let Some(rest) = words.strip_prefix("attempt to index ") {
        let kind = between(rest, "(a ", " value)").or_else(|| between(rest, "a ", " value"));
        let kind = kind.unwrap_or("nil");
        let key = between(rest, "'", "'").and_then(|name| key_after(line, name));
        return match key {
            Some(key) => format!("attempt to index a non-table object({kind}) with key '{key}'"),
            None => format!("attempt to index a non-table object({kind})"),
        };
    }
    if words.starts_with("attempt to call ") {
        return "attempt to call a non-function object".to_owned();
    }
    if let Some(rest) = words.strip_prefix("attempt to compare two ") {
        let kind = rest.trim_end_matches(" values");
        return format!("attempt to compare {kind} with {kind}");
    }
    if let Some(rest) = words.strip_prefix("bad argument ")
        && let Some(name) = between(rest, " to '", "'")
    {
        return words.replace(&format!("'{name}'"), name);
    }
    words.to_owned()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

/// The one key that the line takes from `name`.
fn key_after<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut keys = line.match_indices(name).filter_map(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = line[at + name.len()..].strip_prefix(['.', ':'])?;
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        (!before.is_some_and(is_word) && end > 0).then(|| &rest[..end])
    });
    let first = keys.next()?;
    keys.all(|key| key == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_authors_know() {
        for (script, text, expected) in [
            (
                "local a = 1\nreturn obj.a.b",
                "<string>:2: attempt to index field 'a' (a nil value)",
                "<string>:2: attempt to index a non-table object(nil) with key 'b'",
            ),
            (
                "return ('x'):upper()",
                "<string>:1: attempt to index a string value",
                "<string>:1: attempt to index a non-table object(string)",
            ),
            (
                "foo()",
                "<string>:1: attempt to call global 'foo' (a nil value)",
                "<string>:1: attempt to call a non-function object",
            ),
            (
                "ipairs()",
                "<string>:1: bad argument #1 to 'ipairs' (table expected, got no value)",
                "<string>:1: bad argument #1 to ipairs (table expected, got no value)",
            ),
            ("error('boom')", "<string>:1: boom", "<string>:1: boom"),
            ("", "no place", "no place"),
        ] {
            assert_eq!(translate(text, script), expected);
        }
    }
}
