//! Random edits, one after the other, of random kustomizations as people write them: the same file,
//! and the same refusals, as the real kustomize.
//!
//! `WINDLASS_EDIT_CASES` is how many there are, `WINDLASS_EDIT_SEED` the first.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;

/// Cases where no environment variable says.
const CASES: u64 = 40;
/// The first of them.
const FIRST: u64 = 1;

/// Fields as people write them; each is taken once at most.
const FIELDS: &[&str] = &[
    "resources:\n- a.yaml\n- base\n",
    "resources:\n  # first\n  - a.yaml # behind\n\n  - https://example.com/x.yaml\n  # last\n",
    "resources: [a.yaml, base]\n",
    "resources:\n",
    "resources: []\n",
    "bases:\n- base\n",
    "components:\n  - part\n",
    "namePrefix: p-\n",
    "namePrefix: \"p-\" # why\n",
    "nameSuffix: ''\n",
    "namespace: here\n",
    "# above the namespace\nnamespace: 'here'\n",
    "commonLabels:\n  app: x\n  b: \"1\"\n",
    "commonLabels: {app: x}\n",
    "commonAnnotations:\n  note: |\n    two\n    lines\n  a: b\n",
    "labels:\n- pairs:\n    app: y\n  includeSelectors: true\n",
    "labels:\n- includeSelectors: false\n  pairs:\n    app: y\n  fields:\n  - path: spec/x\n    create: true\n",
    "images:\n- name: nginx\n  newTag: \"1.0\"\n- name: app\n  newName: other\n  digest: sha256:12\n",
    "images:\n  - newTag: v1 # the tag\n    name: nginx\n",
    "images:\n- name: nginx\n  tagSuffix: -x\n",
    "imageTags:\n- name: x\n  newTag: \"2\"\n",
    "replicas:\n- name: app\n  count: 2\n",
    "replicas:\n- count: 0\n  name: app\n",
    "configMapGenerator:\n- name: conf\n  literals:\n  - A=1\n",
    "configMapGenerator:\n- literals: [A=1]\n  name: conf\n  options:\n    disableNameSuffixHash: true\n  behavior: merge\n- files:\n  - b.yaml\n  name: other\n  namespace: elsewhere\n",
    "configMapGenerator:\n- name: conf\n  env: e.env\n",
    "secretGenerator:\n- name: pass\n  type: Opaque\n  literals:\n  - P=1\n",
    "generatorOptions:\n  disableNameSuffixHash: true\n  labels:\n    x: y\n",
    "patches:\n- path: p.yaml\n  target:\n    kind: Deployment\n- patch: |-\n    - op: remove\n      path: /spec\n  target:\n    kind: Job\n    name: j\n",
    "patches:\n- path: p.yaml\n",
    "patchesStrategicMerge:\n- p.yaml\n- |-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: c\n",
    "patchesJson6902:\n- target:\n    version: v1\n    kind: Service\n    name: s\n  path: p.json\n",
    "transformers:\n- t.yaml\n",
    "generators: [t.yaml]\n",
    "configurations:\n- t.yaml\n",
    "crds:\n- a.yaml\n",
    "buildMetadata: [originAnnotations]\n",
    "buildMetadata:\n- managedByLabel\n- transformerAnnotations\n",
    "openapi:\n  path: o.json\n",
    "sortOptions:\n  order: fifo\n",
    "vars:\n- name: V\n  objref:\n    kind: Service\n    name: s\n    apiVersion: v1\n",
    "replacements:\n- source:\n    kind: ConfigMap\n    name: c\n  targets:\n  - select:\n      kind: Job\n    fieldPaths:\n    - spec.x\n",
    "helmCharts:\n- name: c\n  repo: https://example.com\n  version: 1.0.0\n  valuesInline:\n    a: {b: [1, 2]}\n",
    "helmGlobals:\n  chartHome: charts\n",
    "metadata:\n  name: x\n  labels: {a: b}\n",
    "unknown: 1\n",
    "validators:\n- t.yaml\n",
    "commonlabels:\n  a: b\n",
];
const COMMENTS: &[&str] =
    &["# a comment\n", "\n", "# one\n# two\n", "#\n", "\n# after a blank\n", "  # indented\n"];
const HEADS: &[&str] = &[
    "",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n",
    "---\n",
    "---\n# head\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
    "# head\n\napiVersion: kustomize.config.k8s.io/v1beta1\n\nkind: Kustomization\n",
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
    "kind: Kustomization\n",
];
const EDITS: &[&str] = &[
    "add resource b.yaml",
    "add resource b.yaml a.yaml",
    "add resource *.yaml",
    "add resource base",
    "add resource missing.yaml",
    "add resource --no-verify missing.yaml",
    "add resource https://example.com/y.yaml --no-verify",
    "add component part",
    "add base base",
    "add transformer b.yaml",
    "add generator b.yaml",
    "add configuration b.yaml",
    "add patch --path p.yaml",
    "add patch --path p.yaml --kind Deployment",
    "add patch --path b.yaml --kind Job --name j --namespace n --group batch --version v1",
    "add patch --patch a: --annotation-selector a=b --label-selector c",
    "add patch --patch - --kind X",
    "add configmap conf --from-literal=D=4",
    "add configmap new --from-literal=D=4 --from-file=b.yaml --behavior merge",
    "add configmap new --from-file=k=b.yaml --namespace n",
    "add configmap new --from-env-file=e.env --disableNameSuffixHash",
    "add configmap new --from-literal=a",
    "add configmap new --from-literal=a='b' --from-literal=c=\"d\"",
    "add secret pass --from-literal=Q=2",
    "add secret new --from-literal=Q=2 --type kubernetes.io/tls --disableNameSuffixHash",
    "add secret new --from-file=b.yaml",
    "add label a:b",
    "add label app:z",
    "add label -f app:z",
    "add label --without-selector a:b",
    "add label --without-selector app:z",
    "add label --without-selector --include-templates c:d",
    "add annotation a:b",
    "add annotation note:z",
    "add annotation -f note:z,c:d",
    "add buildmetadata managedByLabel",
    "add buildmetadata originAnnotations,transformerAnnotations",
    "set image nginx:2",
    "set image nginx=other/nginx:3",
    "set image app=*:7 redis@sha256:34",
    "set image nginx:1@sha256:9",
    "set image nginx=*@*",
    "set image x:y z",
    "set namespace there",
    "set namespace",
    "set nameprefix q-",
    "set nameprefix",
    "set namesuffix x",
    "set replicas app=3",
    "set replicas other=1 app=0",
    "set label app:q",
    "set label a:1 z.example.com/x:2",
    "set annotation note:q",
    "set annotation a:true",
    "set buildmetadata managedByLabel",
    "set configmap conf --from-literal=A=9",
    "set configmap other --namespace elsewhere --new-namespace there",
    "set secret pass --from-literal=P=9",
    "set secret pass --new-namespace there",
    "remove resource a.yaml",
    "remove resource base a.yaml",
    "remove resource *",
    "remove component part",
    "remove transformer t.yaml",
    "remove patch --path p.yaml",
    "remove patch --path p.yaml --kind Deployment",
    "remove configmap conf",
    "remove configmap other --namespace elsewhere",
    "remove secret pass",
    "remove label app",
    "remove label app,b",
    "remove label -i nothing",
    "remove annotation note",
    "remove annotation -i nothing",
    "remove buildmetadata originAnnotations",
    "fix",
    "fix --vars",
];

/// Splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

fn key(field: &str) -> &str {
    let line = field.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    line.split(':').next().unwrap_or_default()
}

fn kustomization(random: &mut Random) -> String {
    if random.percent(3) {
        return random
            .word(&["", "\n", "# nothing\n", "---\n", "{}\n", "[]\n", "a: b: c\n"])
            .to_owned();
    }
    let mut text = random.word(HEADS).to_owned();
    let mut keys: Vec<&str> = Vec::new();
    for _ in 0..random.below(7) {
        let field = random.word(FIELDS);
        // What nobody knows is refused: let it be rare.
        let is_wrong = matches!(key(field), "unknown" | "commonlabels");
        if keys.contains(&key(field)) || is_wrong && !random.percent(20) {
            continue;
        }
        keys.push(key(field));
        if random.percent(25) {
            text.push_str(random.word(COMMENTS));
        }
        text.push_str(field);
    }
    if random.percent(15) {
        text.push_str(random.word(COMMENTS));
    }
    match random.below(25) {
        0 => text = text.replace('\n', "\r\n"),
        1 => text.push_str("---\nresources:\n- second.yaml\n"),
        2 => text = text.trim_end().to_owned(),
        3 => text.push_str("...\n"),
        _ => {}
    }
    text
}

fn lay(dir: &Path, text: &str) {
    for directory in ["base", "part"] {
        std::fs::create_dir_all(dir.join(directory)).unwrap();
    }
    std::fs::write(dir.join("base/kustomization.yaml"), "resources: []\n").unwrap();
    let part = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
    std::fs::write(dir.join("part/kustomization.yaml"), part).unwrap();
    for file in ["a.yaml", "b.yaml", "t.yaml", "p.yaml", "p.json", "e.env"] {
        std::fs::write(dir.join(file), "K=v\n").unwrap();
    }
    std::fs::write(dir.join("kustomization.yaml"), text).unwrap();
}

/// After each edit whether it was done, and the file; what is told on the way behind them.
fn run(program: &Path, first: &[&str], edits: &[&str], text: &str) -> Vec<(bool, String, String)> {
    let dir = tempfile::tempdir().unwrap();
    lay(dir.path(), text);
    let each = edits.iter().map(|edit| {
        let out = Command::new(program)
            .args(first)
            .arg("edit")
            .args(edit.split(' '))
            .current_dir(dir.path())
            .output()
            .unwrap();
        let written = std::fs::read_to_string(dir.path().join("kustomization.yaml")).unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        (out.status.success(), written, told)
    });
    each.collect()
}

#[test]
fn random_edits_leave_what_kustomize_leaves() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("WINDLASS_EDIT_SEED").unwrap_or(FIRST);
    let count = number("WINDLASS_EDIT_CASES").unwrap_or(CASES);
    let mut wrong = Vec::new();
    for seed in first..first + count {
        let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        let text = kustomization(&mut random);
        let edits: Vec<&str> = (0..=random.below(3)).map(|_| random.word(EDITS)).collect();
        let theirs = run(&kustomize, &[], &edits, &text);
        let ours = run(windlass, &["kustomize"], &edits, &text);
        let each = edits.iter().zip(theirs.iter().zip(&ours));
        let same = |(done, written, _): &(bool, String, String)| (*done, written.clone());
        if let Some((edit, (theirs, ours))) =
            each.into_iter().find(|(_, (t, o))| same(t) != same(o))
        {
            wrong.push(format!(
                "seed {seed}, {edit:?} of {edits:?}\n{text}\n-- kustomize: {} {}\n{}\n-- windlass: {} {}\n{}",
                theirs.0, theirs.2, theirs.1, ours.0, ours.2, ours.1
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n====\n"));
}
