//! Argo CD's build environment, and its substitution in options.

use std::cell::Cell;
use std::collections::BTreeMap;

/// Variables of one render. Those that tell the revision are noted when they are used: a render
/// that did not use them holds for other revisions too.
#[derive(Debug)]
pub struct Environment<'a> {
    variables: &'a BTreeMap<String, String>,
    revision: &'a str,
    used_revision: Cell<bool>,
}

impl<'a> Environment<'a> {
    /// Of a render of `revision`.
    pub fn new(variables: &'a BTreeMap<String, String>, revision: &'a str) -> Self {
        Self { variables, revision, used_revision: Cell::new(false) }
    }

    /// The revision, if a variable that tells it was used.
    pub fn used_revision(&self) -> Option<String> {
        self.used_revision.get().then(|| self.revision.to_owned())
    }

    fn value(&self, name: &str) -> &str {
        let revision = |length: usize| {
            self.used_revision.set(true);
            self.revision.get(..length).unwrap_or(self.revision)
        };
        match name {
            "$" => "$",
            "ARGOCD_APP_REVISION" => revision(self.revision.len()),
            "ARGOCD_APP_REVISION_SHORT" => revision(7),
            "ARGOCD_APP_REVISION_SHORT_8" => revision(8),
            _ => self.variables.get(name).map_or("", String::as_str),
        }
    }

    /// Replaces `$name` and `${name}`; `$$` is a dollar sign, an unknown name is nothing. Odd text is
    /// read as Go's `os.Expand` reads it.
    pub fn substitute(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, width) = name_at(after);
            if width == 0 && after.is_empty() {
                // A dollar sign at the end stays.
                out.push('$');
            } else if name.is_empty() {
                // `${}` and its like vanish; a dollar sign before anything else stays.
                if width == 0 {
                    out.push('$');
                }
            } else {
                out.push_str(self.value(name));
            }
            rest = &after[width..];
        }
        out.push_str(rest);
        out
    }
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9')
}

/// The name behind a dollar sign, and how many bytes it takes with its braces.
fn name_at(text: &str) -> (&str, usize) {
    let bytes = text.as_bytes();
    match bytes.first() {
        None => ("", 0),
        Some(b'{') => {
            if bytes.len() > 2 && is_special(bytes[1]) && bytes[2] == b'}' {
                return (&text[1..2], 3);
            }
            match text.find('}') {
                Some(1) => ("", 2),
                Some(end) => (&text[1..end], end + 1),
                None => ("", 1),
            }
        }
        Some(first) if is_special(*first) => (&text[..1], 1),
        Some(_) => {
            let end = bytes
                .iter()
                .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
                .unwrap_or(bytes.len());
            (&text[..end], end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutes_as_go_does() {
        let variables = [("ARGOCD_APP_NAME".to_owned(), "web".to_owned())].into();
        let check = |text: &str, wanted: &str, uses_revision: bool| {
            let environment = Environment::new(&variables, "0123456789abcdef");
            assert_eq!(environment.substitute(text), wanted, "{text}");
            assert_eq!(environment.used_revision().is_some(), uses_revision, "{text}");
        };
        check("plain", "plain", false);
        check("$ARGOCD_APP_NAME-x", "web-x", false);
        check("a${ARGOCD_APP_NAME}b", "awebb", false);
        check("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME", false);
        check(
            "${ARGOCD_APP_REVISION_SHORT}/$ARGOCD_APP_REVISION_SHORT_8",
            "0123456/01234567",
            true,
        );
        check("$NOPE.", ".", false);
        check("5$ $", "5$ $", false);
        check("${}x${open", "xopen", false);
        check("$1a ü$ü", "a ü$ü", false);
    }
}
