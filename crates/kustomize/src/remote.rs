//! Addresses of remote bases, as kustomize takes them apart.

use crate::error::{Error, Result};

/// A directory in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoSpec {
    /// As it stands in the kustomization.
    pub raw: String,
    /// The repository's address, as `git clone` takes it.
    pub repository: String,
    /// Branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// The directory in it.
    pub path: String,
}

impl RepoSpec {
    /// From an address.
    ///
    /// # Errors
    /// If it is none; most often a local path then.
    pub fn parse(raw: &str) -> Result<Self> {
        if raw.starts_with('/') {
            return Err(Error::told(format!("uri looks like abs path: {raw}")));
        }
        let (address, query) = raw.split_once('?').unwrap_or((raw, ""));
        let (host, rest) = host(address)?;
        let (repository, path) = split_path(&rest, host.starts_with("file://"))?;
        Ok(Self {
            raw: raw.to_owned(),
            repository: format!("{host}{repository}"),
            reference: reference(query),
            path,
        })
    }

    /// Whether the address leaves no doubt that it names a repository and not a file.
    pub fn is_certain(&self) -> bool {
        let (address, query) = self.raw.split_once('?').unwrap_or((&self.raw, ""));
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        !is_http(address)
            || rest.contains("//")
            || rest.contains(".git/")
            || rest.ends_with(".git")
            || rest.contains("_git/")
            || query.contains("ref=")
            || query.contains("version=")
    }
}

/// Whether a path is the address of a file.
pub(crate) fn is_http(path: &str) -> bool {
    let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The revision that a query asks for. Its other fields, `timeout` and `submodules`, have no
/// meaning here: fetching has bounds of its own, and submodules are read when they are asked for.
fn reference(query: &str) -> String {
    let get = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescape(value)).unwrap_or_default()
    };
    match get("ref") {
        none if none.is_empty() => get("version"),
        reference => reference,
    }
}

fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'+' => out.push(b' '),
            b'%' => {
                let pair: Vec<u8> = bytes.clone().take(2).collect();
                match hex::decode(&pair) {
                    Ok(byte) if byte.len() == 1 => {
                        out.extend(byte);
                        bytes.nth(1);
                    }
                    _ => out.push(b),
                }
            }
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn strip_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Scheme, user and host together, and the rest.
fn host(address: &str) -> Result<(String, String)> {
    let mut rest = strip_ignoring_case(address, "git::").unwrap_or(address);
    let mut scheme = "";
    for known in ["ssh://", "https://", "http://", "file://"] {
        if let Some(behind) = strip_ignoring_case(rest, known) {
            scheme = known;
            rest = behind;
            break;
        }
    }
    let mut user = "";
    if let Some((name, behind)) = rest.split_once('@') {
        let mut chars = name.chars();
        let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
        if first && chars.all(|c| c.is_ascii_alphanumeric() || c == '-') {
            user = &rest[..=name.len()];
            rest = behind;
        }
    }
    let github = strip_ignoring_case(rest, "github.com")
        .is_some_and(|behind| behind.starts_with('/') || behind.starts_with(':'));
    let scp = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !scp {
        return Err(Error::told("failed to parse scheme"));
    }
    if scheme == "file://" {
        return Ok((scheme.to_owned(), format!("{user}{rest}")));
    }
    let slash = rest.find('/');
    let colon = rest.find(':').filter(|colon| scp && *colon > 0);
    let end = match (slash, colon) {
        (Some(slash), Some(colon)) => Some(slash.min(colon)),
        (None, _) if scp => rest.find(':'),
        (slash, _) => slash,
    };
    let (host, behind) = end.map_or((rest, ""), |end| rest.split_at(end + 1));
    if github {
        let ssh = scheme == "ssh://" || !user.is_empty();
        let host =
            if ssh { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Ok((host, behind.to_owned()));
    }
    if host.is_empty() {
        return Err(Error::told("failed to parse host segment"));
    }
    Ok((format!("{scheme}{user}{host}"), behind.to_owned()))
}

/// The repository's part of a path, and the directory in it.
fn split_path(path: &str, whole: bool) -> Result<(String, String)> {
    let none = || Error::told("failed to parse repo path segment");
    let (repository, directory) = if let Some(at) = path.find("_git/") {
        let start = at + "_git/".len();
        let (name, rest) = path[start..].split_once('/').unwrap_or((&path[start..], ""));
        (format!("{}{name}", &path[..start]), rest.to_owned())
    } else if let Some((repository, directory)) = path.split_once("//") {
        (repository.to_owned(), directory.to_owned())
    } else if let Some(at) = path.find(".git") {
        let end = at + ".git".len();
        (path[..end].to_owned(), path[end..].to_owned())
    } else if whole {
        (path.to_owned(), String::new())
    } else {
        let mut parts = path.splitn(3, '/');
        let (owner, name) = (parts.next().unwrap_or(""), parts.next().ok_or_else(none)?);
        (format!("{owner}/{name}"), parts.next().unwrap_or("").to_owned())
    };
    if repository.is_empty() {
        return Err(none());
    }
    let directory = directory.strip_prefix('/').unwrap_or(&directory).to_owned();
    if windlass_tree::TreePath::new(directory.trim_start_matches('/')).is_err() {
        return Err(Error::told(format!("url path exits repo: {path}")));
    }
    Ok((repository, directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, address: &str, path: &str, reference: &str) {
        let spec = RepoSpec::parse(raw).unwrap();
        assert_eq!(
            (spec.repository.as_str(), spec.path.as_str(), spec.reference.as_str()),
            (address, path, reference),
            "{raw}"
        );
    }

    #[test]
    fn every_form_of_address() {
        check("github.com/o/r", "https://github.com/o/r", "", "");
        check("https://github.com/o/r/a/b?ref=v1", "https://github.com/o/r", "a/b", "v1");
        check("https://github.com/o/r//a/b?version=v1", "https://github.com/o/r", "a/b", "v1");
        check("github.com/o/r.git/a?ref=x&timeout=61", "https://github.com/o/r.git", "a", "x");
        check("git@github.com:o/r.git//a", "git@github.com:o/r.git", "a", "");
        check("ssh://git@github.com/o/r/a", "git@github.com:o/r", "a", "");
        check("git::https://example.com/o/r.git?ref=v2", "https://example.com/o/r.git", "", "v2");
        check("git@example.com:o/r/p", "git@example.com:o/r", "p", "");
        check(
            "https://dev.azure.com/o/p/_git/r/a/b?ref=main",
            "https://dev.azure.com/o/p/_git/r",
            "a/b",
            "main",
        );
        check("file:///srv/r.git/a", "file:///srv/r.git", "a", "");
        check("file:///srv/r//a", "file:///srv/r", "a", "");
        check("ssh://git@host:22/o/r//a", "ssh://git@host:22/o/r", "a", "");
    }

    #[test]
    fn local_paths_are_none() {
        for path in ["../base", "base", "/abs", "a.git/b", "https://example.com/o", "o/r//a"] {
            assert!(RepoSpec::parse(path).is_err(), "{path}");
        }
        assert!(RepoSpec::parse("https://github.com/o/r//../x").is_err());
    }
}
