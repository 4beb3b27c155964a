//! Overlays of every transformer, built in process and by the real kustomize: the same bytes, the
//! same refusals.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;

use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{Given, MemoryTree, TreePath};

/// The files of a text: each behind a line `== path`.
fn files(text: &str) -> Vec<(&str, String)> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("== "), files.last_mut()) {
            (Some(path), _) => files.push((path, String::new())),
            (None, Some((_, content))) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    files
}

fn ours(text: &str) -> Result<String, String> {
    let mut tree = MemoryTree::default();
    for (path, content) in files(text) {
        tree.insert(path, content);
    }
    let at = TreePath::new("o").unwrap();
    match build(&tree, &at, &Options::default(), &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => Err(format!("{needs:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn theirs(kustomize: &Path, text: &str) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files(text) {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let out = Command::new(kustomize).arg("build").arg(dir.path().join("o")).output().unwrap();
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout).unwrap());
    }
    Err(String::from_utf8(out.stderr).unwrap())
}

const RESOURCES: &str = "\
== o/r.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {tier: front}
  annotations: {version: \"1.10\", nothing: }
spec:
  paused:
  minReadySeconds: null
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: init, image: busybox}
      containers:
      - name: web
        image: nginx:1.2@sha256:abc
        args: [a, b]
        command: [sh]
        env:
        - {name: A, value: $(WHERE)}
        - {name: B, value: \"2\"}
        - {name: A, value: again}
        ports:
        - {containerPort: 80}
        - {containerPort: 80, protocol: UDP}
        - {containerPort: 90, name: n}
      - {name: side, image: host:5000/side}
      volumes:
      - {name: v, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: own}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}
subjects:
- {kind: ServiceAccount, name: default}
- {kind: ServiceAccount, name: other, namespace: x}
- {kind: User, name: u}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: t}
spec:
  list: [{name: a, v: 1}, {name: b}]
  text: a-b-c
  number: 5
  flag: true
  conf: '{\"a\": {\"b\": 1}, \"l\": [1]}'
  podTemplate:
    spec:
      containers: [{name: c, image: nginx}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {host: example.com, port: \"8080\", path: a/b/c}
== o/kustomization.yaml
resources: [r.yaml]
";

/// What stands behind the resources in the kustomization.
const OVERLAYS: &[&str] = &[
    "",
    // Names, namespaces, labels.
    "namespace: n\nnamePrefix: p-\nnameSuffix: -s\n",
    "commonLabels: {a: b}\ncommonAnnotations: {c: \"1\"}\n",
    "labels:\n- pairs: {a: b}\n- pairs: {c: d}\n  includeSelectors: true\n",
    "labels:\n- pairs: {a: b}\n  includeTemplates: true\n  fields: [{path: spec/extra, create: true, kind: Thing}]\n",
    "replicas: [{name: web, count: 3}]\n",
    "replicas: [{name: nothing, count: 3}]\n",
    // Images.
    "images:\n- {name: nginx, newTag: \"2\"}\n- {name: host:5000/side, newName: x/y, digest: sha256:1}\n",
    "images:\n- {name: nginx, tagSuffix: -x}\n- {name: .*box, newTag: \"9\"}\n- {name: \"[\", newTag: x}\n",
    // Patches.
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      paused: true\n      replicas: null\n      template:\n        spec:\n          containers:\n          - {name: new, image: i, x: null, y: {z: null, l: [{q: null}]}}\n          - {name: side, $patch: delete}\n          - name: web\n            args: [c]\n            env: [{name: C, value: x}, {name: B, $patch: delete}]\n            ports: [{containerPort: 80, protocol: TCP, name: h}]\n",
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    $patch: delete\n",
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          $patch: replace\n          containers: [{name: only}]\n",
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:\n      template:\n        spec:\n          containers:\n          - $patch: replace\n          - {name: only}\n          volumes:\n          - $patch: delete\n",
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {$patch: wrong}}}\n",
    "patches:\n- patch: |\n    apiVersion: example.com/v1\n    kind: Thing\n    metadata: {name: t}\n    spec: {list: [{name: b, v: 2}], podTemplate: null}\n",
    "patches:\n- target: {kind: Dep.*|Service}\n  patch: |\n    kind: Any\n    metadata: {name: any, labels: {n: \"1\"}, annotations: {gone: null}}\n",
    "patches:\n- target: {name: web}\n  options: {allowNameChange: true, allowKindChange: true}\n  patch: |\n    apiVersion: apps/v1\n    kind: StatefulSet\n    metadata: {name: other}\n",
    "patches:\n- target: {labelSelector: tier=front}\n  patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels/x\", \"value\": \"1\"}, {\"op\": \"remove\", \"path\": \"/spec/replicas\"}]'\n",
    "patches:\n- target: {annotationSelector: \"version=1.10\"}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/args/-\n      value: z\n",
    "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n      value: z\n    - {op: test, path: /spec/replicas, value: 1}\n    - {op: move, from: /spec/replicas, path: /spec/moved}\n    - {op: copy, from: /spec/moved, path: /spec/copied}\n",
    "patches:\n- target: {kind: Deployment}\n  patch: '[{\"op\": \"remove\", \"path\": \"/spec/nothing\"}]'\n",
    "patches:\n- patch: '[{\"op\": \"remove\", \"path\": \"/spec/nothing\"}]'\n",
    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: nothing}\n",
    "patches:\n- patch: nothing\n",
    "patches:\n- target: {kind: \"(\"}\n  patch: '[{\"op\": \"remove\", \"path\": \"/spec\"}]'\n",
    "patchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: Service\n  metadata: {name: web, namespace: own}\n  spec: {ports: [{port: 81}, {port: 80, protocol: UDP}]}\n",
    "patchesJson6902:\n- target: {version: v1, kind: Service, name: web}\n  patch: '[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": 1}]'\n",
    // Replacements.
    "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.host}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.text, \"spec.list.[name=a].v\"]\n",
    "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.port}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.number, spec.list.*.name, \"spec.list.[name=b].name\"]\n",
    "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.path, options: {delimiter: /, index: 1}}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.text]\n    options: {delimiter: \"-\", index: 1}\n  - select: {name: web}\n    reject: [{kind: Service}]\n    fieldPaths: [metadata.annotations.made, \"spec.new.[name=x].v\"]\n    options: {create: true}\n",
    "replacements:\n- source: {kind: ConfigMap, name: c, fieldPath: data.port}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.conf.a.b, spec.made.port]\n    options: {create: true}\n",
    "replacements:\n- source: {kind: Deployment, fieldPath: \"spec.template.spec.containers.[name=web].env\"}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.list]\n",
    "replacements:\n- sourceValue: given\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.text]\n    options: {delimiter: \"-\", index: -1}\n",
    "replacements:\n- source: {kind: Service}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.nothing.here]\n",
    "replacements:\n- source: {name: web}\n  targets:\n  - select: {kind: Thing}\n",
    "replacements:\n- source: {name: nothing}\n  targets:\n  - select: {kind: Thing}\n",
    "replacements:\n- source: {kind: ConfigMap, fieldPath: data.host}\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.number]\n",
    // Vars.
    "vars:\n- name: WHERE\n  objref: {apiVersion: v1, kind: ConfigMap, name: c}\n  fieldref: {fieldPath: data.host}\n",
    // Orders.
    "sortOptions: {order: fifo}\n",
    "sortOptions:\n  order: legacy\n  legacySortOptions: {orderFirst: [Thing, ConfigMap], orderLast: [Service]}\n",
    "sortOptions: {order: wrong}\n",
    // By configuration.
    "transformers:\n- |-\n  apiVersion: builtin\n  kind: NamespaceTransformer\n  metadata: {name: x, namespace: n}\n  setRoleBindingSubjects: allServiceAccounts\n  unsetOnly: true\n",
    "transformers:\n- |-\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: x}\n  value: v\n  targets:\n  - {selector: {kind: Thing}, fieldPath: spec/path, filePathPosition: 1}\n  - {fieldPath: metadata/annotations/a\\/b}\n",
    "transformers:\n- |-\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {name: x}\n  labels: {a: true, b: 1}\n  fieldSpecs: [{path: spec/list/labels, create: true, kind: Thing}]\n",
];

/// Whole overlays.
const WHOLE: &[&str] = &[
    // Annotations are texts as they are written.
    "== o/kustomization.yaml\nresources: [r.yaml]\n== o/r.yaml\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: c\n    annotations: {a: 1.10, b: 0x1F, c: 2020-01-01, d: null, e: ~, f: , g: true, h: \"x\"}\n    labels: {a: null}\n  data:\n",
    // Labels and annotations that were added together change together, until they are parted.
    "== o/kustomization.yaml\nresources: [../b]\nlabels: [{pairs: {a: c}}]\n== b/kustomization.yaml\nresources: [r.yaml]\ncommonLabels: {a: b}\n== b/r.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: w}\nspec: {volumeClaimTemplates: [{metadata: {name: x}}]}\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: DaemonSet\n    metadata: {name: w, annotations: {a: c}}\n== b/kustomization.yaml\nresources: [r.yaml]\ncommonAnnotations: {a: b}\n== b/r.yaml\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: w}\n",
    "== o/kustomization.yaml\nresources: [../b]\nnamePrefix: p-\ntransformers:\n- |\n  apiVersion: builtin\n  kind: AnnotationsTransformer\n  metadata: {name: t}\n  annotations: {a: c}\n  fieldSpecs: [{path: metadata/annotations}]\n== b/kustomization.yaml\nresources: [r.yaml]\ncommonAnnotations: {a: b}\n== b/r.yaml\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: w}\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: DaemonSet}\n  patch: '[{\"op\": \"replace\", \"path\": \"/metadata/labels/a\", \"value\": \"c\"}]'\n== b/kustomization.yaml\nresources: [r.yaml]\ncommonLabels: {a: b}\n== b/r.yaml\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: w}\n",
    // Nulls of annotations in patches; patches that take kustomize's own notes away.
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: w, annotations: {a: null, b: ~, c: , d: 1.0}}\n== o/r.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: w}\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: s, annotations: {$patch: delete}}\n== b/kustomization.yaml\nsecretGenerator: [{name: s}]\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: Secret}\n  patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"a\": \"b\"}}]'\n== b/kustomization.yaml\nsecretGenerator: [{name: s}]\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: w, labels: {}}\n    spec: {b: 1}\n    $patch: replace\n== o/r.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: w}\nspec: {a: 1}\n",
    // What a component gathers is merged into nothing: a special path drops the general one.
    "== o/kustomization.yaml\nresources: [../b]\ncomponents: [../c]\nnamePrefix: p-\n== b/kustomization.yaml\nconfigurations: [f.yaml]\n== b/f.yaml\nnamePrefix: [{kind: Thing, path: metadata/name}]\n== c/kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nsecretGenerator: [{name: s}]\n",
    // References must have the shape that their paths say, even where no name changed.
    "== o/kustomization.yaml\nresources: [r.yaml]\n== o/r.yaml\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: [text]\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\n== o/r.yaml\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r}\nsubjects: [{}]\n",
    // The first openapi field decides.
    "== o/kustomization.yaml\nresources: [../b]\nopenapi: {version: v1.21.2}\npatches:\n- patch: |\n    apiVersion: example.com/v1\n    kind: Thing\n    metadata: {name: t}\n    list: [{key: b, v: 2}]\n== b/kustomization.yaml\nresources: [r.yaml]\nopenapi: {path: s.json}\n== b/r.yaml\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nlist: [{key: a, v: 1}, {key: b, w: 1}]\n== b/s.json\n{\"definitions\": {\"v1.Thing\": {\"type\": \"object\", \"properties\": {\"list\": {\"type\": \"array\", \"items\": {\"type\": \"object\"}, \"x-kubernetes-patch-strategy\": \"merge\", \"x-kubernetes-patch-merge-key\": \"key\"}}, \"x-kubernetes-group-version-kind\": [{\"group\": \"example.com\", \"version\": \"v1\", \"kind\": \"Thing\"}]}}}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\nopenapi: {path: s.json}\npatches:\n- patch: |\n    apiVersion: example.com/v1\n    kind: Thing\n    metadata: {name: t}\n    list: [{key: b, v: 2}]\n== o/r.yaml\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nlist: [{key: a, v: 1}, {key: b, w: 1}]\n== o/s.json\n{\"definitions\": {\"v1.Thing\": {\"type\": \"object\", \"properties\": {\"list\": {\"type\": \"array\", \"items\": {\"type\": \"object\"}, \"x-kubernetes-patch-strategy\": \"merge\", \"x-kubernetes-patch-merge-key\": \"key\"}}, \"x-kubernetes-group-version-kind\": [{\"group\": \"example.com\", \"version\": \"v1\", \"kind\": \"Thing\"}]}}}\n",
    // What the ValueAddTransformer writes is read as it stands: in quotes only where there were some.
    "== o/kustomization.yaml\nresources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: t}\n  value: \"1.0\"\n  targets: [{fieldPath: data/k}, {fieldPath: data/p, filePathPosition: 1}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: \"5\", p: \"6\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: 5, p: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: null, p: null}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {k: \"\", p: \"\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: {k: abc, p: abc}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: t}\n  value: \"true\"\n  targets: [{fieldPath: data/k}, {fieldPath: data/p, filePathPosition: 1}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: \"5\", p: \"6\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: 5, p: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: null, p: null}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {k: \"\", p: \"\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: {k: abc, p: abc}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: t}\n  value: \"08\"\n  targets: [{fieldPath: data/k}, {fieldPath: data/p, filePathPosition: 1}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: \"5\", p: \"6\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: 5, p: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: null, p: null}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {k: \"\", p: \"\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: {k: abc, p: abc}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: t}\n  value: \"null\"\n  targets: [{fieldPath: data/k}, {fieldPath: data/p, filePathPosition: 1}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: \"5\", p: \"6\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: 5, p: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: null, p: null}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {k: \"\", p: \"\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: {k: abc, p: abc}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n  kind: ValueAddTransformer\n  metadata: {name: t}\n  value: \"v\"\n  targets: [{fieldPath: data/k}, {fieldPath: data/p, filePathPosition: 1}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: \"5\", p: \"6\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: 5, p: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: null, p: null}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {k: \"\", p: \"\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: f}\ndata: {k: abc, p: abc}\n",
    // Hashes of data that is no map.
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": null}]'\n== b/kustomization.yaml\nconfigMapGenerator: [{name: c}]\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": 5}]'\n== b/kustomization.yaml\nconfigMapGenerator: [{name: c}]\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": \"x\"}]'\n== b/kustomization.yaml\nconfigMapGenerator: [{name: c}]\n",
    "== o/kustomization.yaml\nresources: [../b]\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\": \"add\", \"path\": \"/data\", \"value\": [1]}]'\n== b/kustomization.yaml\nconfigMapGenerator: [{name: c}]\n",
    // A patch may say what its target was called.
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: w, annotations: {internal.config.kubernetes.io/previousNames: x}}\n== o/r.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: w}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: w, annotations: {internal.config.kubernetes.io/previousNames: w}}\n== o/r.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: w}\n",
    // JSON that looks for texts that Go escapes finds none.
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    [{\"op\": \"test\", \"path\": \"/data/a\", \"value\": \"x&y\"}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\ndata: {a: \"x&y\", list: [\"a<b\"]}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    [{\"op\": \"test\", \"path\": \"/data/list\", \"value\": [\"a<b\"]}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\ndata: {a: \"x&y\", list: [\"a<b\"]}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: test, path: /data/a, value: \"x&y\"}\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\ndata: {a: \"x&y\", list: [\"a<b\"]}\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    [{\"op\": \"add\", \"path\": \"/data/b\", \"value\": \"1&2\"}, {\"op\": \"test\", \"path\": \"/data/b\", \"value\": \"1&2\"}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\ndata: {a: \"x&y\", list: [\"a<b\"]}\n",
    // Nothing within braces is an empty text, but in a patch.
    "== o/kustomization.yaml\nresources: [r.yaml]\n== o/r.yaml\napiVersion: v1\nkind: Thing\nmetadata: {name: w, annotations: {q: }}\nspec: {a: , b: {c: }, d: [x, {e: }], f: null, g: ~}\nmore:\n  h:\n  i: {j: }\n",
    "== o/kustomization.yaml\nresources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Thing\n    metadata: {name: w}\n    spec: {a: , b: {c: }}\n== o/r.yaml\napiVersion: v1\nkind: Thing\nmetadata: {name: w}\nspec: {a: 1, b: {c: 1, d: }}\n",
    // One that a replacement names as another.
    "== o/kustomization.yaml\nresources: [r.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: a}\n  targets: [{select: {name: b}, fieldPaths: [metadata.name]}]\n== o/r.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
];

#[test]
fn transforms_as_kustomize_does() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let mut wrong = Vec::new();
    let texts = OVERLAYS.iter().map(|overlay| (*overlay, format!("{RESOURCES}{overlay}")));
    let alone = WHOLE.iter().map(|text| (*text, (*text).to_owned()));
    let cases: Vec<_> = texts.chain(alone).collect();
    for (overlay, text) in &cases {
        match (theirs(&kustomize, text), ours(text)) {
            (Ok(theirs), Ok(ours)) if theirs == ours => {}
            (Err(_), Err(_)) => {}
            (Ok(theirs), Ok(ours)) => {
                let lines = theirs.lines().zip(ours.lines()).enumerate();
                let first = lines.into_iter().find(|(_, (a, b))| a != b);
                wrong.push(format!("{overlay}\nfirst difference: {first:?}\n{ours}"));
            }
            (Err(theirs), Ok(_)) => wrong.push(format!("{overlay}\nshould be refused: {theirs}")),
            (Ok(_), Err(ours)) => wrong.push(format!("{overlay}\n{ours}")),
        }
    }
    let count = cases.len();
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n====\n"));
}
