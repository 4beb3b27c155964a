//! The hooks of an application's deletion: made, awaited, cleaned up.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_cluster::{DryRun, Propagation};
use windlass_engine::hook::{self, DeletionHook};
use windlass_engine::policy::{CleanupStep, HookStep, named, next_cleanup, next_hooks};
use windlass_object::Object;

use super::super::apps::Level;
use super::super::compare::Subject;
use super::super::context::Context;
use super::super::gather::gather;
use super::remove;

/// Carries the hooks of a moment on. Answers whether all have ended.
pub(super) async fn run(
    context: &Arc<Context>,
    subject: &Subject<'_>,
    moment: DeletionHook,
    deleted_at: Timestamp,
    level: Level,
) -> Result<bool, String> {
    let wanted = wanted(context, subject, moment, deleted_at, level).await?;
    let live: Vec<Arc<Object>> = subject.managed().map(|(_, object)| object).collect();
    let health = &subject.settings.customizations;
    match next_hooks(moment, &wanted, &live, health)? {
        HookStep::Done => Ok(true),
        HookStep::Await(_) => Ok(false),
        HookStep::Create(hooks) => {
            for hook in hooks {
                match subject.cluster.create(&hook, DryRun::None).await {
                    // Either a process made it that died before it saw the answer, and it will be
                    // seen, or it is somebody else's.
                    Err(error) if error.is_conflict() => {
                        let message = "it is there already and not this application's: \
                                       rename the hook, or delete the object";
                        return Err(format!("cannot create hook {}: {message}", hook.key()));
                    }
                    Err(error) => return Err(error.to_string()),
                    Ok(_) => {}
                }
            }
            Ok(false)
        }
        HookStep::Failed(hooks) => {
            let names: Vec<String> =
                hooks.iter().map(|h| format!("{}/{}", h.namespace(), h.name())).collect();
            for hook in &hooks {
                let gone = remove(subject.cluster, hook, Propagation::Background).await;
                gone.map_err(|error| error.to_string())?;
            }
            let (moment, names) = (moment.as_str(), names.join(", "));
            Err(format!("{moment} hook(s) failed: {names}"))
        }
    }
}

/// Cleans up what the hooks of a moment left. Answers whether nothing is left to do.
pub(super) async fn clean_up(subject: &Subject<'_>, moment: DeletionHook) -> Result<bool, String> {
    let live: Vec<Arc<Object>> = subject.managed().map(|(_, object)| object).collect();
    match next_cleanup(moment, &live, &subject.settings.customizations)? {
        CleanupStep::Done => Ok(true),
        CleanupStep::Await(_) => Ok(false),
        CleanupStep::Delete(hooks) => {
            for hook in &hooks {
                let gone = remove(subject.cluster, hook, Propagation::Background).await;
                gone.map_err(|error| error.to_string())?;
            }
            Ok(false)
        }
    }
}

/// The hooks as Git has them now, marked as the application's.
async fn wanted(
    context: &Arc<Context>,
    subject: &Subject<'_>,
    moment: DeletionHook,
    deleted_at: Timestamp,
    level: Level,
) -> Result<Vec<Arc<Object>>, String> {
    let sources = subject.app.spec.effective_sources();
    let revisions: Vec<String> = sources.iter().map(|s| s.target_revision.clone()).collect();
    let cluster = subject.cluster;
    let gathered = gather(context, subject.app, cluster, sources, &revisions, level).await;
    let gathered = Arc::new(gathered);
    if !(gathered.is_complete() && gathered.distrust.is_empty()) {
        let problems = gathered.problems.iter().chain(&gathered.distrust);
        let problems: Vec<&str> = problems.map(|p| p.message.as_str()).collect();
        return Err(problems.join("; "));
    }
    let targets = subject.prepare(&gathered, None).targets;
    let hooks = targets.deletion_hooks.iter().chain(&targets.objects);
    let hooks = hooks.filter(|object| hook::runs_at(object, moment));
    Ok(hooks.map(|hook| Arc::new(named(hook, moment, deleted_at))).collect())
}
