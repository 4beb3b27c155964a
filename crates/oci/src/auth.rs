//! Signing in: what a registry asks for (`WWW-Authenticate`), and the tokens it is given.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::transport::{self, Bounded, read_bounded};
use crate::{Credentials, Error};

/// Bytes of a token's answer.
const MAX_TOKEN: u64 = 1 << 20;
/// Tokens kept.
const MAX_TOKENS: usize = 512;

/// What a registry wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer { realm: String, service: String, scope: String },
}

/// The first challenge that can be answered.
pub(crate) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let all = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let mut basic = None;
    for value in all {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            let mut parameters = parameters(rest);
            let mut take = |name: &str| parameters.remove(name).unwrap_or_default();
            return Some(Challenge::Bearer {
                realm: take("realm"),
                service: take("service"),
                scope: take("scope"),
            });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
    }
    basic
}

/// `a="b", c=d` by lower-case name.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => value.extend(chars.next().map(|(_, c)| c)),
                    c => value.push(c),
                }
            }
            rest = &quoted[end..];
        } else {
            let end = after.find(',').unwrap_or(after.len());
            value.push_str(after[..end].trim());
            rest = &after[end..];
        }
        found.insert(name, value);
    }
    found
}

impl Challenge {
    /// Whether credentials may go where a registry sends them: not without TLS where the registry
    /// has it, and to no private address but the registry's own.
    ///
    /// # Errors
    /// Why not, in the words of the library that Helm uses.
    pub(crate) fn trusted(&self, registry: &str) -> Result<(), String> {
        let Self::Bearer { realm, .. } = self else { return Ok(()) };
        // What is no address is told where it is asked.
        let (Ok(to), Ok(from)) = (reqwest::Url::parse(realm), reqwest::Url::parse(registry)) else {
            return Ok(());
        };
        match to.scheme() {
            "https" => {}
            "http" if from.scheme() != "https" => {}
            "http" => {
                return Err(format!(
                    "bearer realm {realm:?} uses http but registry was contacted over https"
                ));
            }
            other => {
                return Err(format!("bearer realm {realm:?} uses unsupported scheme {other:?}"));
            }
        }
        let host = to.host_str().unwrap_or_default();
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if address.is_some_and(is_private) && from.host_str() != Some(host) {
            return Err(format!(
                "bearer realm host {host:?} is a loopback, link-local, private, or unspecified \
                 address"
            ));
        }
        Ok(())
    }
}

/// An address that only machines nearby have.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_private()
                || v4.is_unspecified()
                || v4.octets()[..3] == [224, 0, 0]
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_unique_local()
                || v6.is_unspecified()
                || v6.segments()[0] == 0xff02
        }
    }
}

/// Tokens by host and scope.
#[derive(Default)]
pub(crate) struct Tokens {
    known: Mutex<HashMap<String, SecretString>>,
}

impl Tokens {
    /// Signs a request as what was asked before wanted it.
    pub(crate) fn sign(
        &self,
        request: reqwest::RequestBuilder,
        key: &str,
    ) -> reqwest::RequestBuilder {
        match self.known.lock().get(key) {
            Some(header) => request.header(AUTHORIZATION, header.expose_secret()),
            None => request,
        }
    }

    pub(crate) fn keep(&self, key: &str, header: SecretString) {
        let mut known = self.known.lock();
        if known.len() >= MAX_TOKENS {
            known.clear();
        }
        known.insert(key.to_owned(), header);
    }

    pub(crate) fn forget(&self, key: &str) {
        self.known.lock().remove(key);
    }
}

/// The `Authorization` header that answers a challenge; none if we have nothing to say.
pub(crate) async fn answer(
    http: &reqwest::Client,
    challenge: &Challenge,
    credentials: &Credentials,
    scope: &str,
) -> Result<Option<SecretString>, Error> {
    use base64::Engine as _;
    match (challenge, credentials) {
        (Challenge::Basic, Credentials::Basic { username, password }) => {
            let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
            let encoded =
                base64::engine::general_purpose::STANDARD.encode(pair.expose_secret().as_bytes());
            Ok(Some(format!("Basic {encoded}").into()))
        }
        (Challenge::Basic, _) => Ok(None),
        (Challenge::Bearer { realm, service, scope: asked }, _) => {
            let scope = if asked.is_empty() { scope } else { asked };
            let token = token(http, realm, service, scope, credentials).await?;
            Ok(Some(format!("Bearer {}", token.expose_secret()).into()))
        }
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

async fn token(
    http: &reqwest::Client,
    realm: &str,
    service: &str,
    scope: &str,
    credentials: &Credentials,
) -> Result<SecretString, Error> {
    let shown = transport::shown(realm);
    let mut url = reqwest::Url::parse(realm).map_err(|_| Error::Malformed {
        what: "the registry's challenge".to_owned(),
        why: format!("realm {realm:?} is no address"),
    })?;
    let request = match credentials {
        Credentials::Refresh(refresh) => {
            let mut form = reqwest::Url::parse("x:y")
                .map_err(|e| Error::Malformed { what: "a form".to_owned(), why: e.to_string() })?;
            form.query_pairs_mut()
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", service)
                .append_pair("client_id", "windlass")
                .append_pair("scope", scope)
                .append_pair("refresh_token", refresh.expose_secret());
            http.post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.query().unwrap_or_default().to_owned())
        }
        _ => {
            let mut query = url.query_pairs_mut();
            if !service.is_empty() {
                query.append_pair("service", service);
            }
            for part in scope.split(' ').filter(|s| !s.is_empty()) {
                query.append_pair("scope", part);
            }
            drop(query);
            let request = http.get(url);
            match credentials {
                Credentials::Basic { username, password } => {
                    request.basic_auth(username, Some(password.expose_secret()))
                }
                _ => request,
            }
        }
    };
    let response = request.send().await.map_err(|e| transport::unreachable(realm, e))?;
    let status = response.status();
    if !status.is_success() {
        let why = match credentials {
            Credentials::Anonymous => "no credentials are known: log in",
            _ => "the credentials are refused",
        };
        let why = format!("response status code {}: {why}", status.as_u16());
        return Err(Error::Denied { request: format!("GET \"{shown}\""), why });
    }
    let body = match read_bounded(response, MAX_TOKEN).await {
        Ok(Bounded::Whole(body)) => body,
        Ok(Bounded::TooLarge) => return Err(Error::TooLarge { what: shown, limit: MAX_TOKEN }),
        Err(error) => return Err(transport::unreachable(realm, error)),
    };
    let found: Token = serde_json::from_slice(&body)
        .map_err(|_| Error::Malformed { what: shown.clone(), why: "answers no token".into() })?;
    [found.access_token, found.token]
        .into_iter()
        .find(|token| !token.is_empty())
        .map(SecretString::from)
        .ok_or(Error::Malformed { what: shown, why: "answers an empty token".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // Tables read better without references.
    fn check(headers: &[&str], wanted: Option<Challenge>) {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        assert_eq!(challenge(&map), wanted, "{headers:?}");
    }

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: &str, scope: &str| {
            Some(Challenge::Bearer {
                realm: realm.into(),
                service: service.into(),
                scope: scope.into(),
            })
        };
        check(&[], None);
        check(&["Negotiate"], None);
        check(&["Basic realm=\"x\""], Some(Challenge::Basic));
        check(
            &["Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\""],
            bearer("https://a/t", "s", "repository:a/b:pull,push"),
        );
        check(
            &["Basic realm=x", "bearer  Realm=\"https://a/\\\"t\" , service=s"],
            bearer("https://a/\"t", "s", ""),
        );
        check(&["Bearer realm=\"open"], bearer("open", "", ""));
        check(&["Bearer"], bearer("", "", ""));
    }

    #[test]
    fn credentials_go_nowhere_else() {
        let check = |realm: &str, registry: &str, trusted: bool| {
            let (service, scope) = (String::new(), String::new());
            let challenge = Challenge::Bearer { realm: realm.to_owned(), service, scope };
            assert_eq!(challenge.trusted(registry).is_ok(), trusted, "{realm} of {registry}");
        };
        check("https://auth.test/token", "https://r.test/v2/", true);
        check("http://auth.test/token", "https://r.test/v2/", false);
        check("http://auth.test/token", "http://r.test/v2/", true);
        check("ftp://auth.test/token", "http://r.test/v2/", false);
        check("http://169.254.169.254/latest", "http://r.test/v2/", false);
        check("https://[::1]/token", "https://r.test/v2/", false);
        check("https://[::ffff:10.0.0.1]/token", "https://r.test/v2/", false);
        check("http://127.0.0.1:1/token", "http://127.0.0.1:2/v2/", true);
        check("https://8.8.8.8/token", "https://r.test/v2/", true);
    }
}
