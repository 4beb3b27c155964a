//! Settings that change while Windlass runs.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World, define_workflows, manifest};
use windlass_testkit::{GitHttp, GitHttpOptions, GitRepository, wait_for};

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
        set(world, params, first, None)?;

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
