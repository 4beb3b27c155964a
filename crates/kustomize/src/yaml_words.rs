//! What go-yaml says of a text that is no YAML, where that is told from what our reader says.

use windlass_object::yaml::{Error, Problem};

const MERGE: &str = "map merge requires map or sequence of maps as the value";
const DUPLICATE: &str = "unmarshal errors:";

/// What kustomize says where it is not the reading of a file that fails, but what is made of it.
pub(crate) fn later(said: &str) -> Option<String> {
    if said.starts_with(DUPLICATE) {
        return Some(format!("map[string]interface {{}}(nil): yaml: {said}"));
    }
    (said == MERGE).then(|| said.to_owned())
}

/// The sentence behind `yaml: `, with the line where go-yaml names one.
pub(crate) fn said(text: &[u8], error: &Error) -> String {
    let line = error.at.line;
    let text = String::from_utf8_lossy(text);
    let rest: String = text
        .split_inclusive('\n')
        .skip(line.saturating_sub(1))
        .flat_map(str::chars)
        .skip(error.at.column.saturating_sub(1))
        .collect();
    let problem = error.problem.to_string();
    let at = |words: &str| format!("line {line}: {words}");
    match &error.problem {
        Problem::DuplicateKey { key, first } => format!(
            "{DUPLICATE}\n  line {line}: mapping key {key:?} already defined at line {}",
            first.line
        ),
        Problem::Merge => MERGE.to_owned(),
        Problem::Syntax(words) if words.ends_with("found unknown anchor") => {
            let name: String = rest
                .trim_start_matches('*')
                .chars()
                .take_while(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}'))
                .collect();
            format!("unknown anchor '{name}' referenced")
        }
        Problem::Syntax(words)
            if words.starts_with("unexpected character")
                || words.starts_with("tabs disallowed") =>
        {
            at("found character that cannot start any token")
        }
        Problem::Syntax(words)
            if words.starts_with("unclosed bracket") && rest[1..].trim().is_empty() =>
        {
            at("did not find expected node content")
        }
        _ => at(&problem),
    }
}
