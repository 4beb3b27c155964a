//! The names under which the binary behaves as another tool.

use std::ffi::OsString;
use std::path::Path;

/// Tools whose command line is a command of ours: a binary of that name is that command.
const PERSONAS: [&str; 2] = ["helm", "kustomize"];

/// The arguments as our own command line takes them: `helm …` is `windlass helm …`.
pub(crate) fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.into_iter();
    let program = given.next().unwrap_or_else(|| "windlass".into());
    let name = Path::new(&program).file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    let persona = PERSONAS.iter().find(|p| **p == name).map(OsString::from);
    std::iter::once(OsString::from("windlass")).chain(persona).chain(given).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], want: &[&str]) {
        assert_eq!(arguments(given.iter().map(OsString::from)), want);
    }

    #[test]
    fn by_the_name_of_the_binary() {
        check(&["/usr/bin/helm", "template", "x"], &["windlass", "helm", "template", "x"]);
        check(&["./windlass", "up"], &["windlass", "up"]);
        check(&[], &["windlass"]);
    }
}
