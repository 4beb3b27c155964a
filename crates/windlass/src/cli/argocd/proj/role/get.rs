//! `argocd proj role get`.

use jiff::Timestamp;

use super::super::store::{Projects, strings};
use super::token::{ago, shown};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// Show a role.
///
/// Examples:
///   windlass proj role get shop developer
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let project = projects.get(&args.project).await?;
    let role = &project.items("roles")[project.role(&args.role)?];
    let description = role["description"].as_str().unwrap_or_default();
    let mut out =
        format!("{:<15}{}\n{:<15}{description}\n", "Role Name:", args.role, "Description:");
    out.push_str(&format!("Policies:\n{}\nGroups:\n", project.policies()));
    let groups: Vec<&str> = strings(&role["groups"]).collect();
    if groups.is_empty() {
        out.push_str("<none>\n");
    }
    out.extend(groups.iter().map(|group| format!("  - {group}\n")));
    out.push_str("JWT Tokens:\n");
    let now = Timestamp::now();
    let time = |seconds: i64| format!("{} ({})", shown(seconds), ago(seconds, now.as_second()));
    let mut lines = vec![line(["ID", "ISSUED-AT", "EXPIRES-AT"])];
    let tokens = &project.value["status"]["jwtTokensByRole"][&args.role]["items"];
    for token in tokens.as_array().into_iter().flatten() {
        let issued = token["iat"].as_i64().unwrap_or_default();
        let expires = match token["exp"].as_i64().unwrap_or_default() {
            ..=0 => "<none>".to_owned(),
            seconds => time(seconds),
        };
        lines.push(vec![issued.to_string(), time(issued), expires]);
    }
    out.push_str(&align(&lines));
    output::print(&out)
}
