//! `windlass kustomize edit` beside the real kustomize: the same file afterwards, and the same
//! refusals.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::{Command, Output};

const PLAIN: &str = "resources:\n- a.yaml\n";

const RICH: &str = "\
# head
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

# what is built
resources:
# first
- a.yaml
- ../base # behind

Images:
- name: nginx
  newTag: \"1\"
- name: app
  newName: registry/app
  digest: sha256:12
# of labels
commonLabels:
  app: x
commonAnnotations: {note: y}
configMapGenerator:
- name: conf
  literals:
  - A=1
  - B=2
- name: other
  namespace: elsewhere
  literals: [C=3]
secretGenerator:
- name: pass
  literals: [P=1]
  type: Opaque
generatorOptions:
  labels: {made: here}
components:
- part
transformers:
- t.yaml
patchesStrategicMerge:
- a.yaml
- |-
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: c}
patchesJson6902:
- path: p.json
  target: {kind: Deployment, name: d}
patches:
- path: p.yaml
  target: {kind: Deployment}
replicas:
- name: app
  count: 0
buildMetadata: [originAnnotations]
vars:
- name: V
  objref: {apiVersion: v1, kind: Service, name: s}
sortOptions:
  order: legacy
  legacySortOptions: {orderFirst: [Namespace]}
replacements:
- source: {kind: ConfigMap, name: c, fieldPath: data.x}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.x]
# tail
";

const BASES: &str = "bases:\n- base\nimageTags:\n- name: x\n  newTag: \"2\"\nnamePrefix: p-";

/// Each a starting text and the arguments behind `edit`.
fn cases() -> Vec<(&'static str, Vec<&'static str>)> {
    let edits = [
        "add resource b.yaml",
        "add resource b.yaml a.yaml",
        "add resource *.yaml",
        "add resource missing.yaml",
        "add resource --no-verify missing.yaml",
        "add resource",
        "add component part",
        "add component base",
        "add base base",
        "add base base,part",
        "add base missing",
        "add transformer b.yaml",
        "add transformer t.yaml",
        "add generator b.yaml nothing*.yaml",
        "add configuration b.yaml",
        "add patch --path p.yaml --kind Deployment",
        "add patch --path b.yaml --kind Deployment --name x --group apps --version v1 --label-selector a=b",
        "add patch --path b.yaml",
        "add patch --path b.yaml --patch x",
        "add patch",
        "add configmap conf --from-literal=D=4",
        "add configmap new --from-literal=D=4 --from-literal=E=5,6 --behavior merge --namespace n",
        "add configmap new --from-file=b.yaml --from-file=k=a.yaml --disableNameSuffixHash",
        "add configmap new --from-file=*.yaml",
        "add configmap new --from-env-file=e.env",
        "add configmap new --from-env-file=e.env --from-literal=a=b",
        "add configmap new",
        "add configmap new --from-literal=a=b --behavior wrong",
        "add secret pass --from-literal=Q=2",
        "add secret new --from-literal=Q=2 --type kubernetes.io/tls",
        "add label a:b",
        "add label a:b c:\"d\" e",
        "add label app:z",
        "add label -f app:z",
        "add label --without-selector a:b",
        "add label --without-selector --include-templates a:b c:d",
        "add label --include-templates a:b",
        "add label :b",
        "add annotation a:b",
        "add annotation note:z",
        "add annotation --force note:z",
        "add buildmetadata managedByLabel",
        "add buildmetadata originAnnotations",
        "add buildmetadata managedByLabel,transformerAnnotations",
        "add buildmetadata wrong",
        "set image nginx:2",
        "set image nginx=other/nginx:3 redis@sha256:34 app=*:7",
        "set image app=*@* z=y",
        "set image app:*@sha256:9",
        "set image host:5000/x:1.2.3@sha256:ab",
        "set image nginx",
        "set image",
        "set namespace here",
        "set namespace",
        "set nameprefix p-",
        "set namesuffix -- -s",
        "set replicas app=3 b=1",
        "set replicas app",
        "set replicas app=x",
        "set label app:q z:1",
        "set annotation note:q a.b/c:1",
        "set annotation a/b/c:1",
        "set buildmetadata managedByLabel",
        "set configmap conf --from-literal=A=9",
        "set configmap other --namespace elsewhere --new-namespace there",
        "set configmap conf --from-literal=Z=9",
        "set configmap nothing --from-literal=Z=9",
        "set configmap conf",
        "set secret pass --from-literal=P=9",
        "remove resource a.yaml",
        "remove resource *.yaml nothing",
        "remove resource nothing",
        "remove component part",
        "remove transformer t.yaml",
        "remove patch --path p.yaml --kind Deployment",
        "remove patch --path p.yaml",
        "remove configmap conf",
        "remove configmap conf,nothing",
        "remove configmap other",
        "remove configmap other --namespace elsewhere",
        "remove secret pass",
        "remove secret nothing",
        "remove label app",
        "remove label nothing",
        "remove label -i nothing",
        "remove label app,,x",
        "remove annotation note",
        "remove buildmetadata originAnnotations",
        "fix",
    ];
    let mut cases = Vec::new();
    for edit in edits {
        let edit: Vec<&str> = edit.split(' ').collect();
        cases.push((RICH, edit.clone()));
        if edit[0] != "remove" {
            cases.push((PLAIN, edit.clone()));
        }
        if edit[0] == "set" || edit == ["fix"] || edit == ["add", "resource", "b.yaml"] {
            cases.push((BASES, edit));
        }
    }
    cases
}

fn lay(dir: &Path, text: &str) {
    for directory in ["base", "part"] {
        std::fs::create_dir_all(dir.join(directory)).unwrap();
    }
    std::fs::write(dir.join("base/kustomization.yaml"), "resources: []\n").unwrap();
    std::fs::write(
        dir.join("part/kustomization.yaml"),
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
    )
    .unwrap();
    for file in ["a.yaml", "b.yaml", "t.yaml", "p.yaml", "p.json", "e.env"] {
        std::fs::write(dir.join(file), "K=v\n").unwrap();
    }
    std::fs::write(dir.join("kustomization.yaml"), text).unwrap();
}

fn run(program: &Path, first: &[&str], edit: &[&str], text: &str) -> (Output, String) {
    let dir = tempfile::tempdir().unwrap();
    lay(dir.path(), text);
    let out = Command::new(program)
        .args(first)
        .arg("edit")
        .args(edit)
        .current_dir(dir.path())
        .output()
        .unwrap();
    let written = std::fs::read_to_string(dir.path().join("kustomization.yaml")).unwrap();
    (out, written)
}

/// A generator's literals come back from the real tool in the order of a Go map.
fn in_any_order(edit: &[&str], text: &str) -> String {
    if edit.first() != Some(&"set") || !matches!(edit.get(1), Some(&("configmap" | "secret"))) {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn edits_as_kustomize_does() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let cases = cases();
    let mut wrong = Vec::new();
    for (text, edit) in &cases {
        let (real, theirs) = run(&kustomize, &[], edit, text);
        let (own, ours) = run(windlass, &["kustomize"], edit, text);
        let stderr = String::from_utf8_lossy(&own.stderr).into_owned();
        let real_stderr = String::from_utf8_lossy(&real.stderr).into_owned();
        if real.status.success() != own.status.success() {
            wrong.push(format!("{edit:?}\nkustomize: {real_stderr}\nwindlass: {stderr}"));
        } else if in_any_order(edit, &theirs) != in_any_order(edit, &ours) {
            wrong.push(format!("{edit:?} of\n{text}\nkustomize:\n{theirs}\nwindlass:\n{ours}"));
        }
    }
    let count = cases.len();
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n====\n"));
}
