//! Whether a chart's archive is what somebody signed: Helm's provenance.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use secrecy::{ExposeSecret, SecretSlice};
use windlass_object::yaml;
use windlass_openpgp::{Cleartext, Entity, Keyring};

use crate::cli::failure::go_words;
use crate::cli::secret_input;

/// What a signature says.
#[derive(Debug)]
pub(crate) struct Verification {
    signed_by: Vec<String>,
    fingerprint: String,
    hash: String,
}

impl Verification {
    /// As Helm tells it.
    pub(crate) fn told(&self) -> String {
        let mut text: String =
            self.signed_by.iter().map(|name| format!("Signed by: {name}\n")).collect();
        text.push_str(&format!("Using Key With Fingerprint: {}\n", self.fingerprint));
        text.push_str(&format!("Chart Hash Verified: {}\n", self.hash));
        text
    }
}

/// The keyring that is used where none is named.
pub(crate) fn default_keyring() -> PathBuf {
    let home = std::env::var_os("GNUPGHOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".gnupg"),
        PathBuf::from,
    );
    let legacy = home.join("pubring.gpg");
    let keybox = home.join("pubring.kbx");
    if !legacy.exists() && keybox.exists() { keybox } else { legacy }
}

/// The first line of a file or of standard input, read once: several charts may be signed.
pub(crate) struct Passphrase<'a> {
    file: &'a str,
    read: Option<SecretSlice<u8>>,
}

impl<'a> Passphrase<'a> {
    /// Of a file's name; - is standard input, and without a name who runs the command is asked.
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, read: None }
    }

    fn prepare(&mut self) -> anyhow::Result<()> {
        if self.file.is_empty() || self.read.is_some() {
            return Ok(());
        }
        let mut text = if self.file == "-" {
            if !is_pipe() {
                bail!("specified reading passphrase from stdin, without input on stdin");
            }
            let mut text = Vec::new();
            std::io::stdin().lock().take(MOST).read_to_end(&mut text)?;
            text
        } else {
            let why = |e: std::io::Error| anyhow!("open {}: {}", self.file, go_words(&e));
            std::fs::read(self.file).map_err(why)?
        };
        if text.is_empty() {
            bail!("EOF");
        }
        let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        text.truncate(end);
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        self.read = Some(text.into());
        Ok(())
    }

    fn of(&self, name: &str) -> anyhow::Result<SecretSlice<u8>> {
        match &self.read {
            Some(read) => Ok(read.clone()),
            None => {
                let question = format!("Password for key {name:?} >  ");
                if !std::io::stdin().is_terminal() {
                    super::print(&format!("{question}\n"))?;
                    bail!("inappropriate ioctl for device");
                }
                let typed = secret_input::ask(&question)?;
                Ok(typed.expose_secret().as_bytes().to_vec().into())
            }
        }
    }
}

/// Bytes of standard input that a passphrase may have.
const MOST: u64 = 64 << 10;

fn is_pipe() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata("/dev/stdin").is_ok_and(|meta| meta.file_type().is_fifo())
}

/// Signs an archive of a name: its provenance.
pub(crate) fn sign(
    archive: &[u8],
    name: &str,
    metadata: &windlass_object::Value,
    keyring: &Path,
    key: &str,
    passphrase: &mut Passphrase<'_>,
) -> anyhow::Result<String> {
    let bytes = std::fs::read(keyring)
        .map_err(|error| anyhow!("open {}: {}", keyring.display(), go_words(&error)))?;
    let keys = Keyring::read(&bytes)?;
    let entity = chosen(&keys, key)?;
    passphrase.prepare()?;
    let Some(entity) = entity else { bail!("private key not found") };
    let Some(is_locked) = entity.secret_is_locked() else {
        bail!("provided key is not a private key. Try providing a keyring with secret keys");
    };
    let phrase = match is_locked {
        true => passphrase.of(entity.identities().first().map_or("Unknown", String::as_str))?,
        false => Vec::new().into(),
    };
    let key = entity.unlock(phrase.expose_secret())?;
    let sums = serde_json::json!({"files": {name: windlass_oci::digest(archive)}});
    let text = format!("{}\n...\n{}", yaml::to_string(metadata), yaml::to_string(&sums));
    Ok(key.clearsign(&text, jiff::Timestamp::now().as_second())?)
}

/// Whoever has a user id of that name, or the only one that has it in a user id.
fn chosen<'k>(keys: &'k Keyring, key: &str) -> anyhow::Result<Option<&'k Entity>> {
    let all = keys.entities();
    if let Some(exact) = all.iter().find(|e| e.identities().iter().any(|id| id == key)) {
        return Ok(Some(exact));
    }
    let mut found = all
        .iter()
        .flat_map(|e| e.identities().iter().filter(|id| id.contains(key)).map(move |_| e));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => bail!("more than one key contain the id {key:?}"),
        (one, _) => Ok(one),
    }
}

/// Checks an archive on this machine against the provenance that lies beside it.
pub(crate) fn verify_file(path: &str, keyring: &str) -> anyhow::Result<Verification> {
    let at = Path::new(path);
    let stat = |path: &str, error: &std::io::Error| format!("stat {path}: {}", go_words(error));
    let meta = std::fs::metadata(at).map_err(|e| anyhow::anyhow!(stat(path, &e)))?;
    if meta.is_dir() {
        bail!("unpacked charts cannot be verified");
    }
    if !at.extension().is_some_and(|e| e.eq_ignore_ascii_case("tgz")) {
        bail!("chart must be a tgz file");
    }
    let beside = format!("{path}.prov");
    if let Err(error) = std::fs::metadata(&beside) {
        bail!("could not load provenance file {beside}: {}", stat(&beside, &error));
    }
    let archive = std::fs::read(at).context("failed to read chart archive")?;
    let provenance = std::fs::read(&beside).context("failed to read provenance file")?;
    let name = at.file_name().unwrap_or_default().to_string_lossy();
    verify(&archive, &provenance, &name, keyring)
}

/// Checks an archive of a name against its provenance; an empty keyring is the default one.
pub(crate) fn verify(
    archive: &[u8],
    provenance: &[u8],
    name: &str,
    keyring: &str,
) -> anyhow::Result<Verification> {
    let keyring = if keyring.is_empty() { default_keyring() } else { PathBuf::from(keyring) };
    let bytes = std::fs::read(&keyring).map_err(|error| {
        let (path, why) = (keyring.display(), go_words(&error));
        anyhow::anyhow!("failed to load keyring: open {path}: {why}")
    })?;
    let keys = Keyring::read(&bytes).context("failed to load keyring")?;
    let signed = Cleartext::find(&String::from_utf8_lossy(provenance))?;
    let Some(signed) = signed else { bail!("signature block not found") };
    let entity = keys.verify(&signed, jiff::Timestamp::now().as_second())?;
    let parts: Vec<&str> = signed.text.split("\n...\n").collect();
    let [_, sums, ..] = parts[..] else {
        bail!("message block must have at least two parts");
    };
    let sums = yaml::parse_one(sums.as_bytes(), &yaml::Options::default())?;
    let hash = windlass_oci::digest(archive);
    match sums["files"][name].as_str() {
        None => bail!("provenance does not contain a SHA for a file named {name:?}"),
        Some(sum) if sum != hash => {
            bail!("sha256 sum does not match for {name}: {sum:?} != {hash:?}")
        }
        Some(_) => {}
    }
    Ok(Verification {
        signed_by: entity.identities().to_vec(),
        fingerprint: entity.fingerprint().iter().map(|byte| format!("{byte:02X}")).collect(),
        hash,
    })
}
