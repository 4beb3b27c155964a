//! Which fields the transformers change: the built-in field paths, what `configurations` add, and
//! what `crds` say by extensions.

use std::sync::{Arc, LazyLock};

use serde_json::Value;
use windlass_object::yaml;

use crate::error::{During, Error, Result};
use crate::fieldspec::{self, FieldSpec};
use crate::id::Gvk;
use crate::kustomization::FieldSpecArgs;
use crate::kustomization::decode::{decode, record};
use crate::loader::Loader;

/// The kinds that may refer to a kind by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameReference {
    /// What is referred to.
    pub(crate) referral: Gvk,
    /// The fields that do so.
    pub(crate) referrers: Vec<FieldSpec>,
}

/// The fields that each transformer changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// Of `namePrefix`.
    pub(crate) name_prefix: Vec<FieldSpec>,
    /// Of `nameSuffix`.
    pub(crate) name_suffix: Vec<FieldSpec>,
    /// Of `namespace`.
    pub(crate) namespace: Vec<FieldSpec>,
    /// Of `commonLabels`, and of `labels` that include selectors.
    pub(crate) common_labels: Vec<FieldSpec>,
    /// Of all `labels`.
    pub(crate) labels: Vec<FieldSpec>,
    /// Of `labels` that include templates.
    pub(crate) template_labels: Vec<FieldSpec>,
    /// Of `labels` that include claim templates.
    pub(crate) volume_claim_template_labels: Vec<FieldSpec>,
    /// Of `commonAnnotations`.
    pub(crate) common_annotations: Vec<FieldSpec>,
    /// Names that other resources refer to.
    pub(crate) name_reference: Vec<NameReference>,
    /// Where vars are resolved.
    pub(crate) var_reference: Vec<FieldSpec>,
    /// Of `images`.
    pub(crate) images: Vec<FieldSpec>,
    /// Of `replicas`.
    pub(crate) replicas: Vec<FieldSpec>,
}

/// The built-in field paths.
pub(crate) static BUILTIN: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(builtin()));

record! {
    /// A configuration file.
    ConfigFile = "TransformerConfig" {
        /// As in [`Config`], all of these.
        name_prefix: Vec<FieldSpecArgs> = "namePrefix",
        /// See there.
        name_suffix: Vec<FieldSpecArgs> = "nameSuffix",
        /// See there.
        namespace: Vec<FieldSpecArgs> = "namespace",
        /// See there.
        common_labels: Vec<FieldSpecArgs> = "commonLabels",
        /// See there.
        labels: Vec<FieldSpecArgs> = "labels",
        /// See there.
        template_labels: Vec<FieldSpecArgs> = "templateLabels",
        /// See there.
        volume_claim_template_labels: Vec<FieldSpecArgs> = "volumeClaimTemplateLabels",
        /// See there.
        common_annotations: Vec<FieldSpecArgs> = "commonAnnotations",
        /// See there.
        name_reference: Vec<NameReferenceArgs> = "nameReference",
        /// See there.
        var_reference: Vec<FieldSpecArgs> = "varReference",
        /// See there.
        images: Vec<FieldSpecArgs> = "images",
        /// See there.
        replicas: Vec<FieldSpecArgs> = "replicas",
    }
}

record! {
    /// A name reference in a configuration file.
    NameReferenceArgs = "NameBackReferences" {
        /// Group of what is referred to.
        group: String = "group",
        /// Its version.
        version: String = "version",
        /// Its kind.
        kind: String = "kind",
        /// The fields that refer to it.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

fn specs(args: &[FieldSpecArgs]) -> Vec<FieldSpec> {
    args.iter().map(FieldSpecArgs::spec).collect()
}

impl ConfigFile {
    fn config(&self) -> Config {
        let references = self.name_reference.iter().map(|r| NameReference {
            referral: Gvk {
                group: r.group.clone(),
                version: r.version.clone(),
                kind: r.kind.clone(),
            },
            referrers: specs(&r.field_specs),
        });
        let mut config = Config {
            name_prefix: specs(&self.name_prefix),
            name_suffix: specs(&self.name_suffix),
            namespace: specs(&self.namespace),
            common_labels: specs(&self.common_labels),
            labels: specs(&self.labels),
            template_labels: specs(&self.template_labels),
            volume_claim_template_labels: specs(&self.volume_claim_template_labels),
            common_annotations: specs(&self.common_annotations),
            name_reference: references.collect(),
            var_reference: specs(&self.var_reference),
            images: specs(&self.images),
            replicas: specs(&self.replicas),
        };
        config.sort();
        config
    }
}

impl Config {
    /// The built-in field paths and those of the `configurations` files.
    ///
    /// # Errors
    /// If a file cannot be read, has unknown fields, or contradicts another.
    pub(crate) fn with_files(loader: &Loader<'_>, paths: &[String]) -> Result<Self> {
        let mut config = Self::clone(&BUILTIN);
        let mut added = Self::default();
        for path in paths {
            let text = loader.load(path)?;
            let wrong = |problem: String| Error::told(problem);
            let options = yaml::Options::strict();
            let value = yaml::parse_one(&text, &options).map_err(|e| {
                let e = wrong(format!("error converting YAML to JSON: yaml: {e}"));
                loader.place(path).map_or(e.clone(), |place| e.at(&place, None))
            })?;
            let file: ConfigFile = decode(&value, true).map_err(|problem| {
                // What is a list of field paths has a name of its own there.
                let problem = problem.replace("[]types.FieldSpec", "types.FsSlice");
                let e = wrong(format!("error unmarshaling JSON: while decoding JSON: {problem}"));
                loader.place(path).map_or(e.clone(), |place| e.at(&place, None))
            })?;
            added.merge(&file.config())?;
        }
        config.merge(&added)?;
        Ok(config)
    }

    /// What the extensions in the definitions of `crds` say.
    ///
    /// # Errors
    /// If a file cannot be read, or contradicts another.
    pub(crate) fn of_crds(loader: &Loader<'_>, paths: &[String]) -> Result<Self> {
        let mut config = Self::default();
        for path in paths {
            let text = loader.load(path)?;
            let value = yaml::parse_one(&text, &yaml::Options::default())
                .map_err(|e| Error::told(e.to_string()))
                .during(|| format!("unable to parse open API definition from '{path}'"))?;
            let kind = match &value {
                Value::Object(_) | Value::Null => None,
                Value::Array(_) => Some("array"),
                Value::String(_) => Some("string"),
                Value::Bool(_) => Some("bool"),
                Value::Number(_) => Some("number"),
            };
            if let Some(kind) = kind {
                return Err(Error::told(format!(
                    "unable to parse open API definition from '{path}': error unmarshaling JSON: \
                     while decoding JSON: json: cannot unmarshal {kind} into Go value of type \
                     accumulator.nameToApiMap"
                )));
            }
            for (name, definition) in value.as_object().into_iter().flatten() {
                let properties = &definition["Schema"]["properties"];
                let properties = if properties.is_null() {
                    &definition["schema"]["properties"]
                } else {
                    properties
                };
                let is_type =
                    ["kind", "apiVersion", "metadata"].iter().all(|p| properties.get(*p).is_some());
                if is_type {
                    let kind = name.rsplit('.').next().unwrap_or(name);
                    let gvk = Gvk { kind: kind.to_owned(), ..Gvk::default() };
                    config.learn(&value, name, &gvk, &mut Vec::new())?;
                }
            }
        }
        Ok(config)
    }

    fn learn(&mut self, all: &Value, name: &str, gvk: &Gvk, path: &mut Vec<String>) -> Result<()> {
        if path.len() > 64 {
            return Err(Error::told(format!("the definition {name} contains itself")));
        }
        let Some(definition) = all.get(name) else { return Ok(()) };
        let schema = definition.get("Schema").or_else(|| definition.get("schema"));
        let properties = schema.and_then(|s| s.get("properties")).and_then(Value::as_object);
        for (property, schema) in properties.into_iter().flatten() {
            path.push(property.clone());
            let spec = |more: Option<&str>| {
                let mut parts = path.clone();
                parts.extend(more.map(str::to_owned));
                FieldSpec { gvk: gvk.clone(), path: parts.join("/"), create: false }
            };
            let text = |key: &str| schema.get(key).and_then(Value::as_str);
            if text("x-kubernetes-annotation").is_some() {
                fieldspec::merge_one(&mut self.common_annotations, &spec(None))?;
            }
            if text("x-kubernetes-label-selector").is_some() {
                fieldspec::merge_one(&mut self.common_labels, &spec(None))?;
            }
            if text("x-kubernetes-identity").is_some() {
                fieldspec::merge_one(&mut self.name_prefix, &spec(None))?;
            }
            let referred = text("x-kubernetes-object-ref-api-version")
                .zip(text("x-kubernetes-object-ref-kind"));
            if let Some((version, kind)) = referred {
                let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
                let reference = NameReference {
                    referral: Gvk {
                        group: String::new(),
                        version: version.to_owned(),
                        kind: kind.to_owned(),
                    },
                    referrers: vec![spec(Some(key))],
                };
                merge_reference(&mut self.name_reference, &reference)?;
            }
            if let Some(target) = text("$ref") {
                self.learn(all, target, gvk, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    /// Adds what `other` says.
    ///
    /// # Errors
    /// If both name a field and disagree on whether it is made.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        let lists = [
            (&mut self.name_prefix, &other.name_prefix, "NamePrefix"),
            (&mut self.name_suffix, &other.name_suffix, "NameSuffix"),
            (&mut self.namespace, &other.namespace, "NameSpace"),
            (&mut self.common_annotations, &other.common_annotations, "CommonAnnotations"),
            (&mut self.common_labels, &other.common_labels, "CommonLabels"),
            (&mut self.labels, &other.labels, "Labels"),
            (&mut self.template_labels, &other.template_labels, "TemplateLabels"),
            (
                &mut self.volume_claim_template_labels,
                &other.volume_claim_template_labels,
                "VolumeClaimTemplateLabels",
            ),
            (&mut self.var_reference, &other.var_reference, "VarReference"),
            (&mut self.images, &other.images, "Images"),
            (&mut self.replicas, &other.replicas, "Replicas"),
        ];
        for (mine, theirs, name) in lists {
            fieldspec::merge_all(mine, theirs)
                .during(|| format!("failed to merge {name} fieldSpec"))?;
        }
        for reference in &other.name_reference {
            merge_reference(&mut self.name_reference, reference)
                .during(|| "failed to merge NameReference fieldSpec".to_owned())?;
        }
        self.sort();
        Ok(())
    }

    fn sort(&mut self) {
        for list in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.volume_claim_template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ] {
            list.sort_by(|a, b| a.gvk.legacy_cmp(&b.gvk));
        }
        self.name_reference.sort_by(|a, b| a.referral.legacy_cmp(&b.referral));
    }
}

fn merge_reference(all: &mut Vec<NameReference>, incoming: &NameReference) -> Result<()> {
    match all.iter_mut().find(|r| r.referral == incoming.referral) {
        Some(known) => fieldspec::merge_all(&mut known.referrers, &incoming.referrers),
        None => {
            all.push(incoming.clone());
            Ok(())
        }
    }
}

/// Reads the table of built-in field paths, which stands in the right order.
fn builtin() -> Config {
    let mut config = Config::default();
    let mut section = "";
    for line in include_str!("data/fieldspecs.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = head;
            if let Some(words) = head.strip_prefix("nameReference ") {
                let referral = spec(words.split(' ')).gvk;
                config.name_reference.push(NameReference { referral, referrers: Vec::new() });
            }
            continue;
        }
        let (path, words) = line.split_once(' ').unwrap_or((line, ""));
        let spec = FieldSpec { path: path.to_owned(), ..spec(words.split(' ')) };
        let list = match section {
            "namePrefix" => &mut config.name_prefix,
            "nameSuffix" => &mut config.name_suffix,
            "namespace" => &mut config.namespace,
            "commonLabels" => &mut config.common_labels,
            "templateLabels" => &mut config.template_labels,
            "volumeClaimTemplateLabels" => &mut config.volume_claim_template_labels,
            "commonAnnotations" => &mut config.common_annotations,
            "varReference" => &mut config.var_reference,
            "images" => &mut config.images,
            "replicas" => &mut config.replicas,
            _ => match config.name_reference.last_mut() {
                Some(reference) => &mut reference.referrers,
                None => continue,
            },
        };
        list.push(spec);
    }
    config
}

fn spec<'a>(words: impl Iterator<Item = &'a str>) -> FieldSpec {
    let mut spec = FieldSpec::default();
    for word in words {
        match word.split_once('=') {
            Some(("kind", kind)) => kind.clone_into(&mut spec.gvk.kind),
            Some(("version", version)) => version.clone_into(&mut spec.gvk.version),
            Some(("group", group)) => group.clone_into(&mut spec.gvk.group),
            _ => spec.create |= word == "create",
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let config = Config::clone(&BUILTIN);
        let mut sorted = config.clone();
        sorted.sort();
        assert!(config == sorted);
        let references: usize = config.name_reference.iter().map(|r| r.referrers.len()).sum();
        assert_eq!(references, 167);
        assert_eq!(config.var_reference.len(), 72);
        assert_eq!(config.images.len(), 7);
        assert_eq!(config.replicas.len(), 4);
        let ingress = Gvk {
            group: "networking.k8s.io/v1".to_owned(),
            version: "v1".to_owned(),
            kind: "IngressClass".to_owned(),
        };
        assert!(config.name_reference.iter().any(|r| r.referral == ingress));
        assert!(config.name_prefix == [FieldSpec::everywhere("metadata/name", false)]);
    }
}
