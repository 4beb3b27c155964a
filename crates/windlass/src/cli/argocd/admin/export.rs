//! `argocd admin export`.

use std::path::Path;
use std::process::ExitCode;

use windlass_object::yaml;

use super::backup::{Namespaces, everything, written};
use crate::cli::app::{Connection, Flags};
use crate::cli::failure::{Failure, go_words};
use crate::cli::{output, private_file};

/// Write everything that is set in Argo CD: settings, secrets, projects, applications.
///
/// What is written holds credentials: a file is made so that only its owner can read it.
///
/// Examples:
///   windlass admin export > backup.yaml
///   windlass admin export --out backup.yaml --application-namespaces 'team-*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// File to write; `-` is standard output.
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    out: String,
    /// Namespaces of applications beside Argo CD's own, globs; otherwise as argocd-cmd-params-cm.
    #[arg(long, value_delimiter = ',')]
    application_namespaces: Vec<String>,
    /// Namespaces of application sets beside Argo CD's own, globs; otherwise as
    /// argocd-cmd-params-cm.
    #[arg(long, value_delimiter = ',')]
    applicationset_namespaces: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(flags).await?;
    let applications = &args.application_namespaces;
    let sets = &args.applicationset_namespaces;
    let namespaces = Namespaces::read(&connection, applications, sets).await?;
    let mut text = String::new();
    for (_, object) in everything(&connection, &namespaces).await? {
        text.push_str(&yaml::to_string(&written(&object, &connection.namespace)));
        text.push_str("---\n");
    }
    if args.out == "-" {
        output::print(&text)?;
    } else {
        let written = private_file::write(Path::new(&args.out), &text);
        written.map_err(|error| {
            Failure::generic(format!("open {}: {}", args.out, go_words(&error)))
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
