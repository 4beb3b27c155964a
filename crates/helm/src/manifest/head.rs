//! What Helm reads of a document to sort it.

use std::collections::BTreeMap;

use windlass_object::yaml;

use crate::decode::Decoder;
use crate::values::yaml_error;

#[derive(Default)]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Head {
    /// Reads a document's head; the whole document must be YAML.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wanted = |key: &str| FIELDS.iter().any(|field| key.eq_ignore_ascii_case(field));
        let document = yaml::head(text.as_bytes(), &yaml::Options::default(), &wanted)
            .map_err(|e| yaml_error(&e))?;
        let mut head = Self::default();
        let mut d = Decoder::new("SimpleHead");
        d.object("util.SimpleHead", &document, |d, key, value| match key {
            "apiversion" => d.string(&mut head.api_version, value),
            "kind" => d.string(&mut head.kind, value),
            // A struct without a name has none in Go's words.
            "metadata" => d.object(METADATA, value, |d, key, value| match key {
                "name" => d.string(&mut head.name, value),
                "annotations" => d.string_map(&mut head.annotations, value),
                _ => {}
            }),
            _ => {}
        });
        d.finish().map(|()| head).map_err(|e| e.to_string())
    }
}

/// The fields of a head.
const FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The type of the field, as Go prints it.
const METADATA: &str = r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;
