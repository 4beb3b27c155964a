//! `argocd admin proj update-role-policy`.

use windlass_object::{Value, json, yaml};
use windlass_tree::Glob;

use super::super::super::kube::{Store, projects};
use crate::cli::app::{Connection, Flags, show_difference};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Set or remove what an action is permitted, in roles of many projects.
///
/// Examples:
///   windlass admin proj update-role-policy '*' set 'action/*' --role '*deployer*' --resource applications --scope '*' --permission allow
///   windlass admin proj update-role-policy '*' remove override --role '*deployer*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names of projects, a glob.
    project: String,
    /// set or remove.
    modification: String,
    /// The action.
    action: String,
    /// Resource, such as applications.
    #[arg(long, default_value = "")]
    resource: String,
    /// Which of them, such as `*`.
    #[arg(long, default_value = "")]
    scope: String,
    /// Names of roles, a glob.
    #[arg(long, default_value = "*")]
    role: String,
    /// allow or deny.
    #[arg(long, default_value = "")]
    permission: String,
    /// Only show what would be changed.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    dry_run: bool,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    args.check()?;
    let store = Store::new(&connection, projects());
    for project in store.list("").await? {
        let name = project["metadata"]["name"].as_str().unwrap_or_default();
        if !fits(&args.project, name) {
            continue;
        }
        let mut updated = project.clone();
        if !args.change(name, &mut updated) {
            continue;
        }
        output::print_line(&format!("===== {name} ======"))?;
        show_difference(name, &yaml::to_string(&updated), &yaml::to_string(&project))?;
        if !args.dry_run {
            store.replace(&updated).await?;
        }
    }
    Ok(())
}

impl Args {
    fn check(&self) -> anyhow::Result<()> {
        let missing = |flag: &str| {
            Err(Failure::generic(format!(
                "flag --{flag} cannot be empty if permission should be set in role"
            )))
        };
        match self.modification.as_str() {
            "set" if self.scope.is_empty() => missing("group"),
            "set" if self.permission.is_empty() => missing("permission"),
            "set" | "remove" => Ok(()),
            other => Err(Failure::generic(format!("modification {other} is not supported"))),
        }
    }

    /// Changes the roles; whether there was something to change.
    fn change(&self, project: &str, value: &mut Value) -> bool {
        let mut changed = false;
        let roles = value["spec"]["roles"].as_array_mut();
        for role in roles.into_iter().flatten() {
            let name = role["name"].as_str().unwrap_or_default().to_owned();
            if !fits(&self.role, &name) {
                continue;
            }
            let mut policies = role["policies"].as_array().cloned().unwrap_or_default();
            let place = policies.iter().position(|policy| {
                let parts: Vec<&str> =
                    policy.as_str().unwrap_or_default().split(',').map(str::trim).collect();
                parts.len() == 6 && parts[3] == self.action
            });
            let new = (self.modification == "set").then(|| {
                let Self { resource, action, scope, permission, .. } = self;
                json!(format!(
                    "p, proj:{project}:{name}, {resource}, {action}, {project}/{scope}, {permission}"
                ))
            });
            match (place, new) {
                (Some(place), Some(new)) => policies[place] = new,
                (Some(place), None) => {
                    policies.remove(place);
                }
                (None, Some(new)) => policies.push(new),
                (None, None) => continue,
            }
            if let Some(role) = role.as_object_mut() {
                if policies.is_empty() {
                    role.remove("policies");
                } else {
                    role.insert("policies".to_owned(), json!(policies));
                }
            }
            changed = true;
        }
        changed
    }
}

/// Whether a name fits a glob; no `*` crosses a slash.
fn fits(pattern: &str, name: &str) -> bool {
    pattern == "*" || Glob::separated(pattern).is_ok_and(|glob| glob.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(modification: &str, action: &str, before: &[&str], want: Option<&[&str]>) {
        let args = Args {
            project: "*".to_owned(),
            modification: modification.to_owned(),
            action: action.to_owned(),
            resource: "applications".to_owned(),
            scope: "*".to_owned(),
            role: "dev*".to_owned(),
            permission: "allow".to_owned(),
            dry_run: true,
        };
        let roles = |policies: &[&str]| {
            json!({"spec": {"roles": [
                {"name": "devs", "policies": policies}, {"name": "other", "policies": ["x"]},
            ]}})
        };
        let mut project = roles(before);
        let changed = args.change("shop", &mut project);
        assert_eq!(changed.then_some(project), want.map(roles), "{modification} {action}");
    }

    #[test]
    fn policies_are_set_and_removed() {
        let (get, sync) = (
            "p, proj:shop:devs, applications, get, shop/*, allow",
            "p, proj:shop:devs, applications, sync, shop/*, allow",
        );
        check("set", "sync", &[get], Some(&[get, sync]));
        check("set", "get", &["p,a,b,get,c,deny", sync], Some(&[get, sync]));
        check("remove", "get", &[get, sync], Some(&[sync]));
        check("remove", "delete", &[get], None);
    }
}
