//! Generators, transformers and validators of the built-in kinds, in files of their own or inline.

use serde_json::Value;
use windlass_object::{go, yaml};

use super::Localizer;
use crate::error::{During, Error, Result};
use crate::kustomization::Kustomization;

/// What a field of a plugin names.
#[derive(Clone, Copy)]
enum Names {
    File,
    /// `[key=]path`.
    Source,
    /// A file, or the resource itself.
    Resource,
    /// A directory of charts.
    Home,
}

/// The fields that name something, by the plugin's kind.
const FIELDS: [(&str, &str, Names); 13] = [
    ("ConfigMapGenerator", "/env", Names::File),
    ("ConfigMapGenerator", "/envs", Names::File),
    ("ConfigMapGenerator", "/files", Names::Source),
    ("SecretGenerator", "/env", Names::File),
    ("SecretGenerator", "/envs", Names::File),
    ("SecretGenerator", "/files", Names::Source),
    ("HelmChartInflationGenerator", "/valuesFile", Names::File),
    ("HelmChartInflationGenerator", "/additionalValuesFiles", Names::File),
    ("HelmChartInflationGenerator", "/chartHome", Names::Home),
    ("PatchTransformer", "/path", Names::File),
    ("PatchJson6902Transformer", "/path", Names::File),
    ("PatchStrategicMergeTransformer", "/paths", Names::Resource),
    ("ReplacementTransformer", "/replacements", Names::File),
];

impl Localizer<'_, '_> {
    pub(super) fn plugins(&self, k: &mut Kustomization) -> Result<()> {
        for (field, entries) in [
            ("generators", &mut k.generators),
            ("transformers", &mut k.transformers),
            ("validators", &mut k.validators),
        ] {
            for entry in entries {
                *entry = self.plugin(entry, field)?;
            }
        }
        Ok(())
    }

    fn plugin(&self, entry: &str, field: &str) -> Result<String> {
        let (mut resources, is_path) =
            self.load_resources(entry).during(|| format!("unable to load {field} entry"))?;
        for resource in &mut resources {
            self.configuration(&mut resource.value)?;
        }
        let texts: Vec<String> = resources.iter().map(|r| yaml::to_string(&r.value)).collect();
        let text = texts.join("---\n");
        if !is_path {
            return Ok(text);
        }
        self.copy(entry, text.into_bytes()).during(|| format!("unable to localize {field} entry"))
    }

    fn configuration(&self, value: &mut Value) -> Result<()> {
        if value.get("apiVersion").and_then(Value::as_str) != Some("builtin") {
            return Ok(());
        }
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        for (_, field, names) in FIELDS.iter().filter(|(of, ..)| *of == kind) {
            match value.pointer_mut(field) {
                Some(Value::Array(items)) if *field == "/replacements" => {
                    let paths = items.iter_mut().filter_map(|item| item.get_mut("path"));
                    paths.into_iter().try_for_each(|path| self.scalar(path, *names))?;
                }
                Some(Value::Array(items)) => {
                    items.iter_mut().try_for_each(|item| self.scalar(item, *names))?;
                }
                Some(Value::Object(_)) => {
                    let at = field.trim_start_matches('/');
                    return Err(Error::told(format!(
                        "considering field '{at}' of object {kind}: expected sequence or scalar \
                         node"
                    )));
                }
                Some(scalar) => self.scalar(scalar, *names)?,
                None if matches!(names, Names::Home) => {
                    self.chart_home("").during(|| format!("plugin {}", go::quote(&kind)))?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn scalar(&self, value: &mut Value, names: Names) -> Result<()> {
        let path = crate::resource::scalar_text(value);
        let copied = match names {
            Names::File => self.file(&path),
            Names::Source => self.file_source(&path),
            Names::Resource => self.resource_or_text(&path),
            Names::Home => self.chart_home(&path),
        };
        *value = Value::String(copied?);
        Ok(())
    }
}
