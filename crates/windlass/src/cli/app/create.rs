//! `windlass app create`.

use std::process::ExitCode;

use windlass_argo::types::Application;
use windlass_object::{Object, Value, json};

use super::connection::Connection;
use super::definition::Definition;
use super::validation::validate;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Create an application.
///
/// Examples:
///   windlass app create guestbook --repo https://example.com/apps.git --path guestbook \
///       --dest-server https://kubernetes.default.svc --dest-namespace default
///   windlass app create --file app.yaml --upsert
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Replace an application of that name although its spec differs.
    #[arg(long)]
    upsert: bool,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
    #[command(flatten)]
    definition: Definition,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    for object in args.definition.objects()? {
        create(connection, &args, object).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(connection: &Connection, args: &Args, mut object: Object) -> anyhow::Result<()> {
    if object.name().is_empty() {
        return Err(Failure::generic("the application needs a name"));
    }
    let project = object.get(&["spec", "project"]).and_then(Value::as_str).unwrap_or_default();
    if project.is_empty() {
        object.set(&["spec", "project"], "default");
    }
    let app = Application::from_object(&object)?;
    validate(connection, &app, args.definition.options.validates()).await?;
    let namespace = match (&args.app_namespace, object.namespace()) {
        (Some(namespace), _) => namespace.clone(),
        (None, "") => connection.namespace.clone(),
        (None, namespace) => namespace.to_owned(),
    };
    let namespace = namespace.as_str();
    object.set(&["metadata", "namespace"], namespace);
    let name = connection.name(object.name(), Some(namespace));
    let action = match connection.find(&name).await? {
        None => {
            let created = connection.create(&object, namespace).await;
            created.map_err(|e| Failure::generic(format!("error creating application: {e}")))?;
            "created"
        }
        Some(existing) if is_same(&existing.object, &object) => "unchanged",
        Some(_) if !args.upsert => {
            return Err(Failure::generic(
                "existing application spec is different, use upsert flag to force update",
            ));
        }
        Some(existing) => {
            connection.patch(&name, &update(&existing.object, &object)).await?;
            "updated"
        }
    };
    output::print_line(&format!("application '{}' {action}", object.name()))
}

const DESCRIBING: [&[&str]; 4] =
    [&["spec"], &["metadata", "labels"], &["metadata", "annotations"], &["metadata", "finalizers"]];

fn is_same(existing: &Object, wanted: &Object) -> bool {
    DESCRIBING.iter().all(|path| {
        let empty = |v: Option<&Value>| {
            v.filter(|v| **v != json!({}) && **v != json!([])).cloned().unwrap_or(Value::Null)
        };
        empty(existing.get(path)) == empty(wanted.get(path))
    })
}

/// The merge patch that makes the existing application the wanted one.
fn update(existing: &Object, wanted: &Object) -> Value {
    let mut modified = existing.clone();
    for path in DESCRIBING {
        match wanted.get(path) {
            Some(value) => modified.set(path, value.clone()),
            None if path == ["metadata", "annotations"] => {}
            None => {
                modified.remove(path);
            }
        }
    }
    windlass_object::patch::create_merge_patch(&existing.to_value(), &modified.to_value())
}
