//! Plays one scenario on one system.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use windlass_object::{Value, json, yaml};
use windlass_testkit::{GitRepository, wait_for};

use super::artifacts;
use super::charts;
use super::file::{Files, Scenario, Step, Sync, Target, Wait, merge};
use super::snapshot::{self, Words};
use super::system::{CONTROL, System, Who};

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";

/// How long a step may take.
const STEP: Duration = Duration::from_secs(180);

/// After how long the real Argo CD is asked to look again: on a busy machine it may write what it
/// saw before a sync after what it saw then, and would look again only minutes later.
const NUDGE: Duration = Duration::from_secs(20);

/// What decides whether what is seen is the end.
pub(crate) trait Judge {
    /// Looks until it is satisfied; gives what was seen last.
    fn settle(&mut self, name: &str, look: &mut dyn FnMut() -> Result<Value>) -> Result<()>;
}

/// One play.
pub(crate) struct Play<'a> {
    system: &'a System,
    scenario: &'a Scenario,
    repositories: BTreeMap<String, GitRepository>,
    /// Commits by repository.
    commits: BTreeMap<String, Vec<String>>,
    /// Digests of artifacts, by `name.tag`.
    digests: BTreeMap<String, String>,
    /// Tokens of service accounts, once somebody needs them.
    tokens: Mutex<BTreeMap<String, String>>,
}

impl<'a> Play<'a> {
    /// Nothing is done yet.
    pub(crate) fn new(system: &'a System, scenario: &'a Scenario) -> Self {
        Self {
            system,
            scenario,
            repositories: BTreeMap::new(),
            commits: BTreeMap::new(),
            digests: BTreeMap::new(),
            tokens: Mutex::default(),
        }
    }

    /// Plays to the end.
    pub(crate) fn play(&mut self, judge: &mut dyn Judge) -> Result<()> {
        let scenario = self.scenario;
        for (repository, files) in &scenario.repositories {
            let created = GitRepository::create(
                &self.system.repositories(),
                &format!("{}.{repository}", scenario.name),
            )?;
            self.repositories.insert(repository.clone(), created);
            self.commit(repository, files, None)?;
        }
        for (repository, files) in &scenario.charts {
            let at = self.system.charts().join(format!("{}.{repository}", scenario.name));
            charts::publish(&at, files)?;
        }
        for (artifact, tags) in &scenario.artifacts {
            for (tag, files) in tags {
                self.push(artifact, tag, files)?;
            }
        }
        for object in &scenario.objects {
            self.system.api.apply(&self.substituted(object)?)?;
        }
        for app in &scenario.applications {
            let app = self.application(&self.substituted(app)?);
            self.system.api.create(&app)?;
        }
        for (number, step) in scenario.steps.iter().enumerate() {
            self.step(step, judge).with_context(|| format!("step {}: {step:?}", number + 1))?;
        }
        self.observe("end", judge)
    }

    fn step(&mut self, step: &Step, judge: &mut dyn Judge) -> Result<()> {
        let api = &self.system.api;
        match step {
            Step::Commit(commit) => {
                self.commit(&commit.repository, &commit.files, commit.signature.as_deref())?;
                if let Some(tag) = &commit.tag {
                    let git = self.repositories.get(&commit.repository);
                    let git = git.context("no such repository")?;
                    git.git(&["tag", "--force", tag])?;
                    git.git(&["push", "-q", "--force", "origin", tag])?;
                }
            }
            Step::Git(step) => {
                let git = self.repositories.get(&step.repository).context("no such repository")?;
                for run in &step.run {
                    git.git(&run.iter().map(String::as_str).collect::<Vec<_>>())?;
                }
            }
            Step::Push(push) => self.push(&push.artifact, &push.tag, &push.files)?,
            Step::Refresh(app) => self.refresh(app, "normal")?,
            Step::HardRefresh(app) => self.refresh(app, "hard")?,
            Step::Sync(sync) => self.sync(sync)?,
            Step::Apply(objects) => {
                for object in objects {
                    api.apply(&self.substituted(object)?)?;
                }
            }
            Step::Refused(refused) => {
                let said = api.refusal(&self.substituted(&refused.object)?)?;
                judge.settle(&refused.name, &mut || Ok(said.clone()))?;
            }
            Step::Patch(patch) => {
                let (kind, namespace, name) = self.target(&patch.target)?;
                let manager = patch.manager.as_deref().unwrap_or("kubectl-edit");
                let merge = self.substituted(&patch.merge)?;
                api.patch_as(manager, &kind, &namespace, &name, &merge)?;
            }
            Step::PatchStatus(patch) => {
                let (kind, namespace, name) = self.target(&patch.target)?;
                api.patch_status(&kind, &namespace, &name, &self.substituted(&patch.merge)?)?;
            }
            Step::Delete(delete) => {
                let (kind, namespace, name) = self.target(&delete.target)?;
                api.delete_with(&kind, &namespace, &name, delete.propagation.as_deref())?;
                if !delete.start_only {
                    wait_for("it is gone", STEP, || {
                        Ok(api.get(&kind, &namespace, &name)?.is_none().then_some(()))
                    })?;
                }
            }
            Step::Wait(wait) => self.wait(wait)?,
            Step::Observe(name) => self.observe(name, judge)?,
        }
        Ok(())
    }

    fn observe(&self, name: &str, judge: &mut dyn Judge) -> Result<()> {
        let words = self.words();
        judge.settle(name, &mut || {
            snapshot::take(&self.system.api, &self.scenario.name, &self.scenario.kinds, &words)
        })
    }

    /// Looks at what is there now.
    pub(crate) fn look(&self) -> Result<Value> {
        snapshot::take(&self.system.api, &self.scenario.name, &self.scenario.kinds, &self.words())
    }

    fn commit(&mut self, repository: &str, files: &Files, signature: Option<&str>) -> Result<()> {
        let mut texts = Vec::new();
        let git = self.repositories.get(repository).context("no such repository")?;
        for (path, content) in files {
            if content.is_null() {
                std::fs::remove_file(git.work().join(path))?;
                continue;
            }
            texts.push((path.clone(), self.text(content)?));
        }
        let texts: Vec<_> = texts.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let count = self.commits.get(repository).map_or(0, Vec::len) + 1;
        let message = format!("commit {count}");
        let commit = match signature {
            Some(signature) => git.commit_signed(&message, &texts, signature)?,
            None => git.commit(&message, &texts)?,
        };
        self.commits.entry(repository.to_owned()).or_default().push(commit);
        Ok(())
    }

    fn push(&mut self, artifact: &str, tag: &str, files: &Files) -> Result<()> {
        let texts = files.iter().map(|(path, content)| Ok((path.clone(), self.text(content)?)));
        let texts: Vec<(String, String)> = texts.collect::<Result<_>>()?;
        let name = format!("{}.{artifact}", self.scenario.name);
        let digest = artifacts::push(&self.system.charts(), &name, tag, &texts)?;
        self.digests.insert(format!("{artifact}.{tag}"), digest);
        Ok(())
    }

    /// A file's content.
    fn text(&self, content: &Value) -> Result<String> {
        Ok(match self.substituted(content)? {
            Value::String(text) => text,
            Value::Array(objects) => {
                objects.iter().map(yaml::to_string).collect::<Vec<_>>().join("---\n")
            }
            object => yaml::to_string(&object),
        })
    }

    fn refresh(&self, app: &str, how: &str) -> Result<()> {
        let key = "argocd.argoproj.io/refresh";
        let patch = json!({"metadata": {"annotations": {key: how}}});
        let api = &self.system.api;
        let (namespace, app) = of_application(app);
        api.patch(APPLICATION, namespace, app, &patch)?;
        self.until("refreshed", APPLICATION, namespace, app, |o| {
            o["metadata"]["annotations"].get(key).is_none()
        })
    }

    fn sync(&self, sync: &Sync) -> Result<()> {
        let (namespace, app) = of_application(sync.app.as_deref().unwrap_or(&self.scenario.name));
        let api = &self.system.api;
        // Argo CD compares a new operation with what it knows of the application, so it must know.
        self.until("compared", APPLICATION, namespace, app, |o| {
            o["status"]["sync"]["status"].is_string() && o.get("operation").is_none()
        })?;
        let mut with = self.substituted(sync.with.as_ref().unwrap_or(&json!({})))?;
        // As Argo CD's server fills in what the person does not say.
        let now = api.get(APPLICATION, namespace, app)?.unwrap_or_default();
        let policy = &now["spec"]["syncPolicy"];
        if with.get("syncOptions").is_none() && !policy["syncOptions"].is_null() {
            with["syncOptions"] = policy["syncOptions"].clone();
        }
        let mut operation = json!({"initiatedBy": {"username": "admin"}, "sync": with});
        let retry = sync.retry.clone().unwrap_or_else(|| policy["retry"].clone());
        if !retry.is_null() {
            operation["retry"] = retry;
        }
        api.patch(APPLICATION, namespace, app, &json!({"operation": operation}))?;
        if sync.start_only {
            return Ok(());
        }
        self.until("the operation is over", APPLICATION, namespace, app, |o| {
            let state = &o["status"]["operationState"];
            o.get("operation").is_none()
                && state["finishedAt"].is_string()
                && state["phase"] != "Running"
        })
    }

    fn wait(&self, wait: &Wait) -> Result<()> {
        let target =
            Target { app: wait.app.clone(), kind: wait.kind.clone(), name: wait.name.clone() };
        let (kind, namespace, name) = self.target(&target)?;
        let has = wait.has.as_ref().map(|has| self.substituted(has)).transpose()?;
        let is = |found: &Value, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| found == wanted.as_str())
        };
        self.until("as the step says", &kind, &namespace, &name, |o| {
            let status = &o["status"];
            let condition = wait.condition.as_ref().is_none_or(|wanted| {
                status["conditions"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|c| c["type"] == wanted.as_str()))
            });
            let message = wait.message.as_ref().is_none_or(|wanted| {
                let found = status["operationState"]["message"].as_str();
                found.is_some_and(|found| found.contains(wanted.as_str()))
            });
            o.is_null() == wait.gone
                && is(&status["sync"]["status"], &wait.sync)
                && is(&status["health"]["status"], &wait.health)
                && is(&status["operationState"]["phase"], &wait.phase)
                && condition
                && message
                && has.as_ref().is_none_or(|has| contains(o, has))
        })
    }

    fn until(
        &self,
        what: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<()> {
        let begin = Instant::now();
        let (end, mut nudge) = (begin + STEP, begin + NUDGE);
        loop {
            let object = self.system.api.get(kind, namespace, name)?.unwrap_or_default();
            if condition(&object) {
                return Ok(());
            }
            if self.system.who == Who::ArgoCd && kind == APPLICATION && Instant::now() > nudge {
                let key = "argocd.argoproj.io/refresh";
                let patch = json!({"metadata": {"annotations": {key: "normal"}}});
                self.system.api.patch(kind, namespace, name, &patch)?;
                nudge += NUDGE;
            }
            if Instant::now() > end {
                bail!("{what}: not within {STEP:?}: {name} is {}", short(&object));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn target(&self, target: &Target) -> Result<(String, String, String)> {
        if let Some(app) = &target.app {
            let (namespace, app) = of_application(app);
            return Ok((APPLICATION.to_owned(), namespace.to_owned(), app.to_owned()));
        }
        let name = target.name.clone().unwrap_or_else(|| self.scenario.name.clone());
        let Some(kind) = target.kind.clone() else {
            return Ok((APPLICATION.to_owned(), CONTROL.to_owned(), name));
        };
        Ok(match name.split_once('/') {
            Some((namespace, name)) => (kind, namespace.to_owned(), name.to_owned()),
            None => (kind, String::new(), name),
        })
    }

    /// Fills in what every Application of a scenario has unless it says otherwise.
    fn application(&self, given: &Value) -> Value {
        let mut app = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": self.scenario.name, "namespace": CONTROL},
            "spec": {
                "project": "default",
                "destination": {
                    "server": "https://kubernetes.default.svc", "namespace": self.scenario.name,
                },
            },
        });
        let spec = given.get("spec").cloned().unwrap_or_default();
        if spec.get("source").is_none() && spec.get("sources").is_none() {
            app["spec"]["source"] =
                json!({"repoURL": self.url("app"), "path": ".", "targetRevision": "HEAD"});
        }
        merge(&mut app, given);
        app
    }

    fn url(&self, repository: &str) -> String {
        self.system.git.url(&format!("{}.{repository}.git", self.scenario.name))
    }

    /// With `$REPO.name` and `$COMMIT.name.number` replaced by what they are in this play.
    fn substituted(&self, value: &Value) -> Result<Value> {
        let mut text = serde_json::to_string(value)?;
        for (name, account) in &self.scenario.accounts {
            if text.contains(&format!("$TOKEN.{name}")) && !self.tokens.lock().contains_key(name) {
                let token = self.system.token(&account.replace("$NAME", &self.scenario.name))?;
                self.tokens.lock().insert(name.clone(), token);
            }
        }
        let words = self.words();
        let mut words: Vec<_> = words.iter().collect();
        words.sort_by_key(|(_, word)| std::cmp::Reverse(word.len()));
        for (from, word) in words {
            text = text.replace(word.as_str(), from);
        }
        Ok(serde_json::from_str(&text)?)
    }

    fn words(&self) -> Words {
        let mut words = Words::new();
        for repository in self.scenario.repositories.keys() {
            words.insert(self.url(repository), format!("$REPO.{repository}"));
        }
        for repository in self.scenario.charts.keys() {
            let path = format!("{}.{repository}", self.scenario.name);
            words.insert(self.system.charts_url(&path), format!("$CHARTS.{repository}"));
        }
        for artifact in self.scenario.artifacts.keys() {
            let path = format!("{}.{artifact}", self.scenario.name);
            let url = self.system.charts_url(&path).replace("http://", "oci://");
            words.insert(url, format!("$ARTIFACT.{artifact}"));
        }
        for (artifact, digest) in &self.digests {
            words.insert(digest.clone(), format!("$DIGEST.{artifact}"));
        }
        for (name, what) in &self.scenario.webhooks {
            words.insert(self.system.webhook.url(what), format!("$WEBHOOK.{name}"));
        }
        if !self.scenario.webhooks.is_empty() {
            words.insert(self.system.webhook.ca_bundle(), "$AUTHORITY".to_owned());
        }
        for (name, token) in self.tokens.lock().iter() {
            words.insert(token.clone(), format!("$TOKEN.{name}"));
        }
        if !self.scenario.accounts.is_empty()
            && let Ok(server) = self.system.server_for(&self.scenario.name)
        {
            words.insert(server, "$SERVER".to_owned());
        }
        for (repository, commits) in &self.commits {
            for (number, commit) in commits.iter().enumerate() {
                let word = format!("$COMMIT.{repository}.{}", number + 1);
                words.insert(commit[..7].to_owned(), format!("{word}.short"));
                words.insert(commit.clone(), word);
            }
        }
        words
    }
}

/// Namespace and name of an Application that a step names, `[namespace/]name`.
fn of_application(app: &str) -> (&str, &str) {
    app.split_once('/').unwrap_or((CONTROL, app))
}

fn contains(found: &Value, part: &Value) -> bool {
    match part {
        Value::Object(part) => part.iter().all(|(key, part)| match found.get(key) {
            Some(found) => contains(found, part),
            None => part.is_null(),
        }),
        _ => found == part,
    }
}

fn short(object: &Value) -> String {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    serde_json::to_string_pretty(&object).unwrap_or_default()
}
