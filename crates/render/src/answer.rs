//! What Argo CD's repo server answers about a source that cannot be rendered. Scripts and alerts
//! match on it, so status has it word for word; what Windlass knows beyond it comes after it.

use crate::diagnostic::CHECKOUT;
use crate::{Diagnostic, Reason, SourceType};

/// An answer in the general sense: an error that the repo server has no code for.
pub fn unknown(what: impl std::fmt::Display) -> String {
    format!("rpc error: code = Unknown desc = {what}")
}

fn precondition(what: impl std::fmt::Display) -> String {
    format!("rpc error: code = FailedPrecondition desc = {what}")
}

/// What is answered about all that is wrong with a source of a type. Argo CD tells the first; where
/// that does not say in which file it is, or there are others, all are told as Windlass does.
pub fn answer(diagnostics: &[Diagnostic], source_type: Option<SourceType>) -> String {
    let Some(first) = diagnostics.first() else { return String::new() };
    let told = one(first, source_type);
    let is_place_known = !matches!(
        first.reason,
        Reason::Unmarshal { .. } | Reason::SeveralObjects { .. } | Reason::Generated { .. }
    );
    if diagnostics.len() == 1 && is_place_known {
        return told;
    }
    let all: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    format!("{told}; {}", all.join("; "))
}

fn one(diagnostic: &Diagnostic, source_type: Option<SourceType>) -> String {
    let path = if diagnostic.path.is_root() { "." } else { diagnostic.path.as_str() };
    let reason = &diagnostic.reason;
    match reason {
        Reason::NoSuchPath | Reason::NotADirectory => unknown(format!("{path}: {reason}")),
        Reason::SeveralTypes(_) => unknown(format!("error getting app source type: {reason}")),
        Reason::Overrides(problem) => unknown(format!(
            "error getting app source type: error while parsing source parameters: \
             {CHECKOUT}/{path}: {problem}"
        )),
        Reason::Unmarshal { problem, .. } if source_type != Some(SourceType::Directory) => {
            unknown(format!("failed to unmarshal manifest: {problem}"))
        }
        Reason::Unmarshal { file, problem, line: Some(line) } => precondition(format!(
            "Failed to unmarshal {file:?}: failed to unmarshal manifest: error converting YAML to \
             JSON: yaml: line {line}: {problem}"
        )),
        Reason::Unmarshal { file, problem, line: None } if !file.ends_with(".json") => {
            precondition(format!(
                "Failed to unmarshal {file:?}: failed to unmarshal manifest: {problem}"
            ))
        }
        Reason::Unmarshal { .. }
        | Reason::SeveralObjects { .. }
        | Reason::Jsonnet { .. }
        | Reason::Generated { .. } => precondition(reason),
        Reason::TooLarge { .. } => unknown(
            "failed to get potentially valid manifests: exceeded max combined manifest file size",
        ),
        Reason::Link => {
            unknown(format!("repository contains out-of-bounds symlinks. file: {path}"))
        }
        Reason::Helm(failure) => unknown(format!(
            "failed to execute helm template command: failed to get command args to log: {} failed \
             exit status 1: Error: {}{}",
            failure.command,
            failure.problem,
            if failure.at_templates {
                "\n\nUse --debug flag to render out invalid YAML"
            } else {
                ""
            }
        )),
        Reason::Dependencies(problem) => unknown(format!(
            "error building helm chart dependencies: failed to build helm dependencies: failed to \
             build dependencies: failed to get command args to log: `helm dependency build` failed \
             exit status 1: Error: {problem}"
        )),
        Reason::Kustomize { directory, warnings, problem } => {
            let warned: String = warnings.iter().map(|line| format!("{line}\n")).collect();
            unknown(format!(
                "`kustomize build {directory}` failed exit status 1: {warned}Error: {problem}"
            ))
        }
        Reason::HelmVersion(_)
        | Reason::KubeVersion { .. }
        | Reason::KustomizeVersion(_)
        | Reason::ValueFile(_)
        | Reason::FileParameter(_)
        | Reason::Reference(_) => unknown(reason),
        Reason::DeadLink
        | Reason::LinkToDirectory
        | Reason::Glob { .. }
        | Reason::Tree(_)
        | Reason::Suspicious(_)
        | Reason::Unavailable { .. }
        | Reason::NotYetSupported { .. } => unknown(diagnostic),
    }
}

#[cfg(test)]
mod tests {
    use windlass_object::yaml::Position;
    use windlass_tree::TreePath;

    use super::*;
    use crate::diagnostic::HelmFailure;

    #[test]
    fn the_first_is_told_as_argo_cd_does_and_then_all() {
        let path = TreePath::new("deep/b.yaml").unwrap();
        let reason =
            Reason::Unmarshal { file: "b.yaml".into(), problem: "no".into(), line: Some(3) };
        let bad = Diagnostic::at(&path, Position { line: 7, column: 2 }, reason);
        let none = Diagnostic::of_file(&path, Reason::NoSuchPath);
        let directory = Some(SourceType::Directory);
        let chart = HelmFailure {
            problem: "open <path to cached source>/v.yaml: no".into(),
            advice: vec!["look there".into()],
            command: "`helm template .`".into(),
            at_templates: true,
        };
        let chart = Diagnostic::of_file(&TreePath::root(), Reason::Helm(Box::new(chart)));
        for (diagnostics, source_type, wanted) in [
            (
                vec![bad.clone()],
                directory,
                "rpc error: code = FailedPrecondition desc = Failed to unmarshal \"b.yaml\": failed \
                 to unmarshal manifest: error converting YAML to JSON: yaml: line 3: no; \
                 deep/b.yaml:7:2: Failed to unmarshal \"b.yaml\": no",
            ),
            (
                vec![none],
                None,
                "rpc error: code = Unknown desc = deep/b.yaml: app path does not exist",
            ),
            (
                vec![chart],
                Some(SourceType::Helm),
                "rpc error: code = Unknown desc = failed to execute helm template command: failed \
                 to get command args to log: `helm template .` failed exit status 1: Error: open \
                 <path to cached source>/v.yaml: no\n\nUse --debug flag to render out invalid YAML",
            ),
        ] {
            assert_eq!(answer(&diagnostics, source_type), wanted);
        }
    }
}
