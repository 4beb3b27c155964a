//! Health of an application: the worst of its objects'.

use windlass_object::Object;

use super::{CustomHealth, of};
use crate::annotation::IGNORE_HEALTHCHECK;
use crate::hook;
use crate::state::{Condition, ConditionType, Health, HealthCode, ResourceStatus};

const MAX_CAUSES: usize = 3;

/// One object of an application, to be judged.
pub struct Judged<'a> {
    /// As Git has it.
    pub target: Option<&'a Object>,
    /// As the cluster has it.
    pub live: Option<&'a Object>,
    /// Whether it is the application itself.
    pub is_self: bool,
    /// Its line, to which its health is added.
    pub status: &'a mut ResourceStatus,
}

/// Judges the objects of an application and the application. Hooks, skipped objects, the
/// application itself and objects that ask for it are left out; so are missing objects, as long as
/// there is any live one.
pub fn application(
    objects: &mut [Judged<'_>],
    custom: &dyn CustomHealth,
) -> (Health, Option<Condition>) {
    let mut worst = HealthCode::Healthy;
    let mut causes: Vec<String> = Vec::new();
    let mut error: Option<String> = None;
    let (mut any, mut any_live) = (false, false);
    for object in objects {
        let skipped = object.target.is_some_and(hook::is_skipped);
        if skipped || object.live.is_some_and(|o| hook::is_hook(o) || hook::is_ignored(o)) {
            continue;
        }
        any = true;
        any_live |= object.live.is_some();
        let Some(health) = judge(object, custom, &mut error) else { continue };
        let status = health.status;
        object.status.health = Some(health);
        let child = object.status.kind == "Application" && object.status.group == "argoproj.io";
        let harmless = object.live.is_none()
            || child && matches!(status, HealthCode::Missing | HealthCode::Unknown);
        if harmless {
            continue;
        }
        if status > worst {
            worst = status;
            causes = vec![name(object.status)];
        } else if status == worst && worst != HealthCode::Healthy {
            causes.push(name(object.status));
        }
    }
    if any && !any_live && worst < HealthCode::Missing {
        worst = HealthCode::Missing;
        causes.clear();
    }
    let condition = error.map(|error| {
        let message = format!("error setting app health: {error}");
        Condition::new(ConditionType::ComparisonError, message)
    });
    (Health::new(worst, cause(&causes)), condition)
}

fn judge(
    object: &Judged<'_>,
    custom: &dyn CustomHealth,
    first_error: &mut Option<String>,
) -> Option<Health> {
    let Some(live) = object.live else { return Some(Health::new(HealthCode::Missing, "")) };
    if object.is_self || live.annotation(IGNORE_HEALTHCHECK) == Some("true") {
        return None;
    }
    match of(live, custom) {
        Ok(health) => health,
        Err(error) => {
            let (kind, namespace, name) = (live.kind(), live.namespace(), live.name());
            first_error.get_or_insert_with(|| {
                format!(
                    "failed to get resource health for {kind:?} with name {name:?} in namespace \
                     {namespace:?}: failed to get resource health for {namespace}/{name}: {error}"
                )
            });
            Some(Health::new(HealthCode::Unknown, error.to_string()))
        }
    }
}

fn name(status: &ResourceStatus) -> String {
    let part = |first: &str, second: &str| match first {
        "" => second.to_owned(),
        first => format!("{first}/{second}"),
    };
    let kind = part(&status.group, &status.kind);
    format!("{kind}:{}", part(&status.namespace, &status.name))
}

fn cause(causes: &[String]) -> String {
    if causes.is_empty() {
        return String::new();
    }
    let shown = causes.iter().take(MAX_CAUSES).cloned().collect::<Vec<_>>().join(", ");
    match causes.len().saturating_sub(MAX_CAUSES) {
        0 => format!("Caused by {shown}"),
        more => format!("Caused by {shown} and {more} more"),
    }
}
