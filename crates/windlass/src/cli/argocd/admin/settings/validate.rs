//! `argocd admin settings validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use windlass_argo::Settings;
use windlass_engine::normalize::IgnoreStatus;
use windlass_object::yaml;

use super::resource_overrides;
use crate::cli::output;

/// Check settings, one group after the other.
///
/// Sign-in belongs to Argo CD's API server: of it only whether it is configured is told.
///
/// Examples:
///   windlass admin settings validate --argocd-cm-path argocd-cm.yaml
///   windlass admin settings validate --load-cluster-settings --group resource-overrides
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Only this group: accounts, general, kustomize or resource-overrides; may be repeated.
    #[arg(long)]
    group: Vec<String>,
}

const OVERRIDES: &str = "resource.customizations";
const GROUPS: [&str; 4] = ["accounts", "general", "kustomize", "resource-overrides"];

/// Runs the command.
pub(super) fn run(config: &BTreeMap<String, String>, args: &Args) -> anyhow::Result<ExitCode> {
    let groups: Vec<&str> = if args.group.is_empty() {
        GROUPS.to_vec()
    } else {
        args.group.iter().map(String::as_str).collect()
    };
    for (i, group) in groups.iter().enumerate() {
        let found = match *group {
            "accounts" => Ok(format!("{} accounts", accounts(config))),
            "general" => general(config),
            "kustomize" => Ok(kustomize(config)),
            "resource-overrides" => overrides(config),
            other => Err(format!("there is no group {other} (one of: {})", GROUPS.join(", "))),
        };
        match found {
            Ok(summary) => output::print(&format!("✅ {group}\n{summary}\n"))?,
            Err(why) => output::print(&format!("❌ {group}\n{why}\n"))?,
        }
        if i + 1 < groups.len() {
            output::print("\n")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `accounts.NAME`, and `admin`, which is there without it.
fn accounts(config: &BTreeMap<String, String>) -> usize {
    let named = config.keys().filter(|key| {
        key.strip_prefix("accounts.").is_some_and(|name| !name.contains('.') && name != "admin")
    });
    1 + named.count()
}

fn general(config: &BTreeMap<String, String>) -> Result<String, String> {
    let is_set = |key: &str| config.get(key).is_some_and(|text| !text.is_empty());
    for key in ["dex.config", "oidc.config"] {
        let text = config.get(key).map(String::as_str).unwrap_or_default();
        match yaml::parse_one(text.as_bytes(), &yaml::Options::default()) {
            Err(error) => return Err(format!("invalid {key}: {error}")),
            Ok(value) if is_set(key) && !value.is_object() => {
                return Err(format!("invalid {key}: a map is wanted"));
            }
            Ok(_) => {}
        }
    }
    let provider = match (is_set("dex.config"), is_set("oidc.config")) {
        (true, _) => "Dex",
        (false, true) => "OIDC",
        _ => return Ok("SSO is not configured".to_owned()),
    };
    let url = if is_set("url") { "" } else { " ('url' field is missing)" };
    Ok(format!("{provider} is configured{url}"))
}

fn kustomize(config: &BTreeMap<String, String>) -> String {
    let versions = config.keys().filter(|key| key.starts_with("kustomize.path.")).count();
    let own = config.get("kustomize.buildOptions").filter(|text| !text.is_empty());
    let summary = own.map_or("default options", String::as_str);
    match versions {
        0 => summary.to_owned(),
        count => format!("{summary} ({count} versions)"),
    }
}

fn overrides(config: &BTreeMap<String, String>) -> Result<String, String> {
    let settings = Settings::read(config, &BTreeMap::new());
    if let Some(problem) = resource_overrides::problem(config, |_| true) {
        return Err(problem);
    }
    let map = config.get(OVERRIDES).map(String::as_str).unwrap_or_default();
    let map = yaml::parse_one(map.as_bytes(), &yaml::Options::default()).unwrap_or_default();
    let mut kinds: BTreeSet<String> =
        map.as_object().into_iter().flatten().map(|(kind, _)| kind.clone()).collect();
    for key in config.keys() {
        let rest = key.strip_prefix(OVERRIDES).and_then(|rest| rest.strip_prefix('.'));
        let Some((_, kind)) = rest.and_then(|rest| rest.split_once('.')) else { continue };
        kinds.insert(match kind {
            "all" => "*/*".to_owned(),
            _ => kind.rsplit_once('_').map_or(kind.to_owned(), |(g, k)| format!("{g}/{k}")),
        });
    }
    // That the status is not compared is one more.
    match settings.ignore_status {
        IgnoreStatus::All => kinds.insert("*/*".to_owned()),
        IgnoreStatus::Crd => {
            kinds.insert("apiextensions.k8s.io/CustomResourceDefinition".to_owned())
        }
        IgnoreStatus::Never => false,
    };
    Ok(format!("{} resource overrides", kinds.len()))
}
