//! `windlass helm env`.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Global, environment};

/// Print Helm's environment.
///
/// Examples:
///   helm env
///   helm env HELM_CACHE_HOME
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm env [flags]")]
pub(crate) struct Args {
    /// One variable; all without it.
    name: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, global: &Global) -> anyhow::Result<()> {
    let variables = variables(global);
    if let Some(name) = &args.name {
        let value = variables.get(name.as_str()).map_or("", String::as_str);
        return super::print(&format!("{value}\n"));
    }
    let lines = variables.iter().map(|(name, value)| format!("{name}=\"{value}\"\n"));
    super::print(&lines.collect::<String>())
}

fn variables(global: &Global) -> BTreeMap<&'static str, String> {
    let own = |name: &str| std::env::var(name).unwrap_or_default();
    let shown = |path: &Path| path.display().to_string();
    let number = |name: &str, default: &str| match own(name) {
        text if text.parse::<f64>().is_ok() => text,
        _ => default.to_owned(),
    };
    let flag = |name: &str| {
        matches!(own(name).as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True").to_string()
    };
    let qps = number("HELM_QPS", "0").parse::<f64>().unwrap_or_default();
    let binary = std::env::args().next().unwrap_or_default();
    BTreeMap::from([
        ("HELM_BIN", binary),
        ("HELM_BURST_LIMIT", number("HELM_BURST_LIMIT", "100")),
        ("HELM_CACHE_HOME", shown(&environment::cache_home())),
        ("HELM_CONFIG_HOME", shown(&environment::config_home())),
        ("HELM_CONTENT_CACHE", shown(&environment::content_cache())),
        ("HELM_DATA_HOME", shown(&environment::data_home())),
        ("HELM_DEBUG", global.debug().to_string()),
        ("HELM_KUBEAPISERVER", own("HELM_KUBEAPISERVER")),
        ("HELM_KUBEASGROUPS", own("HELM_KUBEASGROUPS")),
        ("HELM_KUBEASUSER", own("HELM_KUBEASUSER")),
        ("HELM_KUBECAFILE", own("HELM_KUBECAFILE")),
        ("HELM_KUBECONTEXT", own("HELM_KUBECONTEXT")),
        ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", flag("HELM_KUBEINSECURE_SKIP_TLS_VERIFY")),
        ("HELM_KUBETLS_SERVER_NAME", own("HELM_KUBETLS_SERVER_NAME")),
        ("HELM_KUBETOKEN", own("HELM_KUBETOKEN")),
        ("HELM_MAX_HISTORY", number("HELM_MAX_HISTORY", "10")),
        ("HELM_NAMESPACE", global.namespace()),
        ("HELM_PLUGINS", shown(&environment::plugins())),
        ("HELM_QPS", format!("{qps:.2}")),
        ("HELM_REGISTRY_CONFIG", shown(&environment::registry_config())),
        ("HELM_REPOSITORY_CACHE", shown(&environment::repository_cache())),
        ("HELM_REPOSITORY_CONFIG", shown(&environment::repository_config())),
    ])
}
