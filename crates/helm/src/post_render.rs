//! What changes a chart's objects between its templates and their order: Helm's post-renderers.
//!
//! All documents go through as one stream; an annotation keeps from which file each one came.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_object::yaml;

use crate::error::Error;
use crate::manifest::split;
use crate::path;

/// Names the file that a document came from, while it is in the stream.
const FILE: &str = "postrenderer.helm.sh/postrender-filename";

/// A post-renderer.
pub trait PostRender: std::fmt::Debug + Send + Sync {
    /// The stream of documents that it makes of another.
    ///
    /// # Errors
    /// Why it makes none, in words.
    fn run(&self, manifests: &str) -> Result<String, String>;
}

/// The files as a post-renderer leaves them.
pub(crate) fn apply(
    files: &BTreeMap<String, String>,
    renderer: &dyn PostRender,
) -> Result<BTreeMap<String, String>, Error> {
    let fail = |reason: String| Error::PostRender { reason };
    let mut stream = Vec::new();
    let printed = files.iter().filter(|(file, _)| !path::base(file).starts_with('_'));
    for (file, content) in printed {
        for text in split(content) {
            for mut document in read(text)
                .map_err(|why| fail(format!("error merging manifests: parsing {file}: {why}")))?
            {
                annotate(&mut document, file);
                stream.push(yaml::to_string(&document));
            }
        }
    }
    let made = renderer
        .run(&stream.join("---\n"))
        .map_err(|why| fail(format!("error while running post render on files: {why}")))?;
    let documents = read(&made).map_err(|why| {
        fail(format!("error while parsing post rendered output: error parsing YAML: {why}"))
    })?;
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, mut document) in documents.into_iter().enumerate() {
        let file = file_of(&mut document)
            .unwrap_or_else(|| format!("generated-by-postrender-{number}.yaml"));
        files.entry(file).or_default().push(yaml::to_string(&document));
    }
    Ok(files.into_iter().map(|(file, texts)| (file, texts.join("---\n"))).collect())
}

fn read(text: &str) -> Result<Vec<Value>, String> {
    let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
    if let Some(error) = parsed.errors.first() {
        return Err(crate::values::yaml_error(error));
    }
    let documents = parsed.documents.into_iter().map(|document| document.value);
    Ok(documents.filter(|document| !document.is_null()).collect())
}

fn annotate(document: &mut Value, file: &str) {
    let mut at = document;
    for key in ["metadata", "annotations"] {
        let Value::Object(fields) = at else { return };
        at = fields.entry(key).or_insert(Value::Null);
        if at.is_null() {
            *at = json!({});
        }
    }
    if let Value::Object(annotations) = at {
        annotations.insert(FILE.to_owned(), file.into());
    }
}

/// The file that a document came from; what says so is removed.
fn file_of(document: &mut Value) -> Option<String> {
    let metadata = document.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let file = annotations.remove(FILE)?.as_str().map(str::to_owned);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    file.filter(|file| !file.is_empty())
}
