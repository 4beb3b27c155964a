//! Whether a chart's archive is what somebody signed: Helm's provenance.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_object::yaml;
use windlass_openpgp::{Cleartext, Keyring};

use crate::cli::failure::go_words;

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
