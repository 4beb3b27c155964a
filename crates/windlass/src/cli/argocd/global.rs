//! What all of argocd's commands take, and whether they ask for Argo CD's API server, which is not
//! here.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use secrecy::SecretString;

use super::local_config::LocalConfig;
use crate::cli::app::Flags;
use crate::cli::failure::Failure;

/// The names that `ARGOCD_OPTS` may set.
const OPTIONS: [&str; 17] = [
    "config",
    "server",
    "plaintext",
    "insecure",
    "server-crt",
    "client-crt",
    "client-crt-key",
    "auth-token",
    "grpc-web",
    "grpc-web-root-path",
    "logformat",
    "loglevel",
    "header",
    "port-forward",
    "port-forward-namespace",
    "http-retry-max",
    "core",
];

/// What all of argocd's commands take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Path of argocd's own configuration.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of an Argo CD API server: refused, there is none.
    #[arg(long, global = true, env = "ARGOCD_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// Talk to Kubernetes instead of an Argo CD API server: what is done anyway, unless a context
    /// or a variable of the environment names a server.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    core: bool,
    /// Name of the context of argocd's configuration.
    #[arg(long, global = true, value_name = "NAME")]
    argocd_context: Option<String>,
    /// For an API server: refused.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    grpc_web: bool,
    /// For an API server: refused.
    #[arg(long, global = true)]
    grpc_web_root_path: Option<String>,
    /// For an API server: refused.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    port_forward: bool,
    /// For an API server: refused.
    #[arg(long, global = true)]
    port_forward_namespace: Option<String>,
    /// For an API server: refused.
    #[arg(long, global = true, env = "ARGOCD_AUTH_TOKEN", hide_env_values = true)]
    auth_token: Option<SecretString>,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    plaintext: bool,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    insecure: bool,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true)]
    server_crt: Option<PathBuf>,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true)]
    client_crt: Option<PathBuf>,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true)]
    client_crt_key: Option<PathBuf>,
    /// For an API server: of no effect.
    #[arg(long, short = 'H', global = true, hide = true)]
    header: Vec<SecretString>,
    /// For an API server: of no effect.
    #[arg(long, global = true, hide = true)]
    http_retry_max: Option<u32>,
    /// Names a part of Argo CD that is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    server_name: Option<String>,
    /// Names a part of Argo CD that is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    controller_name: Option<String>,
    /// Names a part of Argo CD that is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    redis_haproxy_name: Option<String>,
    /// Names a part of Argo CD that is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    redis_name: Option<String>,
    /// Names a part of Argo CD that is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    repo_server_name: Option<String>,
    /// Redis is not needed here: of no effect.
    #[arg(long, global = true, hide = true)]
    redis_compress: Option<String>,
    /// How errors are told.
    #[arg(long, global = true, value_parser = ["json", "text"], default_value = "json")]
    logformat: String,
    /// Of no effect: windlass' own `--log` decides.
    #[arg(long, global = true, hide = true, default_value = "info")]
    loglevel: String,
}

impl Global {
    /// argocd's own configuration; `None` if there is none.
    pub(super) fn local_config(&self) -> anyhow::Result<Option<LocalConfig>> {
        LocalConfig::read(&self.config_path()?)
    }

    /// Where it is.
    pub(super) fn config_path(&self) -> anyhow::Result<PathBuf> {
        match &self.config {
            Some(path) => Ok(path.clone()),
            None => Ok(super::local_config::default_dir()?.join("config")),
        }
    }

    /// Whether `--core` is given.
    pub(super) fn is_core(&self) -> bool {
        self.core
    }

    /// The connection's flags, if the cluster itself is meant: whoever names an API server of Argo
    /// CD must not change another cluster by mistake.
    pub(super) fn core(&self, mut flags: Flags) -> anyhow::Result<Flags> {
        let config = if self.core { self.local_config().ok().flatten() } else { self.meant()? };
        let asks = config.is_some_and(|config| config.prompts_enabled());
        flags.prompts_enabled = flags.prompts_enabled.or(Some(asks));
        Ok(flags)
    }

    /// Fails if an API server is named.
    pub(super) fn refuse_server(&self) -> anyhow::Result<()> {
        if !self.core {
            self.meant()?;
        }
        Ok(())
    }

    fn meant(&self) -> anyhow::Result<Option<LocalConfig>> {
        if let Some(server) = self.server.as_deref().filter(|s| !s.is_empty()) {
            return Err(refusal(&format!("the server {server} (--server or ARGOCD_SERVER)")));
        }
        if self.grpc_web || self.grpc_web_root_path.as_deref().is_some_and(|p| !p.is_empty()) {
            return Err(refusal("a server behind gRPC-web (--grpc-web)"));
        }
        if self.port_forward
            || self.port_forward_namespace.as_deref().is_some_and(|n| !n.is_empty())
        {
            return Err(refusal("a server behind a port forward (--port-forward)"));
        }
        let config = self.local_config()?;
        let Some(config) = config else {
            return match self.argocd_context.as_deref() {
                Some(name) => Err(Failure::generic(format!("Context '{name}' undefined"))),
                None if self.auth_token.is_some() => {
                    Err(refusal("a server that takes a token (--auth-token or ARGOCD_AUTH_TOKEN)"))
                }
                None => Ok(None),
            };
        };
        let name = self.argocd_context.as_deref().unwrap_or_else(|| config.current_context());
        if !name.is_empty() {
            let (server, is_core) = config.resolve(name)?;
            if !is_core {
                let path = self.config_path()?;
                let path = path.display();
                return Err(refusal(&format!("the server {server} (context {name} of {path})")));
            }
        }
        Ok(Some(config))
    }

    /// Tells the error that ends the command, as argocd's log does.
    pub(super) fn tell_fatal(&self, message: &str) {
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let line = if self.logformat == "text" {
            format!("time=\"{time}\" level=fatal msg={message:?}")
        } else {
            windlass_object::json!({"level": "fatal", "msg": message, "time": time}).to_string()
        };
        // Standard error that is gone leaves nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// Why a command is not done.
pub(super) fn refusal(what: &str) -> anyhow::Error {
    Failure::generic(format!(
        "this argocd is Windlass and works on the Kubernetes API itself, but the command names \
         {what}: nothing was done. For the cluster of the kubeconfig add --core, or run `argocd \
         login --core` once"
    ))
}

/// The flags that `ARGOCD_OPTS` gives, to be put before those of the command line.
pub(super) fn options_of_environment() -> anyhow::Result<Vec<OsString>> {
    let text = std::env::var("ARGOCD_OPTS").unwrap_or_default();
    options(&text).map(|all| all.into_iter().map(OsString::from).collect())
}

/// Words of a shell to flags; names that argocd does not take from the variable are left out, as
/// argocd leaves them.
fn options(text: &str) -> anyhow::Result<Vec<String>> {
    let words = words(text).context("ARGOCD_OPTS")?;
    let mut all = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else { bail!("ARGOCD_OPTS invalid at '{word}'") };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (flag.to_owned(), words.next_if(|next| !next.starts_with("--"))),
        };
        if OPTIONS.contains(&name.as_str()) {
            let value = value.unwrap_or_else(|| "true".to_owned());
            all.push(format!("--{name}={value}"));
        }
    }
    Ok(all)
}

/// Splits as a shell does: blanks part, quotes and backslashes keep together.
fn words(text: &str) -> anyhow::Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => bail!("Unterminated single-quoted string"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => bail!("Unterminated double-quoted string"),
                        },
                        Some(c) => word.push(c),
                        None => bail!("Unterminated double-quoted string"),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => bail!("Unterminated backslash-escape"),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(options(text).unwrap(), want, "{text}");
    }

    #[test]
    fn options_of_the_environment() {
        check("", &[]);
        check("--grpc-web", &["--grpc-web=true"]);
        check("--server 'a b' --core", &["--server=a b", "--core=true"]);
        check(r#"--server=x --header "a: \"b\"""#, &["--server=x", r#"--header=a: "b""#]);
        check("--prune --core", &["--core=true"]);
        assert!(options("core").is_err());
        assert!(options("--server 'x").is_err());
    }
}
