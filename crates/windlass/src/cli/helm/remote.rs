//! Charts that lie elsewhere: flags, addresses, downloads.

use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use secrecy::SecretString;
use windlass_charts::{DiskCache, Repository, registry};
use windlass_oci::{Credentials, Reference};

use super::environment::{self, Repositories};
use super::provenance::{Verification, verify};

/// Bytes of archives that are kept.
const CACHE: u64 = 4 << 30;

/// Where a chart is and how to get there: what many of Helm's commands take.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// Version, or a range of versions; the latest without it.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) version: String,
    /// Fail unless the chart is signed by a key of --keyring.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Keys to verify with.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) keyring: String,
    /// Address of the chart's repository.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) repo: String,
    /// Versions that are not finished, too.
    #[arg(long)]
    pub(crate) devel: bool,
    /// Pass credentials to all domains.
    #[arg(long)]
    pub(crate) pass_credentials: bool,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// How to get to a server.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Access {
    /// Who signs in.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) username: String,
    /// With which password.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) password: String,
    /// Identify ourselves by this certificate.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) cert_file: String,
    /// The certificate's key.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) key_file: String,
    /// Trust these certificates.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) ca_file: String,
    /// Trust any certificate.
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// Speak without TLS.
    #[arg(long)]
    pub(crate) plain_http: bool,
}

impl Access {
    /// A repository at an address, for these flags.
    pub(crate) fn repository(&self, url: &str) -> anyhow::Result<Repository> {
        let mut repository = Repository::anonymous(url);
        repository.transport = environment::transport(
            &self.cert_file,
            &self.key_file,
            &self.ca_file,
            self.insecure_skip_tls_verify,
        )?;
        repository.plain_http = self.plain_http;
        if !self.username.is_empty() && !self.password.is_empty() {
            repository.credentials = Credentials::Basic {
                username: self.username.clone(),
                password: SecretString::from(self.password.as_str()),
            };
        } else if let Some(rest) = url.strip_prefix("oci://") {
            let host = rest.split('/').next().unwrap_or_default();
            repository.credentials = environment::credentials(host)?;
        }
        Ok(repository)
    }
}

/// A chart that was downloaded.
pub(crate) struct Downloaded {
    /// Where it came from.
    pub(crate) address: String,
    /// The archive's name.
    pub(crate) name: String,
    pub(crate) archive: Bytes,
    pub(crate) provenance: Option<Bytes>,
    /// What Helm tells of it.
    pub(crate) told: String,
}

impl Downloaded {
    /// Checks the provenance, if that is wanted.
    pub(crate) fn verified(&self, flags: &Flags) -> anyhow::Result<Option<Verification>> {
        if !flags.verify {
            return Ok(None);
        }
        let Some(provenance) = &self.provenance else {
            bail!("failed to fetch provenance {:?}", format!("{}.prov", self.name));
        };
        verify(&self.archive, provenance, &self.name, &flags.keyring).map(Some)
    }
}

/// Downloads the chart that `name` names: an address, `oci://…`, or `repository/chart`.
pub(crate) async fn download(
    name: &str,
    flags: &Flags,
    provenance: bool,
) -> anyhow::Result<Downloaded> {
    let provenance = provenance || flags.verify;
    let version = match flags.version.as_str() {
        "" if flags.devel => ">0.0.0-0",
        version => version,
    };
    if !flags.repo.is_empty() {
        let mut repository = flags.access.repository(&flags.repo)?;
        repository.pass_credentials = flags.pass_credentials;
        return of_index(&repository, flags, name, version, provenance).await;
    }
    if name.starts_with("oci://") {
        return of_registry(name, flags, version, provenance).await;
    }
    if let Some(url) = absolute(name) {
        let repository = known_for(name, flags)?;
        return fetch(&repository, &url, "", provenance).await;
    }
    let Some((owner, chart)) = name.split_once('/') else {
        bail!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}");
    };
    let known = Repositories::load()?.unwrap_or_default();
    let Some(entry) = known.get(owner) else { bail!("repo {owner} not found") };
    if entry.url.is_empty() {
        bail!("no URL found for repository {owner}");
    }
    let index = entry.cached_index()?;
    let found = index.get(chart, version).with_context(|| {
        format!("chart {chart:?} matching {version} not found in {owner} index. (try 'helm repo update')")
    })?;
    let Some(url) = found.urls.first() else { bail!("chart {name:?} has no downloadable URLs") };
    let mut repository = entry.repository()?;
    repository.pass_credentials |= flags.pass_credentials;
    if repository.basic().is_none() {
        repository.credentials = flags.access.repository(&entry.url)?.credentials;
    }
    let url = repository.resolve(url)?;
    if url.scheme() == "oci" {
        return of_registry(url.as_str(), flags, "", provenance).await;
    }
    fetch(&repository, &url, &found.digest, provenance).await
}

/// From a repository that is asked now.
async fn of_index(
    repository: &Repository,
    flags: &Flags,
    chart: &str,
    version: &str,
    provenance: bool,
) -> anyhow::Result<Downloaded> {
    let url = &flags.repo;
    let index = async {
        anyhow::Ok(windlass_charts::Index::parse(&windlass_charts::fetch_index(repository).await?)?)
    };
    let index = index.await.with_context(|| {
        format!("looks like {url:?} is not a valid chart repository or cannot be reached")
    })?;
    let mut what = format!("chart {chart:?}");
    if !version.is_empty() {
        what = format!("{what} version {version:?}");
    }
    let Ok(found) = index.get(chart, version) else {
        bail!("{what} not found in {url} repository")
    };
    let Some(place) = found.urls.first() else { bail!("{what} has no downloadable URLs") };
    let place = repository.resolve(place)?;
    if place.scheme() == "oci" {
        return of_registry(place.as_str(), flags, "", provenance).await;
    }
    fetch(repository, &place, "", provenance).await
}

async fn of_registry(
    name: &str,
    flags: &Flags,
    version: &str,
    provenance: bool,
) -> anyhow::Result<Downloaded> {
    let repository = flags.access.repository(name)?;
    let client = repository.client()?;
    let mut reference = Reference::parse(&tagged(name))?;
    if !version.is_empty()
        && let Some(tag) = &reference.tag
        && *tag != registry::tag(version)
    {
        bail!("chart reference and version mismatch: {version} is not {tag}");
    }
    let mut shown = reference.tag.clone();
    if reference.digest.is_none() {
        let wanted = match &reference.tag {
            Some(tag) => tag.replace('_', "+"),
            None => version.to_owned(),
        };
        let exact = windlass_semver::Version::parse(&wanted).is_ok();
        let chosen = if exact {
            wanted
        } else {
            let all = registry::versions(&client, &reference).await?;
            if all.is_empty() {
                bail!("unable to locate any tags in provided repository: {name}");
            }
            choose(&all, &wanted)?
        };
        reference = reference.at_tag(&registry::tag(&chosen));
        shown = Some(chosen);
    }
    let pulled = registry::pull(&client, &reference, provenance)
        .await
        .context("failed to perform \"FetchReference\" on source")?;
    let mut told = format!("Pulled: {}\nDigest: {}\n", pulled.reference, pulled.digest);
    if pulled.reference.to_string().contains('_') {
        told.push_str(&underscore(&pulled.reference));
    }
    let base = reference.repository.rsplit('/').next().unwrap_or_default();
    let name = match shown {
        Some(version) => format!("{base}-{version}.tgz"),
        None => {
            let digest = reference.digest.as_deref().unwrap_or_default();
            format!("{base}@{}-{}.tgz", "sha256", digest.trim_start_matches("sha256:"))
        }
    };
    let address = format!("oci://{}", pulled.reference);
    let (archive, provenance) = (pulled.archive, pulled.provenance);
    Ok(Downloaded { address, name, archive, provenance, told })
}

/// Plus signs are no part of a tag.
fn tagged(name: &str) -> String {
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') && !before.contains('@') => {
            format!("{before}:{}", registry::tag(tag))
        }
        _ => name.to_owned(),
    }
}

/// What Helm says of references with an underscore.
pub(crate) fn underscore(reference: &Reference) -> String {
    format!(
        "{reference} contains an underscore.\n\nOCI artifact references (e.g. tags) do not support \
         the plus sign (+). To support\nstoring semantic versions, Helm adopts the convention of \
         changing plus (+) to\nan underscore (_) in chart version tags when pushing to a registry \
         and back to\na plus (+) when pulling from a registry.\n"
    )
}

fn choose(all: &[String], wanted: &str) -> anyhow::Result<String> {
    use windlass_semver::{Constraint, Version};
    if let Some(exact) = all.iter().find(|v| *v == wanted) {
        return Ok(exact.clone());
    }
    let range = Constraint::parse(if wanted.is_empty() { "*" } else { wanted })?;
    let fits = |text: &&String| Version::parse(text).is_ok_and(|v| range.matches(&v));
    all.iter().find(fits).cloned().with_context(|| {
        format!("could not locate a version matching provided version string {wanted}")
    })
}

fn absolute(name: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(name).ok()?;
    (url.has_host() && !url.path().is_empty()).then_some(url)
}

/// The repository whose index names the address, for its credentials and trust.
fn known_for(url: &str, flags: &Flags) -> anyhow::Result<Repository> {
    for entry in Repositories::load()?.unwrap_or_default().repositories {
        let Ok(index) = entry.cached_index() else { continue };
        let mut all = index.entries.values().flatten().flat_map(|version| &version.urls);
        if all.any(|known| known == url) {
            return entry.repository();
        }
    }
    flags.access.repository(url)
}

/// A file by HTTP, of the cache if its digest is known and it is there.
async fn fetch(
    repository: &Repository,
    url: &reqwest::Url,
    digest: &str,
    provenance: bool,
) -> anyhow::Result<Downloaded> {
    if !matches!(url.scheme(), "http" | "https") {
        bail!("scheme {:?} not supported", url.scheme());
    }
    let digest = digest.rsplit(':').next().unwrap_or_default();
    let cache = DiskCache::new(environment::content_cache(), CACHE);
    let archive = match cache.get(digest) {
        Some(archive) => Bytes::copy_from_slice(&archive),
        None => windlass_charts::fetch(repository, url).await?,
    };
    if !digest.is_empty() && windlass_oci::digest(&archive) != format!("sha256:{digest}") {
        bail!("{url}: what came is not what the index says: its digest differs");
    }
    let provenance = if provenance {
        let mut beside = url.clone();
        beside.set_path(&format!("{}.prov", url.path()));
        Some(windlass_charts::fetch(repository, &beside).await?)
    } else {
        None
    };
    let name = Path::new(url.path()).file_name().and_then(|n| n.to_str()).unwrap_or("chart.tgz");
    let (address, name) = (url.to_string(), name.to_owned());
    Ok(Downloaded { address, name, archive, provenance, told: String::new() })
}
