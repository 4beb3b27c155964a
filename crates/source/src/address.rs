//! Addresses of repositories: the forms people write, when two are the same, what to connect to.

use crate::SourceError;

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Smart HTTP.
    Http {
        /// The address without user information, as written otherwise.
        url: String,
        /// Host name, lower case, without port and brackets.
        host: String,
        /// Whether it is https.
        secure: bool,
        /// Name of the user in the address; its password, if any, is not kept here.
        user: Option<String>,
    },
    /// SSH.
    Ssh {
        /// User to sign in as.
        user: String,
        /// Host name or address, without brackets.
        host: String,
        /// TCP port.
        port: u16,
        /// Path given to the server's git-upload-pack.
        path: String,
    },
    /// A repository on the local disk.
    File {
        /// Its directory: bare, or with a `.git` inside.
        path: std::path::PathBuf,
    },
}

impl Address {
    /// Understands `url`.
    ///
    /// # Errors
    /// [`SourceError::InvalidAddress`] for what is none of the four forms.
    pub fn parse(url: &str) -> Result<Self, SourceError> {
        let url = url.trim();
        let invalid =
            |why: &str| SourceError::InvalidAddress { url: sanitize(url), why: why.to_owned() };
        if url.is_empty() {
            return Err(invalid("the address is empty"));
        }
        if url.chars().any(|c| c.is_control() || c == ' ') {
            return Err(invalid("the address holds a blank or control character"));
        }
        if let Some(path) = strip_scheme(url, "file") {
            let path = path.strip_prefix("localhost").unwrap_or(path);
            if !path.starts_with('/') {
                return Err(invalid("a file address needs an absolute path"));
            }
            return Ok(Self::File { path: path.into() });
        }
        if url.starts_with('/') {
            return Ok(Self::File { path: url.into() });
        }
        for (scheme, secure) in [("https", true), ("http", false)] {
            if let Some(rest) = strip_scheme(url, scheme) {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let (user, host_port) = split_user(authority);
                let (host, _) =
                    split_port(host_port).ok_or_else(|| invalid("the port is no number"))?;
                if host.is_empty() {
                    return Err(invalid("the host is missing"));
                }
                let user = user.map(|u| u.split(':').next().unwrap_or(u).to_owned());
                return Ok(Self::Http {
                    url: format!("{scheme}://{host_port}{path}"),
                    host: host.to_lowercase(),
                    secure,
                    user: user.filter(|u| !u.is_empty()),
                });
            }
        }
        if let Some(rest) = strip_scheme(url, "ssh") {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let (user, host_port) = split_user(authority);
            // `ssh://git@host:group/repo` is no URL, yet people write it: Argo CD reads it as scp does.
            if let Some((host, first)) = host_port.split_once(':')
                && !host.starts_with('[')
                && first.parse::<u16>().is_err()
            {
                return ssh(user, host, 22, &format!("{first}{path}"))
                    .ok_or_else(|| invalid("the host or path is missing"));
            }
            let (host, port) =
                split_port(host_port).ok_or_else(|| invalid("the port is no number"))?;
            let path = path.strip_prefix("/~").map_or(path, |_| &path[1..]);
            return ssh(user, host, port.unwrap_or(22), path)
                .ok_or_else(|| invalid("the host or path is missing"));
        }
        if url.contains("://") {
            return Err(invalid("the scheme is not known"));
        }
        let (user, rest) = split_user(url);
        let Some((host, path)) = rest.split_once(':') else {
            return Err(invalid("there is no scheme"));
        };
        ssh(user, host, 22, path).ok_or_else(|| invalid("the host or path is missing"))
    }

    /// The host, for http and ssh.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Http { host, .. } | Self::Ssh { host, .. } => Some(host),
            Self::File { .. } => None,
        }
    }
}

fn ssh(user: Option<&str>, host: &str, port: u16, path: &str) -> Option<Address> {
    let user = user.unwrap_or("git").split(':').next().unwrap_or("git").to_owned();
    (!host.is_empty() && !host.contains('/') && !path.trim_matches('/').is_empty()).then(|| {
        Address::Ssh {
            user,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            path: path.to_owned(),
        }
    })
}

fn strip_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = url.split_once("://")?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// User information and the rest; a user name may itself hold an `@`.
fn split_user(authority: &str) -> (Option<&str>, &str) {
    authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h))
}

fn split_port(host_port: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = host_port.strip_prefix('[') {
        let (host, tail) = rest.split_once(']')?;
        return match tail.strip_prefix(':') {
            None | Some("") => Some((host, None)),
            Some(port) => Some((host, Some(port.parse().ok()?))),
        };
    }
    match host_port.split_once(':') {
        None => Some((host_port, None)),
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
    }
}

/// Whether Argo CD takes `url` for an SSH address: a user without `/` and `:`, one `@`, a rest.
fn is_ssh(url: &str) -> bool {
    let rest = url.strip_prefix("ssh://").unwrap_or(url);
    rest.rsplit_once('@').is_some_and(|(user, host)| !host.is_empty() && !user.contains(['/', ':']))
}

/// `url` in the form in which Argo CD compares addresses (`git.NormalizeGitURL`): lower case,
/// without `ssh://` and `.git`, scp's colon as a slash. Empty for what is no address.
pub fn normalize(url: &str) -> String {
    fold(&url.trim().to_lowercase())
}

/// One address for all spellings of a repository: [`normalize`] with its scheme, and without folding
/// the path's case, which tells repositories apart on most hosts. It names the mirror, so that
/// nobody reads one whose address was accepted for another.
pub fn canonical(url: &str) -> String {
    let folded = with_scheme(url.trim());
    let (scheme, rest) = folded.split_once("://").unwrap_or(("", &folded));
    let scheme = scheme.to_lowercase();
    if scheme.is_empty() {
        return folded;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = match split_user(authority) {
        (Some(user), host) if scheme == "ssh" => format!("{user}@{}", host.to_lowercase()),
        // Who signs in over http is the credential's matter; over ssh it is part of the address.
        (_, host) => host.to_lowercase(),
    };
    format!("{scheme}://{authority}{path}")
}

/// scp's form as an ssh address; no `.git`.
fn with_scheme(url: &str) -> String {
    let scp = is_ssh(url) && !url.starts_with("ssh://");
    let text = if scp { format!("ssh://{}", url.replacen(':', "/", 1)) } else { url.to_owned() };
    text.strip_suffix(".git").map(str::to_owned).unwrap_or(text)
}

fn fold(url: &str) -> String {
    let text = with_scheme(url);
    if text.chars().any(char::is_control) || text.starts_with(':') {
        return String::new();
    }
    text.strip_prefix("ssh://").map(str::to_owned).unwrap_or(text)
}

/// Whether two addresses mean the same repository, as Argo CD sees it.
pub fn same(left: &str, right: &str) -> bool {
    let norm =
        |u: &str| Some(normalize(u)).filter(|n| !n.is_empty()).unwrap_or_else(|| u.to_owned());
    let (left, right) = (norm(left), norm(right));
    !left.is_empty() && left == right
}

/// What stands before the `@`: a user name, perhaps a password. Empty if nothing does.
pub(crate) fn user_information(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    split_user(rest.split('/').next().unwrap_or_default()).0.unwrap_or_default()
}

/// `url` fit to be shown: without user information (an SSH user name is no secret and stays).
pub fn sanitize(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match split_user(authority) {
        (Some(user), host) if scheme.eq_ignore_ascii_case("ssh") => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or_default())
        }
        (_, host) => format!("{scheme}://{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_as_argo_cd_does() {
        // The pairs are those that util/git says are the same.
        for (left, right) in [
            ("git@GITHUB.com:argoproj/test", "git@github.com:argoproj/test.git"),
            ("git@GITHUB.com:test.git", "git@github.com:test.git"),
            ("https://GITHUB.com/argoproj/test", "https://github.com/argoproj/test.git"),
            ("https://github.com/FOO", "https://github.com/foo"),
            ("https://github.com:4443/TEST.git", "https://github.com:4443/TEST"),
            ("ssh://git@GITHUB.com/argoproj/test", "git@github.com:argoproj/test.git"),
            ("ssh://git@github.com/test", "git@github.com:test.git"),
            ("\thttps://github.com/argoproj/test\n", "https://github.com/argoproj/test.git"),
        ] {
            assert!(same(left, right), "{left} {right}: {} {}", normalize(left), normalize(right));
        }
        assert!(!same("https://github.com/a/b", "https://github.com/a/c"));
        assert!(!same("https://github.com/a/b", "git@github.com:a/b"));
        assert_eq!(
            normalize("john@john-server.org:29418/project"),
            "john@john-server.org/29418/project"
        );
    }

    #[test]
    fn mirrors_keep_the_case_of_the_path() {
        for (url, key) in [
            ("https://u:p@GitHub.com/Foo/Bar.git", "https://github.com/Foo/Bar"),
            ("git@GitHub.com:Foo/Bar.git", "ssh://git@github.com/Foo/Bar"),
            ("ssh://git@GitHub.com:2222/Foo/Bar", "ssh://git@github.com:2222/Foo/Bar"),
            ("file:///srv/Git/x.git", "file:///srv/Git/x"),
            ("/srv/Git/x", "/srv/Git/x"),
        ] {
            assert_eq!(canonical(url), key, "{url}");
            assert!(same(url, &canonical(url)) || url.contains("u:p@"), "{url}");
        }
    }

    #[test]
    fn parses() {
        let check = |url: &str, want: &str| {
            let got = match Address::parse(url) {
                Ok(Address::Http { url, host, secure, user }) => {
                    format!("http {url} {host} {secure} {}", user.unwrap_or_default())
                }
                Ok(Address::Ssh { user, host, port, path }) => {
                    format!("ssh {user} {host} {port} {path}")
                }
                Ok(Address::File { path }) => format!("file {}", path.display()),
                Err(SourceError::InvalidAddress { url, why }) => format!("{url}: {why}"),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(got, want, "{url}");
        };
        check("https://u:s3cret@Host:8443/a/b.git", "http https://Host:8443/a/b.git host true u");
        check("http://[::1]:80/a", "http http://[::1]:80/a ::1 false ");
        check("git@github.com:a/b.git", "ssh git github.com 22 a/b.git");
        check("ssh://john@doe.org@host:29418/p", "ssh john@doe.org host 29418 /p");
        check("ssh://git@host:group/p.git", "ssh git host 22 group/p.git");
        check("ssh://git@[::1]:2222/~/p", "ssh git ::1 2222 ~/p");
        check("host:a/b", "ssh git host 22 a/b");
        check("file:///a/b", "file /a/b");
        check("/a/b", "file /a/b");
        check("https://u:s3cret@host:x/a", "https://host:x/a: the port is no number");
        check("https:///a", "https:///a: the host is missing");
        check("ftp://host/a", "ftp://host/a: the scheme is not known");
        check("nothing", "nothing: there is no scheme");
        check("", ": the address is empty");
        check("a b:c", "a b:c: the address holds a blank or control character");
    }
}
