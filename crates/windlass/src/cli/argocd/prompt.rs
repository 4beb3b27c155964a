//! Questions before what cannot be undone.

use std::io::{BufRead, Write};

use crate::cli::failure::Failure;

/// Asks until the answer is yes or no; without prompts the answer is yes.
pub(crate) fn confirm(enabled: bool, question: &str) -> anyhow::Result<bool> {
    if !enabled {
        return Ok(true);
    }
    loop {
        let mut output = std::io::stdout().lock();
        write!(output, "{question}")?;
        output.flush()?;
        drop(output);
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Failure::generic("EOF"));
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}
