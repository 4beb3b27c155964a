//! `argocd admin import`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use windlass_object::{Value, json, yaml};

use super::super::kube::Store;
use super::super::prompt;
use super::backup::{Kind, Namespaces, everything};
use crate::cli::app::{Connection, Flags, read_text};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Bring back what `admin export` has written.
///
/// Examples:
///   windlass admin import backup.yaml --dry-run
///   windlass admin import - --prune < backup.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// File to read; `-` is standard input.
    source: String,
    /// Tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Delete secrets, applications and projects that are not in the backup.
    #[arg(long)]
    prune: bool,
    /// Keep the marks of the application that an object belongs to.
    #[arg(long)]
    ignore_tracking: bool,
    /// Change what somebody else has changed in between.
    #[arg(long)]
    override_on_conflict: bool,
    /// Tell of what stays as it is too.
    #[arg(long)]
    verbose: bool,
    /// Stop operations that are asked for.
    #[arg(long)]
    stop_operation: bool,
    /// Leave objects with this label alone.
    #[arg(long, default_value = "", value_name = "KEY=VALUE")]
    skip_resources_with_label: String,
    /// Namespaces of applications beside Argo CD's own, globs; otherwise as argocd-cmd-params-cm.
    #[arg(long, value_delimiter = ',')]
    application_namespaces: Vec<String>,
    /// Namespaces of application sets beside Argo CD's own, globs; otherwise as
    /// argocd-cmd-params-cm.
    #[arg(long, value_delimiter = ',')]
    applicationset_namespaces: Vec<String>,
}

type Key = (Kind, String, String);

fn text(value: &Value, field: &str) -> String {
    value["metadata"][field].as_str().unwrap_or_default().to_owned()
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(flags).await?;
    let own = connection.namespace.clone();
    output::print_line(&format!("import process started {own}"))?;
    let began = Instant::now();
    let input = if args.source == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        read_text(&args.source)?
    };
    let (applications, sets) = (&args.application_namespaces, &args.applicationset_namespaces);
    let namespaces = Namespaces::read(&connection, applications, sets).await?;
    let mut live: BTreeMap<Key, Value> = BTreeMap::new();
    for (kind, object) in everything(&connection, &namespaces).await? {
        live.insert((kind, text(&object, "namespace"), text(&object, "name")), object);
    }
    let parsed = yaml::parse(input.as_bytes(), &yaml::Options::default());
    if let Some(error) = parsed.errors.first() {
        return Err(Failure::generic(format!("the backup is no YAML: {error}")));
    }
    for document in parsed.documents {
        let mut wanted = document.value;
        if wanted.is_null() {
            continue;
        }
        let name = wanted["kind"].as_str().unwrap_or_default().to_owned();
        let Some(kind) = Kind::of(&name) else {
            return Err(Failure::generic(format!("a backup has nothing of the kind {name:?}")));
        };
        if text(&wanted, "namespace").is_empty() {
            wanted["metadata"]["namespace"] = json!(own);
        }
        let key = (kind, text(&wanted, "namespace"), text(&wanted, "name"));
        let known = live.remove(&key);
        if args.skips(&wanted) {
            let (kind, namespace, name) = (kind.shown(), &key.1, &key.2);
            output::print_line(&format!("Skipping {kind} {name} in namespace {namespace}"))?;
            continue;
        }
        let is_of_namespaces = matches!(kind, Kind::Application | Kind::ApplicationSet);
        if !is_of_namespaces || namespaces.has(kind, &key.1, &own) {
            args.bring(&connection, &key, wanted, known).await?;
        }
    }
    args.prune_left(&connection, live).await?;
    let took = began.elapsed();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    output::print_line(&format!(
        "Import process completed successfully in namespace {own} at {now}, duration: {took:?}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn skips(&self, object: &Value) -> bool {
        let label = self.skip_resources_with_label.split_once('=');
        label.is_some_and(|(key, value)| {
            !key.is_empty() && !value.is_empty() && object["metadata"]["labels"][key] == value
        })
    }

    fn rehearsal(&self) -> &'static str {
        if self.dry_run { " (dry run)" } else { "" }
    }

    async fn bring(
        &self,
        connection: &Connection,
        (kind, namespace, name): &Key,
        mut wanted: Value,
        known: Option<Value>,
    ) -> anyhow::Result<()> {
        let store = Store::within(connection, kind.resource(), namespace);
        let (shown, rehearsal) = (kind.shown(), self.rehearsal());
        let Some(known) = known else {
            if !self.dry_run {
                store.create(&wanted).await?;
            }
            return output::print_line(&format!(
                "{shown} {name} in namespace {namespace} created{rehearsal}"
            ));
        };
        if self.ignore_tracking {
            keep_marks(&mut wanted, &known);
        }
        let stops =
            self.stop_operation && *kind == Kind::Application && !known["operation"].is_null();
        if !stops && is_same(*kind, &wanted, &known) {
            if self.verbose {
                output::print_line(&format!("{shown} {name} unchanged{rehearsal}"))?;
            }
            return Ok(());
        }
        if !self.dry_run {
            let mut new = merged(*kind, &wanted, &known, stops);
            if let Err(error) = store.replace(&new).await {
                if !self.override_on_conflict {
                    return Err(error);
                }
                let fresh = store.get(name).await?;
                new["metadata"]["resourceVersion"] = fresh["metadata"]["resourceVersion"].clone();
                store.replace(&new).await?;
            }
        }
        output::print_line(&format!("{shown} {name} in namespace {namespace} updated{rehearsal}"))
    }

    async fn prune_left(
        &self,
        connection: &Connection,
        left: BTreeMap<Key, Value>,
    ) -> anyhow::Result<()> {
        for ((kind, namespace, name), object) in left {
            let shown = kind.shown();
            if self.skips(&object) {
                output::print_line(&format!(
                    "Skipping pruning of {shown} {name} in namespace {namespace}"
                ))?;
                continue;
            }
            if !self.prune {
                output::print_line(&format!("{shown} {name} needs pruning"))?;
                continue;
            }
            if kind == Kind::ConfigMap {
                return Err(Failure::fatal("Unexpected kind 'ConfigMap' in prune list"));
            }
            if !self.dry_run {
                let question = format!("Are you sure you want to prune {shown} {name} ? [y/n]");
                if !prompt::confirm(connection.prompts, &question)? {
                    output::print_line(&format!(
                        "The command to prune {shown} {name} was cancelled."
                    ))?;
                    continue;
                }
                let store = Store::within(connection, kind.resource(), &namespace);
                let bound = object["metadata"]["finalizers"].as_array();
                if kind == Kind::Application && bound.is_some_and(|f| !f.is_empty()) {
                    // What the application has delivered stays.
                    let mut free = object.clone();
                    free["metadata"]["finalizers"] = json!([]);
                    store.replace(&free).await?;
                }
                store.delete(&name).await?;
            }
            output::print_line(&format!("{shown} {name} pruned{}", self.rehearsal()))?;
        }
        Ok(())
    }
}

/// The mark of the application that manages an object stays.
fn keep_marks(wanted: &mut Value, known: &Value) {
    for (field, key) in [
        ("annotations", "argocd.argoproj.io/tracking-id"),
        ("labels", "app.kubernetes.io/instance"),
    ] {
        let mark = &known["metadata"][field][key];
        if !mark.is_null() && !wanted["metadata"][field][key].is_null() {
            wanted["metadata"][field][key] = mark.clone();
        }
    }
}

/// What of a kind an import brings back.
fn content(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ConfigMap | Kind::Secret => &["data"],
        Kind::AppProject | Kind::ApplicationSet => &["spec"],
        Kind::Application => &["spec", "status"],
    }
}

fn is_same(kind: Kind, wanted: &Value, known: &Value) -> bool {
    let clean = |object: &Value| {
        let mut object = object.clone();
        if let Some(notes) = object["metadata"]["annotations"].as_object_mut() {
            notes.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        if let Some(status) = object["status"].as_object_mut() {
            status.remove("reconciledAt");
            status.remove("observedAt");
        }
        let mut parts: Vec<Value> = ["annotations", "labels", "finalizers"]
            .iter()
            .map(|field| object["metadata"][*field].take())
            .map(|value| if value == json!({}) || value == json!([]) { Value::Null } else { value })
            .collect();
        parts.extend(content(kind).iter().map(|field| object[*field].take()));
        parts
    };
    clean(wanted) == clean(known)
}

/// The known object with what the backup says.
fn merged(kind: Kind, wanted: &Value, known: &Value, stops: bool) -> Value {
    let mut new = known.clone();
    for field in ["annotations", "labels", "finalizers"] {
        new["metadata"][field] = wanted["metadata"][field].clone();
    }
    for field in content(kind) {
        if *field != "status" || !wanted["status"].is_null() {
            new[*field] = wanted[*field].clone();
        }
    }
    if stops && let Some(object) = new.as_object_mut() {
        object.remove("operation");
    }
    new
}
