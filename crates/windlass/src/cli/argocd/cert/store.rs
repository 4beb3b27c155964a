//! The config maps in which Argo CD keeps known hosts and certificates.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::Regex;
use windlass_object::{Value, json};
use windlass_tree::Glob;

use super::super::kube::{Store, core};
use crate::cli::app::Connection;

const SSH: &str = "argocd-ssh-known-hosts-cm";
const SSH_KEY: &str = "ssh_known_hosts";
const TLS: &str = "argocd-tls-certs-cm";

/// What is known of hosts.
pub(super) struct Certificates {
    maps: Store,
}

/// A host's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostKey {
    pub(super) host: String,
    /// Such as `ssh-ed25519`.
    pub(super) kind: String,
    /// The key in base64, and what stands behind it.
    pub(super) data: String,
}

impl HostKey {
    /// The fingerprint, as ssh shows it; empty if the key cannot be read.
    pub(super) fn fingerprint(&self) -> String {
        let key = self.data.split_whitespace().next().unwrap_or_default();
        let Ok(bytes) = STANDARD.decode(key) else { return String::new() };
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        STANDARD_NO_PAD.encode(hash)
    }

    /// Whether the key is one of its kind: it begins with the kind's name.
    pub(super) fn is_key(&self) -> bool {
        let key = self.data.split_whitespace().next().unwrap_or_default();
        let Ok(bytes) = STANDARD.decode(key) else { return false };
        let name = bytes.get(4..4 + self.kind.len());
        let length = u32::try_from(self.kind.len()).unwrap_or(u32::MAX).to_be_bytes();
        bytes.starts_with(&length) && name == Some(self.kind.as_bytes())
    }
}

/// The lines of a known_hosts text that name a host, a kind and a key.
pub(super) fn host_keys(text: &str) -> Vec<HostKey> {
    let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
    let keys = lines.filter_map(|line| {
        let mut words = line.trim().splitn(3, ' ').map(str::to_owned);
        Some(HostKey { host: words.next()?, kind: words.next()?, data: words.next()? })
    });
    keys.collect()
}

/// The PEM blocks of certificates in a text.
pub(super) fn blocks(text: &str) -> anyhow::Result<Vec<String>> {
    const MAX_LINES: usize = 128;
    let mut blocks = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in text.lines() {
        if block.is_none() && line.starts_with("-----BEGIN CERTIFICATE-----") {
            block = Some(Vec::new());
        }
        let Some(lines) = block.as_mut() else { continue };
        lines.push(line);
        if lines.len() > MAX_LINES {
            anyhow::bail!("maximum number of lines exceeded during certificate parsing");
        }
        if line.starts_with("-----END CERTIFICATE-----") {
            blocks.push(format!("{}\n", lines.join("\n")));
            block = None;
        }
    }
    Ok(blocks)
}

/// Whether a host's name fits a pattern; an empty one fits all. Brackets are meant as they stand.
pub(super) fn fits(host: &str, pattern: &str) -> bool {
    let pattern = pattern.replace('[', "\\[").replace(']', "\\]");
    pattern.is_empty() || Glob::separated(&pattern).is_ok_and(|glob| glob.matches(host))
}

/// Whether the text is a host's name or address.
pub(super) fn is_host(text: &str) -> bool {
    static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let first = "([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])";
        let next = "([a-zA-Z0-9]|[a-zA-Z0-9_][a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])";
        Regex::new(&format!("^{first}(\\.{next})*\\.?$")).ok()
    });
    NAME.as_ref().is_some_and(|regex| regex.is_match(text))
        || text.parse::<std::net::Ipv6Addr>().is_ok()
}

impl Certificates {
    pub(super) fn new(connection: &Connection) -> Self {
        Self { maps: Store::new(connection, core("ConfigMap")) }
    }

    /// The config map; an empty one, without a version, where it is not there yet.
    async fn map(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.maps.find(name).await.with_context(|| {
            format!("known hosts and certificates are kept in the config map {name}")
        })?;
        let part = "app.kubernetes.io/part-of";
        Ok(found.unwrap_or_else(|| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
                "name": name, "labels": {part: "argocd", "app.kubernetes.io/name": name},
            }})
        }))
    }

    async fn save(&self, map: &Value) -> anyhow::Result<()> {
        if map["metadata"]["resourceVersion"].is_null() {
            self.maps.create(map).await?;
        } else {
            self.maps.replace(map).await?;
        }
        Ok(())
    }

    pub(super) async fn host_keys(&self) -> anyhow::Result<Vec<HostKey>> {
        let map = self.map(SSH).await?;
        Ok(host_keys(map["data"][SSH_KEY].as_str().unwrap_or_default()))
    }

    pub(super) async fn save_host_keys(&self, keys: &[HostKey]) -> anyhow::Result<()> {
        let mut map = self.map(SSH).await?;
        let lines = keys.iter().map(|key| format!("{} {} {}", key.host, key.kind, key.data));
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        map["data"][SSH_KEY] = json!(text);
        self.save(&map).await
    }

    /// Certificates in PEM by host.
    pub(super) async fn certificates(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let map = self.map(TLS).await?;
        let fields = map["data"].as_object().into_iter().flatten();
        let text = fields.filter_map(|(host, pem)| Some((host.clone(), pem.as_str()?.to_owned())));
        Ok(text.collect())
    }

    pub(super) async fn save_certificates(
        &self,
        all: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        let mut map = self.map(TLS).await?;
        map["data"] = json!(all);
        self.save(&map).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_patterns() {
        assert!(
            is_host("git.example.com") && is_host("::1") && !is_host("a b") && !is_host("|1|x")
        );
        assert!(fits("[git.example.com]:2222", "[git.*"));
        assert!(fits("a", "") && fits("a.b", "a.*") && !fits("a.b", "b*"));
    }
}
