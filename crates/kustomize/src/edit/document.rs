//! The text of a kustomization.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::kustomization::encode::Encode;
use crate::kustomization::{Kustomization, read_to_edit};

/// The fields in the order in which new ones are written.
const FIELDS: [&str; 33] = [
    "apiVersion",
    "kind",
    "metadata",
    "sortOptions",
    "resources",
    "bases",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "crds",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "helmChartInflationGenerator",
    "helmGlobals",
    "generatorOptions",
    "vars",
    "images",
    "replacements",
    "replicas",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "components",
    "openapi",
    "buildMetadata",
];

/// A kustomization and the comments of its text.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its fields.
    pub kustomization: Kustomization,
    /// The fields of the text in order, with what stands in front of each.
    fields: Vec<(&'static str, String)>,
}

impl Document {
    /// Reads a text. What deprecated fields say is moved to where it belongs now.
    ///
    /// # Errors
    /// For what is not YAML, and unknown fields or fields of a wrong type.
    pub fn read(text: &str) -> Result<Self> {
        let kustomization = read_to_edit(text.as_bytes())?;
        let mut fields: Vec<(&'static str, String)> = Vec::new();
        let mut comments = String::new();
        // What stands behind the last line feed is not looked at.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            if is_comment(line) {
                comments.push_str(line);
            } else if let Some(field) = field(line) {
                fields.push((field, std::mem::take(&mut comments)));
            } else if let Some((_, before)) = fields.last_mut() {
                before.push_str(&std::mem::take(&mut comments));
            }
        }
        Ok(Self { kustomization, fields })
    }

    /// Writes it.
    pub fn write(&self) -> String {
        let Value::Object(values) = self.kustomization.whole() else { return String::new() };
        let mut text = String::new();
        for (field, comments) in &self.fields {
            text.push_str(comments);
            text.push_str(&written(&values, field));
        }
        for field in FIELDS.iter().filter(|field| !self.fields.iter().any(|(f, _)| f == *field)) {
            text.push_str(&written(&values, field));
        }
        text
    }
}

fn written(values: &Map<String, Value>, field: &str) -> String {
    values.get(field).map_or_else(String::new, |value| {
        let one = Map::from_iter([(field.to_owned(), value.clone())]);
        windlass_object::yaml::to_string(&Value::Object(one))
    })
}

fn is_comment(line: &str) -> bool {
    let text = line.trim_start_matches(' ').trim_end_matches('\n');
    text.is_empty() || text.starts_with('#')
}

fn field(line: &str) -> Option<&'static str> {
    let (name, _) = line.split_once(':')?;
    FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_comments() {
        let text = "# head\nnamePrefix: a-  # gone\n\n# of resources\nresources:\n- b\n# inside\n- a\n\
                    \nImages:\n- name: x\n  newTag: 1.2\n# tail\n";
        let mut document = Document::read(&text.replace("1.2", "\"1.2\"")).unwrap();
        document.kustomization.namespace = "n".into();
        assert_eq!(
            document.write(),
            "# head\nnamePrefix: a-\n\n# of resources\n# inside\nresources:\n- b\n- a\n\nimages:\n\
             - name: x\n  newTag: \"1.2\"\napiVersion: kustomize.config.k8s.io/v1beta1\n\
             kind: Kustomization\nnamespace: \"n\"\n"
        );
        assert!(Document::read("nothing: 1\n").is_err());
        assert_eq!(
            Document::read("").unwrap().write(),
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        );
    }
}
