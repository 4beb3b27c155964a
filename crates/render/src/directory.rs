//! Plain directories, by Argo CD's rules.
//!
//! A file is a candidate by its name, its place and the globs. What a candidate holds is decided by
//! decoding it: a file that yields no object before its first error and does not look like a
//! manifest at all (some values file) is passed over in silence.

use windlass_object::yaml;
use windlass_tree::{Entry, EntryKind, Glob, Tree, TreeError, TreePath, resolve};

use crate::objects::object;
use crate::{Diagnostic, Directory, Environment, Findings, Reason, SourceType, Spec, jsonnet};

/// A file with this in it is not rendered.
const SKIP_MARKER: &[u8] = b"+argocd:skip-file-rendering";
/// What a file must hold, each somewhere, for a failure to decode it to count.
const LOOKS_LIKE_A_MANIFEST: [&[u8]; 3] = [b"apiVersion:", b"kind:", b"metadata:"];
/// The deepest directory below the application's.
const MAX_DEPTH: usize = 100;

pub(crate) fn render(
    tree: &dyn Tree,
    root: &TreePath,
    options: &Directory,
    spec: &Spec,
    environment: &Environment<'_>,
    findings: &mut Findings,
) {
    let mut walk = Walk {
        tree,
        root,
        recurse: options.recurse,
        any_extension: options.disable_extension_filter,
        include: Filter::new("include", &options.include, root, findings),
        exclude: Filter::new("exclude", &options.exclude, root, findings),
        program: jsonnet::Program { tree, root, options: &options.jsonnet, environment },
        without_jsonnet: spec.disabled.contains(&SourceType::Directory),
        remaining: if spec.max_bytes == 0 { u64::MAX } else { spec.max_bytes },
        max_bytes: spec.max_bytes,
        findings,
    };
    if walk.directory(root, 0).is_err() {
        walk.findings.manifests.clear();
    }
}

/// One of the two globs.
enum Filter {
    Absent,
    /// It cannot be understood, which Argo CD takes for a glob that matches nothing.
    Broken,
    Glob(Glob),
}

impl Filter {
    fn new(field: &'static str, text: &str, root: &TreePath, findings: &mut Findings) -> Self {
        if text.is_empty() {
            return Self::Absent;
        }
        match Glob::new(text) {
            Ok(glob) => Self::Glob(glob),
            Err(e) => {
                let reason = Reason::Glob { field, problem: e.to_string() };
                findings.warnings.push(Diagnostic::of_file(root, reason));
                Self::Broken
            }
        }
    }

    fn matches(&self, text: &str) -> bool {
        matches!(self, Self::Glob(glob) if glob.matches(text))
    }
}

/// The bound on size is exceeded: nothing more is read.
struct TooLarge;

struct Walk<'a> {
    tree: &'a dyn Tree,
    root: &'a TreePath,
    recurse: bool,
    any_extension: bool,
    include: Filter,
    exclude: Filter,
    program: jsonnet::Program<'a>,
    without_jsonnet: bool,
    remaining: u64,
    max_bytes: u64,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    fn directory(&mut self, at: &TreePath, depth: usize) -> Result<(), TooLarge> {
        let listing = match self.tree.list(at) {
            Ok(listing) => listing,
            Err(e) => return self.fail(at, Reason::Tree(e)),
        };
        for (name, entry) in listing {
            let Ok(path) = at.join(&name) else { continue };
            if entry.kind != EntryKind::Directory {
                self.file(&path, &entry)?;
            } else if self.recurse && depth < MAX_DEPTH {
                self.directory(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    fn fail(&mut self, path: &TreePath, reason: Reason) -> Result<(), TooLarge> {
        self.findings.diagnostics.push(Diagnostic::of_file(path, reason));
        Ok(())
    }

    fn warn(&mut self, path: &TreePath, reason: Reason) -> Result<(), TooLarge> {
        self.findings.warnings.push(Diagnostic::of_file(path, reason));
        Ok(())
    }

    fn file(&mut self, path: &TreePath, entry: &Entry) -> Result<(), TooLarge> {
        let extension = path.name().rsplit_once('.').map_or("", |(_, e)| e);
        if !self.any_extension && !matches!(extension, "yaml" | "yml" | "json" | "jsonnet") {
            return Ok(());
        }
        let mut real = path.clone();
        if entry.kind == EntryKind::Symlink {
            match resolve(self.tree, path) {
                Ok((target, entry)) if entry.kind.is_file() => real = target,
                Ok(_) => return self.warn(path, Reason::LinkToDirectory),
                Err(TreeError::NotFound { .. }) => return self.warn(path, Reason::DeadLink),
                Err(TreeError::Escape { .. }) => return self.fail(path, Reason::Link),
                Err(e) => return self.fail(path, Reason::Tree(e)),
            }
        }
        let relative = path.as_str().strip_prefix(self.root.as_str()).unwrap_or(path.as_str());
        let relative = relative.trim_start_matches('/');
        if self.exclude.matches(relative) {
            return Ok(());
        }
        if !matches!(self.include, Filter::Absent) && !self.include.matches(relative) {
            return Ok(());
        }
        let text = match self.tree.read(&real, self.remaining) {
            Ok(text) => text,
            Err(TreeError::TooLarge { .. }) => {
                let reason = Reason::TooLarge { limit: self.max_bytes };
                self.findings.diagnostics.push(Diagnostic::of_file(path, reason));
                return Err(TooLarge);
            }
            Err(e) => return self.fail(path, Reason::Tree(e)),
        };
        if contains(&text, SKIP_MARKER) {
            return Ok(());
        }
        if extension == "jsonnet" && self.without_jsonnet {
            return Ok(());
        }
        if extension == "jsonnet" {
            self.program.run(path, &real, self.findings);
            return Ok(());
        }
        self.remaining -= text.len() as u64;
        self.decode(path, &text, extension == "json");
        Ok(())
    }

    fn decode(&mut self, path: &TreePath, text: &[u8], is_json: bool) {
        let mut parsed = yaml::parse(text, &yaml::Options::default());
        let file = path.name().to_owned();
        if is_json && parsed.documents.len() > 1 {
            let reason = Reason::SeveralObjects { file };
            self.findings.diagnostics.push(Diagnostic::at(path, parsed.documents[1].at, reason));
            parsed.documents.truncate(1);
        }
        let malformed = |e: &yaml::Error| {
            let line = (!is_json).then(|| line_of_document(text, e.at.line));
            (e.at, e.problem.to_string(), line)
        };
        let mut errors: Vec<(yaml::Position, String, Option<usize>)> =
            parsed.errors.iter().map(malformed).collect();
        let mut objects = Vec::new();
        for document in parsed.documents {
            if document.value.is_null() {
                continue;
            }
            match object(document.value) {
                Ok(object) => objects.push((document.at, object)),
                Err(problem) => errors.push((document.at, problem, None)),
            }
        }
        errors.sort_by_key(|(at, ..)| *at);
        let first_error = errors.first().map(|(at, ..)| *at);
        let begins_bad = first_error.is_some_and(|at| objects.first().is_none_or(|o| o.0 > at));
        if begins_bad && !is_json && !LOOKS_LIKE_A_MANIFEST.iter().all(|m| contains(text, m)) {
            return;
        }
        for warning in parsed.warnings {
            let reason = Reason::Suspicious(warning.problem.to_string());
            self.findings.warnings.push(Diagnostic::at(path, warning.at, reason));
        }
        for (at, problem, line) in errors {
            self.findings.malformed(path, at, problem, line);
        }
        for (at, object) in objects {
            self.findings.expand(path, at, object);
        }
    }
}

/// The line as Go counts it: from the document's separator on.
fn line_of_document(text: &[u8], line: usize) -> usize {
    let before = text.split(|byte| *byte == b'\n').take(line.saturating_sub(1));
    let separator = before.enumerate().filter(|(_, l)| l.starts_with(b"---")).last();
    separator.map_or(line, |(at, _)| line - at - 1)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|w| w == part)
}
