//! Credentials in Docker's format: `config.json`, which Helm and others write too.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::{Credentials, Error};

/// A file of credentials. What it holds beside them is kept as it is.
#[derive(Clone, Default)]
pub struct DockerConfig {
    root: Map<String, Value>,
}

impl DockerConfig {
    /// From a file's text; empty text is an empty file.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no JSON object.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let root = serde_json::from_str(text).map_err(|error| Error::Malformed {
            what: "the file of credentials".to_owned(),
            // The error itself may quote.
            why: format!("line {} is no JSON object of credentials", error.line()),
        })?;
        Ok(Self { root })
    }

    /// From a file; one that is not there is empty.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(path: &Path) -> Result<Self, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => {
                Err(Error::Malformed { what: path.display().to_string(), why: error.to_string() })
            }
        }
    }

    /// Writes it, readable by its owner only.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut text = String::new();
        if let Ok(pretty) = serde_json::to_string_pretty(&self.root) {
            // Docker and its like indent by a tab.
            for line in pretty.lines() {
                let body = line.trim_start_matches(' ');
                text.push_str(&"\t".repeat((line.len() - body.len()) / 2));
                text.push_str(body);
                text.push('\n');
            }
        }
        let beside = path.with_extension("json.new");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.trim_end().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(beside, path)
    }

    /// What is known for a registry.
    pub fn get(&self, registry: &str) -> Option<Credentials> {
        let key = key(registry);
        let auths = self.root.get("auths")?.as_object()?;
        let entry = auths.get(&key).or_else(|| {
            // Old entries have a scheme and a path.
            auths.iter().find(|(name, _)| host(name) == key).map(|(_, entry)| entry)
        })?;
        let text = |field: &str| entry.get(field).and_then(Value::as_str).filter(|v| !v.is_empty());
        if let Some(token) = text("identitytoken") {
            return Some(Credentials::Refresh(token.into()));
        }
        if let Some(encoded) = text("auth") {
            let decoded = STANDARD.decode(encoded).ok()?;
            let decoded = String::from_utf8(decoded).ok()?;
            let (username, password) = decoded.split_once(':')?;
            let password = SecretString::from(password.trim_end_matches('\0'));
            return Some(Credentials::Basic { username: username.to_owned(), password });
        }
        let username = text("username")?.to_owned();
        Some(Credentials::Basic { username, password: text("password")?.into() })
    }

    /// Keeps a password for a registry.
    pub fn set(&mut self, registry: &str, username: &str, password: &SecretString) {
        let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
        let entry = json!({"auth": STANDARD.encode(pair.expose_secret())});
        let auths = self.root.entry("auths").or_insert_with(|| json!({}));
        if !auths.is_object() {
            *auths = json!({});
        }
        if let Some(auths) = auths.as_object_mut() {
            auths.insert(key(registry), entry);
        }
    }

    /// Forgets a registry; whether it was known.
    pub fn remove(&mut self, registry: &str) -> bool {
        let auths = self.root.get_mut("auths").and_then(Value::as_object_mut);
        auths.is_some_and(|auths| auths.remove(&key(registry)).is_some())
    }
}

impl std::fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = self.root.get("auths").and_then(Value::as_object);
        let known: Vec<&String> = known.into_iter().flat_map(|auths| auths.keys()).collect();
        write!(f, "DockerConfig({known:?})")
    }
}

/// Docker Hub goes by its old address.
fn key(registry: &str) -> String {
    match registry {
        "docker.io" | "registry-1.docker.io" | "index.docker.io" => {
            "https://index.docker.io/v1/".to_owned()
        }
        other => other.to_owned(),
    }
}

fn host(name: &str) -> &str {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    name.map_or("", |rest| rest.split('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_and_forgotten() {
        let mut config = DockerConfig::parse(
            r#"{"auths": {"https://old.test/v1/": {"auth": "dTpw"}, "t": {"identitytoken": "r"}},
                "credsStore": "desktop"}"#,
        )
        .unwrap();
        let shown = |config: &DockerConfig, registry: &str| match config.get(registry) {
            None => "none".to_owned(),
            Some(Credentials::Basic { username, password }) => {
                format!("{username}:{}", password.expose_secret())
            }
            Some(other) => format!("{other:?}").split('(').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(shown(&config, "old.test"), "u:p");
        assert_eq!(shown(&config, "t"), "Refresh");
        assert_eq!(shown(&config, "host:5000"), "none");
        config.set("host:5000", "me", &"a:b".into());
        assert_eq!(shown(&config, "host:5000"), "me:a:b");
        assert!(!format!("{config:?}").contains("bWU6"));
        let dir = std::env::temp_dir().join(format!("windlass-oci-{}", std::process::id()));
        let path = dir.join("registry/config.json");
        config.save(&path).unwrap();
        let mut again = DockerConfig::load(&path).unwrap();
        std::fs::remove_dir_all(dir).unwrap();
        assert_eq!(again.root["credsStore"], "desktop");
        assert!(again.remove("host:5000") && !again.remove("host:5000"));
        let error = DockerConfig::parse("{\"auths\": hunter2}").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
