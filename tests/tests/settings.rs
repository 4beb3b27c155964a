//! Settings that change while Windlass runs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World, define_workflows, manifest};
use windlass_testkit::{Answer, GitHttp, GitHttpOptions, GitRepository, wait_for};

const CONFIG_MAP: &str = "v1/ConfigMap";
const PATIENCE: Duration = Duration::from_secs(120);

/// Sets a key of a config map, or takes it away.
fn set(world: &World, map: &str, key: &str, value: Option<&str>) -> Result<()> {
    let control = world.control();
    if world.api().get(CONFIG_MAP, &control, map)?.is_none() {
        let metadata = json!({"name": map, "namespace": control,
            "labels": {"app.kubernetes.io/part-of": "argocd"}});
        world.api().create(&json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {},
        }))?;
    }
    world.api().patch(CONFIG_MAP, &control, map, &json!({"data": {key: value}}))
}

/// A repository behind HTTP, which is asked only every two minutes.
fn repository(world: &World, options: GitHttpOptions) -> Result<(GitHttp, GitRepository)> {
    let root = world.dir().join("served");
    std::fs::create_dir(&root)?;
    let repository = GitRepository::create(&root, "app")?;
    Ok((GitHttp::start(&root, options)?, repository))
}

/// How often applications were looked at, once that no longer grows.
fn looks(world: &World) -> Result<f64> {
    let mut last = (f64::NAN, Instant::now());
    wait_for("applications are left alone", PATIENCE, || {
        let now = world.metric("argocd_app_reconcile_count", &[])?;
        if (now - last.0).abs() > 0.1 || last.0.is_nan() {
            last = (now, Instant::now());
        }
        Ok((last.1.elapsed() > Duration::from_millis(800)).then_some(now))
    })
}

#[test]
fn changes_of_ignored_fields_wake_no_application() -> Result<()> {
    World::start(Plane::Embedded, "changes_of_ignored_fields", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let commit = repository.commit("one", &[("a.yaml", &manifest::config_map("a", "1"))])?;
        let key = "resource.customizations.ignoreResourceUpdates.ConfigMap";
        set(world, "argocd-cm", key, Some("jqPathExpressions: [.metadata.annotations.note]"))?;
        let to = world.name("web");
        let app = App::new(&world.control(), &world.name("app"), &git.url("app.git"), ".", &to);
        let name = world.create(&app.automated(json!({})))?;
        world.wait_delivered(&name, &commit)?;
        let mut number = 0;
        // Changes the object and waits until the change was passed on.
        let mut note = |world: &World| -> Result<()> {
            let told = || world.metric("argocd_cluster_events_total", &["kind=\"ConfigMap\""]);
            let before = told()?;
            number += 1;
            let patch = json!({"metadata": {"annotations": {"note": number.to_string()}}});
            world.api().patch(CONFIG_MAP, &to, "a", &patch)?;
            wait_for("the change is told", PATIENCE, || Ok((told()? > before).then_some(())))
        };
        note(world)?;
        let before = looks(world)?;
        for _ in 0..5 {
            note(world)?;
        }
        let after = looks(world)?;
        ensure!((after - before).abs() < 0.1, "{before} looks, then {after}");

        // Switched off while it runs, the same change is looked at.
        set(world, "argocd-cm", "resource.ignoreResourceUpdatesEnabled", Some("false"))?;
        wait_for("all changes are looked at", PATIENCE, || {
            let before = looks(world)?;
            note(world)?;
            Ok((looks(world)? > before).then_some(()))
        })
    })
}

/// One setting, and what an Application then is that it was not before and is not afterwards.
struct Case {
    map: &'static str,
    key: &'static str,
    value: &'static str,
    then: fn(&Value) -> bool,
}

fn condition(app: &Value, kind: &str) -> bool {
    app["status"]["conditions"].as_array().into_iter().flatten().any(|c| c["type"] == kind)
}

fn is_synced(app: &Value) -> bool {
    app["status"]["sync"]["status"] == "Synced" && app["status"]["conditions"].is_null()
}

fn is_out_of_sync(app: &Value) -> bool {
    app["status"]["sync"]["status"] == "OutOfSync"
}

const CASES: &[Case] = &[
    Case {
        map: "argocd-cm",
        key: "resource.exclusions",
        value: "- {kinds: [ConfigMap]}",
        then: |app| condition(app, "ExcludedResourceWarning"),
    },
    Case {
        map: "argocd-cm",
        key: "resource.inclusions",
        value: "- {apiGroups: [apps], kinds: ['*']}",
        then: |app| condition(app, "ExcludedResourceWarning"),
    },
    Case {
        map: "argocd-cm",
        key: "application.resourceTrackingMethod",
        value: "label",
        then: is_out_of_sync,
    },
    Case { map: "argocd-cm", key: "installationID", value: "one", then: is_out_of_sync },
    Case {
        map: "argocd-cm",
        key: "resource.customizations.health.ConfigMap",
        value: "return {status = 'Degraded', message = 'by the setting'}",
        then: |app| app["status"]["health"]["status"] == "Degraded",
    },
    Case {
        map: "argocd-cm",
        key: "resource.customizations",
        value: "ConfigMap:\n  health.lua: return {status = 'Suspended'}\n",
        then: |app| app["status"]["health"]["status"] == "Suspended",
    },
    Case {
        map: "argocd-cm",
        key: "cluster.inClusterEnabled",
        value: "false",
        then: |app| condition(app, "InvalidSpecError"),
    },
    Case {
        map: "argocd-cmd-params-cm",
        key: "controller.resource.health.persist",
        value: "true",
        then: |app| app["status"]["resourceHealthSource"].is_null(),
    },
];

#[test]
fn settings_apply_without_a_restart_and_so_does_their_end() -> Result<()> {
    World::start(Plane::Embedded, "settings_apply_without_a_restart", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let commit = repository.commit("one", &[("a.yaml", &manifest::config_map("a", "1"))])?;
        let (control, to) = (world.control(), world.name("web"));
        let url = git.url("app.git");
        let app = App::new(&control, &world.name("app"), &url, ".", &to);
        let name = world.create(&app)?;
        world.wait_app("compared", &name, is_out_of_sync)?;
        world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
        world.wait_delivered(&name, &commit)?;
        for case in CASES {
            let before = world.wait_app("as before", &name, is_synced)?;
            if (case.then)(&before) {
                bail!("{}: nothing would show it: {before:#}", case.key);
            }
            set(world, case.map, case.key, Some(case.value))?;
            world.wait_app(case.key, &name, case.then)?;
            set(world, case.map, case.key, None)?;
            world.wait_app(case.key, &name, |app| !(case.then)(app))?;
        }

        // Drift, and the setting that hides it.
        world.api().patch(CONFIG_MAP, &to, "a", &json!({"data": {"key": "hand"}}))?;
        world.wait_app("drift", &name, is_out_of_sync)?;
        let key = "resource.customizations.ignoreDifferences.ConfigMap";
        set(world, "argocd-cm", key, Some("jsonPointers: [/data/key]"))?;
        world.wait_app(key, &name, |app| app["status"]["sync"]["status"] == "Synced")?;
        set(world, "argocd-cm", key, None)?;
        world.wait_app(key, &name, is_out_of_sync)?;

        // How often the repository is asked.
        let next = repository.commit("two", &[("b.yaml", &manifest::config_map("b", "1"))])?;
        set(world, "argocd-cm", "timeout.reconciliation.jitter", Some("0s"))?;
        set(world, "argocd-cm", "timeout.reconciliation", Some("1s"))?;
        let is_next = |app: &Value| app["status"]["sync"]["revision"] == next.as_str();
        world.wait_app("the repository is asked", &name, is_next)?;
        let last = repository.commit("three", &[("c.yaml", &manifest::config_map("c", "1"))])?;
        let is_last = |app: &Value| app["status"]["sync"]["revision"] == last.as_str();
        world.wait_app("the repository is asked again", &name, is_last)?;

        // Applications of another namespace, in a project that lets them.
        let elsewhere = world.name("teams");
        world.api().create(&json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": elsewhere},
        }))?;
        let project = world.name("teams");
        world.api().create(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": project, "namespace": control},
            "spec": {"sourceRepos": [], "sourceNamespaces": ["*"],
                "destinations": [{"server": "*", "namespace": "*"}]},
        }))?;
        let mut app = App::new(&elsewhere, &world.name("theirs"), &url, ".", &world.name("theirs"));
        app = app.spec("project", json!(project));
        let theirs = world.create(&app)?;
        set(world, "argocd-cmd-params-cm", "application.namespaces", Some(&elsewhere))?;
        let kind = "argoproj.io/v1alpha1/Application";
        world.api().wait("it is looked at", (kind, &elsewhere, &theirs), |app| {
            condition(app, "InvalidSpecError")
        })?;

        // A global project that permits what its own does not.
        world.api().create(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": world.name("global"), "namespace": control},
            "spec": {"sourceRepos": ["*"]},
        }))?;
        let globals = format!(
            "- {{projectName: {}, labelSelector: {{matchExpressions: [{{key: none, operator: \
             DoesNotExist}}]}}}}",
            world.name("global")
        );
        set(world, "argocd-cm", "globalProjects", Some(&globals))?;
        world.api().wait("it is permitted", (kind, &elsewhere, &theirs), |app| {
            !condition(app, "InvalidSpecError") && is_out_of_sync(app)
        })?;
        Ok(())
    })
}

/// What `kustomize build` is told, and which versions of it there are.
#[test]
fn an_overlay_is_built_again_when_its_settings_change() -> Result<()> {
    World::start(Plane::Embedded, "an_overlay_is_built_again", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let commit = repository.commit(
            "one",
            &[
                ("shared/a.yaml", &manifest::config_map("a", "1")),
                ("overlay/kustomization.yaml", "resources: [../shared/a.yaml]\n"),
            ],
        )?;
        let control = world.control();
        let (url, to) = (git.url("app.git"), world.name("web"));
        let app = App::new(&control, &world.name("app"), &url, "overlay", &to);
        let name = world.create(&app.automated(json!({})))?;
        let said = |words: &'static str| {
            move |app: &Value| {
                let conditions = app["status"]["conditions"].as_array();
                let messages = conditions.into_iter().flatten().map(|c| c["message"].as_str());
                messages.flatten().any(|message| message.contains(words))
            }
        };
        world.wait_app("refused", &name, said("is not in or below"))?;

        let key = "kustomize.buildOptions";
        set(world, "argocd-cm", key, Some("--load-restrictor LoadRestrictionsNone"))?;
        world.wait_delivered(&name, &commit)?;
        set(world, "argocd-cm", key, None)?;
        world.wait_app("refused again", &name, said("is not in or below"))?;

        // Those of a version are for who asks for it, and it must be one.
        let kind = "argoproj.io/v1alpha1/Application";
        let source = json!({"spec": {"source": {"kustomize": {"version": "v5.0.0"}}}});
        world.api().patch(kind, &control, &name, &source)?;
        let missing =
            "error getting kustomize binary path: kustomize version v5.0.0 is not registered";
        world.wait_app("unregistered", &name, said(missing))?;
        let flags = "--load-restrictor=LoadRestrictionsNone";
        set(world, "argocd-cm", "kustomize.buildOptions.v5.0.0", Some(flags))?;
        set(world, "argocd-cm", "kustomize.path.v5.0.0", Some("/custom-tools/kustomize"))?;
        world.wait_app("built", &name, is_synced)?;
        Ok(())
    })
}

#[test]
fn certificates_of_hosts_are_taken_in_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "certificates_of_hosts", |world| {
        let tls = GitHttpOptions { tls: true, ..GitHttpOptions::default() };
        let (git, repository) = repository(world, tls)?;
        let commit = repository.commit("one", &[("a.yaml", &manifest::config_map("a", "1"))])?;
        let url = git.url("app.git");
        let app = App::new(&world.control(), &world.name("app"), &url, ".", &world.name("web"));
        let name = world.create(&app.automated(json!({})))?;
        world.wait_app("it is not trusted", &name, |app| condition(app, "ComparisonError"))?;
        let authority = git.authority().unwrap_or_default();
        set(world, "argocd-tls-certs-cm", "127.0.0.1", Some(&authority))?;
        world.wait_delivered(&name, &commit)?;
        Ok(())
    })
}

#[test]
fn settings_that_do_nothing_are_told_once() -> Result<()> {
    World::start(Plane::Embedded, "settings_that_do_nothing", |world| {
        set(world, "argocd-cm", "url", Some("https://cd.example"))?;
        let line = "argocd-cm sets what Windlass does not read yet: url";
        let told = |world: &World| -> Result<usize> { Ok(world.log()?.matches(line).count()) };
        wait_for("it is told", PATIENCE, || Ok((told(world)? == 1).then_some(())))?;
        // Another change does not tell it again.
        set(world, "argocd-cm", "timeout.reconciliation", Some("soon"))?;
        wait_for("the other is taken in", PATIENCE, || {
            Ok(world.log()?.contains("soon").then_some(()))
        })?;
        ensure!(told(world)? == 1, "{}", world.log()?);
        Ok(())
    })
}

/// An application and its repository, asked each second; it is delivered once.
fn delivered(
    world: &World,
    name: &str,
    app: impl FnOnce(App) -> App,
    files: &[(&str, &str)],
) -> Result<(String, String)> {
    let repository = world.repository(name)?;
    let commit = repository.commit("one", files)?;
    let to = world.name(&format!("to-{name}"));
    let given = App::new(&world.control(), &world.name(name), &repository.url(), ".", &to);
    let name = world.create(&app(given))?;
    world
        .wait_app("compared", &name, |app| app["status"]["sync"]["revision"] == commit.as_str())?;
    world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
    world.wait_delivered(&name, &commit)?;
    Ok((name, to))
}

/// Drift that a setting hides for as long as it is set.
fn hides(world: &World, app: &str, key: &str, value: &str) -> Result<()> {
    world.wait_app("drift", app, is_out_of_sync)?;
    set(world, "argocd-cm", key, Some(value))?;
    world.wait_app(key, app, |app| app["status"]["sync"]["status"] == "Synced")?;
    set(world, "argocd-cm", key, None)?;
    world.wait_app(key, app, is_out_of_sync)?;
    Ok(())
}

#[test]
fn settings_of_comparisons_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "settings_of_comparisons", |world| {
        define_workflows(world.api())?;
        let role = world.name("role");
        let aggregated = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {role}}}\n\
             aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{part-of: {role}}}}}]}}\nrules: []\n"
        );
        let sized = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: sized}\n\
                     spec: {size: 1000m}\nstatus: {phase: Succeeded}\n";
        let (roles, _) = delivered(world, "roles", |app| app, &[("role.yaml", &aggregated)])?;
        let (sizes, to) = delivered(world, "sizes", |app| app, &[("sized.yaml", sized)])?;

        world.api().create(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": world.name("part"), "labels": {"part-of": role}},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        }))?;
        let key = "resource.compareoptions";
        hides(world, &roles, key, "ignoreAggregatedRoles: true")?;

        let workflow = "argoproj.io/v1alpha1/Workflow";
        world.api().patch(workflow, &to, "sized", &json!({"spec": {"size": "1"}}))?;
        let key = "resource.customizations.knownTypeFields.argoproj.io_Workflow";
        hides(world, &sizes, key, "- {field: spec.size, type: core/Quantity}")?;

        let slow = "select([range(1000)] | length > 0) | .data.x";
        let rules = json!([{"kind": "ConfigMap", "jqPathExpressions": [slow]}]);
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: slow}\ndata: {x: one}\n";
        let ignores = |app: App| app.spec("ignoreDifferences", rules);
        let (paths, to) = delivered(world, "paths", ignores, &[("map.yaml", map)])?;
        world.api().patch(CONFIG_MAP, &to, "slow", &json!({"data": {"x": "two"}}))?;
        let key = "controller.ignore.normalizer.jq.timeout";
        set(world, "argocd-cmd-params-cm", key, Some("1ms"))?;
        world.wait_app("a path that takes too long", &paths, is_out_of_sync)?;
        set(world, "argocd-cmd-params-cm", key, None)?;
        world
            .wait_app("one that may", &paths, |app| app["status"]["sync"]["status"] == "Synced")?;
        Ok(())
    })
}

#[test]
fn settings_of_tracking_and_of_sources_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "settings_of_tracking", |world| {
        // What is tracked by a label is not known under another.
        set(world, "argocd-cm", "application.resourceTrackingMethod", Some("label"))?;
        let files = manifest::config_map("a", "1");
        let (name, _) = delivered(world, "tracked", |app| app, &[("a.yaml", &files)])?;
        let key = "application.instanceLabelKey";
        set(world, "argocd-cm", key, Some("example.com/instance"))?;
        world.wait_app(key, &name, is_out_of_sync)?;
        set(world, "argocd-cm", key, None)?;
        world.wait_app(key, &name, is_synced)?;
        set(world, "argocd-cm", "application.resourceTrackingMethod", None)?;

        // A repository in a repository.
        let inner = world.repository("inner")?;
        inner.commit("one", &[("app/b.yaml", &manifest::config_map("b", "1"))])?;
        let outer = world.repository("outer")?;
        let path = inner.path().display().to_string();
        let permits = ["-c", "protocol.file.allow=always"];
        let add = ["submodule", "add", "-q", path.as_str(), "lib"];
        outer.git(&[&permits[..], &add].concat())?;
        outer.git(&["config", "-f", ".gitmodules", "submodule.lib.url", &inner.url()])?;
        let commit = outer.commit("with a submodule", &[])?;
        let to = world.name("outer");
        let app = App::new(&world.control(), &to, &outer.url(), "lib/app", &to);
        let app = world.create(&app.automated(json!({})))?;
        world.wait_delivered(&app, &commit)?;
        let (map, key) = ("argocd-cmd-params-cm", "reposerver.enable.git.submodule");
        set(world, map, key, Some("false"))?;
        world.wait_app(key, &app, |app| condition(app, "ComparisonError"))?;
        set(world, map, key, None)?;
        world.wait_app(key, &app, is_synced)?;
        Ok(())
    })
}

#[test]
fn settings_of_syncs_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "settings_of_syncs", |world| {
        let files = [
            ("a.yaml", manifest::config_map("a", "1")),
            ("b.yaml", manifest::config_map_in_wave("b", "1", 1)),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        let heals = json!({"selfHeal": true});
        let (name, to) = delivered(world, "heals", |app| app.automated(heals), &files)?;
        let drift =
            |value: &str| world.api().patch(CONFIG_MAP, &to, "a", &json!({"data": {"key": value}}));

        // An hour after the last sync, until the setting goes.
        let params = "argocd-cmd-params-cm";
        let (first, fixed) = (
            "controller.self.heal.backoff.timeout.seconds",
            "controller.self.heal.timeout.seconds",
        );
        set(world, params, fixed, Some("3600"))?;
        set(world, params, first, Some("0"))?;
        drift("hand")?;
        world.wait_app("it waits", &name, is_out_of_sync)?;
        looks(world)?;
        let app = world.wait_app("it goes on waiting", &name, Value::is_object)?;
        ensure!(is_out_of_sync(&app), "{fixed}: it was healed: {:#}", app["status"]);
        set(world, params, fixed, None)?;
        world.wait_app("healed", &name, is_synced)?;
        // The same by the pause after the first attempt, and its bound.
        let cap = "controller.self.heal.backoff.cap.seconds";
        set(world, params, first, Some("3600"))?;
        set(world, params, cap, Some("7200"))?;
        drift("again")?;
        world.wait_app("it waits", &name, is_out_of_sync)?;
        looks(world)?;
        set(world, params, cap, Some("1"))?;
        world.wait_app("healed", &name, is_synced)?;
        set(world, params, cap, None)?;
        // How the pause grows, and after which rest it is the first again.
        let (factor, cooldown) = (
            "controller.self.heal.backoff.factor",
            "controller.self.heal.backoff.cooldown.seconds",
        );
        for (key, value) in [(cooldown, "3600"), (first, "1"), (factor, "1"), (cap, "36000")] {
            set(world, params, key, Some(value))?;
        }
        for value in ["one", "two", "three"] {
            drift(value)?;
            let is_back = |map: &Value| map["data"]["key"] == "1";
            world.api().wait("healed each time", (CONFIG_MAP, &to, "a"), is_back)?;
            world.wait_app("healed each time", &name, is_synced)?;
        }
        for (key, value) in [(factor, "1"), (cooldown, "1")] {
            set(world, params, factor, Some("100000"))?;
            drift(key)?;
            world.wait_app("it waits", &name, is_out_of_sync)?;
            looks(world)?;
            let app = world.wait_app("it goes on waiting", &name, Value::is_object)?;
            ensure!(is_out_of_sync(&app), "{factor}: it was healed: {:#}", app["status"]);
            set(world, params, key, Some(value))?;
            world.wait_app(key, &name, is_synced)?;
        }
        for key in [cooldown, first, factor, cap] {
            set(world, params, key, None)?;
        }

        // A sync that never ends is ended.
        let health = "resource.customizations.health.ConfigMap";
        set(world, "argocd-cm", health, Some("return {status = 'Progressing'}"))?;
        world.wait_app(health, &name, |app| app["status"]["health"]["status"] == "Progressing")?;
        world.sync(&name, &json!({}))?;
        let phase = |app: &Value| app["status"]["operationState"]["phase"].clone();
        world.wait_app("it runs", &name, |app| phase(app) == "Running")?;
        let limit = "controller.sync.timeout.seconds";
        set(world, params, limit, Some("1"))?;
        let app = world.wait_app(limit, &name, |app| phase(app) == "Failed")?;
        let message = app["status"]["operationState"]["message"].as_str().unwrap_or_default();
        ensure!(message.contains("timeout"), "{message}");
        set(world, params, limit, None)?;
        set(world, "argocd-cm", health, None)?;
        world.wait_app("healthy", &name, |app| app["status"]["health"]["status"] == "Healthy")?;

        // An hour between waves, until the setting goes.
        let pause = "controller.sync.wave.delay.seconds";
        set(world, params, pause, Some("3600"))?;
        wait_for("a sync stands between waves", PATIENCE, || {
            world.sync(&name, &json!({}))?;
            looks(world)?;
            let app = world.wait_app("looked at", &name, Value::is_object)?;
            Ok((phase(&app) == "Running").then_some(()))
        })?;
        set(world, params, pause, None)?;
        world.wait_app("the next wave", &name, |app| phase(app) == "Succeeded")?;

        // Nobody is named as whom to sync.
        let impersonates = "application.sync.impersonation.enabled";
        set(world, "argocd-cm", impersonates, Some("true"))?;
        wait_for("a sync is refused", PATIENCE, || {
            world.sync(&name, &json!({}))?;
            let ended = |app: &Value| app.get("operation").is_none() && phase(app) != "Running";
            let app = world.wait_app("over", &name, ended)?;
            let message = app["status"]["operationState"]["message"].as_str().unwrap_or_default();
            Ok(message.contains("impersonat").then_some(()))
        })?;
        set(world, "argocd-cm", impersonates, None)?;
        wait_for("a sync is done", PATIENCE, || {
            world.sync(&name, &json!({}))?;
            let ended = |app: &Value| app.get("operation").is_none() && phase(app) != "Running";
            Ok((phase(&world.wait_app("over", &name, ended)?) == "Succeeded").then_some(()))
        })
    })
}

/// Which addresses values may come from, labels of events, and looks without caches.
#[test]
fn settings_of_values_events_and_hard_looks_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "settings_of_values", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let files = [
            ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n".to_owned()),
            ("chart/templates/a.yaml", manifest::config_map("a", "1")),
            ("plain/b.yaml", manifest::config_map("b", "1")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        let commit = repository.commit("one", &files)?;
        let (control, url) = (world.control(), git.url("app.git"));
        let name = world.name("chart");
        let helm = json!({"valueFiles": ["http://127.0.0.1:1/values.yaml"]});
        let source = json!({"repoURL": url, "path": "chart", "helm": helm});
        let app = App::new(&control, &name, &url, "chart", &name).spec("source", source);
        let chart = world.create(&app)?;
        let refused = |app: &Value| {
            let conditions = app["status"]["conditions"].as_array().into_iter().flatten();
            let mut messages = conditions.filter_map(|c| c["message"].as_str());
            messages.any(|message| message.contains("the URL scheme 'http' is not allowed"))
        };
        let fails = |app: &Value| condition(app, "ComparisonError") && !refused(app);
        world.wait_app("nobody answers there", &chart, fails)?;
        let key = "helm.valuesFileSchemes";
        set(world, "argocd-cm", key, Some("https, S3"))?;
        world.wait_app(key, &chart, refused)?;
        set(world, "argocd-cm", key, Some("HTTP"))?;
        world.wait_app(key, &chart, fails)?;
        set(world, "argocd-cm", key, None)?;

        let name = world.name("plain");
        let app = App::new(&control, &name, &url, "plain", &name).automated(json!({}));
        let mut app = app.value().clone();
        app["metadata"]["labels"] = json!({"team": "web", "tier": "front"});
        world.api().create(&app)?;
        world.wait_delivered(&name, &commit)?;
        let labels = |wanted: &Value| -> Result<()> {
            wait_for("an event has these labels", PATIENCE, || {
                world.sync(&name, &json!({}))?;
                let events = world.api().list("v1/Event", &control)?;
                let ours = events.iter().filter(|e| e["involvedObject"]["name"] == name.as_str());
                let newest = ours.max_by_key(|e| e["metadata"]["name"].to_string());
                Ok(newest.filter(|event| event["metadata"]["labels"] == *wanted).map(|_| ()))
            })
        };
        labels(&Value::Null)?;
        let (included, excluded) =
            ("resource.includeEventLabelKeys", "resource.excludeEventLabelKeys");
        set(world, "argocd-cm", included, Some("t*, other"))?;
        labels(&json!({"team": "web", "tier": "front"}))?;
        set(world, "argocd-cm", excluded, Some("ti*"))?;
        labels(&json!({"team": "web"}))?;
        set(world, "argocd-cm", included, None)?;
        labels(&Value::Null)?;

        // A repository that does not answer is waited for as long as the settings say.
        git.answer(Answer::Hang);
        for (value, shown) in [("1s", "longer than 1 s"), ("2s", "longer than 2 s")] {
            set(world, "argocd-cmd-params-cm", "reposerver.git.request.timeout", Some(value))?;
            wait_for(shown, PATIENCE, || {
                world.refresh(&name)?;
                let app = world.wait_app(shown, &name, |app| condition(app, "ComparisonError"))?;
                Ok(app["status"]["conditions"].to_string().contains(shown).then_some(()))
            })?;
        }
        git.answer(Answer::Serve);
        set(world, "argocd-cmd-params-cm", "reposerver.git.request.timeout", None)?;
        world.refresh(&name)?;
        world.wait_app("answered", &name, |app| app["status"]["conditions"].is_null())?;

        // The repository is asked every two minutes by itself.
        looks(world)?;
        let asked = git.requests().len();
        set(world, "argocd-cm", "timeout.hard.reconciliation", Some("1s"))?;
        wait_for("it is asked each second", PATIENCE / 2, || {
            Ok((git.requests().len() > asked + 3).then_some(()))
        })?;
        set(world, "argocd-cm", "timeout.hard.reconciliation", None)?;
        looks(world)?;
        Ok(())
    })
}

/// The names of an application's objects, in order.
fn objects(app: &Value) -> Vec<&str> {
    let resources = app["status"]["resources"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = resources.filter_map(|r| r["name"].as_str()).collect();
    names.sort_unstable();
    names
}

/// What a directory is taken for, and how large it may be.
#[test]
fn settings_of_renderers_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "settings_of_renderers", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let map = |name: &str| manifest::config_map(name, "1");
        let jsonnet = "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'evaluated' } }";
        let files = [
            ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n".to_owned()),
            ("chart/templates/a.yaml", map("template")),
            ("chart/b.yaml", map("plain")),
            ("overlay/kustomization.yaml", "resources: [map.yaml]\nnamePrefix: p-\n".to_owned()),
            ("overlay/map.yaml", map("map")),
            ("jsonnet/a.jsonnet", jsonnet.to_owned()),
            ("jsonnet/b.yaml", map("plain")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        repository.commit("one", &files)?;
        let (control, url) = (world.control(), git.url("app.git"));
        type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);
        let cases: [Case; 3] = [
            ("chart", "helm.enable", &["template"], &["plain"]),
            ("overlay", "kustomize.enable", &["p-map"], &["map"]),
            ("jsonnet", "jsonnet.enable", &["evaluated", "plain"], &["plain"]),
        ];
        for (path, key, enabled, disabled) in cases {
            let name = world.name(path);
            let name = world.create(&App::new(&control, &name, &url, path, &name))?;
            world.wait_app(path, &name, |app| objects(app) == enabled)?;
            set(world, "argocd-cm", key, Some("false"))?;
            world.wait_app(key, &name, |app| objects(app) == disabled)?;
            set(world, "argocd-cm", key, None)?;
            world.wait_app(key, &name, |app| objects(app) == enabled)?;
        }
        let name = world.name("jsonnet");
        let (params, key) =
            ("argocd-cmd-params-cm", "reposerver.max.combined.directory.manifests.size");
        set(world, params, key, Some("10"))?;
        world.wait_app(key, &name, |app| condition(app, "ComparisonError"))?;
        set(world, params, key, Some("1M"))?;
        world.wait_app(key, &name, |app| app["status"]["conditions"].is_null())?;
        Ok(())
    })
}

/// The status of the answer to a webhook.
fn told(world: &World, headers: &str, body: &Value) -> Result<String> {
    let log = world.log()?;
    let line = log.lines().find_map(|line| line.strip_prefix("webhooks at http://"));
    let (address, path) = line.and_then(|l| l.split_once('/')).context("where webhooks go")?;
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    // What is too large is not read to its end.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The same to a push whose payload has about so many bytes.
fn push(world: &World, bytes: usize) -> Result<String> {
    let body = json!({"ref": "refs/heads/main", "pad": "x".repeat(bytes),
        "repository": {"html_url": "https://x.example/y"}});
    told(world, "X-GitHub-Event: push\r\n", &body)
}

#[test]
fn secrets_that_settings_refer_to_apply_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "secrets_that_settings_refer_to", |world| {
        let (api, control) = (world.api(), world.control());
        let secret = |name: &str, content: &Value| -> Result<()> {
            api.apply(&json!({
                "apiVersion": "v1", "kind": "Secret", "stringData": content,
                "metadata": {"name": name, "namespace": control,
                    "labels": {"app.kubernetes.io/part-of": "argocd"}},
            }))
        };
        let body = json!({"object_kind": "push", "ref": "refs/heads/main", "commits": [],
            "project": {"web_url": "https://x.example/y", "default_branch": "main"}});
        let is_let_in = |token: &str, wanted: bool| {
            wait_for(&format!("{token} is let in: {wanted}"), PATIENCE, || {
                let headers = format!("X-Gitlab-Event: Push Hook\r\nX-Gitlab-Token: {token}\r\n");
                Ok((told(world, &headers, &body)?.ends_with("200") == wanted).then_some(()))
            })
        };
        is_let_in("anybody", true)?;
        // In a secret of its own, and then another word in it.
        secret("hooks", &json!({"word": "one"}))?;
        secret("argocd-secret", &json!({"webhook.gitlab.secret": "$hooks:word", "own": "three"}))?;
        is_let_in("anybody", false)?;
        is_let_in("one", true)?;
        secret("hooks", &json!({"word": "two"}))?;
        is_let_in("one", false)?;
        is_let_in("two", true)?;
        // Another key of the same secret, and a word as it is.
        secret("argocd-secret", &json!({"webhook.gitlab.secret": "$own", "own": "three"}))?;
        is_let_in("two", false)?;
        is_let_in("three", true)?;
        secret("argocd-secret", &json!({"webhook.gitlab.secret": "four"}))?;
        is_let_in("four", true)
    })
}

#[test]
fn the_bound_of_payloads_applies_while_it_runs() -> Result<()> {
    World::start(Plane::Embedded, "the_bound_of_payloads", |world| {
        let is_answered = |status: &str| {
            wait_for(status, PATIENCE, || Ok(push(world, 2 << 20)?.ends_with(status).then_some(())))
        };
        is_answered("200")?;
        set(world, "argocd-cm", "webhook.maxPayloadSizeMB", Some("1"))?;
        is_answered("400")?;
        ensure!(push(world, 1000)?.ends_with("200"), "a small one is taken");
        set(world, "argocd-cm", "webhook.maxPayloadSizeMB", None)?;
        is_answered("200")
    })
}

/// Every key is shown by something or has its reason, and those that are read are those that are shown.
#[test]
fn every_key_is_shown_or_has_its_reason() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let keys = include_str!("../fixtures/settings.txt");
    let mut shown = Vec::new();
    for line in keys.lines() {
        let Some((key, file)) = line.split_once(" = ") else { continue };
        let text = std::fs::read_to_string(root.join(file)).with_context(|| line.to_owned())?;
        ensure!(text.contains(key.trim_end_matches('*')), "{file} says nothing of {key}");
        shown.push(key);
    }
    let read = std::fs::read_to_string(root.join("crates/argo/src/controller/unread.rs"))?;
    let read = read.split("/// What sentences").next().unwrap_or_default();
    let mut read: Vec<&str> =
        read.lines().filter_map(|l| l.trim().strip_prefix('"')?.strip_suffix("\",")).collect();
    read.sort_unstable();
    shown.sort_unstable();
    ensure!(read == shown, "read: {read:#?}\nshown: {shown:#?}");
    Ok(())
}

/// A repository that does not answer for a moment changes nothing, unless somebody asks; one that does
/// not for longer than the setting says is told.
#[test]
fn a_repository_may_fail_for_a_while() -> Result<()> {
    World::start(Plane::Embedded, "a_repository_may_fail", |world| {
        let (git, repository) = repository(world, GitHttpOptions::default())?;
        let commit = repository.commit("one", &[("a.yaml", &manifest::config_map("a", "1"))])?;
        let to = world.name("web");
        let app = App::new(&world.control(), &world.name("app"), &git.url("app.git"), ".", &to);
        let name = world.create(&app.automated(json!({})))?;
        world.wait_delivered(&name, &commit)?;
        git.answer(Answer::Status(503));
        set(world, "argocd-cm", "timeout.reconciliation.jitter", Some("0s"))?;
        set(world, "argocd-cm", "timeout.reconciliation", Some("1s"))?;
        let asked = git.requests().len();
        wait_for("it is asked in vain", PATIENCE, || {
            Ok((git.requests().len() > asked + 1).then_some(()))
        })?;
        looks(world)?;
        let app = world.wait_app("as before", &name, Value::is_object)?;
        ensure!(is_synced(&app), "it was told at once: {:#}", app["status"]);

        // What is there is still compared with what was wanted last.
        world.api().patch(CONFIG_MAP, &to, "a", &json!({"data": {"key": "hand"}}))?;
        world.wait_app("drift", &name, is_out_of_sync)?;

        let grace = "controller.repo.error.grace.period.seconds";
        set(world, "argocd-cmd-params-cm", grace, Some("0"))?;
        let is_told = |app: &Value| condition(app, "ComparisonError");
        world.wait_app("it is told", &name, is_told)?;
        git.answer(Answer::Serve);
        world.refresh(&name)?;
        world.wait_app("it answers", &name, |app| !is_told(app))?;

        // Who asks is told at once.
        set(world, "argocd-cmd-params-cm", grace, None)?;
        git.answer(Answer::Status(503));
        world.refresh(&name)?;
        world.wait_app("the one who asks is told", &name, is_told)?;
        Ok(())
    })
}
