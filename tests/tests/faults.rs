//! Stories of what goes wrong between Windlass and the API: each ends with the cluster as Git says,
//! nothing else touched, and every hook run once.
//!
//! `WINDLASS_FAULT=lost` plays the cases of that name only; `WINDLASS_EVERY_WRITE=1` kills after each
//! write, not after every other.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{
    ApiClient, App, PATIENCE, Plane, Sightings, World, manifest, stories_of_faults,
};
use windlass_testkit::{Asked, Fault, FaultProxy, GitRepository, Process, wait_for};

stories_of_faults! {
    a_sync_goes_through_every_fault,
    killed_after_each_write_no_hook_runs_twice,
    no_hook_runs_that_cannot_be_announced,
    a_leader_that_is_cut_off_or_killed_is_succeeded,
}

const CONFIG_MAP: &str = "v1/ConfigMap";
const DEPLOYMENT: &str = "apps/v1/Deployment";
const JOB: &str = "batch/v1/Job";
/// How long it takes to see what has happened already.
const SOON: Duration = Duration::from_secs(60);
const HOOKS: [&str; 3] = ["pre", "mid", "post"];

/// A Job that is a hook; a name that ends in a dash is one that the API completes.
fn hook(name: &str, phase: &str, policy: &str) -> String {
    let key = if name.ends_with('-') { "generateName" } else { "name" };
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  {key}: {name}\n  annotations:\n    \
         argocd.argoproj.io/hook: {phase}\n    argocd.argoproj.io/hook-delete-policy: {policy}\n\
         spec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      \
         containers:\n      - name: main\n        image: registry.example/hook:1\n"
    )
}

/// An application with two commits: the second adds hooks and waves and takes an object away.
struct Delivery {
    repository: GitRepository,
    app: String,
    to: String,
    jobs: Sightings,
}

impl Delivery {
    /// Delivers the first commit.
    fn begin(world: &World, name: &str) -> Result<Self> {
        let repository = world.repository(name)?;
        let files = [
            ("app/old.yaml", manifest::config_map("old", "1")),
            ("app/first.yaml", manifest::config_map_in_wave("first", "1", -1)),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        let commit = repository.commit("first", &files)?;
        let (control, to) = (world.control(), world.name(&format!("to-{name}")));
        let app = App::new(&control, &world.name(name), &repository.url(), "app", &to);
        let app = world.create(&app.automated(json!({"prune": true, "selfHeal": true})))?;
        world.wait_delivered(&app, &commit)?;
        let bystander = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "bystander", "namespace": to}});
        world.api().create(&bystander)?;
        let jobs = world.api().sightings(JOB, &to);
        Ok(Self { repository, app, to, jobs })
    }

    /// Commits the rest.
    fn commit(&self) -> Result<String> {
        let files = [
            ("app/pre.yaml", hook("pre", "PreSync", "BeforeHookCreation,HookSucceeded")),
            ("app/first.yaml", manifest::config_map_in_wave("first", "2", -1)),
            ("app/mid.yaml", hook("mid", "Sync", "BeforeHookCreation")),
            ("app/web.yaml", manifest::deployment("web", 1, 1)),
            ("app/last.yaml", manifest::config_map_in_wave("last", "1", 2)),
            ("app/post.yaml", hook("post-", "PostSync", "HookSucceeded")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        std::fs::remove_file(self.repository.work().join("app/old.yaml"))?;
        self.repository.commit("second", &files)
    }

    /// That the second commit is there, and only it, by one sync in which each hook ran once.
    fn check(&self, world: &World, commit: &str) -> Result<()> {
        let app = world.wait_delivered(&self.app, commit)?;
        let status = &app["status"];
        let api = world.api();
        let value = |name: &str| -> Result<Value> {
            let found = api.get(CONFIG_MAP, &self.to, name)?;
            Ok(found.map_or(Value::Null, |found| found["data"]["key"].clone()))
        };
        ensure!(value("first")? == "2" && value("last")? == "1", "not what Git says");
        ensure!(api.get(DEPLOYMENT, &self.to, "web")?.is_some(), "the Deployment is missing");
        ensure!(api.get(CONFIG_MAP, &self.to, "old")?.is_none(), "what Git has not is still there");
        ensure!(
            api.get(CONFIG_MAP, &self.to, "bystander")?.is_some(),
            "a stranger's object is gone"
        );
        wait_for("each hook was seen", SOON, || {
            Ok(HOOKS.iter().all(|hook| self.jobs.count(hook) > 0).then_some(()))
        })?;
        for hook in HOOKS {
            let count = self.jobs.count(hook);
            ensure!(count == 1, "{hook} ran {count} times: {}", status["operationState"]);
        }
        let left = |prefix: &str| -> Result<bool> {
            let jobs = api.list(JOB, &self.to)?;
            let name = |job: &Value| job["metadata"]["name"].as_str().unwrap_or("").to_owned();
            Ok(jobs.iter().any(|job| name(job).starts_with(prefix)))
        };
        wait_for("hooks that are to go have gone", PATIENCE, || {
            Ok((!left("pre")? && !left("post")?).then_some(()))
        })?;
        ensure!(left("mid")?, "a hook that is to stay has gone");
        ensure!(status["operationState"].get("retryCount").is_none(), "it took a retry: {status}");
        let history = status["history"].as_array().map_or(0, Vec::len);
        ensure!(history == 2, "{history} deliveries in the history: {}", status["history"]);
        ensure!(
            status.get("conditions").is_none_or(|c| c == &json!([])),
            "{}",
            status["conditions"]
        );
        Ok(())
    }
}

fn writes(asked: &Asked) -> bool {
    asked.is_write() && !asked.path.contains("/events")
}

/// A fault, how often in a row it comes, and to which requests.
type Case = (&'static str, usize, Fault, fn(&Asked) -> bool);

const CASES: [Case; 12] = [
    ("500-status", 3, Fault::Status(500), |a| writes(a) && a.path.contains("/applications/")),
    ("500-create", 3, Fault::Status(500), |a| a.method == "POST" && writes(a)),
    ("503-write", 4, Fault::Status(503), writes),
    ("429-write", 3, Fault::TooMany(1), writes),
    ("409-write", 4, Fault::Status(409), writes),
    ("500-get", 3, Fault::Status(500), |a| a.method == "GET"),
    ("refused", 4, Fault::Refuse, |a| !a.is_watch()),
    ("lost-jobs", 3, Fault::LoseAnswer, |a| a.method == "POST" && a.path.ends_with("/jobs")),
    ("lost-status", 3, Fault::LoseAnswer, |a| a.is_write() && a.path.contains("/applications/")),
    ("lost-writes", 9, Fault::LoseAnswer, writes),
    ("slow", 9, Fault::Delay(Duration::from_millis(300)), writes),
    ("expired", 60, Fault::Expire, Asked::is_watch),
];

fn a_sync_goes_through_every_fault(world: &mut World) -> Result<()> {
    let only = std::env::var("WINDLASS_FAULT").unwrap_or_default();
    for (name, times, fault, matches) in CASES.into_iter().filter(|c| c.0.contains(&only)) {
        let delivery = Delivery::begin(world, name)?;
        let before = world.proxy().hit();
        world.proxy().next(times, fault, matches);
        if matches!(fault, Fault::Expire) {
            world.proxy().cut_watches();
        }
        let commit = delivery.commit()?;
        let checked = delivery.check(world, &commit);
        checked.with_context(|| format!("under the fault {name}"))?;
        ensure!(world.proxy().hit() > before, "no request met the fault {name}");
        world.proxy().heal();
    }
    Ok(())
}

/// The process dies between the API's doing and its knowing of it.
fn killed_after_each_write_no_hook_runs_twice(world: &mut World) -> Result<()> {
    // Every other write on each plane; all of them when it is asked for.
    let step = if std::env::var_os("WINDLASS_EVERY_WRITE").is_some() { 1 } else { 2 };
    let first = if step == 2 && world.plane() == Plane::Kubernetes { 2 } else { 1 };
    for k in (first..).step_by(step) {
        let delivery = Delivery::begin(world, &format!("killed-{k}"))?;
        world.proxy().take_asked();
        world.proxy().next(k - 1, Fault::Delay(Duration::ZERO), writes);
        world.proxy().next(1, Fault::Freeze, writes);
        let commit = delivery.commit()?;
        let ended = wait_for("it is frozen, or at the end", PATIENCE, || {
            if world.proxy().is_frozen() {
                return Ok(Some(false));
            }
            Ok(is_delivered(world.api(), world, &delivery.app, &commit)?.then_some(true))
        })?;
        if ended {
            ensure!(k > 10, "only {k} writes");
            return Ok(());
        }
        let last = world.proxy().take_asked().into_iter().rfind(writes);
        world.kill_windlass();
        world.proxy().heal();
        world.start_windlass()?;
        let checked = delivery.check(world, &commit);
        checked.with_context(|| format!("killed after the write {k}: {last:?}"))?;
    }
    Ok(())
}

/// A hook that nobody would know of after a crash is not made.
fn no_hook_runs_that_cannot_be_announced(world: &mut World) -> Result<()> {
    let delivery = Delivery::begin(world, "announced")?;
    let before = world.proxy().hit();
    let of_applications = |asked: &Asked| asked.is_write() && asked.path.contains("/applications/");
    world.proxy().next(usize::MAX, Fault::Status(500), of_applications);
    let commit = delivery.commit()?;
    wait_for("its status cannot be written", PATIENCE, || {
        Ok((world.proxy().hit() > before + 8).then_some(()))
    })?;
    world.kill_windlass();
    world.proxy().heal();
    world.start_windlass()?;
    delivery.check(world, &commit)
}

/// One of several replicas, and the way it takes.
struct Replica {
    process: Process,
    proxy: FaultProxy,
}

impl Replica {
    fn start(world: &World, name: &str) -> Result<Self> {
        let (proxy, kubeconfig) = world.another_proxy(name)?;
        let namespace = format!("--namespace={}", world.control());
        let arguments = vec![
            "--leader-elect".into(),
            namespace.into(),
            "--kubeconfig".into(),
            kubeconfig.into(),
        ];
        Ok(Self { process: world.begin_up(name, arguments)?, proxy })
    }

    /// What it has changed since this was last asked, its Lease aside.
    fn changes(&self) -> Vec<Asked> {
        let mut asked = self.proxy.take_asked();
        asked.retain(|asked| asked.is_write() && !is_of_lease(asked));
        asked
    }
}

fn is_of_lease(asked: &Asked) -> bool {
    asked.path.contains("/leases")
}

fn creates_job(asked: &Asked) -> bool {
    asked.method == "POST" && asked.path.ends_with("/jobs")
}

fn a_leader_that_is_cut_off_or_killed_is_succeeded(world: &mut World) -> Result<()> {
    world.kill_windlass();
    let control = world.control();
    let lease = ("coordination.k8s.io/v1/Lease", control.as_str(), "windlass");
    let holds = |who: &'static str| move |lease: &Value| lease["spec"]["holderIdentity"] == who;
    let mut first = Replica::start(world, "first")?;
    world.api().wait("the first acts", lease, holds("first"))?;
    let mut second = Replica::start(world, "second")?;

    // A conflict and a lost answer are no reason to stop.
    let renews = |asked: &Asked| asked.method == "PUT" && is_of_lease(asked);
    first.proxy.next(1, Fault::Status(409), renews);
    first.proxy.next(1, Fault::LoseAnswer, renews);
    first.proxy.next(1, Fault::Delay(Duration::ZERO), renews);
    wait_for("it goes on renewing", PATIENCE, || {
        first.process.check()?;
        Ok((first.proxy.left() == 0).then_some(()))
    })?;

    // Cut off when it has made a hook and does not know.
    let delivery = Delivery::begin(world, "cut-off")?;
    first.proxy.next(1, Fault::Freeze, creates_job);
    let commit = delivery.commit()?;
    wait_for("the first is cut off", PATIENCE, || Ok(first.proxy.is_frozen().then_some(())))?;
    wait_for("the first has stopped", PATIENCE, || Ok(first.process.check().err()))?;
    ensure!(second.changes().is_empty(), "another acted before it had stopped");
    world.api().wait("the second acts", lease, holds("second"))?;
    first.changes();
    first.proxy.heal();
    delivery.check(world, &commit)?;
    ensure!(first.changes().is_empty(), "the first acted when it was no more its turn");

    let delivery = Delivery::begin(world, "succeeded")?;
    let _third = Replica::start(world, "third")?;
    second.proxy.next(1, Fault::Freeze, creates_job);
    let commit = delivery.commit()?;
    wait_for("the second is in the middle", PATIENCE, || {
        second.process.check()?;
        Ok(second.proxy.is_frozen().then_some(()))
    })?;
    drop(second);
    world.api().wait("the third acts", lease, holds("third"))?;
    delivery.check(world, &commit)
}

fn is_delivered(api: &ApiClient, world: &World, app: &str, commit: &str) -> Result<bool> {
    let app = api.get("argoproj.io/v1alpha1/Application", &world.control(), app)?;
    let status = app.map_or(Value::Null, |app| app["status"].clone());
    Ok(status["sync"]["revision"] == commit
        && status["sync"]["status"] == "Synced"
        && status["health"]["status"] == "Healthy"
        && status["operationState"]["phase"] == "Succeeded")
}
