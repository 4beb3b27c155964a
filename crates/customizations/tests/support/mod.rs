//! Where the cases are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_object::yaml;

const CASES: &str = "argocd-resource-customizations";

/// The folder of the cases: in `WINDLASS_DATA`, or in `shared/data` beside the repository.
pub(crate) fn cases() -> Option<PathBuf> {
    let given = std::env::var_os("WINDLASS_DATA").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.ancestors().skip(1).map(|above| above.join("shared/data"));
    let found = given.into_iter().chain(beside).map(|data| data.join(CASES)).find(|p| p.is_dir());
    if found.is_none() {
        eprintln!("skipped: no folder {CASES} in WINDLASS_DATA or in ../shared/data");
    }
    found
}

/// The first document of a file.
pub(crate) fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = yaml::parse(&text, &yaml::Options::default());
    let documents = parsed.documents.into_iter().map(|document| document.value);
    documents.into_iter().find(|value| !value.is_null()).unwrap()
}

/// The folders in a folder, by name.
pub(crate) fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.retain(|path| path.is_dir());
    folders
}
