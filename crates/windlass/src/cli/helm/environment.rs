//! Helm's own files: where they are, and what is in them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use windlass_charts::{Index, Repository};
use windlass_object::yaml;
use windlass_oci::{Credentials, DockerConfig, Transport};

use crate::cli::failure::go_words;

/// Helm's user agent, which some repositories look at.
const USER_AGENT: &str = "Helm/4.3.1";

fn home(own: &str, xdg: &str, below: &[&str]) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set(own).unwrap_or_else(|| {
        let base = set(xdg).unwrap_or_else(|| {
            let mut base = set("HOME").unwrap_or_default();
            base.extend(below);
            base
        });
        base.join("helm")
    })
}

/// Places that flags name; what they do not name is where the environment says.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Files {
    /// File of registries' credentials.
    #[arg(long, global = true)]
    registry_config: Option<PathBuf>,
    /// File of repositories.
    #[arg(long, global = true)]
    repository_config: Option<PathBuf>,
    /// Directory of repositories' indexes.
    #[arg(long, global = true)]
    repository_cache: Option<PathBuf>,
    /// Directory of archives.
    #[arg(long, global = true)]
    content_cache: Option<PathBuf>,
}

/// The places of this process's one command line.
static FILES: OnceLock<Files> = OnceLock::new();

/// Says what the command line named, once.
pub(crate) fn set(files: Files) {
    FILES.get_or_init(|| files);
}

fn path(
    flag: fn(&Files) -> &Option<PathBuf>,
    name: &str,
    default: impl FnOnce() -> PathBuf,
) -> PathBuf {
    let named = FILES.get().and_then(|files| flag(files).clone());
    named.or_else(|| std::env::var_os(name).map(PathBuf::from)).unwrap_or_else(default)
}

/// `HELM_CACHE_HOME`.
pub(crate) fn cache_home() -> PathBuf {
    home("HELM_CACHE_HOME", "XDG_CACHE_HOME", &[".cache"])
}

/// `HELM_CONFIG_HOME`.
pub(crate) fn config_home() -> PathBuf {
    home("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", &[".config"])
}

/// `HELM_DATA_HOME`.
pub(crate) fn data_home() -> PathBuf {
    home("HELM_DATA_HOME", "XDG_DATA_HOME", &[".local", "share"])
}

/// The file of repositories.
pub(crate) fn repository_config() -> PathBuf {
    path(
        |f| &f.repository_config,
        "HELM_REPOSITORY_CONFIG",
        || config_home().join("repositories.yaml"),
    )
}

/// Where indexes are kept.
pub(crate) fn repository_cache() -> PathBuf {
    path(|f| &f.repository_cache, "HELM_REPOSITORY_CACHE", || cache_home().join("repository"))
}

/// Where archives are kept.
pub(crate) fn content_cache() -> PathBuf {
    path(|f| &f.content_cache, "HELM_CONTENT_CACHE", || cache_home().join("content"))
}

/// The file of registries' credentials.
pub(crate) fn registry_config() -> PathBuf {
    path(
        |f| &f.registry_config,
        "HELM_REGISTRY_CONFIG",
        || config_home().join("registry/config.json"),
    )
}

/// Where plugins are: directories, apart by colons.
pub(crate) fn plugins() -> PathBuf {
    let set = std::env::var_os("HELM_PLUGINS").filter(|dirs| !dirs.is_empty());
    set.map_or_else(|| data_home().join("plugins"), PathBuf::from)
}

/// What is known for a registry: of Helm's file, else of Docker's.
pub(crate) fn credentials(registry: &str) -> anyhow::Result<Credentials> {
    if let Some(found) = DockerConfig::load(&registry_config())?.get(registry) {
        return Ok(found);
    }
    let docker = std::env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    let found = match docker {
        Some(dir) => DockerConfig::load(&dir.join("config.json"))?.get(registry),
        None => None,
    };
    Ok(found.unwrap_or_default())
}

/// `repositories.yaml`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Repositories {
    api_version: String,
    generated: String,
    pub(crate) repositories: Vec<Entry>,
}

/// One of its repositories.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) username: String,
    pub(crate) password: String,
    #[serde(rename = "certFile")]
    pub(crate) cert_file: String,
    #[serde(rename = "keyFile")]
    pub(crate) key_file: String,
    #[serde(rename = "caFile")]
    pub(crate) ca_file: String,
    pub(crate) insecure_skip_tls_verify: bool,
    pub(crate) pass_credentials_all: bool,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:?} {:?})", self.name, self.url)
    }
}

impl Repositories {
    /// Reads the file; none if it is not there.
    pub(crate) fn load() -> anyhow::Result<Option<Self>> {
        let path = repository_config();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = path.display();
                let why = go_words(&error);
                anyhow::bail!("couldn't load repositories file ({path}): open {path}: {why}");
            }
        };
        let read = || -> anyhow::Result<Self> {
            let document = yaml::parse_one(&text, &yaml::Options::default())?;
            if document.is_null() {
                return Ok(Self::default());
            }
            Ok(serde_json::from_value(document)?)
        };
        read().with_context(|| format!("failed to load {}", path.display())).map(Some)
    }

    /// Writes the file, readable by its owner only.
    pub(crate) fn save(&mut self, now: jiff::Timestamp) -> anyhow::Result<()> {
        // Helm leaves both empty when it makes the file, and keeps what is there.
        if self.generated.is_empty() {
            self.generated = "0001-01-01T00:00:00Z".to_owned();
        }
        let _ = now;
        let path = repository_config();
        let text = yaml::to_string(&serde_json::to_value(&*self)?);
        write_private(&path, text.as_bytes()).with_context(|| format!("write {}", path.display()))
    }

    /// The repository of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.repositories.iter().find(|entry| entry.name == name)
    }
}

fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let beside = path.with_extension("yaml.new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text)?;
    std::fs::rename(beside, path)
}

impl Entry {
    /// Where its charts come from.
    pub(crate) fn repository(&self) -> anyhow::Result<Repository> {
        let mut repository = Repository::anonymous(&self.url);
        repository.transport = transport(
            &self.cert_file,
            &self.key_file,
            &self.ca_file,
            self.insecure_skip_tls_verify,
        )?;
        if !self.username.is_empty() && !self.password.is_empty() {
            repository.credentials = Credentials::Basic {
                username: self.username.clone(),
                password: SecretString::from(self.password.as_str()),
            };
        }
        repository.pass_credentials = self.pass_credentials_all;
        Ok(repository)
    }

    fn index_path(&self) -> PathBuf {
        repository_cache().join(format!("{}-index.yaml", self.name))
    }

    fn names_path(&self) -> PathBuf {
        repository_cache().join(format!("{}-charts.txt", self.name))
    }

    /// The index as it was when it was last asked for.
    pub(crate) fn cached_index(&self) -> anyhow::Result<Index> {
        let path = self.index_path();
        let text = std::fs::read(&path).map_err(|error| {
            let why = go_words(&error);
            anyhow::anyhow!(
                "no cached repo found. (try 'helm repo update'): open {}: {why}",
                path.display()
            )
        })?;
        Ok(Index::parse(&text)?)
    }

    /// Asks for the index, and keeps it.
    pub(crate) async fn update(&self) -> anyhow::Result<Index> {
        let text = windlass_charts::fetch_index(&self.repository()?).await?;
        let index = Index::parse(&text)?;
        let dir = repository_cache();
        std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let names: String = index.entries.keys().map(|name| format!("{name}\n")).collect();
        std::fs::write(self.names_path(), names)?;
        std::fs::write(self.index_path(), &text)?;
        Ok(index)
    }

    /// Removes what is kept of it.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        for path in [self.names_path(), self.index_path()] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| path.display().to_string());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A connection's settings from the flags that name files.
pub(crate) fn transport(
    certificate: &str,
    key: &str,
    ca: &str,
    insecure: bool,
) -> anyhow::Result<Transport> {
    let read = |path: &str| {
        std::fs::read_to_string(path).map_err(|e| {
            anyhow::anyhow!("can't create TLS config for client: open {path}: {}", go_words(&e))
        })
    };
    let mut transport =
        Transport { insecure, user_agent: USER_AGENT.to_owned(), ..Transport::default() };
    if !certificate.is_empty() && !key.is_empty() {
        transport.client = Some((read(certificate)?, SecretString::from(read(key)?)));
    }
    if !ca.is_empty() {
        transport.ca = Some(read(ca)?);
    }
    Ok(transport)
}

/// A password of standard input, without the line's end.
pub(crate) fn password_of_stdin() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin().lock(), &mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}
