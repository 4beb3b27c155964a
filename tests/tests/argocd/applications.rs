//! Commands on applications: the scripts of `fixtures/argocd-applications` and
//! `fixtures/argocd-operations` with the real argocd's answers, and what both leave in the cluster.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use windlass_object::{Value, json, yaml};
use windlass_stories::{ApiClient, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, DockerRegistry, GitRepository, Kubernetes, Parts};

use super::settings::words;
use super::{CONTROL, normalise, printed, root};

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
/// Runs a command with these arguments, this editor, and this file on standard input.
type Run<'a> = dyn Fn(&[&str], &Path, Option<&Path>) -> Result<Printed> + 'a;

/// A registry's address, of which no two runs have the same.
const REGISTRY: &str = "127.0.0.1:20000";
/// The hash of `me`'s password there, `secret`.
const PASSWORD: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

/// A script: the name of its directory.
#[derive(Clone, Copy)]
struct Script(&'static str);

const APPLICATIONS: Script = Script("argocd-applications");
/// Operations that run, and what is for administrators.
const OPERATIONS: Script = Script("argocd-operations");

/// Flags that the others do not use.
const DETAILS: Script = Script("argocd-details");
/// Combinations that the others do not have, and wrong arguments.
const MORE: Script = Script("argocd-more");

impl Script {
    fn fixture(self, name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(self.0).join(name)
    }
}

/// All files below a directory: path in it, and text.
pub(crate) fn files(dir: &Path, below: &str, all: &mut Vec<(String, String)>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files(&entry.path(), &format!("{name}/"), all)?;
        } else {
            all.push((name, std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// What an object says, without what differs between any two clusters.
fn shown(api: &ApiClient, what: &str) -> Result<Value> {
    if what == "secrets" {
        return super::settings::shown(api, what);
    }
    let Some((kind, name)) = what.split_once(' ') else { bail!("nothing shows {what}") };
    let (name, namespace) = name.split_once(' ').unwrap_or((name, "shop"));
    let (api_kind, namespace) = match kind {
        "Application" | "Operation" => (APPLICATION, CONTROL),
        "AppProject" => ("argoproj.io/v1alpha1/AppProject", CONTROL),
        "ConfigMap" if name.starts_with("argocd-") => ("v1/ConfigMap", CONTROL),
        "ConfigMap" => ("v1/ConfigMap", namespace),
        "Elsewhere" => (APPLICATION, "team-a"),
        _ => bail!("nothing shows {what}"),
    };
    let Some(object) = api.get(api_kind, namespace, name)? else { return Ok(json!("absent")) };
    let metadata = &object["metadata"];
    let mut shown = match kind {
        "ConfigMap" => object["data"].clone(),
        "Operation" => {
            let state = &object["status"]["operationState"];
            json!({"operation": state["operation"], "phase": state["phase"]})
        }
        _ => json!({
            "spec": object["spec"], "labels": metadata["labels"],
            "annotations": metadata["annotations"], "finalizers": metadata["finalizers"],
        }),
    };
    if let Some(annotations) = shown["annotations"].as_object_mut() {
        annotations.remove("argocd.argoproj.io/refresh");
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    Ok(shown)
}

/// Waits until an application is in these states.
pub(crate) fn wait(api: &ApiClient, control: &str, line: &str) -> Result<()> {
    let all: Vec<&str> = line.split(' ').collect();
    let is = |app: &Value, wanted: &str| {
        let status = &app["status"];
        status["sync"]["status"] == wanted
            || status["health"]["status"] == wanted
            || status["operationState"]["phase"] == wanted
    };
    let running = all.contains(&"Running");
    api.wait(line, (APPLICATION, control, all[0]), |app| {
        all[1..].iter().all(|wanted| is(app, wanted))
            && (running || app.get("operation").is_none())
            && app["metadata"]["annotations"].get("argocd.argoproj.io/refresh").is_none()
    })?;
    Ok(())
}

/// The answers to a script's lines; `keep` is told those so far after each.
fn play(
    script: Script,
    api: &ApiClient,
    root: &Path,
    run: &Run<'_>,
    keep: &dyn Fn(&[Value]) -> Result<()>,
) -> Result<Vec<Value>> {
    let dir = root.join("files");
    let repository = GitRepository::create(root, "applications")?;
    let mut all = Vec::new();
    files(&script.fixture(""), "", &mut all)?;
    for (name, text) in &all {
        let file = dir.join(name);
        std::fs::create_dir_all(file.parent().context("a file is in a directory")?)?;
        std::fs::write(file, text.replace("REPO", &repository.url()))?;
    }
    let of_repository =
        all.iter().filter_map(|(name, text)| Some((name.strip_prefix("repo/")?, text.as_str())));
    repository.commit("first", &of_repository.collect::<Vec<_>>())?;
    let editor = dir.join("edit.sh");
    let lines = std::fs::read_to_string(script.fixture("script.txt"))?;
    let registry =
        lines.contains("REGISTRY").then(|| DockerRegistry::start("me", PASSWORD)).transpose()?;
    let registry = registry.as_ref().map_or_else(|| REGISTRY.to_owned(), DockerRegistry::host);
    let mut answers = Vec::new();
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (sign, rest) = line.split_once(' ').with_context(|| format!("no line: {line}"))?;
        let answer = match sign {
            "$" | "<" => {
                let (input, rest) = match rest.split_once(" | ").filter(|_| sign == "<") {
                    Some((file, command)) => (Some(dir.join(file)), command),
                    None => (None, rest),
                };
                let command = rest.replace("FILES", &dir.display().to_string());
                let command = command.replace("REGISTRY", &registry);
                let words = words(&command.replace("REPO", &repository.url()))?;
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let mut printed = run(&words, &editor, input.as_deref())?;
                printed.out = printed.out.replace(&registry, REGISTRY);
                printed.err = printed.err.replace(&registry, REGISTRY);
                if rest.starts_with("admin export") {
                    printed.out = of_script(&printed.out);
                } else if rest.starts_with("admin import") {
                    let lines = printed.out.lines().filter(|line| is_of_script(line));
                    let mut lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
                    // What is to go comes in any order.
                    lines.sort();
                    printed.out = lines.concat();
                } else if rest.starts_with("admin proj update-role-policy") {
                    // argocd shows who manages the fields too: its lines have other numbers.
                    let is_change = |line: &&str| !line.starts_with(|c: char| c.is_ascii_digit());
                    let lines = printed.out.lines().filter(is_change);
                    printed.out = lines.map(|line| format!("{line}\n")).collect();
                }
                normalise::answer(rest, &printed, root)
            }
            "=" => {
                let shown = match rest.strip_prefix("File ") {
                    Some(name) => {
                        let text = std::fs::read_to_string(dir.join(name))?;
                        serde_json::from_str(&text).unwrap_or(json!(text))
                    }
                    None => shown(api, rest)?,
                };
                let text = shown.to_string().replace(&registry, REGISTRY);
                normalise::masked(&serde_json::from_str(&text)?, root)
            }
            "+" => {
                let text = std::fs::read(dir.join(rest))?;
                let object = yaml::parse_one(&text, &yaml::Options::default())?;
                // What Argo CD's own settings say beside it stays.
                match object["metadata"]["name"].as_str() {
                    Some(name) if object["kind"] == "ConfigMap" && name.starts_with("argocd-") => {
                        api.patch("v1/ConfigMap", CONTROL, name, &object)?;
                    }
                    _ => api.apply(&object)?,
                }
                continue;
            }
            "~" => {
                json!(if wait(api, CONTROL, rest).is_ok() { "reached" } else { "not reached" })
            }
            ">" => {
                let Some((from, to)) = rest.split_once(' ') else { bail!("no line: {line}") };
                let text = std::fs::read_to_string(script.fixture("repo").join(from))?;
                repository.commit(rest, &[(to, &text.replace("one", "two"))])?;
                continue;
            }
            _ => bail!("no line: {line}"),
        };
        answers.push(json!({"do": line, "answer": answer}));
        keep(&answers)?;
    }
    Ok(answers)
}

/// Of an export, the projects and applications that the script has made, without what their
/// controllers write.
fn of_script(export: &str) -> String {
    let parsed = yaml::parse(export.as_bytes(), &yaml::Options::default());
    let documents = parsed.documents.into_iter().map(|document| document.value);
    let mut made: Vec<Value> = documents.filter(|o| is_made(&o["metadata"]["name"])).collect();
    for object in &mut made {
        if let Some(object) = object.as_object_mut() {
            object.remove("status");
        }
    }
    made.iter().map(|object| yaml::to_string(object) + "---\n").collect()
}

fn is_made(name: &Value) -> bool {
    name.as_str().is_some_and(|name| MADE.contains(&name))
}

/// What scripts make whose import or export is looked at.
const MADE: [&str; 7] = ["late", "later", "imported", "nobodys", "kept", "stuck", "elsewhere"];

/// Whether a line of an import tells of an object that the script has made: which others are in the
/// cluster is no matter here, and those of the script may change meanwhile.
fn is_of_script(line: &str) -> bool {
    // What a smaller backup leaves out is not a matter of the first script.
    let is_made = MADE.iter().any(|name| line.contains(&format!(" {name} ")))
        && !line.ends_with(" imported needs pruning");
    is_made || line.to_lowercase().starts_with("import process")
}

fn record(script: Script) -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default())?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let run = |arguments: &[&str], editor: &Path, input: Option<&Path>| -> Result<Printed> {
        // What is for administrators asks the cluster itself.
        let mut command = if arguments.first() == Some(&"admin") {
            std::process::Command::new(windlass_testkit::peer("argocd")?)
        } else {
            argocd.cli()?
        };
        command
            .args(arguments)
            .env("ARGOCD_BINARY_NAME", "argocd")
            .env("KUBECONFIG", cluster.kubeconfig())
            .env("EDITOR", format!("sh {}", editor.display()));
        if let Some(file) = input {
            command.stdin(std::fs::File::open(file)?);
        }
        printed(&mut command)
    };
    // A recording that is stopped keeps what it has.
    let keep = |answers: &[Value]| -> Result<()> {
        let text = format!("{}\n", serde_json::to_string_pretty(answers)?);
        Ok(std::fs::write(script.fixture("argocd-3.2.6.json"), text)?)
    };
    play(script, &api, &root, &run, &keep)?;
    Ok(())
}

fn replay(script: Script, world: &mut World) -> Result<()> {
    let root = root(world.dir())?;
    let none = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "argocd-gpg-keys-cm", "namespace": CONTROL,
        "labels": {"app.kubernetes.io/part-of": "argocd"},
    }});
    world.api().apply(&none)?;
    for name in ["argocd-cm", "argocd-rbac-cm"] {
        let mut map = none.clone();
        map["metadata"]["name"] = json!(name);
        world.api().apply(&map)?;
    }
    let mut secret = none.clone();
    secret["kind"] = json!("Secret");
    secret["metadata"]["name"] = json!("argocd-secret");
    world.api().apply(&secret)?;
    let run = |arguments: &[&str], editor: &Path, input: Option<&Path>| -> Result<Printed> {
        let home = world.dir().display().to_string();
        let editor = format!("sh {}", editor.display());
        let arguments = [&["argocd"], arguments].concat();
        world.windlass_reading(&arguments, &[("EDITOR", &editor), ("HOME", &home)], input)
    };
    let answers = play(script, world.api(), &root, &run, &|_| Ok(()))?;
    let settled = match script.0 {
        name if name == DETAILS.0 => settled_details,
        name if name == MORE.0 => settled_more,
        _ => settled,
    };
    super::agree(&answers, &script.fixture("argocd-3.2.6.json"), settled, &WORDS)
}

/// As [`settled`], without what is answered in another way on purpose, and what comes of that.
fn settled_details(answered: &Value) -> Value {
    let mut answered = settled(answered);
    if DIFFERENT.lines().any(|line| answered["do"] == line) {
        answered["answer"] = json!("another one, on purpose");
    }
    if let Some(Value::Array(sources)) = answered.pointer_mut("/answer/spec/sources") {
        sources.retain(|source| source["name"] != "chart" && source["name"] != "dir");
    }
    answered
}

/// As [`settled`], without what is answered in another way or in other words on purpose. Where an
/// argument is missing both print their help; where one is too much or wrong ours may say which.
fn settled_more(answered: &Value) -> Value {
    let mut answered = settled(answered);
    if MORE_DIFFERENT.lines().any(|line| answered["do"] == line) {
        answered["answer"] = json!("another one, on purpose");
        return answered;
    }
    let is_get = answered["do"].as_str().is_some_and(|line| line.contains(" get-resource "));
    let only_words = MORE_WORDS.lines().any(|line| answered["do"] == line);
    let answer = &mut answered["answer"];
    let text = |side: &str| answer[side].as_str().unwrap_or_default();
    let is_usage =
        ["\nUsage:\n  argocd ", "\nUsage: argocd "].iter().any(|usage| text("out").contains(usage))
            || ["unexpected argument", "invalid value"]
                .iter()
                .any(|what| text("err").starts_with(&format!("Error: {what}")));
    if only_words || is_usage {
        answer["out"] = json!(if is_usage { "usage" } else { "other words" });
        answer["err"] = json!("");
    } else if is_get {
        // What kubectl's code records of an object ends with an empty line.
        let lines = text("out").lines().filter(|line| !line.is_empty());
        answer["out"] = json!(lines.collect::<Vec<_>>().join("\n"));
    }
    answered
}

/// An answer without what each tool says in its own way: usage errors stand on another output, a
/// patched application is told with what its controllers wrote.
fn settled(answered: &Value) -> Value {
    let mut answered = answered.clone();
    let is_patch = answered["do"].as_str().is_some_and(|line| line.starts_with("$ app patch "));
    let line = answered["do"].as_str().unwrap_or_default().to_owned();
    let answer = &mut answered["answer"];
    if line.starts_with("= Operation ") {
        requested(&mut answer["operation"]);
    }
    let results = "/out/status/operationState/syncResult/resources";
    if let Some(Value::Array(results)) = answer.pointer_mut(results) {
        results.sort_by_key(|result| result["name"].to_string());
    }
    if line.contains("--output json")
        && let Some(Ok(value)) = answer["out"].as_str().map(serde_json::from_str)
    {
        answer["out"] = normalise::value(value);
    }
    if let Some(out) = answer["out"].as_str() {
        answer["out"] = json!(tables(out, line.starts_with("$ app get-resource ")));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = text(&answer["out"]) + &text(&answer["err"]);
    if let Some(at) = told.find("Error: ") {
        let error = told[at..].lines().next().unwrap_or_default().to_owned();
        answer["out"] = json!("");
        answer["err"] = json!(error);
    } else if is_patch && answer["code"] == 0 {
        let patched = yaml::parse_one(text(&answer["out"]).as_bytes(), &yaml::Options::default());
        let patched = patched.unwrap_or_default();
        let metadata = &patched["metadata"];
        answer["out"] = json!({
            "spec": patched["spec"], "labels": metadata["labels"],
            "finalizers": metadata["finalizers"],
        });
    }
    answered
}

/// Lines that are answered in another way on purpose; each has its reason there.
const DIFFERENT: &str = include_str!("../../fixtures/argocd-details/different.txt");
const MORE_DIFFERENT: &str = include_str!("../../fixtures/argocd-more/different.txt");
/// Lines that are answered alike in other words.
const MORE_WORDS: &str = include_str!("../../fixtures/argocd-more/words.txt");
const MISSING: &str = "Health Status:      Missing";
const HEALTHY: &str = "Health Status:      Healthy";

/// An operation as it was asked for: argocd's server, where nobody is signed in here, resolves the
/// revision and says of which source it is; windlass leaves that to the controller.
fn requested(operation: &mut Value) {
    let Some(operation) = operation.as_object_mut() else { return };
    operation.remove("initiatedBy");
    if let Some(sync) = operation.get_mut("sync").and_then(Value::as_object_mut) {
        for field in ["revision", "revisions", "source"] {
            sync.remove(field);
        }
    }
}

/// A text with the lines of its table in order: those of a wave come in any, and so do fields of an
/// object. Argo CD's page has a port of its own; what is missing has no health since 3.5, which the
/// whole's shows.
fn tables(out: &str, whole: bool) -> String {
    let lines = out.lines().filter(|line| !line.starts_with("URL:  "));
    let missing = |line| if line == MISSING { HEALTHY } else { line };
    let mut lines: Vec<&str> = lines.map(missing).collect();
    let begin = lines.iter().position(|line| line.starts_with("GROUP  ") || whole);
    if let Some(table) = begin.and_then(|begin| lines.get_mut(begin + 1..)) {
        table.sort_unstable();
    }
    lines.join("\n")
}

/// Commands that both answer alike but in other words.
const WORDS: [&str; 30] = [
    // Ours says what is wrong with the address.
    "$ repo add REPO --use-azure-workload-identity --type oci",
    // Ours says which project it is of.
    "$ app get-resource plain --kind ConfigMap --resource-name a --project absent",
    "$ app patch-resource plain --kind ConfigMap --resource-name a --project absent --patch '{\"data\": {\"less\": \"x\"}}' --patch-type application/merge-patch+json",
    "$ app delete-resource plain --kind ConfigMap --group '' --resource-name a --project absent",
    // Ours says what it has instead.
    "$ app actions run web absent --kind Deployment",
    "$ app actions run web apps/Deployment/restart --kind Deployment",
    "$ app manifests plain --source wrong",
    // Both fail, each at another of the things that are wrong.
    "$ app create overlay --repo REPO --path overlay --dest-server https://kubernetes.default.svc --dest-namespace details --kustomize-namespace details --kustomize-force-common-label --kustomize-force-common-annotation --ignore-missing-components --kustomize-kube-version 1.30.0 --kustomize-api-versions v1/Service --kustomize-common-label a=b --kustomize-label-include-templates",
    "$ app add-source several --repo REPO --path overlay --source-name overlay --nameprefix p- --namesuffix=-s --kustomize-image nginx:v3 --kustomize-replica web=2 --kustomize-namespace details --kustomize-common-label a=b --kustomize-common-annotation c=d --kustomize-force-common-label --kustomize-force-common-annotation --kustomize-label-without-selector --kustomize-label-include-templates --ignore-missing-components --kustomize-kube-version 1.30.0 --kustomize-api-versions v1/Service --kustomize-version v5",
    "$ app add-source several --repo https://charts.example.com --helm-chart x --revision 1.0.0 --source-name far",
    "$ app add-source several --repo REPO --path plain --config-management-plugin p --plugin-env A=b --project absent --dest-namespace other --sync-policy auto",
    "$ repo add https://git.absent.example.com/x.git --github-app-id 1 --github-app-installation-id 2 --github-app-private-key-path FILES/key --github-app-enterprise-base-url https://ghe.example.com/api/v3",
    // argocd prints its help.
    "$ admin import --namespace argocd",
    // argocd prints its help.
    "$ app sync",
    // Ours does not run GnuPG.
    "$ gpg add --from FILES/app.yaml",
    // Ours says which types there are.
    "$ app patch-resource plain --kind ConfigMap --resource-name a --patch '{\"data\": {\"more\": \"x\"}}' --patch-type other",
    // Ours says what is wrong with the address.
    "$ app add-source several --path x",
    // Go's own words for what is no list.
    "$ app patch plain --patch '{\"spec\": {\"info\": [{\"name\": \"x\", \"value\": \"y\"}]}}'",
    "$ app patch plain --patch '[{\"op\": \"replace\", \"path\": \"/spec/absent/0\", \"value\": \"z\"}]'",
    // Ours says what is wrong with the text, and where.
    "$ app edit chart",
    // Ours names the flag.
    "$ app logs plain --until-time wrong",
    // argocd counts the settings of its own manifests, and prints its log.
    "$ admin settings validate --load-cluster-settings --namespace argocd",
    "$ app diff plain --local FILES/repo/absent --local-repo-root FILES/repo",
    // Ours is the API server's own message.
    "$ app list -l '=,'",
    // argocd may show the state from before the sync.
    "$ app sync plain",
    // argocd looks at the health of the whole after the sync only; ours says what it waits for.
    "$ app wait stuck --operation --timeout 3",
    "$ app wait stuck --health --timeout 3",
    "$ app wait stuck --sync --timeout 3",
    "$ app get stuck --show-operation",
    "$ app wait stuck --operation --timeout 5",
];

#[test]
fn commands_on_applications_are_those_of_argocd() -> Result<()> {
    super::beside_argocd(
        "commands_on_applications_are_those_of_argocd",
        || record(APPLICATIONS),
        |world| replay(APPLICATIONS, world),
    )
}

#[test]
fn flags_of_applications_are_those_of_argocd() -> Result<()> {
    super::beside_argocd(
        "flags_of_applications_are_those_of_argocd",
        || record(DETAILS),
        |world| replay(DETAILS, world),
    )
}

#[test]
fn operations_and_administration_are_those_of_argocd() -> Result<()> {
    super::beside_argocd(
        "operations_and_administration_are_those_of_argocd",
        || record(OPERATIONS),
        |world| replay(OPERATIONS, world),
    )
}

#[test]
fn combinations_and_wrong_arguments_are_answered_as_by_argocd() -> Result<()> {
    super::beside_argocd(
        "combinations_and_wrong_arguments_are_answered_as_by_argocd",
        || record(MORE),
        |world| replay(MORE, world),
    )
}
