//! Secrets that a person types.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use secrecy::SecretString;

use super::failure::Failure;

/// Asks for a secret; on a terminal what is typed is not shown.
pub(crate) fn ask(question: &str) -> anyhow::Result<SecretString> {
    let hidden = std::io::stdin().is_terminal() && echo("-echo");
    let mut output = std::io::stdout().lock();
    write!(output, "{question}")?;
    output.flush()?;
    drop(output);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if hidden {
        echo("echo");
        writeln!(std::io::stdout())?;
    }
    if read? == 0 {
        return Err(Failure::generic("EOF"));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned().into())
}

/// Whether the terminal does as told.
fn echo(mode: &str) -> bool {
    let told = Command::new("stty").arg(mode).stdin(Stdio::inherit()).status();
    told.is_ok_and(|status| status.success())
}
