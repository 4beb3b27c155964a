//! `windlass app create`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use windlass_argo::types::{Application, ApplicationSpec, FINALIZER_RESOURCES};
use windlass_object::{Object, Value, json, yaml};

use super::comparison::IN_CLUSTER;
use super::connection::Connection;
use super::options::AppOptions;
use super::repositories;
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
    /// Name of the application.
    #[arg(required_unless_present_any = ["file", "named"])]
    name: Option<String>,
    /// Name of the application (deprecated: give it as the argument).
    #[arg(long = "name", id = "named", value_name = "NAME", hide = true)]
    named: Option<String>,
    /// File with the Application; `-` reads standard input.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace an application of that name although its spec differs.
    #[arg(long)]
    upsert: bool,
    /// Label such as `team=web`.
    #[arg(long, short, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Annotation such as `example=value`.
    #[arg(long, value_name = "KEY=VALUE")]
    annotations: Vec<String>,
    /// Deleting the application deletes its objects.
    #[arg(long)]
    set_finalizer: bool,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
    #[command(flatten)]
    options: AppOptions,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    for object in args.objects()? {
        create(connection, &args, object).await?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The applications to create, as the file or the flags describe them.
    fn objects(&self) -> anyhow::Result<Vec<Object>> {
        let mut objects = match &self.file {
            Some(file) => read(file)?,
            None => vec![Application::default().to_object()],
        };
        for object in &mut objects {
            if self.file.is_none() {
                let name = self.name.as_deref().or(self.named.as_deref()).unwrap_or_default();
                object.set(&["metadata", "name"], name);
            }
            let mut spec: ApplicationSpec =
                serde_json::from_value(object.get(&["spec"]).cloned().unwrap_or_else(|| json!({})))
                    .with_context(|| format!("application {}: spec", object.name()))?;
            if spec.project.is_empty() {
                "default".clone_into(&mut spec.project);
            }
            self.options.apply(&mut spec)?;
            object.set(&["spec"], serde_json::to_value(&spec)?);
            object.remove(&["status"]);
            for (what, pairs) in [("labels", &self.label), ("annotations", &self.annotations)] {
                for pair in pairs {
                    let (key, value) = pair.split_once('=').ok_or_else(|| {
                        Failure::generic(format!(
                            "{what} should have key=value, but instead got: {pair}"
                        ))
                    })?;
                    object.set(&["metadata", what, key], value);
                }
            }
            if self.set_finalizer && !object.finalizers().any(|f| f == FINALIZER_RESOURCES) {
                let mut all: Vec<Value> = object.finalizers().map(Value::from).collect();
                all.push(FINALIZER_RESOURCES.into());
                object.set(&["metadata", "finalizers"], all);
            }
        }
        Ok(objects)
    }
}

fn read(file: &PathBuf) -> anyhow::Result<Vec<Object>> {
    let name = file.display();
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?.into_bytes()
    } else {
        std::fs::read(file).with_context(|| format!("cannot read {name}"))?
    };
    let parsed = yaml::parse(&text, &yaml::Options::default());
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

async fn create(connection: &Connection, args: &Args, object: Object) -> anyhow::Result<()> {
    if object.name().is_empty() {
        return Err(Failure::generic("the application needs a name"));
    }
    let app = Application::from_object(&object)?;
    validate(connection, &app).await?;
    let namespace = match (&args.app_namespace, object.namespace()) {
        (Some(namespace), _) => namespace.as_str(),
        (None, "") => &connection.namespace,
        (None, namespace) => namespace,
    };
    let mut object = object.clone();
    object.set(&["metadata", "namespace"], namespace);
    let name = connection.name(object.name(), Some(namespace));
    let action = match connection.find(&name).await? {
        None => {
            connection.create(&object, namespace).await?;
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

/// What Argo CD refuses at once.
async fn validate(connection: &Connection, app: &Application) -> anyhow::Result<()> {
    let invalid = |what: &str| {
        Err(Failure::generic(format!(
            "application spec for {} is invalid: InvalidSpecError: {what}",
            app.name()
        )))
    };
    let nowhere = |what: &str| {
        Err(Failure::generic(format!(
            "application destination spec for {} is invalid: {what}",
            app.name()
        )))
    };
    let project = connection.project(app.project()).await?;
    if !project {
        let name = app.project();
        return Err(Failure::generic(format!(
            "app is not allowed in project \"{name}\", or the project does not exist"
        )));
    }
    let destination = &app.spec.destination;
    let (server, name) = (destination.server.as_str(), destination.name.as_str());
    if server.is_empty() && name.is_empty() {
        return nowhere("Destination server missing from app spec");
    }
    if !server.is_empty() && !name.is_empty() {
        return nowhere(&format!(
            "application destination can't have both name and server defined: {name} {server}"
        ));
    }
    if !IN_CLUSTER.contains(&server) && !IN_CLUSTER.contains(&name) {
        let clusters = repositories::clusters(connection).await?;
        if !server.is_empty() && !clusters.iter().any(|c| c.server == server) {
            return nowhere(&format!(
                "error getting cluster by server \"{server}\": cluster \"{server}\" not found"
            ));
        }
        if !name.is_empty() && !clusters.iter().any(|c| c.name == name) {
            return nowhere(&format!(
                "unable to find destination server: there are no clusters with this name: {name}"
            ));
        }
    }
    let sources = app.spec.effective_sources();
    if sources.is_empty() || sources.iter().any(|s| s.repo_url.is_empty()) {
        return invalid(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
        );
    }
    Ok(())
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
