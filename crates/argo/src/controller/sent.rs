//! Manifests that came with an operation (`argocd app sync --local`): they are delivered in the place
//! of what Git says, and compared with until another operation is asked for, as Argo CD has it.

use std::sync::Arc;

use windlass_engine::state::{Condition, ConditionType};
use windlass_object::{Object, Value};
use windlass_render::Kept;

use super::signatures;
use crate::types::{AppProject, Application, Source};

/// Those of the operation that is asked for, or else of the one that runs or ran last; nearly always
/// none.
pub(crate) fn manifests(app: &Application) -> &[String] {
    let told = app.status.operation_state.as_ref().map(|state| &state.operation);
    let operation = app.operation.as_ref().or(told);
    let sync = operation.and_then(|operation| operation.sync.as_ref());
    sync.map_or(&[], |sync| &sync.manifests)
}

/// The objects in them. Where the project asks for signatures there are none: nobody signed these.
///
/// # Errors
/// A condition that says why they cannot be used.
pub(crate) fn rendered(
    project: &AppProject,
    sources: &[Source],
    manifests: &[String],
) -> Result<Arc<Kept>, Condition> {
    let failed = |message| Condition::new(ConditionType::ComparisonError, message);
    if sources.iter().any(|source| signatures::policy(project, &source.repo_url).is_some()) {
        let message = "Cannot use local manifests when signature verification is required";
        return Err(failed(message.to_owned()));
    }
    let read = |text: &String| {
        serde_json::from_str::<Value>(text)
            .map_err(|error| match error.is_eof() {
                true => "unexpected end of JSON input".to_owned(),
                false => error.to_string(),
            })
            .and_then(|value| Object::try_from(value).map_err(|error| error.to_string()))
            .map_err(|error| failed(format!("Failed to load local manifests: {error}")))
    };
    let objects = manifests.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(objects.into_iter().collect()))
}
