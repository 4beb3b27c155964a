//! What Argo CD's rules make of a directory. A fixture is one text: `-- path` begins a file,
//! `-- path -> target` is a link.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::sync::Arc;

use windlass_render::{
    Blocks, Directory, Given, HelmOptions, KustomizeOptions, Outcome, RenderCache, Rendered,
    SourceType, Spec, render,
};
use windlass_tree::{EntryKind, MemoryTree, TreePath};

fn tree(fixture: &str) -> MemoryTree {
    let mut tree = MemoryTree::default();
    for part in fixture.split("-- ").skip(1) {
        let (head, body) = part.split_once('\n').unwrap();
        match head.split_once(" -> ") {
            Some((path, target)) => {
                let path = TreePath::new(path).unwrap();
                tree.insert_at(&path, EntryKind::Symlink, target);
            }
            None => {
                tree.insert(head, body);
            }
        }
    }
    tree
}

/// All that a chart here may lack: its cluster.
fn given() -> Given {
    let mut given = Given::default();
    given.insert_cluster(Arc::default());
    given
}

fn run(fixture: &str, options: Option<Directory>) -> Rendered {
    let path = TreePath::new("app").unwrap();
    let blocks = Blocks { directory: options, ..Blocks::default() };
    let spec = Spec::for_application(path, blocks, "x");
    match render(&tree(fixture), &spec, &given()) {
        Outcome::Done(rendered) => rendered,
        Outcome::Needs(needs) => panic!("needs {needs:?}"),
    }
}

/// Checks the names of what was rendered, what was wrong, and what was odd.
#[track_caller]
fn check(fixture: &str, options: Option<Directory>, names: &[&str], bad: &[&str], odd: &[&str]) {
    let rendered = run(fixture, options);
    let got: Vec<_> = rendered.manifests.iter().map(|m| m.object.name()).collect();
    assert_eq!(got, names);
    let got: Vec<_> = rendered.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(got, bad);
    let got: Vec<_> = rendered.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(got, odd);
}

fn cm(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

#[test]
fn files_by_name_and_order() {
    let (a, b, c, d, e) = (cm("a"), cm("b"), cm("c"), cm("d"), cm("e"));
    let fixture = format!(
        "-- app/b.yml\n{b}-- app/a.yaml\n{a}-- app/c.txt\n{c}-- app/sub/d.yaml\n{d}-- other/e.yaml\n{e}\
         -- app/j.json\n{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {{\"name\": \"j\"}}}}\n"
    );
    check(&fixture, None, &["a", "b", "j"], &[], &[]);
    let recurse = Directory { recurse: true, ..Directory::default() };
    check(&fixture, Some(recurse), &["a", "b", "j", "d"], &[], &[]);
    let globs = |include: &str, exclude: &str| Directory {
        recurse: true,
        include: include.into(),
        exclude: exclude.into(),
        disable_extension_filter: false,
        ..Directory::default()
    };
    check(&fixture, Some(globs("{*.yml,sub/*}", "")), &["b", "d"], &[], &[]);
    check(&fixture, Some(globs("*.yaml", "sub/*")), &["a"], &[], &[]);
    check(
        &fixture,
        Some(globs("[", "")),
        &[],
        &[],
        &["app: include is no valid glob: '[' is not closed"],
    );
    let any = Directory { disable_extension_filter: true, ..Directory::default() };
    check(&fixture, Some(any), &["a", "b", "c", "j"], &[], &[]);
}

#[test]
fn bad_files_beside_good_ones() {
    let a = cm("a");
    let fixture = format!(
        "-- app/a.yaml\n{a}-- app/bad.yaml\napiVersion: v1\nkind: X\nmetadata: {{\n---\n{}\
         -- app/values.yaml\nimage: x\n-- app/list.yaml\n- 1\n-- app/broken.yaml\nfoo: [\n\
         -- app/nokind.yaml\napiVersion: v1\nmetadata:\n  kind: x\n-- app/half.yaml\n{}---\nfoo: [\n\
         -- app/package.json\n{{\"name\": \"x\"}}\n-- app/two.json\n{{\"kind\": \"A\"}} {{\"kind\": \"B\"}}\n",
        cm("good"),
        cm("half"),
    );
    let rendered = run(&fixture, None);
    let names: Vec<_> = rendered.manifests.iter().map(|m| m.object.name()).collect();
    assert_eq!(names, ["a", "good", "half", ""]);
    let bad: Vec<_> = rendered.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(bad.len(), 5, "{bad:#?}");
    assert!(
        bad[0].starts_with("app/bad.yaml:") && bad[0].contains("Failed to unmarshal \"bad.yaml\"")
    );
    assert!(bad[1].starts_with("app/half.yaml:"));
    assert_eq!(
        bad[2],
        "app/nokind.yaml:1:1: Failed to unmarshal \"nokind.yaml\": Object 'Kind' is missing"
    );
    assert_eq!(
        bad[3],
        "app/package.json:1:1: Failed to unmarshal \"package.json\": Object 'Kind' is missing"
    );
    assert_eq!(
        bad[4],
        "app/two.json:1:15: Found multiple objects in \"two.json\". Only single objects are allowed in JSON files."
    );
}

#[test]
fn lists_are_expanded() {
    let fixture = "-- app/l.yaml\napiVersion: v1\nkind: List\nitems:\n- kind: A\n  metadata: {name: a}\n- kind: B\n  metadata: {name: b}\n- 3\n\
                   -- app/n.yaml\napiVersion: v1\nkind: ConfigMapList\nitems: null\n";
    check(
        fixture,
        None,
        &["a", "b"],
        &[
            "app/l.yaml:1:1: Failed to unmarshal \"l.yaml\": items[2]: expected an object, found a number",
        ],
        &[],
    );
}

#[test]
fn markers_links_and_odd_things() {
    let (a, b) = (cm("a"), cm("b"));
    let fixture = format!(
        "-- app/a.yaml\n# +argocd:skip-file-rendering\n{a}-- elsewhere/b\n{b}-- app/b.yaml -> ../elsewhere/b\n\
         -- app/c.yaml -> ../../etc/passwd\n-- app/d.yaml -> none\n-- app/e.yaml -> .\n-- app/f.jsonnet\n{{}}\n\
         -- app/g.yaml\n{}data:\n  x: '1'\n  x: '2'\n",
        cm("g")
    );
    check(
        &fixture,
        None,
        &["b", "g"],
        &[
            "app/c.yaml: illegal filepath in symlink",
            "app/f.jsonnet: Failed to unmarshal generated json \"f.jsonnet\": \
             Object 'Kind' is missing",
        ],
        &[
            "app/d.yaml: destination of symlink is missing",
            "app/e.yaml: ignoring symlink to non-regular file",
            "app/g.yaml:7:3: key \"x\" is already set at 6:3",
        ],
    );
}

#[test]
fn too_much_is_refused() {
    let big = format!("-- app/a.yaml\n{}-- app/b.yaml\n{}", cm("a"), cm("b"));
    let spec = Spec { path: TreePath::new("app").unwrap(), max_bytes: 80, ..Spec::default() };
    let Outcome::Done(rendered) = render(&tree(&big), &spec, &Given::default()) else { panic!() };
    assert!(rendered.manifests.is_empty());
    assert_eq!(
        rendered.diagnostics[0].to_string(),
        "app/b.yaml: failed to get potentially valid manifests: exceeded max combined manifest file size (80 bytes)"
    );
}

#[test]
fn what_is_switched_off_is_a_plain_directory() {
    let files = format!(
        "-- app/a.yaml\n{}-- app/Chart.yaml\napiVersion: v2\n-- app/kustomization.yaml\n{{}}\n\
         -- app/b.jsonnet\n{{}}\n",
        cm("a")
    );
    let check = |disabled: &[SourceType], blocks: Blocks, wanted: SourceType| {
        let path = TreePath::new("app").unwrap();
        let spec = Spec { path, blocks, disabled: disabled.to_vec(), ..Spec::default() };
        let Outcome::Done(done) = render(&tree(&files), &spec, &given()) else { panic!() };
        assert_eq!(done.source_type, Some(wanted), "{disabled:?}");
        done.manifests.len()
    };
    let (helm, kustomize, jsonnet) =
        (SourceType::Helm, SourceType::Kustomize, SourceType::Directory);
    check(&[], Blocks::default(), kustomize);
    check(&[kustomize], Blocks::default(), helm);
    let all = [helm, kustomize, jsonnet];
    assert_eq!(check(&all, Blocks::default(), jsonnet), 1);
    let asks = Blocks { helm: Some(HelmOptions::default()), ..Blocks::default() };
    check(&[], asks.clone(), helm);
    assert_eq!(check(&all, asks, jsonnet), 1);
}

#[test]
fn what_a_directory_is() {
    let check = |fixture: &str, wanted: Option<SourceType>, bad: &[&str]| {
        let rendered = run(fixture, None);
        assert_eq!(rendered.source_type, wanted);
        let got: Vec<_> = rendered.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(got, bad);
    };
    check(
        "-- app/Chart.yaml\nx\n",
        Some(SourceType::Helm),
        &["app: failed to execute helm template command: Error: cannot load Chart.yaml: error \
             unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of \
             type loader.chartBase"],
    );
    check(
        "-- app/Chart.yaml\nx\n-- app/kustomization.yml\nx\n",
        Some(SourceType::Kustomize),
        &[
            "app/kustomization.yml: `kustomize build <path to cached source>/app` failed exit status 1: \
             Error: invalid Kustomization: json: cannot unmarshal string into Go value of type \
             types.Kustomization",
        ],
    );
    check("-- app/sub/Chart.yaml\nx\n", Some(SourceType::Directory), &[]);
    check("-- x\n", None, &["app: app path does not exist"]);
    check("-- app\nx\n", None, &["app: app path is not a directory"]);
    check(
        "-- app/.argocd-source.yaml\ndirectory:\n  recurse: true\n-- app/Chart.yaml\nx\n",
        Some(SourceType::Directory),
        &[],
    );
    check(
        "-- app/.argocd-source-x.yaml\ndirectory: [\n",
        None,
        &[
            "app/.argocd-source-x.yaml:1:12: error while parsing source parameters: unclosed bracket '['",
        ],
    );
    let both = Blocks {
        helm: Some(HelmOptions::default()),
        kustomize: Some(KustomizeOptions::default()),
        ..Blocks::default()
    };
    let spec = Spec { path: TreePath::new("app").unwrap(), blocks: both, ..Spec::default() };
    let Outcome::Done(rendered) = render(&tree("-- app/a.yaml\n"), &spec, &Given::default()) else {
        panic!()
    };
    assert_eq!(
        rendered.diagnostics[0].to_string(),
        "app: multiple application sources defined: Kustomize,Helm"
    );
}

#[test]
fn the_cache_answers_until_something_read_changes() {
    let cache = RenderCache::new(3);
    let before = tree(&format!("-- app/a.yaml\n{}-- other/b.yaml\n{}", cm("a"), cm("b")));
    let spec = Spec { path: TreePath::new("app").unwrap(), ..Spec::default() };
    let Outcome::Done(rendered) = render(&before, &spec, &Given::default()) else { panic!() };
    cache.insert("repo", &spec, Arc::new(rendered.into()));
    let mut after = before.clone();
    after.insert("other/b.yaml", "changed");
    assert!(cache.get("repo", &spec, &after, &Given::default()).is_some());
    after.insert("app/.argocd-source.yaml", "directory: {recurse: true}");
    assert!(cache.get("repo", &spec, &after, &Given::default()).is_none());
    let other = Spec { max_bytes: 1, ..spec.clone() };
    assert!(cache.get("repo", &other, &before, &Given::default()).is_none());
    for i in 0..5 {
        let path = TreePath::new(&format!("p{i}")).unwrap();
        let spec = Spec { path, ..spec.clone() };
        let Outcome::Done(rendered) = render(&before, &spec, &Given::default()) else { panic!() };
        cache.insert("repo", &spec, Arc::new(rendered.into()));
    }
    assert_eq!(cache.len(), 3);
}

#[test]
fn jsonnet_reads_the_repository_and_nothing_else() {
    use windlass_render::{JsonnetOptions, JsonnetVariable};

    #[track_caller]
    fn check(program: &str, expected: &str) {
        let mut tree = MemoryTree::default();
        tree.insert("app/a.jsonnet", program);
        tree.insert("app/beside.libsonnet", "'beside'");
        tree.insert("lib/found.libsonnet", "'library'");
        tree.insert("other/hidden.libsonnet", "'by path'");
        let variable = |name: &str, value: &str| JsonnetVariable {
            name: name.into(),
            value: value.into(),
            code: false,
        };
        let jsonnet = JsonnetOptions {
            ext_vars: vec![variable("app", "$ARGOCD_APP_NAME")],
            tlas: vec![variable("name", "argument")],
            libs: vec!["lib".into()],
        };
        let directory = Directory { jsonnet, ..Directory::default() };
        let blocks = Blocks { directory: Some(directory), ..Blocks::default() };
        let mut spec = Spec::for_application(TreePath::new("app").unwrap(), blocks, "web");
        spec.environment = [("ARGOCD_APP_NAME".to_owned(), "web".to_owned())].into();
        let Outcome::Done(rendered) = render(&tree, &spec, &Given::at("c0ffee", 0)) else {
            panic!()
        };
        let names: Vec<_> = rendered.manifests.iter().map(|m| m.object.name().to_owned()).collect();
        let errors: Vec<_> = rendered.diagnostics.iter().map(ToString::to_string).collect();
        let said = format!("{} {}", names.join(","), errors.join(","));
        assert!(said.contains(expected), "{program}: {said}");
    }
    let map =
        |name: &str| format!("{{apiVersion: 'v1', kind: 'ConfigMap', metadata: {{name: {name}}}}}");
    check(&map("'one'"), "one");
    check(&format!("[{}, {}]", map("'one'"), map("'two'")), "one,two");
    check(&map("std.extVar('app')"), "web");
    check(&format!("function(name) {}", map("name")), "argument");
    check(&map("import 'beside.libsonnet'"), "beside");
    check(&map("import 'found.libsonnet'"), "library");
    check(&map("import '../other/hidden.libsonnet'"), "by path");
    check(&map("import '../../etc/passwd'"), "couldn't open import");
    check(&map("import '/etc/passwd'"), "outside of the repository");
    check(
        &map("error 'no name'"),
        "Failed to evaluate jsonnet \"a.jsonnet\": RUNTIME ERROR: no name",
    );
    check("'text'", "Failed to unmarshal generated json \"a.jsonnet\"");
}
