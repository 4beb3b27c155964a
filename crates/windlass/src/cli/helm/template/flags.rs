//! Flags of `helm template`: those that are on or off, and how the others are read.

/// Flags that are on or off.
#[derive(Debug, clap::Args)]
pub(super) struct Switches {
    /// Print the files of crds/ too.
    #[arg(long)]
    pub(super) include_crds: bool,
    /// Print no hooks.
    #[arg(long)]
    pub(super) no_hooks: bool,
    /// Print no tests.
    #[arg(long)]
    pub(super) skip_tests: bool,
    /// Render as an upgrade, not as an installation.
    #[arg(long)]
    pub(super) is_upgrade: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    pub(super) skip_schema_validation: bool,
    /// Put the release's name into the paths of --output-dir.
    #[arg(long)]
    pub(super) release_name: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    create_namespace: bool,
    /// Fetch what is missing in charts/ before.
    #[arg(long)]
    pub(super) dependency_update: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    disable_openapi_validation: bool,
    /// Taken as Helm takes it; names are never looked up.
    #[arg(long)]
    enable_dns: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    force: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    force_conflicts: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    force_replace: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    hide_notes: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    render_subchart_notes: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    replace: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    atomic: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    rollback_on_failure: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    server_side: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    pub(super) skip_crds: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    take_ownership: bool,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long)]
    wait_for_jobs: bool,
    /// As --dry-run=server.
    #[arg(long, conflicts_with = "dry_run", hide = true)]
    pub(super) validate: bool,
}

/// Flags that Helm takes for now, and what it tells of each.
const DEPRECATED: [(&str, &str); 5] = [
    ("atomic", "use --rollback-on-failure instead"),
    ("force", "use --force-replace instead"),
    ("hide-notes", "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    (
        "render-subchart-notes",
        "this flag has no effect for 'helm template' and will be removed in Helm 5",
    ),
    ("validate", "use '--dry-run=server' instead"),
];

impl Switches {
    /// What Helm tells of flags that it takes for now.
    pub(super) fn deprecated(&self) -> impl Iterator<Item = String> {
        let told =
            |(flag, words): (&str, &str)| format!("Flag --{flag} has been deprecated, {words}\n");
        let given =
            [self.atomic, self.force, self.hide_notes, self.render_subchart_notes, self.validate];
        let given = DEPRECATED.into_iter().zip(given).filter(|(_, given)| *given);
        given.map(move |(flag, _)| told(flag))
    }

    /// Who answers: what `--dry-run` says, or the cluster for `--validate`.
    pub(super) fn server(&self, dry_run: &str) -> anyhow::Result<DryRun> {
        let said = DryRun::parse(dry_run)?;
        Ok(if self.validate { DryRun::Server } else { said })
    }
}

/// Reads a duration as Go writes them; 0 needs no unit.
pub(super) fn duration(text: &str) -> Result<String, String> {
    let plain = text.parse::<i64>().is_ok() && text != "0";
    match windlass_engine::policy::parse_duration(text) {
        Ok(_) if !plain => Ok(text.to_owned()),
        _ if plain => Err(format!("time: missing unit in duration {text:?}")),
        _ => Err(format!("time: invalid duration {text:?}")),
    }
}

/// Reads what to wait for.
pub(super) fn wait(text: &str) -> Result<String, String> {
    match text {
        "watcher" | "hookOnly" | "legacy" | "true" | "false" => Ok(text.to_owned()),
        _ => Err(format!(
            "invalid wait input {text:?}. Valid inputs are watcher, hookOnly, and legacy"
        )),
    }
}

/// Reads labels, apart by commas.
pub(super) fn labels(text: &str) -> Result<String, String> {
    match text.split(',').find(|pair| !pair.contains('=')) {
        Some(bad) => Err(format!("{bad} must be formatted as key=value")),
        None => Ok(text.to_owned()),
    }
}

/// Where what a chart asks of a cluster is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DryRun {
    /// Nowhere.
    Client,
    /// By the cluster.
    Server,
}

impl DryRun {
    /// Reads the flag's value, and tells what Helm tells of old ones.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let text = match text {
            "client" => return Ok(Self::Client),
            "server" => return Ok(Self::Server),
            "unset" => {
                super::super::warn(
                    "--dry-run is deprecated and should be replaced with '--dry-run=client'",
                );
                return Ok(Self::Client);
            }
            text => text,
        };
        match crate::cli::pflag::boolean(text) {
            Ok(true) => {
                super::super::warn(
                    "boolean '--dry-run=true' flag is deprecated and must be replaced with \
                     '--dry-run=client'",
                );
                Ok(Self::Client)
            }
            Err(_) if text != "none" => anyhow::bail!(
                "invalid dry-run value ({text:?}). Must be \"none\", \"server\", or \"client\""
            ),
            _ => {
                anyhow::bail!("invalid dry-run value ({text:?}). Must be \"server\" or \"client\"")
            }
        }
    }
}
