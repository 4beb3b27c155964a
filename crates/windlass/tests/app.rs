//! `windlass app`, `plan` and `render` as a person types them, against a real Kubernetes API.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use windlass_object::{Value, json, yaml};
use windlass_testkit::{GitRepository, Kubernetes};

struct Desk<'a> {
    cluster: &'a Kubernetes,
    namespace: &'a str,
}

/// What a command printed and ended with.
#[derive(Debug)]
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn windlass(args: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(args).env_remove("KUBECONFIG").env("TZ", "UTC").output().unwrap().into()
}

impl Desk<'_> {
    fn run(&self, args: &[&str]) -> Answer {
        let kubeconfig = self.cluster.kubeconfig().to_str().unwrap();
        let connection = ["--kubeconfig", kubeconfig, "-n", self.namespace];
        windlass(&[args, &connection].concat())
    }

    #[track_caller]
    fn check(&self, args: &[&str], code: i32, out: &str) {
        let answer = self.run(args);
        assert_eq!((answer.code, answer.out.as_str()), (code, out), "{args:?}\n{}", answer.err);
    }

    fn apply(&self, text: &str) {
        let mut command = self.cluster.kubectl_command().unwrap();
        let apply = command.args(["apply", "--server-side", "-f", "-"]).stdin(Stdio::piped());
        let mut child = apply.stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn app(&self, name: &str) -> Value {
        let kind = "applications.argoproj.io";
        let out = self.cluster.kubectl(&["get", kind, name, "-n", self.namespace, "-o", "json"]);
        serde_json::from_str(&out.unwrap()).unwrap()
    }

    /// Plays the controller.
    fn status(&self, name: &str, patch: &Value) {
        let patch = patch.to_string();
        let kind = "applications.argoproj.io";
        let args = ["patch", kind, name, "-n", self.namespace, "--type=merge", "-p", &patch];
        self.cluster.kubectl(&args).unwrap();
    }
}

const MANIFEST: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  colour: blue\n";

#[test]
fn a_day_with_an_application() {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return;
    }
    let cluster = windlass_testkit::kubernetes().unwrap();
    let control = cluster.namespace("cli").unwrap();
    let target = cluster.namespace("cli-target").unwrap();
    let desk = Desk { cluster, namespace: control.name() };
    for crd in windlass_argo::crds::all() {
        desk.apply(&yaml::to_string(&crd.into_value()));
    }
    cluster.established(&["crd/applications.argoproj.io"]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let repository = GitRepository::create(dir.path(), "apps").unwrap();
    repository.commit("first", &[("web/settings.yaml", MANIFEST)]).unwrap();
    let url = repository.url();

    let server = "https://kubernetes.default.svc";
    let namespace = target.name();
    let mut create = vec!["app", "create", "web", "--repo", &url, "--path", "web"];
    create.extend(["--dest-server", server, "--dest-namespace", namespace, "--revision", "main"]);
    desk.check(&create, 0, "application 'web' created\n");
    desk.check(&create, 0, "application 'web' unchanged\n");
    let other = [&create[..], &["--sync-option", "Validate=false"]].concat();
    let refused = desk.run(&other);
    assert_eq!(refused.code, 20);
    assert!(refused.err.contains("existing application spec is different, use upsert flag"));
    desk.check(&[&other[..], &["--upsert"]].concat(), 0, "application 'web' updated\n");
    let missing = desk.run(&["app", "create", "x", "--repo", &url, "--path", "web"]);
    assert_eq!(missing.code, 20);
    assert!(missing.err.contains("Destination server missing from app spec"), "{}", missing.err);

    // What cannot be compared is no difference.
    let mut nowhere =
        vec!["app", "create", "nowhere", "--repo", "/none", "--path", "x", "--dest-server", server];
    let refused = desk.run(&nowhere);
    assert_eq!(refused.code, 20);
    assert!(refused.err.contains("repository not found"), "{}", refused.err);
    nowhere.push("--validate=false");
    desk.check(&nowhere, 0, "application 'nowhere' created\n");
    for command in [&["app", "diff", "nowhere"][..], &["plan", "nowhere"]] {
        let answer = desk.run(command);
        assert_eq!(answer.code, 20, "{}", answer.err);
        assert!(answer.err.contains("repository not found"), "{}", answer.err);
    }
    desk.check(
        &["app", "delete", "nowhere", "--cascade=false"],
        0,
        "application 'nowhere' deleted\n",
    );

    let none = desk.run(&["app", "get", "none"]);
    assert_eq!(none.code, 20);
    assert!(none.err.contains("\"none\" not found"), "{}", none.err);

    desk.check(
        &["app", "manifests", "web"],
        0,
        &format!(
            "---\napiVersion: v1\ndata:\n  colour: blue\nkind: ConfigMap\nmetadata:\n  annotations:\n    \
             argocd.argoproj.io/tracking-id: web:/ConfigMap:{namespace}/settings\n  \
             name: settings\n  namespace: {namespace}\n\n"
        ),
    );
    let plan = desk.run(&["plan", "web"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    assert!(plan.out.contains(&format!("create /ConfigMap/{namespace}/settings")), "{}", plan.out);
    let diff = desk.run(&["app", "diff", "web"]);
    assert_eq!(diff.code, 1, "{}", diff.err);
    assert!(diff.out.contains(&format!("===== /ConfigMap {namespace}/settings ======")));
    assert!(diff.out.contains(">   colour: blue\n"), "{}", diff.out);
    assert_eq!(desk.run(&["app", "diff", "web", "--exit-code=false"]).code, 0);
    assert_eq!(desk.run(&["app", "diff", "web", "--diff-exit-code", "7"]).code, 7);

    // What a sync would have left there.
    let id = format!("{}_web:/ConfigMap:{namespace}/settings", control.name());
    let id = if desk.run(&["app", "diff", "web"]).out.contains(&id) {
        id
    } else {
        format!("web:/ConfigMap:{namespace}/settings")
    };
    let marked = MANIFEST.replace(
        "  name: settings\n",
        &format!("  name: settings\n  namespace: {namespace}\n  annotations:\n    argocd.argoproj.io/tracking-id: {id}\n"),
    );
    desk.apply(&marked);
    desk.check(&["app", "diff", "web"], 0, "");
    let drift = [
        "patch",
        "configmap",
        "settings",
        "-n",
        namespace,
        "--type=merge",
        "-p",
        "{\"data\":{\"colour\":\"red\"}}",
    ];
    cluster.kubectl(&drift).unwrap();
    let diff = desk.run(&["app", "diff", "web"]);
    assert_eq!(diff.code, 1);
    assert!(diff.out.contains("<   colour: red\n---\n>   colour: blue\n"), "{}", diff.out);
    let plan = desk.run(&["plan", "web"]);
    assert!(plan.out.contains("red"), "{}", plan.out);

    let resource = json!({"kind": "ConfigMap", "version": "v1", "name": "settings", "namespace": namespace, "status": "OutOfSync", "health": {"status": "Healthy"}});
    desk.status("web", &json!({"status": {
        "sync": {"status": "OutOfSync", "revision": "0123456789abcdef0123456789abcdef01234567"},
        "health": {"status": "Healthy"},
        "resources": [resource],
        "history": [{"id": 0, "revision": "0123456789abcdef0123456789abcdef01234567", "deployedAt": "2026-11-26T20:00:00Z", "source": {"repoURL": "https://x.y/z", "targetRevision": "main"}}],
    }}));
    desk.check(
        &["app", "get", "web"],
        0,
        &format!(
            "Name:               {control}/web\nProject:            default\nServer:             {server}\n\
             Namespace:          {namespace}\nSource:\n- Repo:             {url}\n  \
             Target:           main\n  Path:             web\nSyncWindow:         Sync Allowed\n\
             Sync Policy:        Manual\nSync Status:        OutOfSync from main (0123456)\n\
             Health Status:      Healthy\n\n\
             GROUP  KIND       NAMESPACE{pad}  NAME      STATUS     HEALTH   HOOK  MESSAGE\n       \
             ConfigMap  {namespace}  settings  OutOfSync  Healthy        \n",
            control = control.name(),
            pad = " ".repeat(namespace.len().saturating_sub(9)),
        ),
    );
    desk.check(&["app", "list", "-o", "name"], 0, &format!("{}/web\n", control.name()));
    let list = desk.run(&["app", "list"]);
    assert!(list.out.starts_with("NAME "), "{}", list.out);
    assert!(list.out.contains("OutOfSync  Healthy  Manual      <none>"), "{}", list.out);
    let list = desk.run(&["app", "list", "-o", "json", "--project", "other"]);
    assert_eq!(list.out, "[]\n");
    desk.check(
        &["app", "history", "web"],
        0,
        "SOURCE  https://x.y/z\nID      DATE                           REVISION\n\
         0       2026-11-26 20:00:00 +0000 UTC  main (0123456)\n",
    );
    let tree = desk.run(&["app", "get", "web", "-o", "tree"]);
    assert!(
        tree.out.contains("ConfigMap/settings  OutOfSync  Healthy"),
        "{}{}",
        tree.out,
        tree.err
    );

    let waited = desk.run(&["app", "wait", "web", "--sync", "--timeout", "1"]);
    assert_eq!(waited.code, 20);
    assert!(
        waited.err.contains("timed out (1s) waiting for app \"web\" match desired state"),
        "{}",
        waited.err
    );
    assert!(waited.out.contains("The command timed out waiting for the conditions to be met."));
    assert_eq!(desk.run(&["app", "wait", "web", "--health"]).code, 0);

    desk.check(&["app", "set", "web", "--sync-policy", "auto", "--auto-prune"], 0, "");
    assert_eq!(desk.app("web")["spec"]["syncPolicy"]["automated"], json!({"prune": true}));
    desk.check(&["app", "sync", "web", "--prune", "--async", "--info", "why=test"], 0, "");
    let operation = &desk.app("web")["operation"];
    assert_eq!(operation["sync"]["prune"], true);
    assert_eq!(operation["sync"]["syncStrategy"], json!({"hook": {}}));
    assert_eq!(operation["sync"]["syncOptions"], json!(["Validate=false"]));
    assert_eq!(operation["info"], json!([{"name": "why", "value": "test"}]));
    let busy = desk.run(&["app", "sync", "web"]);
    assert_eq!(busy.code, 20);
    assert!(busy.err.contains("another operation is already in progress"), "{}", busy.err);

    desk.check(
        &["app", "delete", "web", "--cascade=false", "--yes", "--wait"],
        0,
        "application 'web' deleted\n",
    );
    assert_eq!(desk.run(&["app", "get", "web"]).code, 20);
}

#[test]
fn renders_what_is_good_and_tells_what_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("a.yaml", MANIFEST);
    write("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n");
    let answer = windlass(&["render", dir.path().to_str().unwrap()]);
    assert_eq!(answer.code, 1);
    assert!(answer.out.starts_with("---\n# Source: a.yaml\napiVersion: v1\n"), "{}", answer.out);
    assert!(answer.err.starts_with("error: b.yaml:4:"), "{}", answer.err);
    std::fs::remove_file(dir.path().join("b.yaml")).unwrap();
    let answer = windlass(&["render", dir.path().to_str().unwrap(), "-o", "name"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, "/ConfigMap//settings a.yaml:1:1\n"));
    let answer = windlass(&["render", "nowhere"]);
    assert_eq!(answer.code, 1);
    let said = "error: nowhere: no such directory; a repository is given as REPO@REV:PATH\n";
    assert_eq!(answer.err, said);
}

#[test]
fn renders_a_repository_at_a_revision() {
    if !windlass_testkit::available(&["git"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let repository = GitRepository::create(dir.path(), "apps").unwrap();
    let first = repository.commit("first", &[("web/settings.yaml", MANIFEST)]).unwrap();
    repository
        .commit("second", &[("web/settings.yaml", &MANIFEST.replace("blue", "red"))])
        .unwrap();
    let at = |revision: &str| {
        let answer = windlass(&["render", &format!("{}@{revision}:web", repository.url())]);
        assert_eq!(answer.code, 0, "{}", answer.err);
        answer.out
    };
    assert!(at("main").contains("colour: red"));
    assert!(at(first.trim()).contains("colour: blue"));
    let answer = windlass(&["render", &format!("{}@none:web", repository.url())]);
    assert_eq!(answer.code, 1);
    assert!(!answer.err.is_empty());
}

#[test]
fn wrong_arguments_end_with_two() {
    for args in [
        &["app"][..],
        &["app", "get"],
        &["app", "list", "--nonsense"],
        &["app", "list", "-o", "toml"],
        &["render"],
    ] {
        let answer = windlass(args);
        assert_eq!(answer.code, 2, "{args:?}: {}", answer.err);
        assert!(
            answer.err.contains("Usage:") || answer.err.contains("--help"),
            "{args:?}: {}",
            answer.err
        );
    }
}

const WORKLOADS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: 0 0 1 1 *
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: tick, image: busybox}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
";

const PAINT: &str = "
discovery.lua: |
  return {paint = {params = {{name = 'colour', default = 'red'}}}}
definitions:
- name: paint
  action.lua: |
    obj.data.colour = actionParams['colour']
    return obj
";

#[test]
fn acts_on_an_applications_objects() {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return;
    }
    let cluster = windlass_testkit::kubernetes().unwrap();
    let control = cluster.namespace("cli-actions").unwrap();
    let target = cluster.namespace("cli-actions-target").unwrap();
    let (desk, namespace) = (Desk { cluster, namespace: control.name() }, target.name());
    for crd in windlass_argo::crds::all() {
        desk.apply(&yaml::to_string(&crd.into_value()));
    }
    cluster.established(&["crd/applications.argoproj.io"]).unwrap();
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": control.name()},
        "data": {"resource.customizations.actions.ConfigMap": PAINT},
    });
    desk.apply(&settings.to_string());
    for document in WORKLOADS.split("---") {
        let mut object = yaml::parse_one(document.as_bytes(), &yaml::Options::default()).unwrap();
        object["metadata"]["namespace"] = json!(namespace);
        desk.apply(&object.to_string());
    }
    let mut create = vec!["app", "create", "web", "--repo", "/none", "--path", "x"];
    create.extend(["--dest-server", "https://kubernetes.default.svc", "--validate=false"]);
    desk.check(&create, 0, "application 'web' created\n");
    let resource = |group: &str, kind: &str, name: &str| json!({"group": group, "version": "v1", "kind": kind, "namespace": namespace, "name": name});
    let resources = [
        resource("apps", "Deployment", "web"),
        resource("batch", "CronJob", "tick"),
        resource("", "ConfigMap", "settings"),
    ];
    desk.status("web", &json!({"status": {"resources": resources}}));

    let list = |kind: &'static str| ["app", "actions", "list", "web", "--kind", kind];
    let offered = "GROUP  KIND        NAME  ACTION   DISABLED\n\
                   apps   Deployment  web   pause    false\n\
                   apps   Deployment  web   restart  false\n\
                   apps   Deployment  web   resume   true\n\
                   apps   Deployment  web   scale    false\n";
    desk.check(&list("Deployment"), 0, offered);
    desk.check(
        &list("ConfigMap"),
        0,
        "GROUP  KIND       NAME      ACTION  DISABLED\n       ConfigMap  settings  paint   false\n",
    );
    let run = |action: &'static str, kind: &'static str| {
        ["app", "actions", "run", "web", action, "--kind", kind]
    };
    let get = |kind: &str, path: &str| {
        let path = format!("jsonpath={{{path}}}");
        cluster.kubectl(&["get", kind, "-n", namespace, "-o", &path]).unwrap()
    };
    desk.check(&run("pause", "Deployment"), 0, "");
    assert_eq!(get("deployment/web", ".spec.paused"), "true");
    let scale = [&run("scale", "Deployment")[..], &["--param", "replicas=3"]].concat();
    desk.check(&scale, 0, "");
    assert_eq!(get("deployment/web", ".spec.replicas"), "3");
    desk.check(&run("create-job", "CronJob"), 0, "");
    assert_eq!(get("jobs", ".items[*].metadata.ownerReferences[*].name"), "tick");
    let paint = [&run("paint", "ConfigMap")[..], &["--param", "colour=green"]].concat();
    desk.check(&paint, 0, "");
    assert_eq!(get("configmap/settings", ".data.colour"), "green");

    for (command, problem) in [
        (run("explode", "Deployment"), "apps/Deployment has no action explode"),
        (run("restart", "Secret"), "no matching resource found"),
        (run("scale", "Deployment"), "invalid number"),
    ] {
        let answer = desk.run(&command);
        assert_eq!(answer.code, 20, "{}", answer.err);
        assert!(answer.err.contains(problem), "{}", answer.err);
    }
}
