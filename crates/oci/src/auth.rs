//! Signing in: what a registry asks for (`WWW-Authenticate`), and the tokens it is given.

use std::collections::HashMap;

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
}
