//! Objects of the control namespace, as the commands on settings need them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use secrecy::{ExposeSecret as _, SecretString};
use windlass_object::{Map, Value, json};

use crate::cli::app::{Connection, refused};
use crate::cli::failure::Failure;

/// The kind of Argo CD's projects.
pub(super) fn projects() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(
        windlass_argo::types::GROUP,
        windlass_argo::types::VERSION,
        "AppProject",
    ))
}

/// A kind of the core group.
pub(super) fn core(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind))
}

/// One kind in the control namespace.
pub(super) struct Store {
    api: Api<DynamicObject>,
    kind: ApiResource,
}

impl Store {
    pub(super) fn new(connection: &Connection, kind: ApiResource) -> Self {
        let client = connection.client.clone();
        Self { api: Api::namespaced_with(client, &connection.namespace, &kind), kind }
    }

    /// The kind in another namespace.
    pub(super) fn within(connection: &Connection, kind: ApiResource, namespace: &str) -> Self {
        Self { api: Api::namespaced_with(connection.client.clone(), namespace, &kind), kind }
    }

    /// The kind in all namespaces, for listing.
    pub(super) fn everywhere(connection: &Connection, kind: ApiResource) -> Self {
        Self { api: Api::all_with(connection.client.clone(), &kind), kind }
    }

    fn value(&self, found: DynamicObject) -> anyhow::Result<Value> {
        let mut value = serde_json::to_value(found)?;
        value["apiVersion"] = json!(self.kind.api_version);
        value["kind"] = json!(self.kind.kind);
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        Ok(value)
    }

    /// `None` if it is not there.
    pub(super) async fn find(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let found = self.api.get_opt(name).await.map_err(|e| refused(&e))?;
        found.map(|found| self.value(found)).transpose()
    }

    pub(super) async fn get(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.api.get(name).await.map_err(|e| refused(&e))?;
        self.value(found)
    }

    /// Those that a label selector selects, by name.
    pub(super) async fn list(&self, selector: &str) -> anyhow::Result<Vec<Value>> {
        let mut params = ListParams::default().labels(selector).limit(500);
        let mut all = Vec::new();
        loop {
            let page = self.api.list(&params).await.map_err(|e| refused(&e))?;
            for item in page.items {
                all.push(self.value(item)?);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    fn params() -> PostParams {
        PostParams { field_manager: Some("windlass".to_owned()), ..PostParams::default() }
    }

    pub(super) async fn create(&self, value: &Value) -> anyhow::Result<Value> {
        let object: DynamicObject = serde_json::from_value(value.clone())?;
        let made = self.api.create(&Self::params(), &object).await;
        self.value(made.map_err(|e| refused(&e))?)
    }

    /// Replaces the object: fails if it was changed since it was read.
    pub(super) async fn replace(&self, value: &Value) -> anyhow::Result<Value> {
        let object: DynamicObject = serde_json::from_value(value.clone())?;
        let name = object.metadata.name.clone().unwrap_or_default();
        let made = self.api.replace(&name, &Self::params(), &object).await;
        self.value(made.map_err(|e| refused(&e))?)
    }

    pub(super) async fn delete(&self, name: &str) -> anyhow::Result<()> {
        self.api.delete(name, &DeleteParams::default()).await.map_err(|e| refused(&e))?;
        Ok(())
    }
}

/// What a secret holds. No `Debug`: its values are secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Data(BTreeMap<String, Vec<u8>>);

impl Data {
    /// The data of a secret.
    pub(super) fn of(secret: &Value) -> Self {
        let fields = secret["data"].as_object().into_iter().flatten();
        let decoded = fields
            .filter_map(|(key, text)| Some((key.clone(), STANDARD.decode(text.as_str()?).ok()?)));
        Self(decoded.collect())
    }

    pub(super) fn bytes(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// The text of a field; empty if it is not there.
    pub(super) fn text(&self, key: &str) -> String {
        String::from_utf8_lossy(self.bytes(key).unwrap_or_default()).into_owned()
    }

    pub(super) fn secret(&self, key: &str) -> SecretString {
        self.text(key).into()
    }

    /// Sets a field, or takes it away where the text is empty and it was never set.
    pub(super) fn set(&mut self, key: &str, text: &str) {
        if !text.is_empty() || self.0.contains_key(key) {
            self.0.insert(key.to_owned(), text.as_bytes().to_vec());
        }
    }

    /// Sets a field, be it to nothing.
    pub(super) fn insert(&mut self, key: &str, text: &str) {
        self.0.insert(key.to_owned(), text.as_bytes().to_vec());
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(super) fn set_secret(&mut self, key: &str, text: &SecretString) {
        self.set(key, text.expose_secret());
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()))
    }

    /// A client for the cluster that they describe.
    pub(super) fn client(&self) -> anyhow::Result<kube::Client> {
        windlass_argo::cluster_client(&self.0)
            .map_err(|error| Failure::generic(format!("error getting REST config: {error}")))
    }

    /// All fields as `stringData` of a secret has them.
    pub(super) fn string_data(&self) -> Value {
        let texts = self.fields().map(|(key, bytes)| {
            (key.to_owned(), Value::String(String::from_utf8_lossy(bytes).into_owned()))
        });
        Value::Object(texts.collect())
    }

    /// Takes these fields over from other data, and away where that has none.
    pub(super) fn replace<'a>(&mut self, from: &Self, fields: impl Iterator<Item = &'a str>) {
        for field in fields {
            match from.bytes(field) {
                Some(bytes) => self.0.insert(field.to_owned(), bytes.to_vec()),
                None => self.0.remove(field),
            };
        }
    }

    /// As `data` of a secret.
    pub(super) fn encoded(&self) -> Value {
        let fields = self.0.iter().map(|(key, bytes)| (key.clone(), json!(STANDARD.encode(bytes))));
        Value::Object(Map::from_iter(fields))
    }
}
