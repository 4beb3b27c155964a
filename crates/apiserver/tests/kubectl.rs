//! The real kubectl at work on the embedded server, over TLS.

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_apiserver::{ApiServer, Options};

struct Kubectl {
    program: PathBuf,
    home: tempfile::TempDir,
    _stop: DropGuard,
    _runtime: tokio::runtime::Runtime,
}

impl Kubectl {
    /// kubectl and a server to talk to; none where kubectl is missing.
    fn start() -> Option<Self> {
        if !windlass_testkit::available(&["kubectl"]) {
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let kubeconfig = runtime.block_on(async {
            let server = ApiServer::open(Options::default()).await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            server.listens_at(listener.local_addr().unwrap());
            let kubeconfig = server.kubeconfig();
            let stop = stop.clone();
            tokio::spawn(async move { server.serve(listener, stop).await });
            kubeconfig
        });
        std::fs::write(home.path().join("kubeconfig"), kubeconfig).unwrap();
        let program = windlass_testkit::peer("kubectl").unwrap();
        Some(Self { program, home, _stop: stop.drop_guard(), _runtime: runtime })
    }

    /// Runs a command line (words split at spaces) with input, and tells its exit code and output.
    fn run(&self, line: &str, input: &str) -> (i32, String) {
        let mut child = Command::new(&self.program)
            .args(line.split_whitespace())
            .env("KUBECONFIG", self.home.path().join("kubeconfig"))
            .env("HOME", self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// Runs what must succeed, and checks a part of what it prints.
    #[track_caller]
    fn ok(&self, line: &str, input: &str, expected: &str) {
        let (code, output) = self.run(line, input);
        assert!(code == 0 && output.contains(expected), "kubectl {line}: {code}\n{output}");
    }

    /// Runs what must fail, and checks a part of what it prints.
    #[track_caller]
    fn fails(&self, line: &str, input: &str, expected: &str) {
        let (code, output) = self.run(line, input);
        assert!(code != 0 && output.contains(expected), "kubectl {line}: {code}\n{output}");
    }
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: 'nginx:1', ports: [{containerPort: 80}]}
";

#[test]
fn applies_patches_and_deletes() {
    let Some(kubectl) = Kubectl::start() else { return };
    let three = DEPLOYMENT.replace("replicas: 2", "replicas: 3");
    kubectl.ok("version", "", "Server Version: v1.36");
    kubectl.ok("apply -f -", DEPLOYMENT, "deployment.apps/web created");
    kubectl.ok("apply -f -", DEPLOYMENT, "deployment.apps/web unchanged");
    kubectl.ok("diff -f -", DEPLOYMENT, "");
    let (code, diff) = kubectl.run("diff -f -", &three);
    assert!(code == 1 && diff.contains("+  replicas: 3"), "{diff}");
    kubectl.ok("apply -f -", &three, "deployment.apps/web configured");
    let image =
        "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}}}";
    kubectl.ok(&format!("patch deploy web -p {image}"), "", "patched");
    kubectl.ok("patch deploy web --type=merge -p {\"spec\":{\"replicas\":4}}", "", "patched");
    let json = "[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":5}]";
    kubectl.ok(&format!("patch deploy web --type=json -p {json}"), "", "patched");
    kubectl.ok("get deploy web -o jsonpath={.spec.replicas}/{.metadata.generation}", "", "5/5");
    kubectl.ok("scale deploy web --replicas=1", "", "scaled");
    kubectl.ok("label deploy web tier=front", "", "labeled");
    kubectl.ok("annotate deploy web note=x", "", "annotated");
    kubectl.ok("get deploy -l tier=front", "", "web");
    kubectl.ok("get deploy -A -o wide", "", "app=web");
    kubectl.ok("describe deploy web", "", "RollingUpdateStrategy");
    kubectl.ok("explain deploy.spec.replicas", "", "replicas");
    kubectl.ok("delete deploy web", "", "deleted");
    kubectl.fails("get deploy web", "", "(NotFound): deployments.apps \"web\" not found");
}

#[test]
fn applies_on_the_server_side() {
    let Some(kubectl) = Kubectl::start() else { return };
    let three = DEPLOYMENT.replace("replicas: 2", "replicas: 3");
    kubectl.ok("apply --server-side -f -", DEPLOYMENT, "serverside-applied");
    kubectl.ok("apply --server-side --field-manager=other -f -", DEPLOYMENT, "serverside-applied");
    kubectl.fails(
        "apply --server-side --field-manager=other -f -",
        &three,
        "conflict with \"kubectl\": .spec.replicas",
    );
    let force = "apply --server-side --field-manager=other --force-conflicts -f -";
    kubectl.ok(force, &three, "serverside-applied");
    kubectl.ok(
        "get deploy web -o jsonpath={.metadata.managedFields[*].manager}",
        "",
        "kubectl other",
    );
    kubectl.ok("apply --server-side --dry-run=server -f -", &three, "server dry run");
    kubectl.ok("diff --server-side --force-conflicts -f -", &three, "");
}

#[test]
fn creates_and_waits() {
    let Some(kubectl) = Kubectl::start() else { return };
    kubectl.ok("create configmap a --from-literal=k=v", "", "created");
    kubectl.fails("create configmap a", "", "configmaps \"a\" already exists");
    kubectl.ok("create secret generic s --from-literal=k=v", "", "created");
    kubectl.ok("get secret s -o jsonpath={.data.k}", "", "dg==");
    kubectl.ok("create namespace other", "", "created");
    kubectl.ok("get ns", "", "other");
    kubectl.ok("create deployment d --image=i -n other", "", "created");
    kubectl.fails("create configmap x -n missing", "", "namespaces \"missing\" not found");
    kubectl.ok("wait --for=jsonpath={.data.k}=v configmap/a --timeout=5s", "", "condition met");
    kubectl.fails("wait --for=delete configmap/a --timeout=1s", "", "timed out");
    kubectl.ok("delete configmap a", "", "deleted");
    kubectl.ok("wait --for=delete configmap/a --timeout=5s", "", "");
    kubectl.ok("api-resources --api-group=apps", "", "deployments");
    kubectl.ok("api-versions", "", "apps/v1");
    kubectl.ok("auth can-i create pods", "", "yes");
    kubectl.ok("auth whoami", "", "kubernetes-admin");
    kubectl.ok("cluster-info", "", "control plane");
    let bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\nspec: {x: 1}\n";
    kubectl.fails("apply -f -", bad, "unknown field \"spec\"");
}

#[test]
fn custom_resources_come_with_their_definition() {
    let Some(kubectl) = Kubectl::start() else { return };
    let crd = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties: {size: {type: integer, minimum: 1}, color: {type: string, default: red}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n";
    kubectl.ok("apply -f -", crd, "created");
    kubectl.ok("wait --for=condition=Established crd/widgets.example.com --timeout=60s", "", "met");
    kubectl.ok("apply -f -", widget, "widget.example.com/w created");
    kubectl.ok("get wd w -o jsonpath={.spec.color}/{.metadata.generation}", "", "red/1");
    kubectl.ok("get wd", "", "SIZE");
    kubectl.fails("apply -f -", &widget.replace('3', "0"), "should be greater than or equal to 1");
    kubectl.fails("apply -f -", &widget.replace("size", "sise"), "unknown field \"spec.sise\"");
    kubectl.ok(
        "patch wd w --subresource=status --type=merge -p {\"status\":{\"a\":1}}",
        "",
        "patched",
    );
    kubectl.ok("get wd w -o jsonpath={.status.a}/{.metadata.generation}", "", "1/1");
    kubectl.ok("delete crd widgets.example.com", "", "deleted");
    kubectl.fails("get wd", "", "could not find the requested resource");
}
