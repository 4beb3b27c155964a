//! The overlays of these tests, which hold every construct, built by the real kustomize and by us.
//!
//! `fixtures/NAME` is built at `NAME/overlay` if there is such a directory. `NAME.out` and
//! `NAME.err` are what the real tool says, which is asked again where it is.

#![allow(clippy::unwrap_used)] // Tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What we say of `directory` below `root`.
fn ours(root: &Path, directory: &str) -> Result<String, String> {
    let tree = DirectoryTree::new(root);
    let options = Options { root_name: root.display().to_string(), ..Options::default() };
    let path = TreePath::new(directory).unwrap();
    match build(&tree, &path, &options, &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => Err(format!("{needs:?}")),
        Err(error) => Err(format!("Error: {error}\n")),
    }
}

/// What the real tool says.
fn theirs(root: &Path, directory: &str) -> Result<String, String> {
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let done = Command::new(kustomize)
        .args(["build", directory])
        .current_dir(root)
        .env_remove("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if done.status.success() {
        return Ok(text(done.stdout));
    }
    let told = text(done.stderr);
    Err(told.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect())
}

/// Without what differs from run to run: where the fixtures lie, and addresses in memory.
fn settled(result: Result<String, String>, root: &Path) -> Result<String, String> {
    result.map_err(|text| {
        let text = text.replace(&format!("{}/", root.display()), "");
        match (text.find(" &{0x"), text.find(" <nil>}")) {
            (Some(from), Some(to)) if from < to => {
                format!("{}{}", &text[..from], &text[to + " <nil>}".len()..])
            }
            _ => text,
        }
    })
}

fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn check(name: &str, real: bool) {
    let root = fixtures();
    let mut directory = name.to_owned();
    if root.join(name).join("overlay").is_dir() {
        directory.push_str("/overlay");
    }
    let want = match std::fs::read_to_string(root.join(format!("{name}.out"))) {
        Ok(text) => Ok(text),
        Err(_) => Err(std::fs::read_to_string(root.join(format!("{name}.err"))).unwrap()),
    };
    if real {
        assert_eq!(settled(theirs(&root, &directory), &root), want, "{name}: the real kustomize");
    }
    assert_eq!(settled(ours(&root, &directory), &root), want, "{name}");
}

#[test]
fn overlays_of_every_construct() {
    let real = windlass_testkit::available(&["kustomize"]);
    let names = names(&fixtures());
    assert!(names.len() >= 30, "{names:?}");
    for name in names {
        check(&name, real);
    }
}

/// A kustomization at random: which of these lines it has.
const LINES: [&str; 14] = [
    "namePrefix: p-",
    "nameSuffix: -s",
    "namespace: other",
    "labels: [{pairs: {l: m}, includeSelectors: true}]",
    "labels: [{pairs: {l: m}, includeTemplates: true}]",
    "commonAnnotations: {note: text}",
    "images: [{name: nginx, newTag: '2'}]",
    "replicas: [{name: web, count: 4}]",
    "configMapGenerator: [{name: extra, literals: [k=v]}]",
    "configMapGenerator: [{name: settings, behavior: merge, literals: [more=1]}]",
    "secretGenerator: [{name: keys, literals: [k=v], options: {disableNameSuffixHash: true}}]",
    "patches: [{target: {kind: Deployment}, patch: '[{op: add, path: /spec/paused, value: true}]'}]",
    "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: \
     {template: {spec: {containers: [{name: side, image: busybox}]}}}}'}]",
    "buildMetadata: [originAnnotations, transformerAnnotations]",
];

const RESOURCES: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: fixed}
spec: {selector: {app: web}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: fixed}
spec: {defaultBackend: {service: {name: web}}}
";

/// Lines whose fields are all different.
fn kustomization(chosen: &[usize], resources: &str) -> String {
    let mut text = format!("resources: [{resources}]\n");
    let mut seen = Vec::new();
    for line in chosen.iter().map(|i| LINES[*i]) {
        let field = line.split(':').next().unwrap();
        if !seen.contains(&field) {
            seen.push(field);
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Bases and overlays at random: both tools say the same, errors too.
    #[test]
    fn random_overlays(
        base in prop::collection::vec(0..LINES.len(), 0..5),
        middle in prop::collection::vec(0..LINES.len(), 0..5),
        top in prop::collection::vec(0..LINES.len(), 0..5),
    ) {
        if !windlass_testkit::available(&["kustomize"]) {
            return Ok(());
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let generated = "configMapGenerator: [{name: settings, literals: [a=b]}]\n";
        write("start/kustomization.yaml", &format!("resources: [r.yaml]\n{generated}"));
        write("start/r.yaml", RESOURCES);
        write("base/kustomization.yaml", &kustomization(&base, "../start"));
        write("middle/kustomization.yaml", &kustomization(&middle, "../base"));
        write("top/kustomization.yaml", &kustomization(&top, "../middle"));
        let (mine, real) = (ours(&root, "top"), theirs(&root, "top"));
        match (&mine, &real) {
            (Ok(mine), Ok(real)) => prop_assert_eq!(mine, real),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "ours: {mine:?}\ntheirs: {real:?}"),
        }
    }
}
