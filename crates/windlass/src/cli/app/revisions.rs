//! `--revision`, and `--revisions` of an application with several sources.

use windlass_argo::types::Application;

use crate::cli::failure::Failure;
use crate::cli::output;

/// The command that is told of revisions: each refuses what does not fit in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `app sync`.
    Sync,
    /// `app diff`.
    Diff,
    /// `app manifests`, and what shows as it does.
    Manifests,
}

/// Which revisions of its sources are meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Revisions {
    /// The revision, instead of the application's own.
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: Option<String>,
    /// The revisions of the sources at `--source-positions` or of `--source-names`.
    #[arg(long, value_name = "REVISION")]
    revisions: Vec<String>,
    /// Positions of sources, counted from 1.
    #[arg(long, value_name = "N", value_delimiter = ',', allow_negative_numbers = true)]
    source_positions: Vec<i64>,
    /// Names of sources.
    #[arg(long, value_name = "NAME")]
    source_names: Vec<String>,
}

impl Revisions {
    /// Whether any is given; what `--revisions` says without positions or names is of no source.
    pub(crate) fn given(&self) -> bool {
        let places = self.source_positions.len() + self.source_names.len();
        self.revision.is_some() || (!self.revisions.is_empty() && places > 0)
    }

    /// Whether some are given, by position or by none.
    pub(crate) fn by_position(&self) -> bool {
        !self.revisions.is_empty() || !self.source_positions.is_empty()
    }

    /// Whether some are given by name.
    pub(crate) fn by_name(&self) -> bool {
        !self.source_names.is_empty()
    }

    /// What is wanted of each source; empty is the source's own.
    ///
    /// # Errors
    /// When the flags do not fit together, or name a source that the application does not have.
    pub(crate) fn of(&self, app: &Application, asked: Asked) -> anyhow::Result<Vec<String>> {
        let sources = app.spec.effective_sources();
        let mut wanted = vec![String::new(); sources.len()];
        for (position, revision) in self.positions(app, asked)?.into_iter().zip(&self.revisions) {
            revision.clone_into(&mut wanted[position]);
        }
        if let Some(revision) = &self.revision {
            if app.spec.has_multiple_sources() {
                output::warn(
                    "warning: --revision is not looked at where an application has several \
                     sources: give --revisions with --source-positions",
                );
            } else if let Some(first) = wanted.first_mut() {
                revision.clone_into(first);
            }
        }
        Ok(wanted)
    }

    /// What can be refused before an application is known.
    ///
    /// # Errors
    /// When the flags do not fit together.
    pub(crate) fn check(&self, asked: Asked) -> anyhow::Result<()> {
        let refusal: fn(String) -> anyhow::Error = match asked {
            Asked::Sync => Failure::fatal,
            Asked::Diff | Asked::Manifests => Failure::generic,
        };
        if !self.source_names.is_empty() && !self.source_positions.is_empty() {
            let text = "Only one of source-positions and source-names can be specified.";
            return Err(refusal(text.to_owned()));
        }
        for (flag, count) in
            [("positions", self.source_positions.len()), ("names", self.source_names.len())]
        {
            if count > 0 && count != self.revisions.len() {
                return Err(refusal(format!(
                    "While using --revisions and --source-{flag}, length of values for both flags \
                     should be same."
                )));
            }
        }
        if asked != Asked::Diff && self.source_positions.iter().any(|position| *position <= 0) {
            let text = "source-position cannot be less than or equal to 0, Counting starts at 1";
            return Err(Failure::fatal(text));
        }
        Ok(())
    }

    fn positions(&self, app: &Application, asked: Asked) -> anyhow::Result<Vec<usize>> {
        self.check(asked)?;
        let sources = app.spec.effective_sources();
        let mut found = Vec::new();
        for position in &self.source_positions {
            let place = usize::try_from(*position).ok().and_then(|p| p.checked_sub(1));
            found
                .push(place.filter(|place| *place < sources.len()).ok_or_else(|| match asked {
                Asked::Diff => Failure::fatal(
                    "source-position cannot be less than 1 or more than number of sources in the \
                     app. Counting starts at 1.",
                ),
                _ => Failure::generic("source position is out of range"),
            })?);
        }
        for name in &self.source_names {
            let place = sources.iter().position(|source| source.name == *name);
            let unknown = || Failure::fatal(format!("Unknown source name '{name}'"));
            found.push(place.ok_or_else(unknown)?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        revisions: Revisions,
    }

    #[track_caller]
    fn check(arguments: &[&str], expected: Result<&[&str], &str>) {
        let sources = [("one", "main"), ("two", "v1")].map(
            |(name, revision)| json!({"repoURL": "r", "name": name, "targetRevision": revision}),
        );
        let app: Application = serde_json::from_value(
            json!({"metadata": {"name": "a"}, "spec": {"sources": sources}}),
        )
        .unwrap();
        let command = Command::parse_from([&["x"], arguments].concat());
        let found = command.revisions.of(&app, Asked::Sync).map_err(|error| error.to_string());
        let expected = expected.map(|list| list.iter().map(ToString::to_string).collect());
        assert_eq!(found, expected.map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn revisions_go_to_the_sources_that_are_named() {
        check(&[], Ok(&["", ""]));
        check(&["--revisions", "v2", "--source-positions", "2"], Ok(&["", "v2"]));
        check(
            &[
                "--revisions",
                "a",
                "--source-positions",
                "2",
                "--revisions",
                "b",
                "--source-positions",
                "1",
            ],
            Ok(&["b", "a"]),
        );
        check(&["--revisions", "v2", "--source-names", "one"], Ok(&["v2", ""]));
        check(
            &["--revisions", "v2", "--source-names", "three"],
            Err("Unknown source name 'three'"),
        );
        check(
            &["--revisions", "v2", "--source-positions", "3"],
            Err("source position is out of range"),
        );
        check(
            &["--revisions", "v2", "--source-positions", "0"],
            Err("source-position cannot be less than or equal to 0, Counting starts at 1"),
        );
        check(
            &["--source-positions", "1"],
            Err(
                "While using --revisions and --source-positions, length of values for both flags should be same.",
            ),
        );
    }
}
