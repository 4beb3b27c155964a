//! The fields of an object that rules look at, read as Go reads them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::decode::Decoder;

/// What the linter reads of an object.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
}

impl Object {
    /// The error is what the linter says to a document that is none.
    pub(super) fn read(document: &Json) -> Result<Self, String> {
        let (mut object, mut namespace) = (Self::default(), String::new());
        let mut d = Decoder::new("k8sYamlStruct");
        d.object("rules.k8sYamlStruct", document, |d, key, value| match key {
            "apiversion" => d.string(&mut object.api_version, value),
            "kind" => {
                d.named("Kind");
                d.string(&mut object.kind, value);
            }
            "metadata" => {
                d.named("Metadata");
                d.object("rules.k8sYamlMetadata", value, |d, key, value| match key {
                    "name" => {
                        d.named("Name");
                        d.string(&mut object.name, value);
                    }
                    "namespace" => {
                        d.named("Namespace");
                        d.string(&mut namespace, value);
                    }
                    _ => {}
                });
            }
            _ => {}
        });
        d.finish().map_err(|error| format!("unable to parse YAML: {error}"))?;
        Ok(object)
    }
}

/// Whether an item of a list says what is to become of it when its release goes.
pub(super) fn resource_policy(document: &Json) -> Result<bool, String> {
    const METADATA: &str = "struct { Annotations map[string]string }";
    const ITEM: &str = "struct { Metadata struct { Annotations map[string]string } }";
    const ITEMS: &str = "[]struct { Metadata struct { Annotations map[string]string } }";
    let (mut found, mut items) = (false, Vec::new());
    let mut d = Decoder::new("");
    d.object("", document, |d, key, value| {
        if key != "items" {
            return;
        }
        d.named("Items");
        d.list(ITEMS, &mut items, value, |d, item| {
            d.object(ITEM, item, |d, key, value| {
                if key != "metadata" {
                    return;
                }
                d.named("Metadata");
                d.object(METADATA, value, |d, key, value| {
                    if key == "annotations" {
                        d.named("Annotations");
                        let mut annotations = BTreeMap::new();
                        d.string_map(&mut annotations, value);
                        found |= annotations.contains_key("helm.sh/resource-policy");
                    }
                });
            });
        });
    });
    d.finish().map_err(|error| format!("unable to parse YAML: {error}"))?;
    Ok(found)
}
