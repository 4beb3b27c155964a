//! `windlass app get-resource`.

use std::process::ExitCode;

use serde::Serialize as _;
use windlass_engine::mask;
use windlass_object::{Map, Object, Value, json, yaml};

use super::comparison::settings;
use super::connection::Connection;
use super::tree::{self, Node};
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show live objects of an application, those that its objects own included.
///
/// Examples:
///   windlass app get-resource guestbook --kind Pod
///   windlass app get-resource guestbook --kind Pod --filter-fields status.podIP,status.hostIP
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Kind of the objects.
    #[arg(long)]
    kind: String,
    /// Name of the object; otherwise all.
    #[arg(long, default_value = "", value_name = "NAME")]
    resource_name: String,
    /// Only these fields, such as spec.replicas.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    filter_fields: Vec<String>,
    /// Show metadata.managedFields too.
    #[arg(long)]
    show_managed_fields: bool,
    /// Project that the application must be of.
    #[arg(long, default_value = "", value_name = "NAME")]
    project: String,
    /// Output format: wide, yaml or json.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, None);
    let app = connection.get(&name).await?.app;
    if !args.project.is_empty() && args.project != app.project() {
        let own = app.project();
        let project = &args.project;
        return Err(Failure::generic(format!(
            "application {} is of the project {own}, not of {project}",
            name.name
        )));
    }
    let mut found = Vec::new();
    for root in tree::build(connection, &app).await? {
        args.collect(root, &mut found);
    }
    let masked = settings(connection).await?.masked_annotations;
    for object in &mut found {
        mask::mask(&mut [&mut *object], &masked);
        if !args.show_managed_fields {
            object.remove(&["metadata", "managedFields"]);
        }
    }
    let shown: Vec<(String, Value)> = found.into_iter().map(|object| args.fields(object)).collect();
    output::print(&args.text(&shown)?)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn collect(&self, node: Node, found: &mut Vec<Object>) {
        let is_named = self.resource_name.is_empty() || node.object.name() == self.resource_name;
        if is_named && node.object.kind() == self.kind {
            found.push(node.object);
        }
        for child in node.children {
            self.collect(child, found);
        }
    }

    /// An object's name, and what of it is asked for.
    fn fields(&self, object: Object) -> (String, Value) {
        let name = object.name().to_owned();
        let whole = object.into_value();
        if self.filter_fields.is_empty() {
            return (name, whole);
        }
        let mut shown = json!({});
        for field in &self.filter_fields {
            let path: Vec<&str> = field.split('.').collect();
            if let Some(value) = pick(&whole, &path) {
                merge(&mut shown, value);
            }
        }
        shown["metadata"]["name"] = json!(name);
        (name, shown)
    }

    fn text(&self, shown: &[(String, Value)]) -> anyhow::Result<String> {
        let documents: Vec<String> = match self.output.as_str() {
            "json" => shown
                .iter()
                .map(|(_, value)| pretty(value).map(|text| text + "\n"))
                .collect::<Result<_, _>>()?,
            "yaml" => shown.iter().map(|(_, value)| yaml::to_string(value) + "\n").collect(),
            _ => return Ok(self.table(shown)),
        };
        Ok(documents.join("---\n"))
    }

    fn table(&self, shown: &[(String, Value)]) -> String {
        let with_name = self.resource_name.is_empty();
        let mut lines = vec![if with_name {
            line(["FIELD", "RESOURCE NAME", "VALUE"])
        } else {
            line(["FIELD", "VALUE"])
        }];
        for (name, value) in shown {
            let mut value = value.clone();
            if !self.filter_fields.is_empty()
                && let Some(metadata) = value["metadata"].as_object_mut()
            {
                metadata.remove("name");
            }
            let mut leaves = Vec::new();
            flatten("", &value, &mut leaves);
            lines.extend(leaves.into_iter().map(|(field, text)| match with_name {
                true => vec![field, name.clone(), text],
                false => vec![field, text],
            }));
        }
        align(&lines)
    }
}

/// JSON as argocd writes objects here: each level one blank further in.
fn pretty(value: &Value) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, format))?;
    Ok(String::from_utf8(text)?)
}

/// A field with all that is above it. Of a list the field is taken of each item.
fn pick(value: &Value, path: &[&str]) -> Option<Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value.clone()) };
    match value {
        Value::Array(items) => {
            let found: Vec<Value> = items.iter().filter_map(|item| pick(item, path)).collect();
            (!found.is_empty()).then_some(Value::Array(found))
        }
        Value::Object(fields) => {
            let found = pick(fields.get(*first)?, rest)?;
            Some(Value::Object(Map::from_iter([((*first).to_owned(), found)])))
        }
        _ => None,
    }
}

fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(fields)) => {
            for (key, value) in fields {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(items)) if into.len() == items.len() => {
            into.iter_mut().zip(items).for_each(|(into, item)| merge(into, item));
        }
        (into, value) => *into = value,
    }
}

fn flatten(at: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let field = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                flatten(&field, value, leaves);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                flatten(&format!("{at}[{i}]"), item, leaves);
            }
        }
        Value::String(text) => leaves.push((at.to_owned(), text.clone())),
        other => leaves.push((at.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_lists_are_taken_of_each_item() {
        let object = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}});
        let picked = |path: &str| pick(&object, &path.split('.').collect::<Vec<_>>());
        let names = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(picked("spec.containers.name"), Some(names.clone()));
        assert_eq!(picked("spec.absent"), None);
        let mut leaves = Vec::new();
        flatten("", &names, &mut leaves);
        let fields: Vec<&str> = leaves.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["spec.containers[0].name", "spec.containers[1].name"]);
    }
}
