//! `--revision`, and `--revisions` of an application with several sources.

use windlass_argo::types::Application;

use crate::cli::failure::Failure;
use crate::cli::output;

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

    /// What is wanted of each source; empty is the source's own.
    ///
    /// # Errors
    /// When the flags do not fit together, or name a source that the application does not have.
    pub(crate) fn of(&self, app: &Application) -> anyhow::Result<Vec<String>> {
        let sources = app.spec.effective_sources();
        let mut wanted = vec![String::new(); sources.len()];
        for (position, revision) in self.positions(app)?.into_iter().zip(&self.revisions) {
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

    fn positions(&self, app: &Application) -> anyhow::Result<Vec<usize>> {
        let sources = app.spec.effective_sources();
        if !self.source_names.is_empty() && !self.source_positions.is_empty() {
            return Err(Failure::fatal(
                "Only one of source-positions and source-names can be specified.",
            ));
        }
        for (flag, count) in
            [("positions", self.source_positions.len()), ("names", self.source_names.len())]
        {
            if count > 0 && count != self.revisions.len() {
                return Err(Failure::fatal(format!(
                    "While using --revisions and --source-{flag}, length of values for both flags \
                     should be same."
                )));
            }
        }
        let mut found = Vec::new();
        for position in &self.source_positions {
            let place = usize::try_from(*position).ok().and_then(|p| p.checked_sub(1));
            let Some(place) = place else {
                return Err(Failure::fatal(
                    "source-position cannot be less than or equal to 0, Counting starts at 1",
                ));
            };
            if place >= sources.len() {
                return Err(Failure::fatal("source position is out of range"));
            }
            found.push(place);
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
        let found = command.revisions.of(&app).map_err(|error| error.to_string());
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
