//! `argocd login`.

use std::process::ExitCode;

use super::global::{Global, refusal};
use super::local_config::LocalConfig;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Make core mode the current context; there is no server to log in to.
///
/// Examples:
///   argocd login --core
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Address of an Argo CD API server: refused, there is none.
    server: Option<String>,
    /// Name of the context.
    #[arg(long)]
    name: Option<String>,
    /// For an API server.
    #[arg(long, hide = true)]
    username: Option<String>,
    /// For an API server.
    #[arg(long, hide = true)]
    password: Option<secrecy::SecretString>,
    /// For an API server.
    #[arg(long, hide = true)]
    sso: bool,
    /// For an API server.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sso_launch_browser: Option<bool>,
    /// For an API server.
    #[arg(long, hide = true)]
    sso_port: Option<u16>,
    /// For an API server.
    #[arg(long, hide = true)]
    callback: Option<String>,
    /// For an API server.
    #[arg(long, hide = true)]
    skip_test_tls: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    if !global.is_core() {
        let Some(server) = &args.server else {
            return Err(Failure::fatal("there is no server to log in to: argocd login --core"));
        };
        return Err(refusal(&format!("the server {server} (login)")));
    }
    let path = global.config_path()?;
    let mut config = LocalConfig::read(&path)?.unwrap_or_else(LocalConfig::empty);
    let name = args.name.as_deref().unwrap_or("kubernetes");
    config.log_in_to_core(name);
    config.write(&path)?;
    output::print_line(&format!("Context '{name}' updated"))?;
    Ok(ExitCode::SUCCESS)
}
