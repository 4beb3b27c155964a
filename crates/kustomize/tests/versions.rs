//! Where kustomize 5.7.1, which kubectl 1.35 holds and Argo CD 3.2 is near to, differs from 5.8.2,
//! which decides here. Each case is shown to differ, and to be ours as 5.8.2 has it.
//!
//! Found by what changed in kustomize's sources between the two. Over the corpus of public overlays
//! (`kustomize-corpus`) none of these came up: the outputs were the same in all that were run, and of
//! the errors only an address in memory was not, of the warnings only the time.
//!
//! Not shown, since the older one refuses Helm 4: a chart gets the kustomization's namespace, its
//! users' too, and the namespace transformer leaves a chart's objects alone; names of charts and
//! releases may not begin with a hyphen.

#![allow(clippy::unwrap_used)] // Tests.

use std::path::Path;
use std::process::Command;

use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n\
    data: {j: '{\"a\": {\"b\": 1}}', v: x}\n";
const STATEFUL_SET: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  \
    template: {metadata: {labels: {a: b}}}\n  volumeClaimTemplates: [{metadata: {name: d}}]\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n\
    spec: {containers: [{name: c, image: 'nginx@sha512:00'}]}\n";
const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: \
    {spec: {template: {spec: {volumes: [{name: v, image: {reference: 'nginx:1'}}]}}}}}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {x: y}\n";

fn answer(program: &str, arguments: &[&str], directory: &Path) -> Result<String, String> {
    let program = windlass_testkit::peer(program).unwrap();
    let done = Command::new(program).args(arguments).arg(directory).output().unwrap();
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout).unwrap());
    }
    let told = String::from_utf8(done.stderr).unwrap();
    let error = told.split_once("rror: ").map_or(told.as_str(), |(_, error)| error);
    Err(error.trim().to_owned())
}

/// The kustomization beside the resource differs in both, and ours is as the newer's.
#[track_caller]
fn check(why: &str, kustomization: &str, resource: &str) {
    if !windlass_testkit::available(&["kustomize", "kubectl"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(directory.path()).unwrap();
    std::fs::write(root.join("kustomization.yaml"), kustomization).unwrap();
    std::fs::write(root.join("a.yaml"), resource).unwrap();
    let newer = answer("kustomize", &["build"], &root);
    let older = answer("kubectl", &["kustomize"], &root);
    assert_ne!(newer, older, "{why}: the same in both");
    let tree = DirectoryTree::new(&root);
    let options = Options { root_name: root.display().to_string(), ..Options::default() };
    let ours = match build(&tree, &TreePath::root(), &options, &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => panic!("{needs:?}"),
        Err(error) => Err(error.to_string()),
    };
    match (&newer, &ours) {
        // A generator's address in memory is told.
        (Err(newer), Err(ours)) if newer.contains(" &{0x") => {
            let behind = newer.split_once(" <nil>}").unwrap().1;
            assert!(ours.ends_with(behind), "{why}: {ours}");
        }
        // A base that is not there is told with the root's slash.
        _ => assert_eq!(newer, ours, "{why}"),
    }
}

#[test]
fn where_the_older_differs() {
    let replace = |targets: &str| {
        format!(
            "resources: [a.yaml]\nreplacements:\n- source: {{kind: ConfigMap, name: a, fieldPath: \
             data.v}}\n  targets:\n  - {targets}\n"
        )
    };
    let create = "fieldPaths: [data.w], options: {create: true}}";
    check(
        "replacements reach into JSON and YAML in a text",
        &replace("{select: {kind: ConfigMap}, fieldPaths: [data.j.a.b]}"),
        CONFIG_MAP,
    );
    check(
        "what replacements select are regular expressions",
        &replace(&format!("{{select: {{kind: Config.*, name: .*}}, {create}")),
        CONFIG_MAP,
    );
    check(
        "what replacements reject are regular expressions",
        &replace(&format!("{{select: {{kind: ConfigMap}}, reject: [{{name: a.*}}], {create}")),
        CONFIG_MAP,
    );
    let labels = |how: &str| format!("resources: [a.yaml]\nlabels: [{{pairs: {{l: m}}, {how}}}]\n");
    check(
        "labels in templates leave claim templates alone",
        &labels("includeTemplates: true"),
        STATEFUL_SET,
    );
    check(
        "labels in claim templates have a field of their own",
        &labels("includeVolumeClaimTemplates: true"),
        STATEFUL_SET,
    );
    let images =
        |name: &str| format!("resources: [a.yaml]\nimages: [{{name: '{name}', newTag: '2'}}]\n");
    check("digests may be of any algorithm", &images("nginx"), POD);
    check("a name that is no regular expression names nothing: a panic before", &images("["), POD);
    check("images of volumes of a CronJob", &images("nginx"), CRON_JOB);
    check("two entries of a list that became one", "resources: ['x - ../b']\n", CONFIG_MAP);
    check(
        "options of patches are checked",
        "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \
         \"path\": \"/data/q\", \"value\": \"r\"}]', options: {unknown: true}}]\n",
        CONFIG_MAP,
    );
    check(
        "the behavior that a generator has is told",
        "resources: [a.yaml]\nconfigMapGenerator: [{name: a, literals: [A=1]}]\n",
        CONFIG_MAP,
    );
    check(
        "a merged secret keeps what stands in stringData",
        "resources: [a.yaml]\nsecretGenerator: [{name: a, behavior: merge, literals: [A=1], options: \
         {disableNameSuffixHash: true}}]\n",
        SECRET,
    );
}
