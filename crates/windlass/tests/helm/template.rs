//! `helm template`: its flags and its refusals, the words of command lines, search and plugins.

use windlass_testkit::{FileServer, available};

use crate::pair::{Pair, charts};

/// A chart of every kind of file that flags choose from.
fn chart(pair: &Pair) {
    charts(pair);
    pair.write("web/templates/NOTES.txt", "Hi {{ .Release.Name }}\n");
    pair.write("web/templates/empty.yaml", "{{ if false }}x{{ end }}\n");
    pair.write(
        "web/templates/hook.yaml",
        "kind: Job\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: pre-install}\n",
    );
    pair.write(
        "web/templates/tests/t.yaml",
        "kind: Pod\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: test}\n",
    );
    pair.write(
        "web/templates/known.yaml",
        "kind: ConfigMap\nmetadata: {name: known}\ndata:\n  values: {{ toJson .Values | quote }}\n  \
         version: {{ .Capabilities.KubeVersion }}\n  \
         foo: {{ .Capabilities.APIVersions.Has \"foo/v1\" | quote }}\n  \
         upgrade: {{ .Release.IsUpgrade | quote }}\n  namespace: {{ .Release.Namespace }}\n\
         ---\nkind: Namespace\nmetadata: {name: first}\n",
    );
    pair.write("web/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 0.1.0\n");
    pair.write("web/charts/inner/templates/cm.yaml", "kind: ConfigMap\nmetadata: {name: inner}\n");
    pair.write("list.yaml", "- a\n");
    pair.write("bad.yaml", "a: b\n c: d\n");
}

#[test]
fn flags() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    chart(&pair);
    for line in [
        "r web",
        "web",
        "r web -n other",
        "r web --namespace=other",
        "r web --include-crds",
        "r web --no-hooks",
        "r web --no-hooks=false",
        "r web --no-hooks=T",
        "r web --no-hooks=x",
        "r web --skip-tests",
        "r web --is-upgrade",
        "r web --kube-version 1.29",
        "r web --kube-version v1.29.3-gke.1 --kube-version 1.30",
        "r web --kube-version x",
        "r web --kube-version 1.10",
        "r web --api-versions foo/v1,bar/v2 -a baz/v1",
        "r web -s templates/cm.yaml",
        "r web -s templates/*.yaml -s charts/*/templates/*",
        "r web -s templates/none.yaml",
        "r web -s templates/tests/t.yaml --skip-tests",
        "r web -s templates/NOTES.txt",
        "r web -s crds/a.yaml --include-crds",
        "r web -s crds/a.yaml",
        "r web --output-dir out",
        "r web --output-dir out --release-name --include-crds",
        "r web --output-dir some -s templates/cm.yaml",
        "web --generate-name",
        "r web --generate-name",
        "web --name-template x-{{lower`ABC`}}",
        "r web --name-template x",
        "web --name-template {{",
        "web --name-template A_b",
        "A_b web",
        "r_x web",
        "r web --set a=b,c.d=1",
        "r web --set a",
        "r web --set a[x]=1",
        "r web --set-json a=x",
        "r web --set-json {\"a\":1}",
        "r web --set-file a=none",
        "r web --set-file a=web/Chart.yaml",
        "r web --set-literal a={b,c}",
        "r web -f none.yaml",
        "r web -f list.yaml",
        "r web -f bad.yaml",
        "r web --values web/values.yaml,web/values.yaml",
        "r web --dry-run",
        "r web --dry-run=client",
        "r web --dry-run=none",
        "r web --dry-run=true",
        "r web --dry-run=false",
        "r web --dry-run=x",
        "r web --wait",
        "r web --wait=hookOnly",
        "r web --wait=x",
        "r web --timeout 5s",
        "r web --timeout x",
        "r web --timeout 5",
        "r web --atomic --force",
        "r web --hide-notes --render-subchart-notes",
        "r web --labels a=b",
        "r web --labels a",
        "r web --nope",
        "r web -z",
        "r web --set",
        "r web -f",
        "r web x y",
        "",
        "none",
        "./none",
        "r /none",
        "none/web",
        "r web --color x",
        "r web --colour never",
        "r web --burst-limit 5 --qps 2 --kube-apiserver http://x --kube-as-group a --kube-token t",
        "r web --registry-config x --repository-cache y --repository-config z --content-cache c",
        "r sub --debug",
        "r web --server-side=auto",
        "r web --skip-crds --replace --take-ownership",
        "r web --post-renderer none",
        "r web --post-renderer-args x",
    ] {
        let args: Vec<&str> =
            std::iter::once("template").chain(line.split(' ').filter(|w| !w.is_empty())).collect();
        pair.told(&args);
    }
    pair.same_files("work", |_| true);
    pair.finish();
}

#[test]
fn refusals() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    let own = |name: &str, more: &str, template: &str| {
        let text = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n{more}");
        pair.write(&format!("{name}/Chart.yaml"), &text);
        pair.write(&format!("{name}/templates/a.yaml"), template);
    };
    own("fails", "", "{{ fail \"no way\" }}");
    own("requires", "", "a: {{ required \"give a\" .Values.a }}");
    own("yaml", "", "a: b\n  c: d\n");
    own("parse", "", "a: {{ nope }}\n");
    own("nil", "", "a: {{ .Values.a.b.c }}\n");
    own("list", "", "- a\n");
    own("scalar", "", "abc\n");
    own("library", "type: library\n", "");
    own("old", "kubeVersion: '>=9.0'\n", "");
    own("version", "version: 1.x.y\n", "");
    own("missing", "dependencies: [{name: x, version: 1.0.0, repository: 'https://x'}]\n", "");
    own("third", "apiVersion: v3\n", "");
    own("deprecated", "deprecated: true\n", "kind: A\n");
    own("schema", "", "");
    pair.write("schema/values.schema.json", "{\"required\": [\"a\"]}");
    pair.write("empty/x", "");
    pair.write("text.tgz", "hi");
    for chart in [
        "fails",
        "requires",
        "yaml",
        "parse",
        "nil",
        "list",
        "scalar",
        "library",
        "old",
        "version",
        "missing",
        "third",
        "deprecated",
        "schema",
        "empty",
        "text.tgz",
        "empty/x",
    ] {
        pair.told(&["template", "r", chart]);
        if chart != "schema" {
            // The real one prints the whole schema, too.
            pair.told(&["template", "r", chart, "--debug"]);
        }
    }
    pair.finish();
}

#[test]
fn command_lines() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    for line in [
        "nope",
        "templat r web",
        "vers",
        "version x",
        "version -o json",
        "env a b",
        "repo add x",
        "repo add",
        "repo remove",
        "repo list x --nope",
        "repo update --timeout",
        "push x",
        "registry login",
        "registry logout",
        "registry logout a b",
        "show chart",
        "show chart a b",
        "lint",
        "dependency list a b",
        "repo list -o x",
        "repo index",
        "pull",
        "search repo -o x",
        "lint web --strict=x",
        "package --nope",
        "--nope",
        "-q",
    ] {
        pair.told(&line.split(' ').collect::<Vec<_>>());
    }
    // Groups of commands show their help, which is ours.
    for group in ["repo", "repo nope", "registry", "dependency", "show", "search", ""] {
        let args: Vec<&str> = group.split(' ').filter(|word| !word.is_empty()).collect();
        assert_eq!(pair.run("ours", &args).code, pair.run("real", &args).code, "{group}");
    }
    pair.finish();
}

#[test]
fn search() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, _dir, server) = Pair::with_repository();
    pair.same(&["search", "repo"]);
    pair.same(&["repo", "add", "one", &server.url()]);
    pair.same(&["repo", "add", "two", &server.url()]);
    for line in [
        "",
        "web",
        "WEB",
        "thing",
        "b",
        "one/",
        "sub",
        "sub --devel",
        "sub -l --devel",
        "web -l",
        "web --versions --version ~1.2",
        "web --version x",
        "-o json",
        "-o yaml web",
        "none",
        "none -o json",
        "none --fail-on-no-result",
        "none -o yaml --fail-on-no-result",
        "-r ^w.b",
        "--regexp (",
        "web --max-col-width 8",
        "one web",
    ] {
        let words = line.split(' ').filter(|word| !word.is_empty());
        let args: Vec<&str> = ["search", "repo"].into_iter().chain(words).collect();
        // Regular expressions are refused in the words of another library.
        if line.contains('(') { pair.refused(&args) } else { pair.same(&args) }
    }
    for who in ["real", "ours"] {
        let cache = pair.dir.path().join(who).join("home/.cache/helm/repository");
        std::fs::remove_file(cache.join("two-index.yaml")).unwrap();
    }
    pair.same(&["search", "repo", "web"]);
    pair.finish();
}

#[test]
fn post_renderers() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    chart(&pair);
    let plugin = |name: &str, kind: &str, command: &str| {
        let text = format!(
            "apiVersion: v1\nname: {name}\nversion: 0.1.0\ntype: {kind}\nruntime: subprocess\n\
             config: {{}}\nruntimeConfig:\n  platformCommand:\n  - command: {command}\n"
        );
        for who in ["real", "ours"] {
            let dir = pair.dir.path().join(who).join("home/.local/share/helm/plugins").join(name);
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("plugin.yaml"), &text).unwrap();
        }
    };
    plugin("same", "postrenderer/v1", "/bin/cat");
    plugin(
        "edit",
        "postrenderer/v1",
        "/bin/sed\n    args: ['s/name: inner/name: $HELM_PLUGIN_NAME/']",
    );
    plugin("empty", "postrenderer/v1", "/bin/true");
    plugin("fails", "postrenderer/v1", "/bin/false");
    plugin("text", "postrenderer/v1", "/bin/echo");
    plugin("other", "cli/v1", "/bin/cat");
    for line in ["edit", "same", "same --no-hooks", "same -s templates/cm.yaml"] {
        let args: Vec<&str> = ["template", "r", "web", "--post-renderer"]
            .into_iter()
            .chain(line.split(' '))
            .collect();
        let (real, ours) = (pair.run("real", &args), pair.run("ours", &args));
        // The real one keeps the layout of what it hands on; as data they are the same.
        let documents = |text: &str| {
            let parsed = windlass_object::yaml::parse(text.as_bytes(), &Default::default());
            parsed.documents.into_iter().map(|d| d.value).collect::<Vec<_>>()
        };
        let sources = |text: &str| {
            text.lines()
                .filter(|l| l.starts_with("# Source"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(documents(&ours.out), documents(&real.out), "{line}");
        assert_eq!(sources(&ours.out), sources(&real.out), "{line}");
        assert_eq!((ours.code, real.code), (Some(0), Some(0)), "{line} {}", ours.err);
    }
    for name in ["empty", "fails", "other", "none"] {
        pair.told(&["template", "r", "web", "--post-renderer", name]);
    }
    let args = ["template", "r", "web", "--post-renderer", "text", "--post-renderer-args", "a: 1"];
    pair.told(&args);
    pair.finish();
}

#[test]
fn schemas_of_the_web() {
    if !available(&["helm"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("number.json", "{\"type\": \"number\"}");
    write("refers.json", "{\"properties\": {\"a\": {\"$ref\": \"number.json\"}}}");
    write("broken.json", "{");
    let server = FileServer::start(dir.path(), "me", "secret").unwrap();
    let mut pair = Pair::with_charts();
    for place in ["refers.json", "refers.json#/properties", "none.json", "private/number.json"] {
        let schema = format!("{{\"$ref\": \"{}/{place}\"}}", server.url());
        pair.write("web/values.schema.json", &schema);
        for more in ["a=1", "a=x"] {
            let flags = ["--set", more];
            let known = place.starts_with("refers");
            for command in [&["template", "r", "web"][..], &["lint", "web"]] {
                let args = [command, &flags].concat();
                // Why a server does not give it is told in other words.
                if known { pair.told(&args) } else { pair.refused(&args) }
            }
        }
        pair.told(&["template", "r", "web", "--skip-schema-validation"]);
    }
    let schema = format!("{{\"$ref\": \"{}/broken.json\"}}", server.url());
    pair.write("web/values.schema.json", &schema);
    pair.refused(&["template", "r", "web"]);
    pair.finish();
}
