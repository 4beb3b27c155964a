//! The flags of the source hydrator, which writes rendered manifests to a branch; Argo CD's own does so.

use windlass_argo::types::ApplicationSpec;
use windlass_object::json;

const FIELD: &str = "sourceHydrator";

/// Where dry sources are and where the rendered ones go.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Source hydrator")]
pub(super) struct HydratorOptions {
    /// Repository of the dry source.
    #[arg(long, value_name = "URL")]
    dry_source_repo: Option<String>,
    /// Revision of the dry source.
    #[arg(long, value_name = "REVISION")]
    dry_source_revision: Option<String>,
    /// Directory of the dry source.
    #[arg(long, value_name = "DIR")]
    dry_source_path: Option<String>,
    /// Branch to sync from.
    #[arg(long, value_name = "BRANCH")]
    sync_source_branch: Option<String>,
    /// Directory to sync from.
    #[arg(long, value_name = "DIR")]
    sync_source_path: Option<String>,
    /// Branch to write to.
    #[arg(long, value_name = "BRANCH")]
    hydrate_to_branch: Option<String>,
}

impl HydratorOptions {
    /// Writes the flags into the spec; whether there was one.
    pub(super) fn apply(&self, spec: &mut ApplicationSpec) -> bool {
        let flags = [
            ("drySource", "repoURL", &self.dry_source_repo),
            ("drySource", "targetRevision", &self.dry_source_revision),
            ("drySource", "path", &self.dry_source_path),
            ("syncSource", "targetBranch", &self.sync_source_branch),
            ("syncSource", "path", &self.sync_source_path),
            ("hydrateTo", "targetBranch", &self.hydrate_to_branch),
        ];
        if flags.iter().all(|(.., given)| given.is_none()) {
            return false;
        }
        let empty = json!({
            "drySource": {"repoURL": "", "targetRevision": "", "path": ""},
            "syncSource": {"targetBranch": "", "path": ""},
        });
        let hydrator = spec.rest.entry(FIELD.to_owned()).or_insert(empty);
        for (part, field, given) in flags {
            if let Some(given) = given {
                hydrator[part][field] = json!(given);
            }
        }
        if self.hydrate_to_branch.as_deref() == Some("")
            && let Some(hydrator) = hydrator.as_object_mut()
        {
            hydrator.remove("hydrateTo");
        }
        true
    }
}
