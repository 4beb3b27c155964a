//! The story of every secret that Windlass is given: none is seen outside the API and Git.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World, manifest};
use windlass_testkit::{GitHttp, GitHttpOptions, Login, Sshd};

#[test]
fn no_secret_is_seen() -> Result<()> {
    World::start(Plane::Embedded, "no_secret_is_seen", no_secret_is_seen_where_it_should_not)
}

/// The markers that were planted, and everything in which they are looked for.
#[derive(Default)]
struct Search {
    markers: Vec<(String, String)>,
    places: Vec<(String, Vec<u8>)>,
}

impl Search {
    /// A value that is nowhere else.
    fn plant(&mut self, what: &str) -> String {
        let marker = format!("Mark{}{}", self.markers.len(), "Qz7".repeat(4));
        self.markers.push((what.to_owned(), marker.clone()));
        marker
    }

    fn look(&mut self, place: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.places.push((place.into(), content.into()));
    }

    /// All files below a directory, except what is named.
    fn look_below(&mut self, dir: &Path, except: &dyn Fn(&Path) -> bool) -> Result<usize> {
        let mut left = vec![dir.to_owned()];
        let mut seen = 0;
        while let Some(path) = left.pop() {
            if except(&path) {
                continue;
            }
            if path.is_dir() {
                let entries: Vec<PathBuf> = std::fs::read_dir(&path)?
                    .map(|entry| Ok(entry?.path()))
                    .collect::<Result<_>>()?;
                left.extend(entries);
            } else if path.is_file() {
                seen += 1;
                self.look(path.display().to_string(), std::fs::read(&path)?);
            }
        }
        Ok(seen)
    }

    /// Where which marker was seen, plain or as base64.
    fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (what, marker) in &self.markers {
            // The encoding of what stands before or behind changes at most the ends.
            let encoded = STANDARD.encode(marker);
            let forms = [marker.as_str(), encoded.trim_end_matches('=')];
            for (place, content) in &self.places {
                let has = |form: &str| content.windows(form.len()).any(|w| w == form.as_bytes());
                if let Some(form) = forms.iter().find(|form| has(form)) {
                    let at = content.windows(form.len()).position(|w| w == form.as_bytes());
                    let at = at.unwrap_or(0);
                    let around = &content[at.saturating_sub(80)..(at + 40).min(content.len())];
                    let around = String::from_utf8_lossy(around);
                    found.push(format!("{what} in {place}: …{around}…"));
                }
            }
        }
        found
    }
}

fn secret(world: &World, name: &str, kind: &str, content: &Value) -> Result<()> {
    let mut labels = json!({});
    if !kind.is_empty() {
        labels["argocd.argoproj.io/secret-type"] = json!(kind);
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": content,
        "metadata": {"name": name, "namespace": world.control(), "labels": labels},
    });
    if world.api().get("v1/Secret", &world.control(), name)?.is_some() {
        return world.api().patch("v1/Secret", &world.control(), name, &object);
    }
    world.api().create(&object).map(|_| ())
}

fn webhook(world: &World, signature: &str) -> Result<String> {
    let log = world.log()?;
    let line = log.lines().find_map(|line| line.strip_prefix("webhooks at http://"));
    let (address, path) = line.and_then(|l| l.split_once('/')).context("where webhooks go")?;
    let body = r#"{"ref":"refs/heads/main","repository":{"html_url":"https://x.example/y"}}"#;
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nX-GitHub-Event: push\r\nConnection: close\r\n\
         X-Hub-Signature-256: sha256={signature}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn login(user: &str, password: &str, content: &str) -> String {
    let data = STANDARD.encode(password);
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\ndata:\n  {user}: {data}\n\
         stringData:\n  content: {content}\n"
    )
}

fn no_secret_is_seen_where_it_should_not(world: &mut World) -> Result<()> {
    if !windlass_testkit::available(&["sshd", "ssh"]) {
        return Ok(());
    }
    world.log_everything()?;
    let mut search = Search::default();
    let repository = world.repository("git")?;
    let [in_data, in_text, drifted, next] =
        ["Git's data", "Git's stringData", "the drifted value", "the next value"]
            .map(|what| search.plant(what));
    let nested = search.plant("a value where none may be");
    let not_base64 = search.plant("data that is no base64");
    let first = repository.commit(
        "first",
        &[
            ("app/a.yaml", &manifest::config_map("a", "one")),
            ("secret/login.yaml", &login("password", &in_data, &in_text)),
            ("drawn/Chart.yaml", "apiVersion: v2\nname: drawn\nversion: 0.1.0\n"),
            (
                "drawn/templates/drawn.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: drawn}\nstringData:\n  \
                 password: {{ randAlphaNum 24 | quote }}\n",
            ),
            (
                "odd/odd.yaml",
                &format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: odd\nstringData:\n  key: {{deep: {nested}}}\n"),
            ),
            (
                "bad/bad.yaml",
                &format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: bad\ndata:\n  key: \"%{not_base64}\"\n"),
            ),
        ],
    )?;

    // Every way to sign in.
    let sshd = Sshd::start()?;
    let http = |login: Login| GitHttp::start(world.dir(), GitHttpOptions { login, tls: false });
    let password = search.plant("a repository's password");
    let by_password = http(Login::Basic("deployer".to_owned(), password.clone()))?;
    let url = by_password.url("git.git");
    let content = json!({"url": url, "username": "deployer", "password": password});
    secret(world, "by-password", "repository", &content)?;
    let token = search.plant("a repository's token");
    let by_token = http(Login::Bearer(token.clone()))?;
    let content = json!({"url": by_token.url("git.git"), "bearerToken": token});
    secret(world, "by-token", "repository", &content)?;
    let shared = search.plant("the password of repo-creds");
    let by_template = http(Login::Basic("team".to_owned(), shared.clone()))?;
    let prefix = by_template.url("");
    let content = json!({"url": prefix, "username": "team", "password": shared});
    secret(world, "by-template", "repo-creds", &content)?;
    let key = sshd.private_key()?;
    let line = key.lines().nth(2).context("a line of the key")?.to_owned();
    search.markers.push(("an ssh key".to_owned(), line));
    let ssh = sshd.url(repository.path());
    secret(world, "by-key", "repository", &json!({"url": ssh, "sshPrivateKey": key}))?;
    world.api().create(&json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"ssh_known_hosts": sshd.known_hosts()?},
        "metadata": {"name": "argocd-ssh-known-hosts-cm", "namespace": world.control()},
    }))?;
    let refused = search.plant("a wrong password");
    let by_error = http(Login::Basic("deployer".to_owned(), "other".to_owned()))?;
    let content =
        json!({"url": by_error.url("git.git"), "username": "deployer", "password": refused});
    secret(world, "by-error", "repository", &content)?;
    let in_address = search.plant("a password in an address");
    let hook = search.plant("a webhook's secret");
    secret(world, "argocd-secret", "", &json!({"webhook.github.secret": hook}))?;

    let app = |stem: &str, url: &str, path: &str| {
        let to = world.name(stem);
        world.create(
            &App::new(&world.control(), &to, url, path, &to).automated(json!({"prune": true})),
        )
    };
    // What a chart draws, and the key from which that follows.
    let drawn_app = app("drawn", &repository.url(), "drawn")?;
    world.wait_delivered(&drawn_app, &first)?;
    let live = world.api().get("v1/Secret", &world.name("drawn"), "drawn")?.unwrap_or_default();
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned).context("a text");
    let drawn = STANDARD.decode(text(&live["data"]["password"])?)?;
    search.markers.push(("what a chart draws".to_owned(), String::from_utf8(drawn)?));
    let kept = world.api().get("v1/Secret", &world.control(), "windlass-installation")?;
    let key = text(&kept.unwrap_or_default()["data"]["drawKey"])?;
    ensure!(STANDARD.decode(&key)?.len() == 32, "the installation's key");
    search.markers.push(("the installation's key".to_owned(), key));

    let reached = [
        app("password", &url, "app")?,
        app("token", &by_token.url("git.git"), "app")?,
        app("template", &by_template.url("git.git"), "app")?,
        app("key", &ssh, "app")?,
    ];
    let login_app = app("login", &repository.url(), "secret")?;
    for name in reached.iter().chain([&login_app]) {
        world.wait_delivered(name, &first)?;
    }
    let odd = app("odd", &repository.url(), "odd")?;
    let bad = app("bad", &repository.url(), "bad")?;
    let error = app("error", &by_error.url("git.git"), "app")?;
    let is_refused = |name: &str| {
        world.wait_app("it is refused", name, |app| {
            app["status"]["conditions"].to_string().contains("authentication failed")
        })
    };
    is_refused(&error)?;
    for name in [&odd, &bad] {
        world.wait_app("it is looked at", name, |app| {
            let message = app["status"]["operationState"]["message"].as_str().unwrap_or_default();
            app["status"]["conditions"].is_array() || message.contains("failed to apply")
        })?;
    }
    search.look("a webhook's answer", webhook(world, "00")?);
    search.look("a webhook's answer", webhook(world, &"0".repeat(64))?);

    // Drift, looked at from everywhere, and undone.
    let to = world.name("login");
    let drift = json!({"data": {"password": STANDARD.encode(&drifted)}});
    world.api().patch("v1/Secret", &to, "login", &drift)?;
    world.wait_app("the drift shows", &login_app, |app| {
        app["status"]["sync"]["status"] == "OutOfSync"
    })?;
    let commit = repository
        .commit("second", &[("secret/login.yaml", &login("password", &next, &in_text))])?;
    let mut commands =
        vec!["app list -o json".to_owned(), "app list -o yaml".to_owned(), "app list".to_owned()];
    for name in reached.iter().take(1).chain([&login_app, &drawn_app, &odd, &bad, &error]) {
        for command in [
            "app get NAME",
            "app get NAME -o json",
            "app get NAME -o yaml",
            "app get NAME -o tree=detailed --show-operation",
            "app get NAME --hard-refresh",
            "app diff NAME",
            "app manifests NAME",
            "app manifests NAME --source live",
            "app manifests NAME --revision HEAD",
            "app history NAME",
            "app resources NAME --output tree=detailed",
            "app logs NAME",
            "plan NAME",
            "plan NAME -o json",
            "app sync NAME",
            "app wait NAME --timeout 1 -o json",
        ] {
            commands.push(format!("--log trace {}", command.replace("NAME", name)));
        }
    }
    let mut differs = 0;
    for command in &commands {
        let words: Vec<&str> = command.split(' ').collect();
        let printed = world.windlass(&words)?;
        differs += usize::from(printed.out.contains("password: ++++"));
        search.look(format!("the output of {command}"), printed.out);
        search.look(format!("the errors of {command}"), printed.err);
    }
    ensure!(differs > 2, "the masked values are shown: {differs}");
    world.wait_app("the new value is delivered", &login_app, |app| {
        app["status"]["sync"]["revision"] == commit.as_str()
            && app["status"]["sync"]["status"] == "Synced"
    })?;
    let live = world.api().get("v1/Secret", &to, "login")?.unwrap_or_default();
    ensure!(live["data"]["password"] == STANDARD.encode(&next), "it is not the value: {to}");

    // An address is no place for a password, and shows it in the spec; nothing else may.
    let address = by_error.url("git.git").replace("://", &format!("://deployer:{in_address}@"));
    let address = app("address", &address, "app")?;
    is_refused(&address)?;

    let log = world.log()?;
    ensure!(log.contains("DEBUG"), "the log tells everything");
    search.look("the log", log);
    for app in world.api().list("argoproj.io/v1alpha1/Application", &world.control())? {
        let name = app["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        // Status repeats the source that was compared, as it is in the spec.
        let shown = if name == address { &app["status"]["conditions"] } else { &app };
        search.look(format!("Application {name}"), shown.to_string());
    }
    for event in world.api().list("v1/Event", "")? {
        search.look("an event", event.to_string());
    }
    // Git's objects hold what Git holds, and the store of the API what the API holds.
    let in_git = |path: &Path| path.components().any(|part| part.as_os_str() == "objects");
    let mut files = 0;
    for dir in ["cache", "cli-cache"] {
        let dir = world.dir().join(dir);
        if dir.exists() {
            files += search.look_below(&dir, &in_git)?;
        }
    }
    let store = |path: &Path| in_git(path) || path.extension().is_some_and(|e| e == "redb");
    files += search.look_below(&world.dir().join("data"), &store)?;
    ensure!(files > 10, "the disk is looked at: {files} files");

    let findings = search.findings();
    ensure!(findings.is_empty(), "{} leaks:\n{}", findings.len(), findings.join("\n"));
    Ok(())
}
