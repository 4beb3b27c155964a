//! From Argo CD's `repository` and `repo-creds` secrets to where charts come from.
//!
//! As Argo CD has it (`getHelmRepos`): a repository is found by its address, `@name` and
//! `alias:name` by its name; one that is not configured takes the credentials of the longest prefix,
//! and in a registry those of any repository whose address begins as its own.

use secrecy::SecretString;
use windlass_charts::Repository;
use windlass_oci::Credentials;
use windlass_oci::cosign::PublicKey;
use windlass_source::address;
use windlass_source::credentials::{SecretData, SecretKind, Settings};

/// A key of ours in those secrets: cosign's public keys in PEM, one of which must have signed what
/// is fetched from there.
const SIGNERS: &str = "cosignPublicKey";

/// Where the charts at `url` come from, for an application of `project`. `pass_credentials` is
/// whether credentials go to other hosts too.
///
/// # Errors
/// When there is no repository of a name, or a setting cannot be read.
pub fn repository(
    settings: &Settings,
    url: &str,
    project: &str,
    pass_credentials: bool,
) -> Result<Repository, String> {
    let configured = || settings.secrets.iter().filter(|s| s.kind == SecretKind::Repository);
    let of_project = |secret: &SecretData| {
        let own = text(secret, "project").unwrap_or_default();
        own.is_empty() || own == project
    };
    let named = url.strip_prefix('@').or_else(|| url.strip_prefix("alias:"));
    let url = match named {
        Some(name) => configured()
            .filter(|s| of_project(s) && text(s, "name").as_deref() == Some(name))
            .find_map(|secret| text(secret, "url"))
            .ok_or_else(|| {
                format!(
                    "no repository is named {name:?}: add a secret of type repository with this \
                     name"
                )
            })?,
        None => url.to_owned(),
    };
    let bare = url.trim_start_matches("oci://");
    let is_same = |secret: &&SecretData| {
        text(secret, "url").is_some_and(|own| address::same(own.trim_start_matches("oci://"), bare))
    };
    // One of the project goes before one of no project.
    let mut own: Vec<&SecretData> =
        configured().filter(is_same).filter(|s| of_project(s)).collect();
    own.sort_by_key(|secret| text(secret, "project").is_none());
    let own = own.first().copied();
    let is_oci = url.starts_with("oci://")
        || own.is_some_and(|secret| flag(secret, "enableOCI"))
        || !url.contains("://");

    let mut repository =
        Repository::anonymous(if is_oci { format!("oci://{bare}") } else { url.clone() });
    repository.pass_credentials = pass_credentials;
    let mut source = own;
    if let Some(secret) = own {
        repository.transport.insecure = flag(secret, "insecure");
        repository.transport.proxy = proxy(secret);
        repository.plain_http = is_oci && flag(secret, "insecureOCIForceHttp");
    }
    let has_none = |secret: &SecretData| {
        text(secret, "password").is_none()
            && text(secret, "username").is_none()
            && text(secret, "tlsClientCertData").is_none()
    };
    if own.is_none_or(has_none) {
        source = prefix(settings, bare).or_else(|| {
            let related = |secret: &&SecretData| {
                let oci =
                    flag(secret, "enableOCI") || text(secret, "type").as_deref() == Some("oci");
                let other = text(secret, "url").unwrap_or_default();
                let other = other.trim_start_matches("oci://");
                is_oci && oci && (bare.starts_with(other) || other.starts_with(bare))
            };
            configured().filter(|s| of_project(s)).filter(related).find(|s| !has_none(s))
        });
    }
    if let Some(secret) = source {
        let username = text(secret, "username").unwrap_or_default();
        if let Some(password) = text(secret, "password") {
            repository.credentials =
                Credentials::Basic { username, password: SecretString::from(password) };
        }
        repository.transport.client = client(secret);
        repository.transport.proxy = repository.transport.proxy.or_else(|| proxy(secret));
        repository.plain_http |= is_oci && flag(secret, "insecureOCIForceHttp");
    }
    let template = || prefix(settings, bare).and_then(|secret| text(secret, SIGNERS));
    if let Some(keys) = own.and_then(|secret| text(secret, SIGNERS)).or_else(template) {
        if !is_oci {
            return Err(format!("{SIGNERS} of {url}: only what lies in a registry is signed so"));
        }
        let keys = PublicKey::all_from_pem(&keys);
        repository.signers = keys.map_err(|error| format!("{SIGNERS} of {url}: {error}"))?;
    }
    let host = bare.split("://").last().unwrap_or_default();
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let bare_host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    repository.transport.ca =
        [host, bare_host].into_iter().find_map(|host| settings.tls_certificates.get(host).cloned());
    Ok(repository)
}

fn prefix<'a>(settings: &'a Settings, bare: &str) -> Option<&'a SecretData> {
    let fits = |secret: &&SecretData| {
        let own = text(secret, "url").unwrap_or_default();
        !own.is_empty() && bare.starts_with(own.trim_start_matches("oci://"))
    };
    let all = settings.secrets.iter().filter(|s| s.kind == SecretKind::RepoCreds);
    all.filter(fits).max_by_key(|secret| text(secret, "url").map_or(0, |url| url.len()))
}

fn text(secret: &SecretData, key: &str) -> Option<String> {
    let value = String::from_utf8_lossy(secret.data.get(key)?).trim().to_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// A boolean as Go's `strconv.ParseBool` reads it; what is none is no.
fn flag(secret: &SecretData, key: &str) -> bool {
    matches!(text(secret, key).as_deref(), Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn client(secret: &SecretData) -> Option<(String, SecretString)> {
    Some((text(secret, "tlsClientCertData")?, text(secret, "tlsClientCertKey")?.into()))
}

fn proxy(secret: &SecretData) -> Option<(SecretString, String)> {
    Some((text(secret, "proxy")?.into(), text(secret, "noProxy").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
-----END PUBLIC KEY-----
";

    fn secret(kind: SecretKind, pairs: &[(&str, &str)]) -> SecretData {
        let data = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_bytes().to_vec())).collect();
        SecretData { name: "s".into(), kind, data }
    }

    #[test]
    fn credentials_are_found_as_argo_cd_finds_them() {
        use SecretKind::{RepoCreds, Repository as Repo};
        let settings = Settings {
            secrets: vec![
                secret(
                    Repo,
                    &[
                        ("type", "helm"),
                        ("name", "team"),
                        ("url", "https://charts.test/team"),
                        ("username", "u"),
                        ("password", "own"),
                    ],
                ),
                secret(
                    Repo,
                    &[
                        ("type", "helm"),
                        ("name", "reg"),
                        ("url", "reg.test:5000/charts"),
                        ("enableOCI", "true"),
                        ("username", "u"),
                        ("password", "oci"),
                    ],
                ),
                secret(
                    RepoCreds,
                    &[
                        ("type", "helm"),
                        ("url", "https://charts.test/"),
                        ("username", "u"),
                        ("password", "prefix"),
                    ],
                ),
                secret(
                    Repo,
                    &[
                        ("type", "helm"),
                        ("url", "https://p.test"),
                        ("project", "p"),
                        ("username", "u"),
                        ("password", "project"),
                        ("insecure", "true"),
                    ],
                ),
                secret(
                    RepoCreds,
                    &[("url", "signed.test/"), ("enableOCI", "true"), ("cosignPublicKey", KEY)],
                ),
                secret(Repo, &[("url", "https://web.test"), ("cosignPublicKey", KEY)]),
                secret(Repo, &[("url", "oci://bad.test/x"), ("cosignPublicKey", "key")]),
            ],
            tls_certificates: [("charts.test".to_owned(), "PEM".to_owned())].into(),
            ..Settings::default()
        };
        let check = |url: &str, project: &str, address: &str, password: &str| {
            let found = repository(&settings, url, project, false).unwrap();
            let own = found.basic().map_or("", |(_, password)| password.expose_secret());
            assert_eq!((found.url.as_str(), own), (address, password), "{url}");
            found
        };
        let team = check("https://charts.test/team", "", "https://charts.test/team", "own");
        assert_eq!(team.transport.ca.as_deref(), Some("PEM"));
        check("@team", "", "https://charts.test/team", "own");
        check("alias:reg", "", "oci://reg.test:5000/charts", "oci");
        check("oci://reg.test:5000/charts", "", "oci://reg.test:5000/charts", "oci");
        check("reg.test:5000/charts", "", "oci://reg.test:5000/charts", "oci");
        check("oci://reg.test:5000/charts/deep", "", "oci://reg.test:5000/charts/deep", "oci");
        check("https://charts.test/other", "", "https://charts.test/other", "prefix");
        assert!(check("https://p.test", "p", "https://p.test", "project").transport.insecure);
        check("https://p.test", "q", "https://p.test", "");
        check("https://elsewhere.test", "", "https://elsewhere.test", "");
        let signers = |url: &str| repository(&settings, url, "", false).map(|r| r.signers.len());
        assert_eq!(signers("oci://signed.test/charts"), Ok(2));
        assert_eq!(signers("oci://reg.test:5000/charts"), Ok(0));
        assert!(signers("https://web.test").unwrap_err().contains("only what lies in a registry"));
        assert!(signers("oci://bad.test/x").unwrap_err().contains("no PUBLIC KEY"));
        assert!(repository(&settings, "@none", "", false).unwrap_err().contains("\"none\""));
        let printed = format!("{:?}", check("@team", "", "https://charts.test/team", "own"));
        assert!(!printed.contains("\"own\""), "{printed}");
    }
}
