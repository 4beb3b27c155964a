//! An Application as a file or flags describe it: for `app create` and `admin app generate-spec`.

use std::collections::BTreeMap;

use anyhow::Context;
use windlass_argo::types::{Application, ApplicationSpec, FINALIZER_RESOURCES};
use windlass_object::{Object, Value, json, yaml};

use super::options::{AppOptions, pairs, read_text};
use crate::cli::failure::Failure;
use crate::cli::output;

/// What an Application is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Definition {
    /// Name of the application.
    #[arg(required_unless_present_any = ["file", "named"])]
    name: Option<String>,
    /// Name of the application (deprecated: give it as the argument).
    #[arg(long = "name", id = "named", value_name = "NAME", hide = true)]
    named: Option<String>,
    /// File with the Application; `-` reads standard input.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Label such as `team=web`.
    #[arg(long, short, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Annotation such as `example=value`.
    #[arg(long, value_name = "KEY=VALUE")]
    annotations: Vec<String>,
    /// Deleting the application deletes its objects.
    #[arg(long)]
    set_finalizer: bool,
    #[command(flatten)]
    pub(crate) options: AppOptions,
}

impl Definition {
    /// The Applications.
    ///
    /// # Errors
    /// When a file holds none, or flags do not fit it.
    pub(crate) fn objects(&self) -> anyhow::Result<Vec<Object>> {
        let mut objects = match self.file.as_deref().filter(|file| !file.is_empty()) {
            // As argocd: flags say nothing of what comes from standard input.
            Some("-") => read("-")?,
            Some(file) => {
                let mut objects = read(file)?;
                for object in &mut objects {
                    self.change(object)?;
                }
                objects
            }
            None => vec![self.alone()?],
        };
        for object in &mut objects {
            let spec = object.get(&["spec"]).cloned().unwrap_or_else(|| json!({}));
            let spec: ApplicationSpec = serde_json::from_value(spec)
                .with_context(|| format!("application {}: spec", object.name()))?;
            object.set(&["spec"], serde_json::to_value(&spec)?);
            object.remove(&["status"]);
            if self.set_finalizer && !object.finalizers().any(|f| f == FINALIZER_RESOURCES) {
                let mut all: Vec<Value> = object.finalizers().map(Value::from).collect();
                all.push(FINALIZER_RESOURCES.into());
                object.set(&["metadata", "finalizers"], all);
            }
        }
        Ok(objects)
    }

    fn named(&self) -> Option<&str> {
        self.named.as_deref().filter(|name| !name.is_empty())
    }

    fn alone(&self) -> anyhow::Result<Object> {
        let name = match (self.name.as_deref(), self.named()) {
            (Some(name), Some(named)) if name != named => {
                return Err(Failure::generic(format!(
                    "--name argument '{named}' does not match app name {name}"
                )));
            }
            (name, named) => name.or(named).unwrap_or_default(),
        };
        let mut object = Application::default().to_object();
        match name.split_once('/') {
            Some((namespace, name)) => {
                object.set(&["metadata", "namespace"], namespace);
                object.set(&["metadata", "name"], name);
            }
            None => object.set(&["metadata", "name"], name),
        }
        object.remove(&["status"]);
        let mut spec = ApplicationSpec::default();
        self.options.apply(&mut spec, 0, "")?;
        object.set(&["spec"], serde_json::to_value(&spec)?);
        self.describe(&mut object)?;
        Ok(object)
    }

    /// Changes what a file says by the flags.
    fn change(&self, object: &mut Object) -> anyhow::Result<()> {
        if let Some(name) = self.name.as_deref().filter(|name| *name != object.name()) {
            let known = object.name();
            return Err(Failure::generic(format!(
                "app name '{name}' does not match app spec metadata.name '{known}'"
            )));
        }
        if let Some(name) = self.named() {
            object.set(&["metadata", "name"], name);
        }
        if object.name().is_empty() {
            let text = "app.Name is empty. --name argument can be used to provide app.Name";
            return Err(Failure::generic(text));
        }
        self.describe(object)?;
        let spec = object.get(&["spec"]).cloned().unwrap_or_else(|| json!({}));
        let mut spec: ApplicationSpec = serde_json::from_value(spec)
            .with_context(|| format!("application {}: spec", object.name()))?;
        // Flags are about one source.
        if !spec.has_multiple_sources() {
            self.options.apply(&mut spec, 0, "")?;
            object.set(&["spec"], serde_json::to_value(&spec)?);
        }
        Ok(())
    }

    fn describe(&self, object: &mut Object) -> anyhow::Result<()> {
        for (key, value) in pairs(&self.label)? {
            object.set(&["metadata", "labels", &key], value);
        }
        let annotations: BTreeMap<&str, &str> = self
            .annotations
            .iter()
            .map(|text| text.split_once('=').unwrap_or((text, "")))
            .collect();
        for (key, value) in annotations {
            object.set(&["metadata", "annotations", key], value);
        }
        Ok(())
    }
}

fn read(name: &str) -> anyhow::Result<Vec<Object>> {
    let text = match name {
        "-" => std::io::read_to_string(std::io::stdin())?,
        file => read_text(file)?,
    };
    let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
    if let Some(error) = parsed.errors.first() {
        return Err(Failure::generic(format!("{name}:{error}")));
    }
    for warning in &parsed.warnings {
        output::warn(&format!("warning: {name}:{warning}"));
    }
    let mut objects = Vec::new();
    for document in parsed.documents.into_iter().filter(|d| !d.value.is_null()) {
        let at = document.at;
        let object = Object::try_from(document.value).with_context(|| format!("{name}:{at}"))?;
        if object.kind() != "Application" {
            return Err(Failure::generic(format!("{name}:{at}: this is no Application")));
        }
        objects.push(object);
    }
    if objects.is_empty() {
        return Err(Failure::generic(format!("{name} holds no Application")));
    }
    Ok(objects)
}
