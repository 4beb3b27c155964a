//! The hash of a resource's content, for its name.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::resource::{Resource, scalar_text};
use windlass_object::go;

/// The ten letters that kustomize puts behind a generated resource's name.
///
/// What is hashed is JSON as Go writes it, of the data and the kind; the name in it is always
/// empty.
pub(crate) fn hash(resource: &Resource) -> String {
    // A scalar is its text; a list is read as a map, and comes to nothing.
    let field = |name: &str| match resource.value.get(name) {
        None => Value::String(String::new()),
        Some(value @ Value::Object(_)) => value.clone(),
        Some(Value::Array(_)) => Value::Null,
        Some(scalar) => Value::String(scalar_text(scalar)),
    };
    let mut content = Map::new();
    let kind = resource.kind();
    match kind {
        "ConfigMap" | "Secret" => {
            content.insert("kind".to_owned(), Value::String(kind.to_owned()));
            content.insert("name".to_owned(), Value::String(String::new()));
            content.insert("data".to_owned(), field("data"));
            let more = if kind == "Secret" {
                content.insert("type".to_owned(), field("type"));
                "stringData"
            } else {
                "binaryData"
            };
            if let Some(value @ Value::Object(_)) = resource.value.get(more) {
                content.insert(more.to_owned(), value.clone());
            }
            encode(&go::to_json(&Value::Object(content)))
        }
        _ => encode(&go::to_json(&resource.noted())),
    }
}

fn encode(text: &str) -> String {
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest
        .chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_kustomize_hashes() {
        let of = |value| hash(&Resource::new(value));
        assert_eq!(of(json!({"kind": "ConfigMap", "metadata": {"name": "x"}})), "6ct58987ht");
        let data = json!({"kind": "ConfigMap", "data": {"one": ""}});
        assert_eq!(of(data), "9g67k2htb6");
        let secret = json!({"kind": "Secret", "type": "my-type", "data": {"one": ""}});
        assert_eq!(of(secret), "74bd68bm66");
    }
}
