//! Text in the user's editor.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use crate::cli::failure::Failure;

/// What the user made of a text; `None` if nothing was changed.
pub(crate) fn edit(text: &str) -> anyhow::Result<Option<String>> {
    let editor = ["KUBE_EDITOR", "EDITOR"].iter().find_map(|name| std::env::var(name).ok());
    let editor = editor.filter(|e| !e.is_empty()).unwrap_or_else(|| "vi".to_owned());
    let file = tempfile::Builder::new().suffix("-edit.yaml").tempfile()?;
    fs::write(file.path(), text)?;
    // The variable may hold arguments, so a shell reads it, as kubectl does.
    let ended = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file.path())
        .status()
        .with_context(|| format!("cannot start the editor {editor}"))?;
    if !ended.success() {
        return Err(Failure::generic(format!("the editor {editor} ended with {ended}")));
    }
    let edited = fs::read_to_string(file.path())?;
    Ok((edited != text).then_some(edited))
}
