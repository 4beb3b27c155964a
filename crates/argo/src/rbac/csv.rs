//! One line of CSV as Go reads it with leading blanks of fields trimmed.

/// The fields of a line.
pub(super) fn fields(line: &str) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let after = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = unquote(quoted)?;
                fields.push(field);
                after
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return Err("a quote within a field without quotes");
                }
                fields.push(field.to_owned());
                after
            }
        };
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// The field behind an opening quote, and what follows its closing one.
fn unquote(text: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quote is not closed");
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with(',') => return Ok((field, after)),
            None => return Err("something follows a closing quote"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Option<&[&str]>) {
        let got = fields(line).ok();
        assert_eq!(
            got.as_deref().map(|f| f.iter().map(String::as_str).collect()),
            want.map(Vec::from)
        );
    }

    #[test]
    fn reads_as_go() {
        check("p,  a , b", Some(&["p", "a ", "b"]));
        check("g, \"a, \"\"b\"\"\", c", Some(&["g", "a, \"b\"", "c"]));
        check("p,,", Some(&["p", "", ""]));
        check("p, \"a", None);
        check("p, \"a\"b", None);
        check("p, a\"b", None);
    }
}
