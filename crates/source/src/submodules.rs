//! `.gitmodules`: which repositories stand where in a tree.

use crate::SourceError;
use crate::address::{self, Address};

/// A repository within a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submodule {
    /// Where it stands.
    pub(crate) path: String,
    /// Its address, no longer relative.
    pub(crate) url: String,
}

/// The submodules that `text` names, seen from the repository at `parent`. One without a path or
/// address, and one with `update = none`, is left out: Git leaves it empty, too.
///
/// # Errors
/// [`SourceError::IncompleteTree`] if the text cannot be read or an address leads to the local disk
/// from a repository that is not itself there.
pub(crate) fn parse(text: &str, parent: &str) -> Result<Vec<Submodule>, SourceError> {
    let wrong = |why: String| SourceError::IncompleteTree {
        url: address::sanitize(parent),
        path: ".gitmodules".to_owned(),
        why,
    };
    let file = gix::config::File::try_from(text).map_err(|e| wrong(e.to_string()))?;
    let mut out: Vec<Submodule> = Vec::new();
    for section in file.sections_by_name("submodule").into_iter().flatten() {
        let value = |key: &str| section.value(key).map(|v| v.to_string());
        let (Some(path), Some(url)) = (value("path"), value("url")) else { continue };
        if value("update").as_deref() == Some("none") {
            continue;
        }
        let url = absolute(parent, &url);
        let local = matches!(Address::parse(&url)?, Address::File { .. });
        if local && !matches!(Address::parse(parent)?, Address::File { .. }) {
            return Err(wrong(format!("submodule {path} points at the local disk")));
        }
        let path = path.trim_matches('/').to_owned();
        // Of two sections for one path the later one counts, as in Git.
        out.retain(|s| s.path != path);
        out.push(Submodule { path, url });
    }
    Ok(out)
}

/// A relative address from the parent's: each `..` takes its last part away.
fn absolute(parent: &str, url: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let mut base = parent.trim_end_matches('/').to_owned();
    let mut rest = url;
    loop {
        if let Some(more) = rest.strip_prefix("./") {
            rest = more;
        } else if let Some(more) = rest.strip_prefix("../") {
            let cut = base.rfind('/').or_else(|| base.rfind(':')).unwrap_or(0);
            let colon = base.as_bytes().get(cut) == Some(&b':');
            base.truncate(if colon { cut + 1 } else { cut });
            rest = more;
        } else {
            break;
        }
    }
    if base.ends_with(':') { format!("{base}{rest}") } else { format!("{base}/{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_addresses_absolute() {
        for (parent, url, want) in [
            ("https://h/a/b.git", "../c.git", "https://h/a/c.git"),
            ("https://h/a/b.git", "../../x/c", "https://h/x/c"),
            ("https://h/a/b", "./c", "https://h/a/b/c"),
            ("git@h:a/b.git", "../c.git", "git@h:a/c.git"),
            ("git@h:b.git", "../c.git", "git@h:c.git"),
            ("https://h/a/b", "https://o/c", "https://o/c"),
            ("/srv/a", "../b", "/srv/b"),
        ] {
            assert_eq!(absolute(parent, url), want, "{parent} {url}");
        }
    }

    #[test]
    fn parses() {
        let text = "[submodule \"x\"]\n\tpath = lib/x\n\turl = ../x.git\n[submodule \"none\"]\n\
                    \tpath = n\n\turl = ../n\n\tupdate = none\n[submodule \"half\"]\n\tpath = h\n";
        let got = parse(text, "https://h/a/b.git").unwrap();
        assert_eq!(got, [Submodule { path: "lib/x".into(), url: "https://h/a/x.git".into() }]);
        let local = "[submodule \"x\"]\n\tpath = x\n\turl = /etc/secret\n";
        let error = parse(local, "https://h/a/b.git").unwrap_err().to_string();
        assert!(error.contains("local disk"), "{error}");
        assert!(parse(local, "/srv/a").is_ok());
        assert!(parse("[broken", "https://h/a").is_err());
    }
}
