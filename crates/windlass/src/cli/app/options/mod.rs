//! The flags that `app create`, `app set`, `app add-source` and `admin app generate-spec` share: what
//! an application's spec says.

mod hydrator;
mod policy;
mod source;

use std::collections::BTreeMap;

use windlass_argo::types::{ApplicationSpec, Source};

use crate::cli::failure::{Failure, go_words};
use hydrator::HydratorOptions;
use policy::PolicyOptions;
pub(crate) use source::SourceOptions;

/// What an application is made of.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Application")]
pub(crate) struct AppOptions {
    /// Project.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Address of the destination cluster, such as https://kubernetes.default.svc.
    #[arg(long, value_name = "URL")]
    dest_server: Option<String>,
    /// Name of the destination cluster, such as in-cluster.
    #[arg(long, value_name = "NAME")]
    dest_name: Option<String>,
    /// Namespace for objects that name none.
    #[arg(long, value_name = "NAMESPACE")]
    dest_namespace: Option<String>,
    /// How many past deliveries to keep.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    revision_history_limit: Option<i64>,
    /// Whether the repository and the cluster are looked at first.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    validate: Option<bool>,
    /// Of no effect, as in argocd.
    #[arg(long, hide = true)]
    env: Option<String>,
    #[command(flatten)]
    pub(super) source: SourceOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    hydrator: HydratorOptions,
}

impl AppOptions {
    /// Whether no flag is given.
    pub(crate) fn is_empty(&self) -> bool {
        format!("{self:?}") == format!("{:?}", Self::default())
    }

    /// Whether what the spec says is to be checked.
    pub(crate) fn validates(&self) -> bool {
        self.validate.unwrap_or(true)
    }

    /// Name of the source that is meant, if one is named.
    pub(crate) fn source_name(&self) -> Option<&str> {
        self.source.source_name.as_deref().filter(|name| !name.is_empty())
    }

    /// Writes the flags into a spec; what they do not speak of stays. Of several sources the one
    /// at `position` is meant, counted from 0; `kind` is what the status says it is.
    pub(crate) fn apply(
        &self,
        spec: &mut ApplicationSpec,
        position: usize,
        kind: &str,
    ) -> anyhow::Result<()> {
        if self.hydrator.apply(spec) {
            self.general(spec);
            return self.policy.apply(spec);
        }
        let source = if spec.has_multiple_sources() {
            spec.sources.get_mut(position).ok_or_else(|| {
                Failure::generic(
                    "Source position should be less than the number of sources in the application",
                )
            })?
        } else {
            spec.source.get_or_insert_with(Source::default)
        };
        self.source.apply(source)?;
        self.source.override_parameters(source, kind)?;
        self.general(spec);
        self.policy.apply(spec)
    }

    fn general(&self, spec: &mut ApplicationSpec) {
        for (to, from) in [
            (&mut spec.project, &self.project),
            (&mut spec.destination.server, &self.dest_server),
            (&mut spec.destination.name, &self.dest_name),
            (&mut spec.destination.namespace, &self.dest_namespace),
        ] {
            if let Some(from) = from {
                to.clone_from(from);
            }
        }
        if self.revision_history_limit.is_some() {
            spec.revision_history_limit = self.revision_history_limit;
        }
    }
}

/// `KEY=VALUE`s.
pub(crate) fn pairs(texts: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pair = |text: &String| match text.split('=').collect::<Vec<_>>()[..] {
        [key, value] => Ok((key.to_owned(), value.to_owned())),
        _ => {
            let text = format!("labels should have key=value, but instead got: {text}");
            Err(Failure::generic(text))
        }
    };
    texts.iter().map(pair).collect()
}

/// A duration, written as Go writes it.
pub(crate) fn duration(text: &str) -> Result<String, String> {
    let plain = text.parse::<i64>().is_ok() && text != "0";
    match windlass_engine::policy::parse_duration(text) {
        Ok(duration) if !plain => Ok(windlass_engine::known_types::go_duration(duration)),
        _ if plain => Err(format!("time: missing unit in duration {text:?}")),
        _ => Err(format!("time: invalid duration {text:?}")),
    }
}

/// What a file says.
pub(crate) fn read_text(file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        let why = go_words(&error);
        Failure::generic(format!("open {file}: {why}"))
    })
}
