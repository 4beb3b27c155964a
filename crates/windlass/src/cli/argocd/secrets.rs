//! Argo CD's settings that are secrets of a type: repositories, credentials, clusters.

use windlass_object::{Value, json};

use super::kube::{Data, Store, core};
use crate::cli::app::Connection;
use crate::cli::failure::Failure;

pub(super) const LABEL: &str = "argocd.argoproj.io/secret-type";
pub(super) const MANAGED_BY: &str = "managed-by";
pub(super) const ARGOCD: &str = "argocd.argoproj.io";

/// The secrets of one type.
pub(super) struct Secrets {
    store: Store,
    kind: &'static str,
}

/// One of them. No `Debug`: its data is secret.
pub(super) struct Entry {
    object: Value,
    pub(super) data: Data,
}

/// FNV-1a in 32 bits, as names of Argo CD's secrets end in.
pub(super) fn hash(parts: &[&str]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Secrets {
    pub(super) fn new(connection: &Connection, kind: &'static str) -> Self {
        Self { store: Store::new(connection, core("Secret")), kind }
    }

    pub(super) async fn list(&self) -> anyhow::Result<Vec<Entry>> {
        let found = self.store.list(&format!("{LABEL}={}", self.kind)).await?;
        let entry = |object| Entry { data: Data::of(&object), object };
        Ok(found.into_iter().map(entry).collect())
    }

    /// Creates one; `false` if the name is taken.
    pub(super) async fn create(
        &self,
        name: &str,
        data: &Data,
        labels: &Value,
        annotations: &Value,
    ) -> anyhow::Result<bool> {
        if let Some(known) = self.store.find(name).await? {
            if known["metadata"]["labels"][LABEL].is_null() {
                return Err(Failure::generic(format!(
                    "secret {name:?} doesn't have the proper {LABEL:?} label: please fix the secret \
                     or delete it"
                )));
            }
            return Ok(false);
        }
        let mut object = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "labels": labels, "annotations": annotations},
            "data": data.encoded(),
        });
        object["metadata"]["labels"][LABEL] = json!(self.kind);
        object["metadata"]["annotations"][MANAGED_BY] = json!(ARGOCD);
        self.store.create(&object).await?;
        Ok(true)
    }

    /// Stores changed data.
    pub(super) async fn replace(&self, entry: &Entry) -> anyhow::Result<()> {
        let mut object = entry.object.clone();
        object["data"] = entry.data.encoded();
        object["metadata"]["labels"][LABEL] = json!(self.kind);
        object["metadata"]["annotations"][MANAGED_BY] = json!(ARGOCD);
        self.store.replace(&object).await.map(|_| ())
    }

    /// Deletes one that such a command made; of another only the label is taken away.
    pub(super) async fn delete(&self, entry: &Entry) -> anyhow::Result<()> {
        let metadata = &entry.object["metadata"];
        if metadata["annotations"][MANAGED_BY] == ARGOCD {
            return self.store.delete(metadata["name"].as_str().unwrap_or_default()).await;
        }
        let mut object = entry.object.clone();
        if let Some(labels) = object["metadata"]["labels"].as_object_mut() {
            labels.remove(LABEL);
        }
        self.store.replace(&object).await.map(|_| ())
    }
}

impl Entry {
    /// Labels or annotations.
    pub(super) fn metadata(&self, field: &str) -> &Value {
        &self.object["metadata"][field]
    }

    pub(super) fn metadata_mut(&mut self, field: &str) -> &mut Value {
        &mut self.object["metadata"][field]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_as_argo_cds() {
        // Argo CD 3.2.6 named the secrets of these so.
        assert_eq!(hash(&["file:///tmp/clix/repo1", ""]), 3_146_390_966);
        assert_eq!(hash(&["file:///tmp/clix/repo1", "p1"]), 778_192_953);
        assert_eq!(hash(&["https://h/", ""]), 1_180_394_231);
    }
}
