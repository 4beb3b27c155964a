//! Why an application is out of sync although Git did not change: who changed what.

use windlass_engine::compare::{Comparison, Resource};
use windlass_engine::diff::{Difference, MANAGER};

/// Objects that are named, and fields of each.
const NAMED: usize = 5;
/// Managers whose changes are the controller's own.
const OURS: [&str; 2] = [MANAGER, "argocd-application-controller"];

/// The fields that somebody else set to other than what Git says; nothing if there are none. Values
/// are left out: they may be long, or not for everybody.
pub(crate) fn describe(comparison: &Comparison) -> Option<String> {
    let mut objects: Vec<String> = comparison
        .resources
        .iter()
        .filter(|r| r.own && r.diff.modified)
        .filter_map(object)
        .collect();
    let more = objects.len().saturating_sub(NAMED);
    objects.truncate(NAMED);
    if more > 0 {
        objects.push(format!("and {more} more objects"));
    }
    (!objects.is_empty()).then(|| format!("changed in the cluster: {}", objects.join("; ")))
}

fn object(resource: &Resource) -> Option<String> {
    let live = resource.live.as_deref()?;
    resource.target.as_ref()?;
    let differences = resource.diff.differences(Some(live), &[]);
    let mut fields: Vec<String> = differences.iter().filter_map(field).collect();
    let more = fields.len().saturating_sub(NAMED);
    fields.truncate(NAMED);
    if more > 0 {
        fields.push(format!("{more} more fields"));
    }
    let name = match live.namespace() {
        "" => live.name().to_owned(),
        namespace => format!("{namespace}/{}", live.name()),
    };
    (!fields.is_empty()).then(|| format!("{} {name}: {}", live.kind(), fields.join(", ")))
}

fn field(difference: &Difference) -> Option<String> {
    let owner =
        difference.owner.as_ref().filter(|owner| !OURS.contains(&owner.manager.as_str()))?;
    let since = owner.since.map(|time| format!(" at {}", crate::types::time::print(time)));
    Some(format!("{} by {}{}", difference.path, owner.manager, since.unwrap_or_default()))
}
