//! `windlass kustomize create`, `edit fix` and `localize` beside the real kustomize: the same files
//! afterwards, the same words, the same exit code. Of an error, kustomize's usage behind it is left
//! out.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Lays files: `-- path` begins one, `-- path -> target` is a link.
fn lay(dir: &Path, text: &str) {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("-- ") {
            files.push((path, String::new()));
        } else if let Some((_, content)) = files.last_mut() {
            content.push_str(line);
            content.push('\n');
        }
    }
    for (path, content) in files {
        let (path, link) = path.split_once(" -> ").map_or((path, None), |(p, t)| (p, Some(t)));
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match link {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None => std::fs::write(path, content).unwrap(),
        }
    }
}

fn files(dir: &Path, at: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(dir).unwrap().display().to_string();
        if path.is_dir() && !path.is_symlink() {
            found.insert(format!("{name}/"), String::new());
            files(dir, &path, found);
        } else {
            let text = std::fs::read(&path).unwrap_or_default();
            found.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
    }
}

/// All that a command came to.
#[derive(PartialEq)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
    files: BTreeMap<String, String>,
}

impl Done {
    /// What differs from `other`.
    fn beside(&self, other: &Self) -> String {
        let mut text = format!("exit {:?}\n{}{}", self.code, self.out, self.err);
        for (path, content) in &self.files {
            if other.files.get(path) != Some(content) {
                text += &format!("-- {path}\n{content}");
            }
        }
        text
    }
}

fn run(program: &Path, persona: &[&str], arguments: &[&str], text: &str) -> Done {
    let dir = tempfile::tempdir().unwrap();
    let dir = std::fs::canonicalize(dir.path()).unwrap().join("top");
    std::fs::create_dir_all(&dir).unwrap();
    lay(&dir, text);
    let mut command = Command::new(program);
    let at = if text.contains("-- here/") { dir.join("here") } else { dir.clone() };
    let out = command.args(persona).args(arguments).current_dir(at).output().unwrap();
    let shown = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace(dir.to_string_lossy().as_ref(), "TOP")
    };
    let mut found = BTreeMap::new();
    files(&dir, &dir, &mut found);
    let _ = std::fs::remove_dir_all(&dir);
    Done {
        code: out.status.code(),
        out: shown(&out.stdout),
        err: told(&shown(&out.stderr)),
        files: found,
    }
}

/// What is told, without the time, without the usage, without the place that is ours.
fn told(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line == "Usage:" {
            break;
        }
        let line = if line.starts_with("20") && line.get(4..5) == Some("/") {
            line.get(20..).unwrap_or(line)
        } else {
            line
        };
        if !line.starts_with("  at ") {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Runs each line of `commands` on the files in both.
fn check(text: &str, commands: &str) {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let mut wrong = Vec::new();
    let lines: Vec<&str> = commands.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    for line in &lines {
        let arguments: Vec<&str> = line.split(' ').collect();
        let real = run(&kustomize, &[], &arguments, text);
        let own = run(windlass, &["kustomize"], &arguments, text);
        if real != own {
            let (real, own) = (real.beside(&own), own.beside(&real));
            wrong.push(format!("{line}\nkustomize: {real}\nwindlass: {own}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n====\n")
    );
}

/// The same files come of it, and the copy builds to the same, or not.
#[track_caller]
fn check_copy(text: &str, line: &str, is_same: bool) {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let arguments: Vec<&str> = line.split(' ').collect();
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let real = run(&kustomize, &[], &arguments, text);
    let own = run(Path::new(env!("CARGO_BIN_EXE_windlass")), &["kustomize"], &arguments, text);
    assert_eq!(real.files, own.files, "{line}");
    let word = if is_same { "VERIFICATION SUCCESS" } else { "VERIFICATION FAILED" };
    assert!(own.err.contains(word), "{}", own.err);
    assert_eq!(own.code, Some(i32::from(!is_same)), "{}", own.err);
}

const MANIFESTS: &str = "\
-- a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
-- b.json
{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"s\"}}
-- empty.yaml
-- values.yaml
a: b
-- note.txt
words
-- broken.yaml
a: [
-- patch.json
[{\"op\": \"x\"}]
-- base/kustomization.yaml
resources: [../a.yaml]
-- base/deep.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: deep}
-- sub/c.yaml
apiVersion: v1
kind: Pod
metadata: {name: c}
-- sub/deeper/kustomization.yml
namePrefix: x
-- sub/deeper/d.yaml
apiVersion: v1
kind: Pod
metadata: {name: d}
-- link.yaml -> a.yaml
";

#[test]
fn create() {
    check(
        MANIFESTS,
        "create
        init
        create --autodetect
        create --autodetect --recursive
        create --recursive
        create --resources a.yaml
        create --resources a.yaml,base,b.json
        create --resources *.yaml
        create --resources a.yaml --autodetect
        create --resources nothing.yaml
        create --resources no*
        create --resources a.yaml,,b.json
        create --resources https://github.com/o/r?ref=v1x --resources a.yaml
        create --namespace n
        create --namespace y --nameprefix p- --namesuffix=-s
        create --labels a:b
        create --labels a:b,c:d,a:e --annotations x:y,z
        create --labels a:\"q\",b:1
        create --labels :b
        create --annotations :b
        create --labels a:b,
        create unknown
        create --nothing",
    );
    let there = format!("{MANIFESTS}-- Kustomization\nresources: [a.yaml]\n");
    check(&there, "create\ncreate --autodetect\ncreate --resources nothing");
    let two = format!("{there}-- kustomization.yml\nresources: [a.yaml]\n");
    check(&two, "create");
}

const VARS: &str = "\
-- kustomization.yaml
resources:
- pod.yaml
- base
vars:
- name: NAME
  objref: {apiVersion: v1, kind: Service, name: svc}
  fieldref: {fieldPath: metadata.name}
- name: PLAIN
  objref: {apiVersion: apps/v1, kind: Deployment, name: d, namespace: n}
patches:
- path: p.yaml
  target: {kind: Pod}
- path: q.yaml
  target: {kind: Pod, name: pod}
  options: {allowNameChange: true}
-- pod.yaml
# comment
apiVersion: v1
kind: Pod
metadata:
  name: pod
  namespace: n
  annotations: {a.b/c: $(NAME)}
spec:
  containers:
  - name: c
    image: x
    command: [echo, \"$(NAME)\", $(PLAIN).default, http://$(NAME)/x]
    env:
    - {name: E, value: a-$(NAME)}
---
apiVersion: v1
kind: Service
metadata: {name: svc}
-- p.yaml
apiVersion: v1
kind: Pod
metadata: {name: any, labels: {l: $(NAME)}}
-- q.yaml
apiVersion: v1
kind: Pod
metadata: {name: pod, labels: {m: $(PLAIN)}}
-- base/kustomization.yaml
resources: [dep.yaml]
-- base/dep.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, annotations: {v: $(NAME)}}
";

#[test]
fn fix() {
    check(VARS, "edit fix\nedit fix --vars");
    let none = "-- kustomization.yaml\nresources: [a.yaml]\ncommonLabels: {a: b}\n-- a.yaml\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    check(none, "edit fix\nedit fix --vars\nedit fix other");
    check("-- a.yaml\n", "edit fix\nedit fix --vars");
    let twice = "-- kustomization.yaml\ncommonLabels: {a: b}\nlabels:\n- pairs: {a: c}\n";
    check(twice, "edit fix");
    let gone =
        "-- kustomization.yaml\nresources: [nothing.yaml]\npatchesStrategicMerge: [p.yaml]\n";
    check(gone, "edit fix");
    let list = "-- kustomization.yaml\nresources: [l.yaml]\nbases: [base]\n\
                replacements: [{path: x.yaml}]\nvars: [{name: V, objref: {apiVersion: v1, kind: \
                ConfigMap, name: a}}]\n-- base/Kustomization\nresources: [m.yaml]\n-- base/m.yaml\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: \"1$(V)\"}\n\
                -- l.yaml\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  \
                metadata: {name: a}\n  data: {x.y: $(V), z: \"$(V)/$(V)\"}\n";
    check(list, "edit fix --vars");
    let bad = "-- kustomization.yaml\nresources: [a.yaml]\nvars: [{name: V, objref: {apiVersion: \
               v1, kind: ConfigMap, name: a}}]\n-- a.yaml\napiVersion: v1\nkind: ConfigMap\n\
               metadata: {name: a}\ndata: {x: \"a-$(V)+b\"}\n";
    check(bad, "edit fix --vars");
}

const OVERLAY: &str = "\
-- here/kustomization.yaml
# comment
resources:
- ./a.yaml
- ../base
bases: [sub]
components: [part]
namePrefix: p-
configMapGenerator:
- name: c
  files: [f.txt, k=dir/../f.txt]
  envs: [e.env]
  literals: [A=1]
secretGenerator:
- name: s
  env: e.env
patches:
- path: p.yaml
- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {z: z}}'
patchesStrategicMerge:
- p.yaml
replacements:
- path: r.yaml
configurations: [conf.yaml]
transformers:
- t.yaml
- |-
  apiVersion: builtin
  kind: PatchTransformer
  metadata: {name: t}
  path: p.yaml
  target: {kind: ConfigMap, name: a}
-- here/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {x: y}
-- here/f.txt -> real.txt
-- here/real.txt
text
-- here/dir/x
-- here/e.env
K=v
-- here/p.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {p: q}
-- here/r.yaml
source: {kind: ConfigMap, name: a, fieldPath: data.x}
targets:
- select: {kind: ConfigMap, name: a}
  fieldPaths: [data.p]
-- here/conf.yaml
namePrefix: []
-- here/t.yaml
# kept not
apiVersion: builtin
kind: LabelTransformer
metadata: {name: t}
labels: {l: m}
fieldSpecs: [{path: metadata/labels, create: true}]
-- here/sub/kustomization.yml
resources: [../../base/more]
-- here/part/Kustomization
kind: Component
apiVersion: kustomize.config.k8s.io/v1alpha1
namespace: ns
-- base/kustomization.yaml
resources: [b.yaml]
-- base/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
-- base/more/kustomization.yaml
resources: [m.yaml]
-- base/more/m.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: m}
";

#[test]
fn localize() {
    check(
        OVERLAY,
        "localize . new --scope .. --no-verify
        localize ../base
        localize ../base ../base
        localize ../base no/such
        localize nothing
        localize a.yaml
        localize . x --scope ../base
        localize . x --scope nothing
        localize dir
        localize part x y
        localize https://github.com/o/r
        ",
    );
    // Of several fields that are wrong kustomize names any, so that here only one is.
    let outside = "-- here/kustomization.yaml\nresources: [../base]\n-- base/kustomization.yaml\n\
                   namePrefix: a-\n";
    check(outside, "localize\nlocalize . --no-verify");
    // Kustomize looks for the copy at the top of the new directory, wherever it is, and takes no
    // copy for different.
    let plain = OVERLAY.replace("f.txt -> real.txt", "f.txt\ntext");
    check_copy(&plain, "localize . ../new --scope ..", true);
    check_copy(&plain, "localize --scope ..", true);
    check_copy(&plain, "localize ../here ../new --scope ..", true);
    check_copy(OVERLAY, "localize . ../new --scope ..", false);
    let charts = "-- kustomization.yaml\nhelmGlobals: {chartHome: home}\nhelmCharts: [{name: c, \
                  valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}]\n-- v.yaml\na: b\n-- w.yaml\n\
                  c: d\n-- home/c/Chart.yaml\nname: c\nversion: 1.0.0\napiVersion: v2\n\
                  -- home/c/templates/x.yaml\na: {{ .b }}\n-- charts/other/Chart.yaml\nname: o\n";
    check(charts, "localize --no-verify . new\nlocalize . new");
    let broken = |field: &str| format!("-- kustomization.yaml\n{field}\n-- a.yaml\na: b\n-- d/x\n");
    for field in [
        "resources: [nothing.yaml]",
        "resources: [a.yaml]",
        "resources: [d]",
        "bases: [nothing]",
        "components: [a.yaml]",
        "configurations: [nothing]",
        "crds: [d]",
        "openapi: {path: nothing}",
        "configMapGenerator: [{name: c, files: [nothing]}]",
        "configMapGenerator: [{name: c, files: ['=a.yaml']}]",
        "secretGenerator: [{name: c, envs: [nothing]}]",
        "secretGenerator: [{name: c, env: nothing}]",
        "patches: [{path: nothing}]",
        "patchesJson6902: [{path: nothing}]",
        "patchesStrategicMerge: [nothing]",
        "replacements: [{path: nothing}]",
        "transformers: [nothing]",
        "generators: [a.yaml]",
        "validators: ['apiVersion: builtin']",
        "helmCharts: [{name: c, valuesFile: nothing}]",
        "helmGlobals: {chartHome: /x}",
        "nothing: x",
        "resources: [../..]",
        "resources: [.]",
    ] {
        check(&broken(field), "localize . new --no-verify");
    }
}

#[test]
fn version() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    for line in [
        "version",
        "version -o yaml",
        "version -o json",
        "version --output=json",
        "version -o other",
        "version --short",
        "version --short -o yaml",
        "version more words",
        "edit alpha-list-builtin-plugin",
        "edit alpha-list-builtin-plugin word",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        // How it was built, and an order that is another each time.
        let told = |done: Done| {
            let mut lines: Vec<String> =
                done.out.lines().filter(|l| !l.contains("goVersion")).map(str::to_owned).collect();
            if line.starts_with("edit") {
                lines.sort();
            }
            (done.code, lines, done.err)
        };
        let real = told(run(&kustomize, &[], &arguments, ""));
        assert_eq!(told(run(windlass, &["kustomize"], &arguments, "")), real, "{line}");
    }
}

#[test]
fn count() {
    check(
        "\
-- a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# nothing
---
apiVersion: v1
kind: Pod
metadata: {name: b}
-- b.json
{\"kind\": \"Secret\"}
-- c.yml
a: b
-- list.yaml
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: x}}
-- sub/d.yaml
apiVersion: v1
kind: Pod
metadata: {name: d}
-- sub/e.yaml
# only a comment
-- package/Krmfile
apiVersion: config.k8s.io/v1alpha1
kind: Krmfile
-- package/f.yaml
apiVersion: v1
kind: Service
metadata: {name: f}
-- package/inner/g.yaml
apiVersion: v1
kind: Service
metadata: {name: g}
-- package/deeper/Krmfile
apiVersion: config.k8s.io/v1alpha1
kind: Krmfile
-- package/deeper/h.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: h}
-- empty/x.txt
words
",
        "cfg count .
        cfg count
        cfg count sub
        cfg count sub/
        cfg count package
        cfg count empty
        cfg count a.yaml
        cfg count b.json
        cfg count list.yaml
        cfg count . --kind=false
        cfg count empty --kind=false
        cfg count . --kind
        cfg count package -R=false
        cfg count package --recurse-subpackages=false
        cfg count . --recurse-subpackages=false --kind=false
        cfg count none
        cfg count sub package",
    );
}

#[test]
fn completion() {
    check("", "completion\ncompletion foo\ncompletion bash zsh\ncompletion Bash");
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let done = run(windlass, &["kustomize"], &["completion", shell], "");
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(done.out.contains("--load-restrictor"), "{}", done.out);
    }
    // What bash makes of it.
    let script = run(windlass, &["kustomize"], &["completion", "bash"], "").out;
    let asked = "COMP_WORDS=(kustomize edit add res); COMP_CWORD=3; __windlass_kustomize; \
                 echo \"${COMPREPLY[@]}\"";
    let out = Command::new("bash").args(["-c", &format!("{script}{asked}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "resource\n");
}

const SHOWN: &str = "\
-- a.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: one, annotations: {foo: '5', long: \"a: b\"}}
spec:
  replicas: 3 # three
  template:
    spec:
      containers:
      - name: \"web\"
        image: 'nginx:1'
        args: [\"-a\", 'b c', -d, \"1\", x:1, it's, \"\", null, ~, 1.50, yes, 08, 'a,b', <x>]
        ports:
        - containerPort: 80
          protocol: 'TCP'
        resources: {limits: {cpu: \"1\"}}
        env:
        - {name: A, value: \"x\"}
      - image: api:2
        name: api
        command: []
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports:
  - {port: 80, targetPort: \"http\"}
-- sub/b.yaml
kind: ConfigMap
apiVersion: v1
metadata:
  name: b
  annotations: {foo: bar, config.kubernetes.io/local-config: 'true'}
data: {x: \"1\"}
---
a: b
-- sub/deep/c.yml
kind: Pod
apiVersion: v1
metadata: {name: c}
spec: {containers: [{name: z, image: \"1\"}]}
-- sub2/d.yaml
kind: Pod
apiVersion: v1
metadata: {name: d}
-- package/Krmfile
kind: Krmfile
-- package/s.yaml
{kind: Secret, metadata: {name: s}}
-- lone/only.yaml
a: b
-- owned/o.yaml
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: n, ownerReferences: [{kind: ReplicaSet, name: r}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: r, namespace: n, ownerReferences: [{kind: Deployment, name: d}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: n}
spec: {replicas: null}
-- orphan/o.yaml
apiVersion: v1
kind: Pod
metadata: {name: p, ownerReferences: [{kind: ReplicaSet, name: r}]}
-- broken/x.txt
not looked at
";

#[test]
fn tree() {
    check(
        SHOWN,
        "cfg tree sub
        cfg tree ./sub/
        cfg tree sub/deep/..
        cfg tree package
        cfg tree lone
        cfg tree broken
        cfg tree none
        cfg tree a b
        cfg tree owned
        cfg tree owned --all
        cfg tree owned --graph-structure directory --replicas
        cfg tree orphan
        cfg tree sub --graph-structure owners
        cfg tree sub --graph-structure other
        cfg tree sub --include-local
        cfg tree sub --include-local --exclude-non-local
        cfg tree sub --exclude-non-local
        cfg tree sub --all
        cfg tree sub --all --name=false
        cfg tree a.yaml
        cfg tree a.yaml --all
        cfg tree a.yaml --all --image=false --env=false
        cfg tree a.yaml --name --image --replicas
        cfg tree a.yaml --ports --resources --env --args --command
        cfg tree a.yaml --field metadata.annotations.foo,metadata.annotations.long
        cfg tree a.yaml --field spec.ports[port=80].targetPort
        cfg tree a.yaml --field spec.ports[port=80].port --field kind
        cfg tree a.yaml --field spec.template.spec.containers[name=web].args
        cfg tree a.yaml --field spec.template.spec.containers.0.args
        cfg tree a.yaml --field spec.template.spec.containers
        cfg tree a.yaml --field metadata --field a[b[c
        cfg tree a.yaml --field none.at.all",
    );
}

/// A path that does not fit: kustomize shows the whole value, which may be secret.
#[test]
fn tree_of_another_shape() {
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    for path in ["spec.ports.port", "metadata[a=b].c"] {
        let done =
            run(windlass, &["kustomize"], &["cfg", "tree", "a.yaml", "--field", path], SHOWN);
        assert_eq!((done.code, &*done.out), (Some(1), ""));
        assert!(done.err.starts_with("Error: wrong node kind: expected "), "{}", done.err);
    }
}

/// Commands that are not here say so.
#[test]
fn cat_and_grep_are_refused() {
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    for command in ["cat", "grep"] {
        let done = run(windlass, &["kustomize"], &["cfg", command, ".", "--annotate"], SHOWN);
        assert_eq!(done.code, Some(1), "{}", done.out);
        assert!(done.err.contains("with their comments"), "{}", done.err);
    }
}

#[test]
fn ignored_files() {
    let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n");
    let files = [
        "a.yaml",
        "b.yaml",
        "skip.yaml",
        "sub/skip.yaml",
        "sub/keep.yaml",
        "sub/deep/x.yaml",
        "sub/deep/a.yaml",
        "gone/a.yaml",
        "gone/in/b.yaml",
        "sub/gone/c.yaml",
        "sub/d1.yaml",
        "other/d1.yaml",
        "#odd.yaml",
        "kept/skip.yaml",
    ];
    for patterns in [
        "skip.yaml\n",
        "# none\n\n  gone/  \n",
        "/gone\n",
        "/a.yaml\nsub/deep\n",
        "*.yaml\n!a.yaml\n",
        "sub/*.yaml\n",
        "/sub/d?.yaml\n",
        "d[0-9].yaml\n",
        "\\#odd.yaml\n",
        "sub/gone/\n",
        "/sub/deep/x.yaml\n",
        "*\n",
        "skip.yaml\n!kept/skip.yaml\n",
        "**/a.yaml\n",
        "a.yaml/\n",
        "[\n",
        "gone/in/b.yaml",
    ] {
        let mut tree = format!("-- .krmignore\n{patterns}");
        if !patterns.ends_with('\n') {
            tree.push('\n');
        }
        for (number, file) in files.iter().enumerate() {
            tree.push_str(&format!("-- {file}\n{}", pod(&format!("p{number}"))));
        }
        tree.push_str("-- package/Krmfile\nkind: Krmfile\n-- package/.krmignore\nb.yaml\n");
        tree.push_str(&format!("-- package/a.yaml\n{}-- package/b.yaml\n{}", pod("q"), pod("r")));
        check(
            &tree,
            "cfg tree .
            cfg tree sub
            cfg count .
            cfg count package",
        );
    }
}

#[test]
fn build_flags() {
    check(
        "\
-- kustomization.yaml
resources: [r.yaml, sub]
-- r.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: A.b, namespace: one}
---
apiVersion: v1
kind: Namespace
metadata: {name: one}
-- sub/kustomization.yml
resources: [../r2.yaml]
-- ok/Kustomization
namePrefix: p-
resources: [r.yaml, r3.yaml]
-- ok/r.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
-- ok/r3.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: 'sys:x'}
-- r2.yaml
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: two}
-- out/x
-- plugin/kustomization.yaml
generators: [g.yaml]
-- plugin/g.yaml
apiVersion: example.com/v1
kind: Other
metadata: {name: g}
-- two/kustomization.yaml
-- two/kustomization.yml
",
        "build
        build .
        build sub
        build ok
        build ./ok/
        build ok/../ok
        build ok/Kustomization
        build none
        build a b
        build out
        build two
        build plugin
        build ok -o made.yaml
        build ok --output made.yaml
        build ok --output=out
        build ok -o none/made.yaml
        build . --load-restrictor LoadRestrictionsNone
        build . --load-restrictor=LoadRestrictionsNone -o out
        build . --load-restrictor=none
        build . --load-restrictor=
        build ok --load_restrictor LoadRestrictionsNone
        build ok --enable-alpha-plugins --enable-exec --enable-helm
        build ok --as-current-user --network --network-name x --mount type=bind,src=a,dst=b
        build ok -e A=b --env C=d
        build ok --helm-command h --helm-api-versions v1 --helm-kube-version 1.30 --helm-debug
        build ok --stack-trace
        build ok --reorder none
        build ok --reorder legacy
        build ok --reorder other
        build ok --unknown
        build ok --output",
    );
}
