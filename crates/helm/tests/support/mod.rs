//! Charts given to the real helm and to this crate, whole answers compared.

#![allow(clippy::unwrap_used, dead_code)] // Helpers of tests are tests; each test uses some.

pub(crate) mod batch;

use std::path::{Path, PathBuf};

use windlass_helm::{
    Capabilities, Chart, Environment, Error, KubeVersion, Options, Print, Release, Values, render,
};
use windlass_tree::{DirectoryTree, TreePath};

/// One `helm template`, without the chart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) flags: Vec<String>,
}

impl Call {
    /// Flags out of one line, blanks between them.
    pub(crate) fn of(line: &str) -> Self {
        Self { flags: line.split_whitespace().map(str::to_owned).collect() }
    }

    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|f| (*f).to_owned()));
        self
    }
}

/// What we say where the real helm dies.
pub(crate) const CYCLE: &str =
    "values lie more than 400 deep in each other: does import-values import a table into itself?";

/// What the real helm may take: it has no bound of its own, and a template can make it take all that
/// there is.
const MEMORY: u64 = 4 << 30;
const SECONDS: u64 = 60;

/// What is answered in its place when it took more.
pub(crate) const EXHAUSTED: &str = "helm took more than it may";

/// Where the charts of these tests are.
pub(crate) fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts")
}

/// A chart made of texts, in a directory of its own.
pub(crate) fn chart(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    if !files.iter().any(|(path, _)| *path == "Chart.yaml") {
        std::fs::write(dir.path().join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 1.0.0\n")
            .unwrap();
    }
    dir
}

/// Whether the real helm is there.
pub(crate) fn helm_is_there() -> bool {
    windlass_testkit::available(&["helm"])
}

/// What the real helm answers: its text, or its error without `Error: `.
pub(crate) fn theirs(chart: &Path, call: &Call) -> Result<String, String> {
    let out = windlass_testkit::bounded(&windlass_testkit::peer("helm").unwrap(), MEMORY, SECONDS)
        .args(["template", "rel"])
        .arg(chart)
        .args(["--namespace", "ns"])
        .args(&call.flags)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("KUBECONFIG", "/dev/null")
        .output()
        .unwrap();
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout).unwrap());
    }
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    // Values that hold themselves are the end of its stack.
    if text.contains("stack overflow") {
        return Err(CYCLE.to_owned());
    }
    let exhausted = ["out of memory", "cannot allocate memory"].iter().any(|w| text.contains(w));
    if exhausted || out.status.code().is_none() {
        return Err(EXHAUSTED.to_owned());
    }
    let at = text.find("Error: ").unwrap_or_else(|| panic!("helm does not say why: {text}"));
    Err(text[at + "Error: ".len()..].trim_end().to_owned())
}

/// What this crate answers.
pub(crate) fn ours(chart: &Path, call: &Call) -> Result<String, String> {
    try_ours(chart, call).map_err(|error| words(&error))
}

/// An error as the command prints it.
pub(crate) fn words(error: &Error) -> String {
    let added = "\n\nUse --debug flag to render out invalid YAML";
    match error {
        Error::Template { .. } | Error::KubeVersion { .. } | Error::Manifest { .. } => {
            format!("{error}{added}")
        }
        error => error.to_string().trim_end().to_owned(),
    }
}

/// As [`ours`], the error as it is.
pub(crate) fn try_ours(dir: &Path, call: &Call) -> Result<String, Error> {
    let mut values = Values::new();
    let mut print = Print::default();
    let mut capabilities = Capabilities::default();
    let mut release = Release::new("rel", "ns");
    let mut options = Options::new(Environment::new(0, [7; 32]));
    let mut later: Vec<(&str, String)> = Vec::new();
    let mut flags = call.flags.iter();
    while let Some(flag) = flags.next() {
        let mut value = || flags.next().unwrap().clone();
        match &**flag {
            "-f" => {
                let name = value();
                values.merge(Values::from_yaml(&name, &std::fs::read(&name).unwrap())?);
            }
            "--set-json" => values.set_json(&value())?,
            "--set" | "--set-string" | "--set-file" | "--set-literal" => {
                later.push((flag, value()));
            }
            "--include-crds" => print.include_crds = true,
            "--no-hooks" => print.no_hooks = true,
            "--skip-tests" => print.skip_tests = true,
            "--show-only" => print.show_only.push(value()),
            "--is-upgrade" => release.is_upgrade = true,
            "--skip-schema-validation" => options.skip_schema_validation = true,
            "--kube-version" => capabilities.kube_version = KubeVersion::parse(&value())?,
            "--api-versions" => capabilities.api_versions.push(value()),
            other => panic!("{other}: no flag that this knows"),
        }
    }
    for (wanted, _) in [("--set", 0), ("--set-string", 1), ("--set-file", 2), ("--set-literal", 3)]
    {
        for (_, text) in later.iter().filter(|(flag, _)| *flag == wanted) {
            match wanted {
                "--set" => values.set(text)?,
                "--set-string" => values.set_string(text)?,
                "--set-literal" => values.set_literal(text)?,
                _ => values.set_file(text, &mut |name| {
                    std::fs::read_to_string(name)
                        .map_err(|_| format!("open {name}: no such file or directory"))
                })?,
            }
        }
    }
    let chart = if dir.is_dir() {
        let at = dir.canonicalize().unwrap();
        let at = TreePath::new(at.to_str().unwrap().trim_start_matches('/')).unwrap();
        Chart::load(&DirectoryTree::new("/"), &at)?
    } else {
        Chart::from_archive(&std::fs::read(dir).unwrap())?
    };
    render(&chart, &values, &release, &capabilities, &options)?.print(&print)
}

/// Both must answer the same, byte for byte, and refuse with the same words. Whether they rendered.
#[track_caller]
pub(crate) fn check(chart: &Path, call: &Call) -> bool {
    let (theirs, ours) = (theirs(chart, call), ours(chart, call));
    if theirs.as_ref().map_err(|e| comparable(e)) != ours.as_ref().map_err(|e| comparable(e)) {
        let show = |answer: &Result<String, String>| match answer {
            Ok(text) => text.clone(),
            Err(text) => format!("refused: {text}"),
        };
        let (theirs, ours) = (show(&theirs), show(&ours));
        let diff = similar::TextDiff::from_lines(&theirs, &ours);
        let diff = diff.unified_diff().context_radius(3).header("helm", "windlass").to_string();
        panic!("{} {:?}\n{diff}", chart.display(), call.flags);
    }
    theirs.is_ok()
}

/// A refusal without what the YAML library says, since ours has words of its own for what is no
/// YAML, and the lines about schemas in order, since Helm's come in any.
fn comparable(text: &str) -> String {
    if text.starts_with("values don't meet") {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        return lines.join("\n");
    }
    let mark = "error converting YAML to JSON: ";
    text.find(mark).map_or(text.to_owned(), |at| text[..at + mark.len()].to_owned())
}
