//! The config map in which Argo CD keeps public keys, by their ids.

use std::collections::BTreeMap;

use anyhow::Context as _;
use windlass_object::{Value, json};
use windlass_openpgp::Keyring;

use super::super::kube::{Store, core};
use crate::cli::app::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

const NAME: &str = "argocd-gpg-keys-cm";
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// The config map.
pub(super) struct Keys {
    maps: Store,
}

/// A public key.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    /// Sixteen hexadecimal digits in capitals.
    pub(super) id: String,
    pub(super) fingerprint: String,
    /// Such as `rsa2048`.
    pub(super) subtype: String,
    pub(super) owner: String,
    /// The key in armour.
    pub(super) data: String,
}

impl PublicKey {
    /// As argocd's API tells it; `whole` with the key itself.
    pub(super) fn value(&self, whole: bool) -> Value {
        let mut value = json!({
            "keyID": self.id, "fingerprint": self.fingerprint, "owner": self.owner,
            "subType": self.subtype, "trust": "unknown",
        });
        if whole {
            value["keyData"] = json!(self.data);
        }
        value
    }
}

/// The keys of a text, each in an armour of its own.
///
/// # Errors
/// When there is none, one cannot be read, or an armour holds several.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<PublicKey>> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let block = &rest[begin..];
        let end = block.find(END).context("a key's armour does not end")? + END.len();
        let data = block[..end].to_owned();
        let ring = Keyring::read(data.as_bytes())?;
        let [entity] = ring.entities() else {
            return Err(Failure::generic(
                "an armour holds several keys: export each one for itself and put them one behind \
                 the other",
            ));
        };
        keys.push(PublicKey {
            id: entity.id(),
            fingerprint: entity.fingerprint().iter().map(|byte| format!("{byte:02X}")).collect(),
            subtype: entity.algorithm(),
            owner: entity.identities().first().cloned().unwrap_or_default(),
            data,
        });
        rest = &block[end..];
    }
    if keys.is_empty() {
        return Err(Failure::generic("there is no public key of GnuPG in armour"));
    }
    Ok(keys)
}

/// Of an id or a fingerprint the id.
///
/// # Errors
/// When the text is neither.
pub(super) fn id(text: &str) -> anyhow::Result<String> {
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        16 | 40 if hexadecimal => Ok(text[text.len() - 16..].to_ascii_uppercase()),
        _ => Err(Failure::generic("KeyID is malformed or empty")),
    }
}

impl Keys {
    pub(super) fn new(connection: &Connection) -> Self {
        Self { maps: Store::new(connection, core("ConfigMap")) }
    }

    /// All of them, by id. What cannot be read is told and left out.
    pub(super) async fn all(&self) -> anyhow::Result<BTreeMap<String, PublicKey>> {
        let map = self.maps.find(NAME).await?.unwrap_or_default();
        let mut all = BTreeMap::new();
        for (id, text) in map["data"].as_object().into_iter().flatten() {
            match read(text.as_str().unwrap_or_default()) {
                Ok(keys) => all.extend(keys.into_iter().map(|key| (key.id.clone(), key))),
                Err(error) => output::warn(&format!("warning: {NAME}: {id}: {error:#}")),
            }
        }
        Ok(all)
    }

    /// Stores some more; what is there of other keys stays.
    pub(super) async fn add(&self, keys: &[PublicKey]) -> anyhow::Result<()> {
        let known = self.maps.find(NAME).await?;
        let is_there = known.is_some();
        let mut map = known.unwrap_or_else(|| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": NAME, "labels": {"app.kubernetes.io/part-of": "argocd"}},
            })
        });
        for key in keys {
            map["data"][&key.id] = json!(key.data);
        }
        match is_there {
            true => self.maps.replace(&map).await?,
            false => self.maps.create(&map).await?,
        };
        Ok(())
    }

    /// Takes one away; whether it was there.
    pub(super) async fn remove(&self, id: &str) -> anyhow::Result<bool> {
        let Some(mut map) = self.maps.find(NAME).await? else { return Ok(false) };
        let data = map["data"].as_object_mut();
        if data.and_then(|data| data.remove(id)).is_none() {
            return Ok(false);
        }
        self.maps.replace(&map).await?;
        Ok(true)
    }
}
