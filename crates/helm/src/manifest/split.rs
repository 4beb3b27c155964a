//! Cutting a text at its separators.

/// The documents of a text that are not blank: cut at `---` at the beginning of a line and the blanks
/// behind it, without the blanks before them.
pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start();
    let mut documents = Vec::new();
    let (mut from, mut at) = (0, 0);
    loop {
        if text[at..].starts_with("---") {
            documents.push(&text[from..at]);
            let rest = &text[at + 3..];
            from = at + 3 + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
            at = from;
        }
        match text[at..].find('\n') {
            Some(next) => at += next + 1,
            None => break,
        }
    }
    documents.push(&text[from..]);
    documents.into_iter().map(str::trim_start).filter(|d| !d.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(split(text).collect::<Vec<_>>(), want, "{text:?}");
    }

    #[test]
    fn as_helm() {
        check("", &[]);
        check("\n---\n", &[]);
        check("a: 1\n", &["a: 1\n"]);
        check("---\na: 1\n---\n\n  b: 2", &["a: 1\n", "b: 2"]);
        check("a: 1\n--- \t# c\nb", &["a: 1\n", "# c\nb"]);
        check("a: 1\n---b: 2", &["a: 1\n", "b: 2"]);
        check("a: |\n  ---\n", &["a: |\n  ---\n"]);
        check("------\na", &["---\na"]);
    }
}
