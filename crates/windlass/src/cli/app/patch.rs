//! `windlass app patch`.

use std::process::ExitCode;

use windlass_argo::types::Application;
use windlass_object::patch::{JsonPatch, apply_merge_patch, create_merge_patch};
use windlass_object::{Object, Value, json, yaml};

use super::connection::Connection;
use super::validation::validate;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Patch an application.
///
/// Examples:
///   windlass app patch guestbook --patch '[{"op": "replace", "path": "/spec/source/path", "value": "x"}]'
///   windlass app patch guestbook --type merge --patch '{"spec": {"source": {"path": "x"}}}'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// The patch.
    #[arg(long, default_value = "")]
    patch: String,
    /// Its type: json or merge.
    #[arg(long = "type", default_value = "json", value_name = "TYPE")]
    kind: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let before = stored.object.to_value();
    let mut after = before.clone();
    let patch: Value = serde_json::from_str(&args.patch)
        .map_err(|e| Failure::generic(format!("error decoding the patch: {e}")))?;
    match args.kind.as_str() {
        "json" | "" => JsonPatch::from_value(&patch)
            .and_then(|patch| patch.apply(&mut after))
            .map_err(|e| Failure::generic(format!("error applying patch: {e}")))?,
        "merge" => apply_merge_patch(&mut after, &patch),
        other => {
            return Err(Failure::generic(format!("Patch type '{other}' is not supported")));
        }
    }
    let mut change = create_merge_patch(&before, &after);
    let wanted = Application::from_object(&Object::try_from(after)?)?;
    validate(connection, &wanted, true).await?;
    let patched = if change == json!({}) {
        stored
    } else {
        // As Argo CD: only the spec, labels, annotations and finalizers can be patched.
        change["metadata"]["resourceVersion"] = json!(stored.app.resource_version());
        connection.patch(&name, &change).await?
    };
    output::print(&format!("{}\n", yaml::to_string(&patched.object.to_value())))?;
    Ok(ExitCode::SUCCESS)
}
