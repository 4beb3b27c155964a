//! `--name-template`: a release's name that is a template of its own, with no values.

use windlass_gotemplate::{ExecError, Limits, ParseError, Set, Value};
use windlass_sprig::Environment;

const NAME: &str = "name-template";

/// Why a template makes no name.
#[derive(Debug, thiserror::Error)]
pub enum NameTemplateError {
    /// It is no template.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It fails.
    #[error(transparent)]
    Execute(#[from] ExecError),
}

/// The name that `template` makes.
///
/// # Errors
/// If it is no template, or fails.
pub fn templated_name(
    template: &str,
    environment: &Environment,
) -> Result<String, NameTemplateError> {
    let functions = windlass_sprig::functions(environment);
    let mut set = Set::default();
    set.parse(NAME, template, &functions)?;
    Ok(set.execute(NAME, &Value::Nil, &functions, Limits::default())?)
}
