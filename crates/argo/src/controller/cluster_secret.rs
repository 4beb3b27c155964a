//! Clusters as their secrets describe them.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::client::AuthError;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A cluster as its secret describes it.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) server: String,
    /// The project that it is for; empty if it is for all.
    pub(crate) project: String,
    /// The only namespaces that are looked at; all if there is none.
    pub(crate) namespaces: Vec<String>,
    /// Whether cluster-scoped objects are looked at although there are `namespaces`.
    pub(crate) cluster_resources: bool,
    /// Labels of the secret, for metrics.
    pub(crate) labels: BTreeMap<String, String>,
    config: SecretString,
}

/// `ClusterConfig`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    username: String,
    password: String,
    bearer_token: String,
    tls_client_config: TlsConfig,
    aws_auth_config: Option<serde::de::IgnoredAny>,
    exec_provider_config: Option<Exec>,
    proxy_url: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TlsConfig {
    insecure: bool,
    server_name: String,
    ca_data: String,
    cert_data: String,
    key_data: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Exec {
    command: String,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    api_version: String,
    install_hint: String,
}

impl Config {
    /// Basic or bearer, as far as it is there.
    fn login(&self) -> AuthInfo {
        AuthInfo {
            username: given(&self.username),
            password: given(&self.password).map(Into::into),
            token: given(&self.bearer_token).map(Into::into),
            ..AuthInfo::default()
        }
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

impl Described {
    /// From a secret's decoded data.
    pub(crate) fn of(data: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let text = |key: &str| {
            data.get(key).map(|v| String::from_utf8_lossy(v).trim().to_owned()).unwrap_or_default()
        };
        let server = text("server").trim_end_matches('/').to_owned();
        if server.is_empty() {
            return None;
        }
        let namespaces = text("namespaces");
        let namespaces = namespaces.split(',').map(str::trim).filter(|n| !n.is_empty());
        Some(Self {
            name: text("name"),
            server,
            project: text("project"),
            namespaces: namespaces.map(ToOwned::to_owned).collect(),
            cluster_resources: text("clusterResources") == "true",
            labels: BTreeMap::new(),
            config: text("config").into(),
        })
    }

    /// Whether a connection to one is a connection to the other.
    pub(crate) fn connects_as(&self, other: &Self) -> bool {
        self.server == other.server
            && self.config.expose_secret() == other.config.expose_secret()
            && self.namespaces == other.namespaces
            && self.cluster_resources == other.cluster_resources
    }

    /// Whether they are the same but for the way to connect.
    pub(crate) fn is_called_as(&self, other: &Self) -> bool {
        self.name == other.name && self.project == other.project
    }

    fn config(&self) -> Result<Config, String> {
        let text = self.config.expose_secret();
        if text.is_empty() {
            return Ok(Config::default());
        }
        // The words of the parser may quote what is secret.
        serde_json::from_str(text).map_err(|error| {
            format!(
                "failed to unmarshal cluster config: the config of cluster {:?} is not as expected \
                 at line {}, column {}",
                self.name,
                error.line(),
                error.column()
            )
        })
    }

    /// As whom the secret of the own cluster signs in there; where and how stays what the control
    /// plane itself uses. As Argo CD, certificates and plugins do not count here.
    ///
    /// # Errors
    /// When its config cannot be read.
    pub(crate) fn login(&self) -> Result<Option<AuthInfo>, String> {
        let config = self.config()?;
        let login = config.login();
        let named = login.username.is_some() || login.password.is_some() || login.token.is_some();
        Ok(named.then_some(login))
    }

    /// A client.
    ///
    /// # Errors
    /// When its config cannot be read, or asks for what cannot be done.
    pub(crate) fn client(&self) -> Result<kube::Client, String> {
        let config = self.config()?;
        if config.aws_auth_config.is_some() {
            return Err("awsAuthConfig is not supported by Windlass yet: use execProviderConfig \
                        with the command aws and the arguments eks get-token"
                .into());
        }
        let tls = &config.tls_client_config;
        if tls.insecure && !tls.ca_data.is_empty() {
            return Err(
                "specifying a root certificates file with the insecure flag is not allowed".into(),
            );
        }
        let secured = tls.insecure || !tls.ca_data.is_empty() || !tls.cert_data.is_empty();
        let address = match (self.server.contains("://"), secured) {
            (true, _) => self.server.clone(),
            (false, true) => format!("https://{}", self.server),
            (false, false) => format!("http://{}", self.server),
        };
        let url = address.parse().map_err(|error| format!("{:?}: {error}", self.server))?;
        let mut kube = kube::Config::new(url);
        kube.accept_invalid_certs = tls.insecure;
        kube.tls_server_name = given(&tls.server_name);
        if !tls.ca_data.is_empty() {
            let pem = STANDARD.decode(&tls.ca_data).map_err(|e| format!("caData: {e}"))?;
            kube.root_cert = Some(certificates(&pem));
        }
        if !config.proxy_url.is_empty() {
            kube.proxy_url =
                Some(config.proxy_url.parse().map_err(|error| format!("proxyUrl: {error}"))?);
        }
        kube.auth_info.client_certificate_data = given(&tls.cert_data);
        kube.auth_info.client_key_data = given(&tls.key_data).map(Into::into);
        let login = config.login();
        let plugin = config.exec_provider_config;
        let named = plugin.as_ref().map(|exec| (exec.command.clone(), exec.install_hint.clone()));
        if let Some(exec) = plugin {
            kube.auth_info.exec = Some(exec.plugin());
        } else {
            let AuthInfo { username, password, token, .. } = login;
            kube.auth_info = AuthInfo { username, password, token, ..kube.auth_info };
        }
        let (command, hint) = named.unwrap_or_default();
        kube::Client::try_from(kube).map_err(|error| told(&error, &command, &hint))
    }
}

/// Bytes of a plugin's words that are passed on.
const WORDS: usize = 1_000;

/// Why there is no client. What a plugin was given and printed as its answer may be secret; what it
/// said to people is passed on.
fn told(error: &kube::Error, command: &str, hint: &str) -> String {
    match error {
        kube::Error::Auth(AuthError::AuthExecStart(error)) => {
            let hint = if hint.is_empty() { String::new() } else { format!(": {hint}") };
            format!("the plugin {command:?} cannot be started: {error}{hint}")
        }
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let said = String::from_utf8_lossy(&out.stderr[..out.stderr.len().min(WORDS)]);
            format!("the plugin {command:?} failed ({}): {}", out.status, said.trim())
        }
        kube::Error::Auth(AuthError::AuthExecParse(_)) => {
            format!("the plugin {command:?} gave no ExecCredential")
        }
        other => other.to_string(),
    }
}

impl Exec {
    /// As client-go runs it: never asking a person.
    fn plugin(self) -> ExecConfig {
        let pair =
            |(name, value)| HashMap::from([("name".to_owned(), name), ("value".to_owned(), value)]);
        ExecConfig {
            api_version: Some(self.api_version).filter(|v| !v.is_empty()),
            command: Some(self.command),
            args: Some(self.args),
            env: Some(self.env.into_iter().map(pair).collect()),
            drop_env: None,
            install_hint: Some(self.install_hint).filter(|hint| !hint.is_empty()),
            interactive_mode: Some(ExecInteractiveMode::Never),
            provide_cluster_info: false,
            cluster: None,
            other: BTreeMap::new(),
        }
    }
}

/// The certificates of a PEM file, in DER.
fn certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|part| {
            let body: String =
                part.split("-----END").next()?.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(body).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(pairs: &[(&str, &str)]) -> Described {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), value.as_bytes().to_vec());
        Described::of(&pairs.iter().map(pair).collect()).unwrap()
    }

    #[test]
    fn a_secret_is_read() {
        let found = described(&[
            ("name", "spoke"),
            ("server", "https://spoke:6443/"),
            ("namespaces", "a, b,"),
            ("clusterResources", "true"),
            ("project", "p"),
            ("shard", "3"),
        ]);
        assert_eq!(found.server, "https://spoke:6443");
        assert_eq!(found.namespaces, ["a", "b"]);
        assert!(found.cluster_resources);
        assert_eq!((found.name.as_str(), found.project.as_str()), ("spoke", "p"));
        assert!(Described::of(&BTreeMap::new()).is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_said_without_secrets() {
        let check = |config: &str, expected: &str| {
            let error = described(&[("name", "s"), ("server", "https://s"), ("config", config)])
                .client()
                .err()
                .unwrap();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        check(r#"{"username": {"hunter2": 1}}"#, "not as expected at line 1");
        check(r#"{"bearerToken": "hunter2""#, "not as expected");
        check(r#"{"awsAuthConfig": {"clusterName": "c"}}"#, "awsAuthConfig is not supported");
        check(
            r#"{"tlsClientConfig": {"insecure": true, "caData": "YQ=="}}"#,
            "root certificates file with the insecure flag",
        );
        check(r#"{"tlsClientConfig": {"caData": "!"}}"#, "caData");
    }

    /// The head of the request with which a client of this config asks a server, `ADDRESS` in it.
    async fn asked(config: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let through_proxy = config.contains("ADDRESS");
        let server = if through_proxy {
            "http://spoke.invalid".to_owned()
        } else {
            format!("http://{address}")
        };
        let config = config.replace("ADDRESS", &address.to_string());
        let cluster = described(&[("name", "s"), ("server", &server), ("config", &config)]);
        let serves = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let body = r#"{"major":"1","minor":"36","gitVersion":"v1.36.3","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(head).unwrap()
        };
        let asks = async { cluster.client().unwrap().apiserver_version().await };
        let (head, version) = tokio::join!(serves, asks);
        // This stand-in for a proxy is no tunnel.
        let told = version.map(|version| version.git_version);
        assert!(through_proxy || told.is_ok_and(|told| told == "v1.36.3"), "{config}");
        head.to_ascii_lowercase()
    }

    #[tokio::test]
    async fn each_way_to_sign_in() {
        let exec = |reply: &str, more: &str| {
            let credential = format!(
                r#"{{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{reply}\"}}}}"#
            );
            format!(
                r#"{{{more}"execProviderConfig": {{"command": "sh", "args": ["-c", "cat <<EOF\n{credential}\nEOF"],
                    "env": {{"WORD": "from-env"}}, "apiVersion": "client.authentication.k8s.io/v1beta1"}}}}"#
            )
        };
        let (plugin, both) = (exec("$WORD", ""), exec("plugin", "\"bearerToken\": \"unused\", "));
        for (config, wanted) in [
            ("", "get /version http/1.1"),
            // Kubernetes itself no longer takes passwords: proxies before it may.
            (r#"{"username": "me", "password": "word"}"#, "authorization: basic bwu6d29yza=="),
            (r#"{"bearerToken": "tok"}"#, "authorization: bearer tok\r\n"),
            (plugin.as_str(), "authorization: bearer from-env\r\n"),
            // As Argo CD: where a plugin is named, nothing else counts.
            (both.as_str(), "authorization: bearer plugin\r\n"),
            (r#"{"bearerToken": "tok", "disableCompression": true}"#, "authorization: bearer tok"),
            (r#"{"proxyUrl": "http://ADDRESS"}"#, "connect spoke.invalid"),
        ] {
            let head = asked(config).await;
            assert!(head.contains(wanted), "{config}: {head}");
        }
    }

    #[test]
    fn a_secret_of_the_own_cluster_signs_in_by_basic_and_bearer_alone() {
        for (config, user, token) in [
            ("", None, None),
            (r#"{"tlsClientConfig": {"insecure": false}}"#, None, None),
            (r#"{"username": "a", "password": "b"}"#, Some("a"), None),
            (r#"{"bearerToken": "a"}"#, None, Some("a")),
            (r#"{"tlsClientConfig": {"certData": "YQ==", "keyData": "YQ=="}}"#, None, None),
            (r#"{"execProviderConfig": {"command": "a"}}"#, None, None),
            (r#"{"awsAuthConfig": {"clusterName": "a"}}"#, None, None),
        ] {
            let found = described(&[("server", "https://s"), ("config", config)]);
            let login = found.login().unwrap();
            assert_eq!(login.is_some(), user.is_some() || token.is_some(), "{config}");
            let login = login.unwrap_or_default();
            let bearer = login.token.as_ref().map(secrecy::ExposeSecret::expose_secret);
            assert_eq!((login.username.as_deref(), bearer), (user, token), "{config}");
        }
    }
}
