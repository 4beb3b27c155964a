//! Brings what a build lacks: trees of repositories, charts and files of the web.

use std::time::Duration;

use anyhow::{Context, bail};
use windlass_charts::Charts;
use windlass_source::{Repository, Sources};
use windlass_tree::{Given, GivenChart, GivenTree, Need};

use crate::cli::helm::remote::Access;

/// The longest file of the web, in bytes.
const MAX_FILE_BYTES: usize = 64 << 20;
/// How long a file of the web may take.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// Fetches, with a cache that lives as long as the command.
#[derive(Default)]
pub(crate) struct Fetcher {
    sources: Option<(Sources, tempfile::TempDir)>,
    charts: Option<(Charts, tempfile::TempDir)>,
}

impl Fetcher {
    /// Puts what is needed, or why it cannot be had, into `given`.
    pub(crate) fn fetch(&mut self, need: Need, given: &mut Given) {
        match &need {
            Need::Tree { repository, revision } => match self.tree(repository, revision) {
                Ok(tree) => given.insert_tree(need, tree),
                Err(e) => given.insert_failure(need, format!("{e:#}")),
            },
            Need::File { address } => match file(address) {
                Ok(bytes) => given.insert_file(need, bytes.into()),
                Err(e) => given.insert_failure(need, format!("{e:#}")),
            },
            Need::Chart { repository, name, version } => {
                match self.chart(repository, name, version) {
                    Ok(chart) => given.insert_chart(need, chart),
                    Err(e) => given.insert_failure(need, format!("{e:#}")),
                }
            }
            other => {
                let why = format!("{other} cannot be fetched here");
                given.insert_failure(need, why);
            }
        }
    }

    /// The tree of a repository's revision.
    pub(crate) fn tree(&mut self, address: &str, revision: &str) -> anyhow::Result<GivenTree> {
        let sources = match &mut self.sources {
            Some((sources, _)) => sources,
            none => {
                let directory = tempfile::tempdir()?;
                let options = windlass_source::Options::new(directory.path());
                &mut none.insert((Sources::new(options)?, directory)).0
            }
        };
        let repository = Repository::anonymous(address);
        crate::cli::block_on(async {
            let commit = sources.resolve(&repository, revision).await?.commit;
            let tree = sources.tree(&repository, &commit).await?;
            Ok(GivenTree { revision: commit, tree })
        })
    }
}

impl Fetcher {
    /// A chart of a repository or registry, by the sign-ins that Helm's commands keep.
    fn chart(&mut self, url: &str, name: &str, version: &str) -> anyhow::Result<GivenChart> {
        let charts = match &mut self.charts {
            Some((charts, _)) => charts,
            none => {
                let directory = tempfile::tempdir()?;
                &mut none.insert((Charts::new(directory.path()), directory)).0
            }
        };
        let repository = Access::default().repository(url)?;
        crate::cli::block_on(async { Ok(charts.fetch(&repository, name, version).await?) })
    }
}

/// A file of the web.
fn file(address: &str) -> anyhow::Result<Vec<u8>> {
    crate::cli::block_on(async {
        // Another may be first; then its choice stands.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(FILE_TIMEOUT).build()?;
        let mut response = client.get(address).send().await?;
        let status = response.status();
        if !status.is_success() {
            let reason = status.canonical_reason().unwrap_or_default();
            bail!("status code {} ({reason})", status.as_u16());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_FILE_BYTES {
                bail!("{address} holds more than {MAX_FILE_BYTES} bytes");
            }
        }
        Ok(bytes)
    })
}
