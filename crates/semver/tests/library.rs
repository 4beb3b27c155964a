//! Constraints and versions as the Go library judges them.

use windlass_semver::{Constraint, Version};

/// Constraint, version, whether it matches (`-` is no constraint, `c` one with no version to match),
/// and whether the version is one (`v`). Answered by Masterminds/semver 3.4.0 for random input.
const RECORDED: &str = include_str!("data/semver.tsv");

#[test]
fn judged_as_by_the_library() {
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (constraint, version) = (Constraint::parse(fields[0]), Version::parse(fields[1]));
        let is_version = if version.is_ok() { "v" } else { "-" };
        let matches = match (constraint, version) {
            (Err(_), _) => "-".to_owned(),
            (Ok(_), Err(_)) => "c".to_owned(),
            (Ok(c), Ok(v)) => c.matches(&v).to_string(),
        };
        if (matches.as_str(), is_version) != (fields[2], fields[3]) {
            wrong.push(format!("{line}: {matches} {is_version}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
