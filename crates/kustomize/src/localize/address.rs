//! Where in a copy stands what an address named.

use windlass_tree::TreePath;

use super::LOCALIZED;
use crate::error::{Error, Result};
use crate::origin::clean;
use crate::remote::RepoSpec;

/// A file of the web: its host and path, without user, port and query.
pub(super) fn of_file(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    format!("{LOCALIZED}/{}/{}", host_name(host), inside(path))
}

/// A directory of a repository.
pub(super) fn of_root(spec: &RepoSpec, path: &TreePath) -> Result<String> {
    let address = &spec.repository;
    let (host, repository) = match address.split_once("://") {
        Some(("file", path)) => ("file-schemed".to_owned(), path),
        Some((_, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            (host_name(host), path)
        }
        None => {
            let (host, path) = address.split_once(':').ok_or_else(|| {
                Error::told(format!("unable to parse host of remote root {:?}", spec.raw))
            })?;
            (host_name(host), path)
        }
    };
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    let parts = [host, inside(repository), spec.reference.clone(), path.to_string()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(format!("{LOCALIZED}/{}", parts.join("/")))
}

/// Without user and port.
fn host_name(host: &str) -> String {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address.to_owned(),
        None => host.split(':').next().unwrap_or_default().to_owned(),
    }
}

/// The path, which cannot lead up.
fn inside(path: &str) -> String {
    let clean = clean(path);
    let mut rest = clean.as_str();
    while let Some(behind) = rest.strip_prefix("..") {
        rest = behind.trim_start_matches('/');
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths() {
        assert_eq!(
            of_file("https://u@h.io:8/a/../b%20c.yaml?x=y"),
            "localized-files/h.io/b%20c.yaml"
        );
        let root = |raw: &str, path: &str| {
            of_root(&RepoSpec::parse(raw).unwrap(), &TreePath::new(path).unwrap()).unwrap()
        };
        assert_eq!(
            root("https://github.com/o/r//a?ref=v1", "a"),
            "localized-files/github.com/o/r/v1/a"
        );
        assert_eq!(
            root("git@example.com:o/r.git?ref=v/2", ""),
            "localized-files/example.com/o/r/v/2"
        );
        assert_eq!(root("file:///srv/r.git?ref=x", ""), "localized-files/file-schemed/srv/r/x");
    }
}
