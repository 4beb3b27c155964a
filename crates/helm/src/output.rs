//! What `helm template` prints.

use crate::error::Error;
use crate::manifest::split;
use crate::render::Rendered;
use windlass_tree::path_match;

/// What to print of a render.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Print {
    /// `--include-crds`.
    pub include_crds: bool,
    /// `--no-hooks`.
    pub no_hooks: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
    /// `--show-only`: patterns of paths in the chart. Empty: all.
    pub show_only: Vec<String>,
}

impl Rendered {
    /// The text that `helm template` prints, byte for byte.
    ///
    /// # Errors
    /// When `show_only` names what is not there.
    pub fn print(&self, print: &Print) -> Result<String, Error> {
        let mut text = String::new();
        let mut add = |path: &str, content: &str| {
            text.push_str("---\n# Source: ");
            text.push_str(path);
            text.push('\n');
            text.push_str(content);
            text.push('\n');
        };
        if print.include_crds {
            self.crds.iter().for_each(|crd| add(&crd.path, &crd.text));
        }
        self.manifests.iter().for_each(|m| add(&m.path, &m.text));
        // It begins with a mark, or holds nothing.
        text.truncate(text.trim_end().len());
        text.push('\n');
        if !print.no_hooks {
            for hook in self.hooks.iter().filter(|h| !(print.skip_tests && h.is_test())) {
                let (path, content) = (&hook.manifest.path, &hook.manifest.text);
                text.push_str(&format!("---\n# Source: {path}\n{content}\n"));
            }
        }
        if print.show_only.is_empty() { Ok(text) } else { show_only(&text, &print.show_only) }
    }
}

fn show_only(text: &str, patterns: &[String]) -> Result<String, Error> {
    let documents: Vec<(&str, &str)> = split(text).filter_map(|d| Some((source(d)?, d))).collect();
    let mut out = String::new();
    for pattern in patterns {
        let matches = |path: &str| path_match::matches(pattern, path).unwrap_or(false);
        let mut missing = true;
        for (_, document) in documents.iter().filter(|(path, _)| matches(path)) {
            missing = false;
            out.push_str(&format!("---\n{document}\n"));
        }
        if missing {
            return Err(Error::ShowOnly { path: pattern.clone() });
        }
    }
    Ok(out)
}

/// The path in the chart that a document's comment names.
fn source(document: &str) -> Option<&str> {
    let mut rest = document;
    loop {
        let at = rest.find("# Source: ")?;
        rest = &rest[at + "# Source: ".len()..];
        let line = rest.lines().next().unwrap_or_default();
        if let Some((chart, path)) = line.split_once('/')
            && !chart.is_empty()
            && !path.is_empty()
        {
            return Some(path);
        }
    }
}
