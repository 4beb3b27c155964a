//! argocd's own configuration file: the contexts that `argocd login` leaves.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use windlass_object::{Map, Value, json, yaml};

use crate::cli::failure::Failure;
use crate::cli::private_file;

/// The file's content. It may hold tokens: there is no `Debug`.
pub(super) struct LocalConfig {
    value: Map<String, Value>,
}

/// Where argocd looks for its files.
pub(super) fn default_dir() -> anyhow::Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = variable("ARGOCD_CONFIG_DIR") {
        return Ok(dir);
    }
    let home = variable("HOME").context("$HOME is not defined")?;
    let legacy = home.join(".argocd");
    if legacy.exists() {
        return Ok(legacy);
    }
    Ok(variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("argocd"))
}

/// The entry of a list whose `name` or `server` is this.
fn position(list: &[Value], key: &str, wanted: &str) -> Option<usize> {
    list.iter().position(|entry| entry[key] == wanted)
}

impl LocalConfig {
    /// A configuration with nothing in it.
    pub(super) fn empty() -> Self {
        let value = Map::from_iter([("prompts-enabled".to_owned(), json!(false))]);
        Self { value }
    }

    /// Reads the file; `None` if it is not there.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let mode = fs::metadata(path)?.permissions().mode() & 0o777;
        if ![0o600, 0o400].contains(&mode) {
            bail!(
                "config file has incorrect permission flags {}, change the file permission either \
                 to 0400 or 0600",
                flags(mode)
            );
        }
        let parsed = yaml::parse_one(&text, &yaml::Options::default());
        let value = match parsed {
            Ok(Value::Object(value)) => value,
            Ok(Value::Null) => Map::new(),
            _ => bail!("{} is not a configuration of argocd", path.display()),
        };
        let config = Self { value };
        let current = config.current_context();
        if !current.is_empty() {
            config
                .resolve(current)
                .map_err(|e| Failure::generic(format!("local config invalid: {e:#}")))?;
        }
        Ok(Some(config))
    }

    /// Writes the file so that nobody else reads it.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let text = yaml::to_string(&Value::Object(self.value.clone()));
        private_file::write(path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn list(&self, key: &str) -> &[Value] {
        self.value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn list_mut(&mut self, key: &str) -> &mut Vec<Value> {
        let list = self.value.entry(key).or_insert(Value::Null);
        if !list.is_array() {
            *list = json!([]);
        }
        match list {
            Value::Array(list) => list,
            _ => unreachable!("made a list above"),
        }
    }

    /// `current-context`; empty if none.
    pub(super) fn current_context(&self) -> &str {
        self.value.get("current-context").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn set_current_context(&mut self, name: &str) {
        self.value.insert("current-context".to_owned(), json!(name));
    }

    /// `prompts-enabled`.
    pub(super) fn prompts_enabled(&self) -> bool {
        self.value.get("prompts-enabled").and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn set_prompts_enabled(&mut self, enabled: bool) {
        self.value.insert("prompts-enabled".to_owned(), json!(enabled));
    }

    /// Names and servers of the contexts.
    pub(super) fn contexts(&self) -> Vec<(String, String)> {
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        self.list("contexts").iter().map(|c| (text(c, "name"), text(c, "server"))).collect()
    }

    /// The server of a context, and whether it stands for core mode.
    pub(super) fn resolve(&self, name: &str) -> anyhow::Result<(String, bool)> {
        let contexts = self.list("contexts");
        let Some(context) = position(contexts, "name", name).map(|at| &contexts[at]) else {
            return Err(Failure::fatal(format!("Context '{name}' undefined")));
        };
        let server = context["server"].as_str().unwrap_or_default();
        let servers = self.list("servers");
        let Some(at) = position(servers, "server", server) else {
            return Err(Failure::fatal(format!("Server '{server}' undefined")));
        };
        let user = context["user"].as_str().unwrap_or_default();
        if position(self.list("users"), "name", user).is_none() {
            return Err(Failure::fatal(format!("User '{user}' undefined")));
        }
        Ok((server.to_owned(), servers[at]["core"] == true))
    }

    /// Puts the context of core mode in, and makes it the current one.
    pub(super) fn log_in_to_core(&mut self, name: &str) {
        const SERVER: &str = "kubernetes";
        let entries = [
            (
                "servers",
                "server",
                json!({"core": true, "grpc-web-root-path": "", "server": SERVER}),
            ),
            ("users", "name", json!({"name": name})),
            ("contexts", "name", json!({"name": name, "server": SERVER, "user": name})),
        ];
        for (list, key, entry) in entries {
            let list = self.list_mut(list);
            match position(list, key, entry[key].as_str().unwrap_or_default()) {
                Some(at) => list[at] = entry,
                None => list.push(entry),
            }
        }
        self.set_current_context(name);
    }

    /// Takes a context, its user and its server out; whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let contexts = self.list_mut("contexts");
        let Some(at) = position(contexts, "name", name) else { return false };
        let server = contexts.remove(at)["server"].as_str().unwrap_or_default().to_owned();
        self.list_mut("users").retain(|user| user["name"] != name);
        self.list_mut("servers").retain(|entry| entry["server"] != server.as_str());
        if self.current_context() == name {
            self.set_current_context("");
        }
        true
    }

    /// Takes the tokens of a context away; whether its user was there.
    pub(super) fn remove_token(&mut self, name: &str) -> bool {
        let users = self.list_mut("users");
        let Some(at) = position(users, "name", name) else { return false };
        users[at] = json!({"name": name});
        true
    }

    /// Whether no server is left.
    pub(super) fn is_empty(&self) -> bool {
        self.list("servers").is_empty()
    }

    /// Whether all contexts have their server and user, and the current one is there.
    pub(super) fn is_valid(&self) -> bool {
        self.current_context().is_empty() || self.resolve(self.current_context()).is_ok()
    }
}

/// Mode bits as `ls` shows them.
fn flags(mode: u32) -> String {
    let letter =
        |i: u32| if mode & (1 << (8 - i)) == 0 { '-' } else { ['r', 'w', 'x'][i as usize % 3] };
    std::iter::once('-').chain((0..9).map(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_bits() {
        assert_eq!(flags(0o644), "-rw-r--r--");
        assert_eq!(flags(0o600), "-rw-------");
    }
}
