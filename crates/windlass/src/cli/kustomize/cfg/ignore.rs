//! `.krmignore`: files and directories of a package that are not its resources.
//!
//! A pattern with no slash at its start is looked for at the end of a path, by as many parts as it
//! has; one with a slash at its start at the beginning. One with a slash at its end is of directories.
//! What `!` accepts is never ignored.

use std::path::Path;

use windlass_tree::path_match;

const FILE: &str = ".krmignore";

/// The patterns of a package.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    accepted: Vec<Pattern>,
    ignored: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// Without slashes around it.
    text: String,
    is_rooted: bool,
    is_directory: bool,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.trim_matches('/').to_owned(),
            is_rooted: text.starts_with('/'),
            is_directory: text.ends_with('/'),
        }
    }

    fn matches(&self, parts: &[&str], is_directory: bool) -> bool {
        let depth = self.text.matches('/').count() + 1;
        let Some(rest) = parts.len().checked_sub(depth) else { return false };
        let (part, is_directory) = match self.is_rooted {
            true => (&parts[..depth], is_directory && rest == 0),
            false => (&parts[rest..], is_directory),
        };
        let is_kind = is_directory || !self.is_directory;
        is_kind && path_match::matches(&self.text, &part.join("/")).unwrap_or(false)
    }
}

impl Ignored {
    /// Those of the package at `root`; none if it has no such file.
    ///
    /// # Errors
    /// If there is one that cannot be read.
    pub(super) fn of(root: &Path) -> anyhow::Result<Self> {
        if !root.is_dir() {
            return Ok(Self::default());
        }
        match std::fs::read(root.join(FILE)) {
            Ok(bytes) => Ok(Self::parse(&String::from_utf8_lossy(&bytes))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(e.into()),
        }
    }

    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines() {
            let line = line.trim_matches(' ');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = if line.starts_with("\\#") { &line[1..] } else { line };
            let (list, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (&mut all.accepted, pattern),
                None => (&mut all.ignored, line),
            };
            list.push(Pattern::new(pattern));
        }
        all
    }

    /// Whether the file or directory at `path`, from the package's root on, is ignored.
    pub(super) fn matches(&self, path: &Path, is_directory: bool) -> bool {
        let path = path.to_string_lossy();
        let parts: Vec<&str> = path.split('/').collect();
        let any = |list: &[Pattern]| list.iter().any(|p| p.matches(&parts, is_directory));
        any(&self.ignored) && !any(&self.accepted)
    }
}
