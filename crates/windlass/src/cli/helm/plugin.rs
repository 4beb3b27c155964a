//! Helm's plugins: `helm plugin list`, and those of the kind `postrenderer/v1`, which --post-renderer
//! names.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use serde::Deserialize;
use windlass_helm::PostRender;
use windlass_object::yaml;

use super::environment;

/// The kind of plugins that change what is rendered.
const KIND: &str = "postrenderer/v1";

/// `plugin.yaml`, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Manifest {
    api_version: String,
    name: String,
    version: String,
    #[serde(rename = "type")]
    kind: String,
    runtime: String,
    #[serde(rename = "sourceURL")]
    source_url: String,
    runtime_config: RuntimeConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RuntimeConfig {
    platform_command: Vec<PlatformCommand>,
}

/// Helm's plugins.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List installed plugins.
    ///
    /// Examples:
    ///   helm plugin list
    ///   helm plugin list --type postrenderer/v1
    #[command(verbatim_doc_comment)]
    #[command(alias = "ls")]
    List(ListArgs),
}

/// What `plugin list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Of this kind only.
    #[arg(long = "type", default_value = "", hide_default_value = true)]
    kind: String,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::List(args) = command;
    let titles = ["NAME", "VERSION", "TYPE", "APIVERSION", "PROVENANCE", "SOURCE"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for dir in std::env::split_paths(&environment::plugins()) {
        for dir in below(&dir) {
            let Some(plugin) = read(&dir) else { continue };
            if !args.kind.is_empty() && plugin.kind != args.kind {
                continue;
            }
            let signed = provenance(&plugin);
            let source = match plugin.source_url.as_str() {
                "" => "unknown".to_owned(),
                url => url.to_owned(),
            };
            let Manifest { name, version, kind, api_version, .. } = plugin;
            rows.push(vec![name, version, kind, api_version, signed.to_owned(), source]);
        }
    }
    super::print(&super::table::print(&rows, 0))
}

/// What a plugin's archive beside it says of who signed it; nobody's key is asked.
fn provenance(plugin: &Manifest) -> &'static str {
    let all = environment::data_home().join("plugins");
    let Ok(meta) = std::fs::symlink_metadata(all.join(&plugin.name)) else { return "unknown" };
    if meta.is_symlink() {
        return "local dev";
    }
    let name = format!("{}-{}.tgz", plugin.name, plugin.version);
    let Ok(archive) = std::fs::read(all.join(&name)) else { return "unsigned" };
    let Ok(signed) = std::fs::read_to_string(all.join(format!("{name}.prov"))) else {
        return "unsigned";
    };
    let Ok(Some(text)) = windlass_openpgp::Cleartext::find(&signed) else {
        return "invalid provenance";
    };
    let hash = windlass_oci::digest(&archive);
    if text.text.lines().any(|line| line.contains(&name) && line.ends_with(&hash)) {
        "signed"
    } else {
        "mismatched provenance"
    }
}

/// The directories in one, in order.
fn below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    dirs.sort();
    dirs
}

/// A command, and the system that it is for; an empty field is any.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PlatformCommand {
    os: String,
    arch: String,
    command: String,
    args: Vec<String>,
}

/// A plugin that is there, and what it is called with.
#[derive(Debug)]
pub(crate) struct Plugin {
    name: String,
    dir: PathBuf,
    commands: Vec<PlatformCommand>,
    arguments: Vec<String>,
}

impl Plugin {
    /// Finds the plugin of a name.
    ///
    /// # Errors
    /// When there is none, in Helm's words.
    pub(crate) fn find(name: &str, arguments: &[String]) -> anyhow::Result<Self> {
        for dir in std::env::split_paths(&environment::plugins()) {
            for dir in below(&dir) {
                let Some(manifest) = read(&dir) else { continue };
                if manifest.name == name && manifest.kind == KIND {
                    if manifest.runtime != "subprocess" {
                        anyhow::bail!(
                            "plugin {name:?} has the runtime {:?}: Windlass runs programs only \
                             (runtime: subprocess)",
                            manifest.runtime
                        );
                    }
                    let commands = manifest.runtime_config.platform_command;
                    let arguments = arguments.to_vec();
                    return Ok(Self { name: manifest.name, dir, commands, arguments });
                }
            }
        }
        anyhow::bail!(
            "invalid argument {name:?} for \"--post-renderer\" flag: plugin: {{Name:{name} \
             Type:{KIND}}} not found"
        )
    }

    /// The command for this system: system and architecture before system before any.
    fn command(&self) -> Option<&PlatformCommand> {
        let (os, arch) = (std::env::consts::OS, architecture());
        let os_fits = |c: &&PlatformCommand| c.os.eq_ignore_ascii_case(os);
        let exact = self.commands.iter().find(|c| os_fits(c) && c.arch.eq_ignore_ascii_case(arch));
        let plain = || self.commands.iter().filter(|c| c.arch.is_empty());
        exact.or_else(|| plain().find(os_fits)).or_else(|| plain().find(|c| c.os.is_empty()))
    }
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn read(dir: &Path) -> Option<Manifest> {
    let file = dir.join("plugin.yaml");
    let text = std::fs::read(&file).ok()?;
    let read = yaml::parse_one(&text, &yaml::Options::default())
        .map_err(|error| error.to_string())
        .and_then(|document| serde_json::from_value(document).map_err(|error| error.to_string()));
    match read {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            super::warn(&format!("failed to load plugin (ignoring) {}: {error}", file.display()));
            None
        }
    }
}

impl PostRender for Plugin {
    fn run(&self, manifests: &str) -> Result<String, String> {
        let name = &self.name;
        let fail = |why: String| format!("failed to invoke post-renderer plugin {name:?}: {why}");
        let mut variables: BTreeMap<String, String> = std::env::vars().collect();
        variables.insert("HELM_PLUGIN_NAME".to_owned(), name.clone());
        variables.insert("HELM_PLUGIN_DIR".to_owned(), self.dir.display().to_string());
        let command = self.command().filter(|c| !c.command.is_empty()).ok_or_else(|| {
            fail("failed to prepare plugin command: no plugin command is applicable".to_owned())
        })?;
        let parts = command.command.split(' ').chain(command.args.iter().map(String::as_str));
        let mut words = parts.map(|word| expand(word, &variables));
        let program = words.next().unwrap_or_default();
        let started = process::Command::new(&program)
            .args(words)
            .args(&self.arguments)
            .envs(&variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.map_err(|e| fail(format!("{program}: {e}")))?;
        let input = child.stdin.take();
        let ended = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A program that does not read to the end ends as it likes.
                input.map(|mut input| input.write_all(manifests.as_bytes()))
            });
            child.wait_with_output()
        });
        let output = ended.map_err(|e| fail(e.to_string()))?;
        if !output.status.success() {
            return Err(fail(format!("plugin {name:?} exited with error")));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.trim().is_empty() {
            return Err(format!("post-renderer {name:?} produced empty output"));
        }
        Ok(text)
    }
}

/// Replaces `$NAME` and `${NAME}`, as Go's `os.Expand` does.
fn expand(word: &str, variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, after) = match rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            Some(found) => found,
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                rest.split_at(end.unwrap_or(rest.len()))
            }
        };
        text.push_str(variables.get(name).map_or("", String::as_str));
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, want: &str) {
        let variables = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        assert_eq!(expand(word, &variables), want);
    }

    #[test]
    fn variables() {
        check("x", "x");
        check("$A/b", "1/b");
        check("${A}b$NOPE", "1b");
    }
}
