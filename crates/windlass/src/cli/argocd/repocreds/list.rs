//! `argocd repocreds list`.

use windlass_object::{Map, Value, json};

use super::super::format::Format;
use super::super::secrets::{Entry, Secrets};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List credentials, without what is secret of them.
///
/// Examples:
///   windlass repocreds list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml, wide or url.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(secrets: &Secrets, args: &Args) -> anyhow::Result<()> {
    let format = Format::read(&args.output, &["wide", "url"])?;
    let mut all: Vec<Value> = secrets.list().await?.iter().map(value).collect();
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    all.sort_by_key(|value| text(value, "url"));
    match format {
        Format::Value(notation) => output::print_value(&all, notation),
        Format::Named("url") => all.iter().try_for_each(|v| output::print_line(&text(v, "url"))),
        Format::Named(_) => {
            let mut lines = vec![line(["URL PATTERN", "USERNAME", "SSH_CREDS", "TLS_CREDS"])];
            lines.extend(all.iter().map(|value| {
                let username = match text(value, "username") {
                    name if name.is_empty() => "-".to_owned(),
                    name => name,
                };
                // As argocd: what is shown has no keys.
                vec![text(value, "url"), username, "false".to_owned(), "false".to_owned()]
            }));
            output::print(&align(&lines))
        }
    }
}

fn value(entry: &Entry) -> Value {
    let mut value = Map::new();
    for field in ["url", "username"] {
        let text = entry.data.text(field);
        if field == "url" || !text.is_empty() {
            value.insert(field.to_owned(), json!(text));
        }
    }
    Value::Object(value)
}
