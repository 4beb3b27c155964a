//! The page of a repository and the addresses it is cloned from.

use regex::{Regex, RegexBuilder};

/// A repository's address as its host writes it in a payload; matches every form in which a source
/// may name the same repository: any of http, https, ssh and scp's, with a user, with a port, with
/// `ssh.` or `altssh.` before the host, with `.git` behind.
#[derive(Clone, Debug)]
pub struct WebUrl {
    pattern: Regex,
}

/// Bytes of a compiled pattern; an address in a payload is not ours to trust.
const PATTERN: usize = 1 << 20;

impl WebUrl {
    /// `None` for what is no URL.
    pub fn new(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
        let host_port = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
        let host = match host_port.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?.0,
            None => host_port.split_once(':').map_or(host_port, |(h, _)| h),
        };
        let pattern = format!(
            r"^((https?|ssh)://)?([0-9A-Za-z_.][0-9A-Za-z_.-]{{0,30}}[0-9A-Za-z_.$-]?@)?((alt)?ssh\.)?{}(:[0-9]+)?[:/]{}(\.git)?$",
            regex::escape(host),
            regex::escape(path.strip_prefix('/').unwrap_or(path)),
        );
        let pattern =
            RegexBuilder::new(&pattern).case_insensitive(true).size_limit(PATTERN).build();
        Some(Self { pattern: pattern.ok()? })
    }

    /// Whether `repo_url` names the same repository.
    pub fn matches(&self, repo_url: &str) -> bool {
        self.pattern.is_match(repo_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_every_form() {
        let check = |web: &str, repo: &str, want: bool| {
            assert_eq!(WebUrl::new(web).is_some_and(|u| u.matches(repo)), want, "{web} {repo}");
        };
        let web = "https://example.com/Group/Repo";
        for repo in [
            "https://example.com/group/repo",
            "https://example.com/group/repo.git",
            "http://example.com:8080/group/repo",
            "git@example.com:group/repo.git",
            "git@example.com:2222/group/repo.git",
            "ssh://git@ssh.example.com:443/group/repo",
            "user-name@altssh.example.com:group/repo",
            "EXAMPLE.com/group/repo",
        ] {
            check(web, repo, true);
        }
        for repo in [
            "https://example.com/group/repo2",
            "https://example.com/other/group/repo",
            "https://example.org/group/repo",
            "https://exampleXcom/group/repo",
            "https://example.com/group/repo.git/",
        ] {
            check(web, repo, false);
        }
        check("https://user@example.com:8443/a%20b", "https://example.com/a%20b", true);
        check("ssh://git@host:7999/p/r.git", "ssh://git@host:7999/p/r.git", true);
        check("ssh://git@host:7999/p/r.git", "ssh://git@host:7999/p/r", false);
        check("not a url", "not a url", false);
    }
}
