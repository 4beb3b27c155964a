//! `argocd admin settings rbac can`.

use std::process::ExitCode;

use windlass_argo::rbac::{MatchMode, Policy, Request, builtin};

use super::policy::{Place, Settings};
use super::validate::warn_of_roles;
use crate::cli::app::Flags;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Check whether a role or subject may do something: prints Yes or No, and ends with 0 or 1.
///
/// Examples:
///   windlass admin settings rbac can role:dev create application 'default/app' --policy-file policy.csv
///   windlass admin settings rbac can alice get logs --namespace argocd
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Role or subject.
    subject: String,
    /// What is to be done, such as get.
    action: String,
    /// To what, such as application.
    resource: String,
    /// To which, such as default/guestbook.
    #[arg(default_value = "")]
    object: String,
    #[command(flatten)]
    place: Place,
    /// Role that everybody has, instead of the policy's.
    #[arg(long, default_value = "")]
    default_role: String,
    /// Whether Argo CD's own roles are there too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    use_builtin_policy: bool,
    /// Whether resources and actions must be known ones.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    strict: bool,
    /// Print nothing.
    #[arg(long, short)]
    quiet: bool,
}

/// Short names of resources.
const NAMES: [(&str, &str); 21] = [
    ("account", "accounts"),
    ("app", "applications"),
    ("apps", "applications"),
    ("application", "applications"),
    ("applicationsets", "applicationsets"),
    ("cert", "certificates"),
    ("certs", "certificates"),
    ("certificate", "certificates"),
    ("cluster", "clusters"),
    ("extension", "extensions"),
    ("gpgkey", "gpgkeys"),
    ("key", "gpgkeys"),
    ("log", "logs"),
    ("logs", "logs"),
    ("exec", "exec"),
    ("proj", "projects"),
    ("projs", "projects"),
    ("project", "projects"),
    ("repo", "repositories"),
    ("repos", "repositories"),
    ("repository", "repositories"),
];

const CHANGES: &[&str] = &["create", "get", "update", "delete"];
const KEEPS: &[&str] = &["create", "get", "delete"];

/// What may be done to a resource, and of that what may name more behind a slash.
fn actions(resource: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match resource {
        "accounts" => (&["create", "update"], &[]),
        "applications" => (
            &["create", "get", "update", "delete", "action", "override", "sync"],
            &["update", "delete", "action"],
        ),
        "applicationsets" | "clusters" | "projects" | "repositories" => (CHANGES, &[]),
        "certificates" | "gpgkeys" => (KEEPS, &[]),
        "extensions" => (&["invoke"], &[]),
        "logs" => (&["get"], &[]),
        "exec" => (&["create"], &[]),
        _ => return None,
    })
}

fn check_names(resource: &str, action: &str) -> Result<(), String> {
    let Some((known, with_path)) = actions(resource) else {
        return Err(format!("'{resource}' is not a valid resource name"));
    };
    let (verb, path) = action.split_once('/').map_or((action, None), |(v, p)| (v, Some(p)));
    if known.contains(&verb) && (path.is_none() || with_path.contains(&verb)) {
        return Ok(());
    }
    Err(format!("'{action}' is not a valid action for {resource}"))
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = args.place.read(flags).await?;
    let allowed = args.decide(&settings)?;
    if !args.quiet {
        output::print_line(if allowed { "Yes" } else { "No" })?;
    }
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Args {
    fn decide(&self, settings: &Settings) -> anyhow::Result<bool> {
        let mut policy = if self.use_builtin_policy { builtin() } else { Policy::default() };
        let own = Policy::parse(&settings.text).map_err(|error| {
            Failure::fatal(format!("invalid user policy: policy syntax error: {error}"))
        })?;
        warn_of_roles(&own);
        policy.add(&settings.text).map_err(|error| Failure::fatal(error.to_string()))?;
        let named = NAMES.iter().find(|(name, _)| *name == self.resource);
        let resource = named.map_or(self.resource.as_str(), |(_, resource)| resource);
        if self.strict {
            check_names(resource, &self.action)
                .map_err(|why| Failure::fatal(format!("error in RBAC request: {why}")))?;
        }
        let scoped =
            ["applications", "applicationsets", "logs", "exec", "clusters", "repositories"];
        let object = match self.object.as_str() {
            "*" | "" if scoped.contains(&resource) => "*/*",
            object => object,
        };
        let allows = |subject: &str, mode: MatchMode| {
            policy.allows(&Request { subject, resource, action: &self.action, object }, mode)
        };
        let default = match self.default_role.as_str() {
            "" => settings.default_role.as_str(),
            given => given,
        };
        Ok((!default.is_empty() && allows(default, settings.mode))
            || allows(&self.subject, settings.mode))
    }
}
