//! Commands on settings (projects, repositories, clusters …): the script of
//! `fixtures/argocd-settings/script.txt` with the real argocd's answers, and what both leave in the cluster.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::{Value, json, yaml};
use windlass_stories::{ApiClient, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, GitRepository, Kubernetes, Parts, wait_for};

use super::{CONTROL, CommandLine, normalise, printed, root};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/argocd-settings").join(name)
}

/// Words of a line: blanks part, quotes keep together.
pub(super) fn words(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    ensure!(quote.is_none(), "a quote is open: {line}");
    words.extend(word);
    Ok(words)
}

/// What a secret says, decoded.
pub(super) fn shown_secret(secret: &Value) -> Result<Value> {
    let metadata = &secret["metadata"];
    let mut data = json!({});
    for (key, text) in secret["data"].as_object().into_iter().flatten() {
        let text = STANDARD.decode(text.as_str().unwrap_or_default())?;
        data[key] = json!(String::from_utf8_lossy(&text));
    }
    // Names end in a hash of the address, which is another one in each run.
    let name = metadata["name"].as_str().unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    Ok(json!({
        "name": name, "labels": metadata["labels"], "annotations": metadata["annotations"],
        "data": data,
    }))
}

/// What an object says, without what differs between any two clusters.
pub(super) fn shown(api: &ApiClient, what: &str) -> Result<Value> {
    let get = |kind: &str, name: &str| {
        let object = api.get(kind, CONTROL, name)?;
        object.with_context(|| format!("{kind} {name} is not there"))
    };
    match what.split_once(' ') {
        Some(("AppProject", name)) => {
            let object = get("argoproj.io/v1alpha1/AppProject", name)?;
            // An empty status is the same as none.
            let status = object.get("status").cloned().unwrap_or(json!({}));
            Ok(json!({"spec": object["spec"], "status": status}))
        }
        Some(("ConfigMap", name)) => Ok(get("v1/ConfigMap", name)?["data"].clone()),
        None if what == "secrets" => {
            let mut all = Vec::new();
            for secret in api.list("v1/Secret", CONTROL)? {
                let metadata = &secret["metadata"];
                if metadata["labels"]["argocd.argoproj.io/secret-type"].is_null() {
                    continue;
                }
                all.push(shown_secret(&secret)?);
            }
            all.sort_by_key(|secret| format!("{}{}", secret["name"], secret["data"]));
            Ok(json!(all))
        }
        _ => bail!("nothing shows {what}"),
    }
}

fn play(api: &ApiClient, root: &Path, run: &CommandLine<'_>) -> Result<Vec<Value>> {
    let files = root.join("files");
    std::fs::create_dir_all(&files)?;
    for file in std::fs::read_dir(fixture(""))? {
        let file = file?;
        std::fs::copy(file.path(), files.join(file.file_name()))?;
    }
    let repository = GitRepository::create(root, "settings")?;
    repository.commit("first", &[("a", "a")])?;
    let script = std::fs::read_to_string(fixture("script.txt"))?;
    let mut answers = Vec::new();
    let mut issued = 0;
    for line in script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with("$ proj role create-token") {
            // Tokens stand in the order of the seconds in which they were issued.
            let next = || Ok((second() > issued).then_some(()));
            wait_for("the next second", Duration::from_secs(60), next)?;
        }
        let answer = if let Some(command) = line.strip_prefix("$ ") {
            let command = command.replace("FILES", &files.display().to_string());
            let words = words(&command.replace("REPO", &repository.url()))?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            normalise::answer(&line[2..], &run(&words)?, root)
        } else if let Some(what) = line.strip_prefix("= ") {
            normalise::masked(&shown(api, what)?, root)
        } else if let Some(name) = line.strip_prefix("+ ") {
            let text = std::fs::read(files.join(name))?;
            let object = yaml::parse_one(&text, &yaml::Options::default())?;
            api.apply(&object)?;
            continue;
        } else if let Some((kind, name)) = line.strip_prefix("- ").and_then(|l| l.split_once(' ')) {
            api.delete(&format!("v1/{kind}"), CONTROL, name)?;
            continue;
        } else {
            bail!("a line begins with $, =, + or -: {line}");
        };
        issued = second();
        answers.push(json!({"do": line, "answer": answer}));
    }
    Ok(answers)
}

fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn record() -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default())?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    // Argo CD comes with the keys of known hosts.
    let none = json!({"data": null});
    api.patch("v1/ConfigMap", CONTROL, "argocd-ssh-known-hosts-cm", &none)?;
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let run = |arguments: &[&str]| -> Result<Printed> { printed(argocd.cli()?.args(arguments)) };
    let answers = play(&api, &root, &run)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&answers)?);
    Ok(std::fs::write(fixture("argocd-3.2.6.json"), text)?)
}

fn settings(api: &ApiClient) -> Result<()> {
    let part = json!({"app.kubernetes.io/part-of": "argocd"});
    for name in
        ["argocd-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm", "argocd-gpg-keys-cm"]
    {
        let metadata = json!({"name": name, "namespace": CONTROL, "labels": part});
        api.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))?;
    }
    let metadata = json!({"name": "argocd-secret", "namespace": CONTROL, "labels": part});
    api.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}))
}

fn replay(world: &mut World) -> Result<()> {
    let root = root(world.dir())?;
    settings(world.api())?;
    let answers = play(world.api(), &root, &|arguments| world.windlass(arguments))?;
    super::agree(&answers, &fixture("argocd-3.2.6.json"), settled, &WORDS)
}

/// An answer without what depends on the moment: argocd lists credentials in any order, and the
/// width of how long ago a token was made is not blanked.
fn settled(answered: &Value) -> Value {
    let mut answered = answered.clone();
    let command = answered["do"].as_str().unwrap_or_default().to_owned();
    let Some(out) = answered["answer"].get_mut("out") else { return answered };
    if command.starts_with("$ repocreds list") {
        match out {
            Value::Array(items) => items.sort_by_key(ToString::to_string),
            Value::String(text) => {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.sort_unstable();
                *out = json!(lines);
            }
            _ => {}
        }
    } else if command.starts_with("$ proj role get")
        && let Value::String(text) = out
    {
        *out = json!(text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>());
    }
    answered
}

/// Commands that both answer alike but in other words.
const WORDS: [&str; 3] = [
    // argocd prints one value more than the table has columns, as Go's `%!(EXTRA`.
    "$ proj windows list shop",
    // Ours says which address, and what to look at.
    "$ repo add FILES/absent",
    // Ours says of which host the key is no key.
    "$ cert add-ssh --batch --from FILES/key",
];

#[test]
fn commands_on_settings_are_those_of_argocd() -> Result<()> {
    super::beside_argocd("commands_on_settings_are_those_of_argocd", record, replay)
}
