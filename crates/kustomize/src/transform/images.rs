//! `images`, and the ImageTagTransformer.

use regex::Regex;
use serde_json::Value;

use super::fields::{Fields, set_scalar, wrong_kind};
use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::kustomization::Image;
use crate::resmap::ResMap;
use crate::resource::scalar_text;

/// Sets the images named so in all `containers` and `initContainers`, however deep, and in the
/// fields of `specs`. CustomResourceDefinitions are left alone.
///
/// # Errors
/// If an image is no scalar, or a container no map.
pub fn transform(map: &mut ResMap, image: &Image, specs: &[FieldSpec]) -> Result<()> {
    let Some(change) = Change::new(image) else { return Ok(()) };
    let fields = Fields::new(specs);
    for resource in map.iter_mut().filter(|r| r.kind() != "CustomResourceDefinition") {
        change.containers(&mut resource.value)?;
    }
    for resource in map.iter_mut().filter(|r| r.kind() != "CustomResourceDefinition") {
        fields.apply(&mut resource.value, None, &mut |value| change.set(value))?;
    }
    Ok(())
}

struct Change<'a> {
    image: &'a Image,
    matches: Regex,
}

impl<'a> Change<'a> {
    /// None if the name is no regular expression: then nothing matches.
    fn new(image: &'a Image) -> Option<Self> {
        let tag = "(:[a-zA-Z0-9_.{}-]*)?";
        let digest = "(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?";
        let matches = windlass_sprig::regexp(&format!("^{}{tag}{digest}$", image.name)).ok()?;
        Some(Self { image, matches })
    }

    fn containers(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.containers(value)?;
                    let Value::Array(items) = value else { continue };
                    if key != "containers" && key != "initContainers" {
                        continue;
                    }
                    for item in items {
                        match item {
                            Value::Object(container) => {
                                if let Some(image) = container.get_mut("image") {
                                    self.set(image)?;
                                }
                            }
                            Value::Null => {}
                            other => return Err(wrong_kind("MappingNode", other)),
                        }
                    }
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.containers(item)),
            _ => Ok(()),
        }
    }

    fn set(&self, value: &mut Value) -> Result<()> {
        let image = match &*value {
            Value::String(image) => image.clone(),
            Value::Object(_) | Value::Array(_) => return Err(wrong_kind("ScalarNode", value)),
            other => scalar_text(other),
        };
        if !self.matches.is_match(&image) {
            return Ok(());
        }
        let (mut name, mut tag, mut digest) = split(&image);
        let new = self.image;
        if !new.new_name.is_empty() {
            name = &new.new_name;
        }
        let suffixed;
        match (new.new_tag.is_empty(), new.digest.is_empty()) {
            (false, false) => (tag, digest) = (&new.new_tag, &new.digest),
            (false, true) => (tag, digest) = (&new.new_tag, ""),
            (true, false) => (tag, digest) = ("", &new.digest),
            (true, true) if !new.tag_suffix.is_empty() => {
                suffixed = format!("{tag}{}", new.tag_suffix);
                (tag, digest) = (&suffixed, "");
            }
            (true, true) => {}
        }
        let mut image = name.to_owned();
        if !tag.is_empty() {
            image = format!("{image}:{tag}");
        }
        if !digest.is_empty() {
            image = format!("{image}@{digest}");
        }
        set_scalar(value, Value::String(image))
    }
}

/// Name, tag and digest of an image.
pub(crate) fn split(image: &str) -> (&str, &str, &str) {
    // A colon in front of the first slash is a port's.
    let host = image.find('/').unwrap_or(0);
    let at = image[host..].find('@').map(|i| i + host);
    let colon = image[host..].find(':').map(|i| i + host);
    match (at, colon) {
        (None, None) => (image, "", ""),
        (Some(at), colon) if colon.is_none_or(|colon| at < colon) => {
            (&image[..at], "", &image[at + 1..])
        }
        (Some(at), Some(colon)) => (&image[..colon], &image[colon + 1..at], &image[at + 1..]),
        (_, colon) => {
            let colon = colon.unwrap_or(image.len());
            (&image[..colon], image.get(colon + 1..).unwrap_or_default(), "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_images() {
        for (image, parts) in [
            ("nginx", ("nginx", "", "")),
            ("nginx:1.2", ("nginx", "1.2", "")),
            ("nginx@sha256:12", ("nginx", "", "sha256:12")),
            ("host:5000/a/b", ("host:5000/a/b", "", "")),
            ("host:5000/a/b:v1", ("host:5000/a/b", "v1", "")),
            ("host:5000/a/b:v1@sha256:12", ("host:5000/a/b", "v1", "sha256:12")),
        ] {
            assert_eq!(split(image), parts, "{image}");
        }
    }

    #[test]
    fn changes_images() {
        let image = |name: &str, new: [&str; 4]| Image {
            name: name.into(),
            new_name: new[0].into(),
            new_tag: new[1].into(),
            digest: new[2].into(),
            tag_suffix: new[3].into(),
        };
        for (name, new, from, to) in [
            ("nginx", ["", "2", "", ""], "nginx:1", "nginx:2"),
            ("nginx", ["", "2", "", ""], "nginx@sha256:1", "nginx:2"),
            ("nginx", ["", "2", "", ""], "other/nginx", "other/nginx"),
            ("nginx", ["a/b", "", "", ""], "nginx:1@sha512:aa", "a/b:1@sha512:aa"),
            ("nginx", ["", "", "sha256:3", ""], "nginx:1", "nginx@sha256:3"),
            ("nginx", ["", "2", "sha256:3", ""], "nginx:1", "nginx:2@sha256:3"),
            ("nginx", ["", "", "", "-x"], "nginx:1@sha256:3", "nginx:1-x"),
            (".*/nginx", ["", "2", "", ""], "a/b/nginx", "a/b/nginx:2"),
        ] {
            let image = image(name, new);
            let mut value = Value::String(from.into());
            Change::new(&image).unwrap().set(&mut value).unwrap();
            assert_eq!(value, to);
        }
        assert!(Change::new(&image("[", ["", "", "", ""])).is_none());
    }
}
