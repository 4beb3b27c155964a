//! References: `host[:port]/path[:tag][@digest]`.

use std::fmt;

use crate::Error;

/// What a registry has, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host, and port if it is not the scheme's own.
    pub registry: String,
    /// Path of the repository.
    pub repository: String,
    /// The tag, if any.
    pub tag: Option<String>,
    /// The digest, if any; it wins over the tag.
    pub digest: Option<String>,
}

impl Reference {
    /// From text; `oci://` before it is taken off.
    ///
    /// # Errors
    /// [`Error::Reference`] for what no registry can have.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Reference(format!("{text:?}: {why}"));
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (registry, path) =
            rest.split_once('/').ok_or_else(|| wrong("missing registry or repository"))?;
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (path, None),
        };
        if registry.is_empty() || registry.contains(['@', '?', '#', ' ', '\\']) {
            return Err(wrong("invalid registry"));
        }
        if !is_repository(repository) {
            return Err(wrong("invalid repository"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("invalid tag"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("invalid digest"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(ToOwned::to_owned),
            digest: digest.map(ToOwned::to_owned),
        })
    }

    /// The same repository at a tag.
    pub fn at_tag(&self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }

    /// What names the manifest: the digest, else the tag, else `latest`.
    pub fn name(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or("latest")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// The distribution specification's grammar of names.
fn is_repository(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 255
        && text.split('/').all(|part| {
            part.starts_with(is_word)
                && part.ends_with(is_word)
                && part.chars().all(|c| is_word(c) || matches!(c, '.' | '_' | '-'))
                && !part.contains("..")
                && !part.contains("___")
                && !part.contains("._")
                && !part.contains("_.")
        })
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hash)) = text.split_once(':') else { return false };
    let hex = hash.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    match algorithm {
        "sha256" => hex && hash.len() == 64,
        "sha512" => hex && hash.len() == 128,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_refused() {
        let good = |text: &str, registry: &str, repository: &str, name: &str| {
            let found = Reference::parse(text).unwrap();
            let parts = (found.registry.as_str(), found.repository.as_str(), found.name());
            assert_eq!(parts, (registry, repository, name), "{text}");
        };
        let hash = format!("sha256:{}", "a".repeat(64));
        good("oci://host:5000/a/b:1.2.3", "host:5000", "a/b", "1.2.3");
        good("host/a", "host", "a", "latest");
        good(&format!("host/a:1@{hash}"), "host", "a", &hash);
        good("[::1]:5000/a-b/c__d.e", "[::1]:5000", "a-b/c__d.e", "latest");
        for bad in [
            "",
            "host",
            "host/",
            "/a",
            "host/A",
            "host/a:",
            "host/a:b+c",
            "host/../a",
            "host/a@x",
            "host/a@sha256:12",
            "u@host/a",
            "host/a//b",
            "host/a?x=y",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }
}
